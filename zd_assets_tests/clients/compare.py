"""What a client read of an export, against what the sandbox says is true."""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from zd_assets.sandbox import Running

#: What tells one version of an item from others, besides its id.
_TIME = {
    "chats": "update_timestamp",
    "tickets": "generated_timestamp",
    "ticket_events": "timestamp",
    "users": "updated_at",
    "organizations": "updated_at",
    "ticket_metric_events": "time",
    "conversions": "timestamp",
    "department_events": "timestamp",
}
_KEYS = {"agent_timeline": ("agent_id", "start_time", "duration")}
_ROUTING = ("id", "type", "time")


@dataclass(frozen=True)
class Row:
    """A line of the table: the true rows from the first day on, and what a client made of them.

    `missing` were never read; `repeated` were read more than once; `extra` are in no truth.
    """

    export: str
    read: int
    true: int
    missing: int
    repeated: int
    extra: int


def compare(sandbox: Running, export: str, items: Iterable[Mapping[str, Any]], start_s: int) -> Row:
    """Compare by id and version, times to the second (some clients cut them so)."""
    everything = sandbox.truth(export)
    known = Counter(_key(export, json.loads(body)) for _, body in everything)
    true = Counter(
        _key(export, json.loads(body))
        for time_us, body in everything
        if time_us >= start_s * 1_000_000 or export.startswith("routing_")
    )
    have = Counter(_key(export, item) for item in items)
    return Row(
        export=export,
        read=have.total(),
        true=true.total(),
        missing=(true - have).total(),
        repeated=sum(max(0, have[key] - known[key]) for key in have if key in known),
        extra=sum(times for key, times in have.items() if key not in known),
    )


def _key(export: str, item: Mapping[str, Any]) -> tuple[Any, ...]:
    names = _ROUTING if export.startswith("routing_") else ("id", _TIME.get(export, ""))
    names = _KEYS.get(export, names)
    return tuple(_plain(item.get(name)) for name in names)


def _plain(value: Any) -> Any:
    """Numbers, texts of numbers and timestamps of one meaning are equal: times as seconds."""
    if isinstance(value, float):
        return round(value)
    if isinstance(value, str) and value.isdecimal() and len(value) < 18:
        return int(value)
    if isinstance(value, str) and value[:2] == "20" and value[4:5] == "-":
        at = datetime.fromisoformat(value)
        return int((at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp())
    return value
