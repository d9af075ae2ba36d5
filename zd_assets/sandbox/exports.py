"""The exports a sandbox serves: what differs between them, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeVar

import msgspec

from zd_assets.sandbox.rawjson import members
from zd_assets.sandbox.timestamps import SECOND_US, parse_us

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Export:
    """One export and the order of its items."""

    name: str
    """Name in the URL, and of the list in a page."""
    time_attribute: str
    """Attribute that holds an item's time."""
    unit_us: int = SECOND_US
    """Unit of cursors, in microseconds; items of one unit are ordered by id."""
    has_ids: bool = True
    """Whether items have an id, and cursors too."""
    expands: bool = False
    """Whether `fields` chooses attributes; otherwise items are always whole."""
    lasts: bool = False
    """Whether an item's time is the end of its `duration` (seconds)."""


CHAT_EXPORTS = {
    export.name: export
    for export in (
        Export("chats", "update_timestamp", expands=True),
        Export("agent_timeline", "start_time", unit_us=1, has_ids=False, lasts=True),
        Export("conversions", "timestamp", expands=True),
        Export("department_events", "timestamp"),
    )
}


EXPORTS = {**CHAT_EXPORTS}
"""The exports of every API, by name."""


def place(export: Export, body: bytes) -> tuple[int, str]:
    """Return an item's time (microseconds) and id; ValueError if it has no usable ones."""
    return item_time_us(export, body), item_id(export, body)


def item_time_us(export: Export, body: bytes) -> int:
    """Return the time that orders an item, in microseconds."""
    item = members(body)
    time_us = parse_us(_attribute(export, item, export.time_attribute, str))
    if export.lasts:
        time_us += round(_attribute(export, item, "duration", float) * SECOND_US)
    return time_us


def item_id(export: Export, body: bytes) -> str:
    """Return an item's id, "" in an export without ids."""
    return _attribute(export, members(body), "id", str) if export.has_ids else ""


def _attribute(export: Export, item: dict[str, bytes], name: str, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(item[name], type=kind)
    except KeyError as error:
        raise ValueError(f"an item of {export.name} without {name}") from error
    except msgspec.MsgspecError as error:
        raise ValueError(f"an item of {export.name} without usable {name}: {error}") from error
