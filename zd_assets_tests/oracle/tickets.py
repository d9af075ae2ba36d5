"""What changed of tickets, from ticket events."""

import json
from collections.abc import Iterable
from typing import Any

from zd_assets_tests.oracle.rows import Item, Row, is_on, moment, whole

#: What a child event says of itself; all else that it has are fields of the ticket.
_OF_THE_CHILD = {"id", "via", "via_reference_id", "event_type", "previous_value"} | {
    "added_tags",
    "removed_tags",
}


def ticket_field_changes(events: Iterable[Item], day: int) -> list[Row]:
    """A row for each field that an event of the day set."""
    return [row for row in field_changes(events) if is_on(day, row["changed_at"])]


def field_changes(events: Iterable[Item]) -> list[Row]:
    """Those of all days."""
    return [
        {
            "event_id": whole(event["id"]),
            "ordinal": ordinal,
            "field": field,
            "ticket_id": whole(event.get("ticket_id")),
            "changed_at": moment(event["timestamp"]),
            "updater_id": whole(event.get("updater_id")),
            "is_automatic": _is_automatic(event, child),
            "change": child["event_type"],
            "value": _text(value),
            "previous_value": _text(child.get("previous_value")),
        }
        for event in {one["id"]: one for one in events}.values()
        for ordinal, child in enumerate(event.get("child_events") or [], 1)
        if child.get("event_type") in ("Create", "Change")
        for field, value in child.items()
        if field not in _OF_THE_CHILD and (field, value) != ("type", child["event_type"])
    ]


def _is_automatic(event: Item, child: Item) -> bool:
    updater, channel = whole(event.get("updater_id")), child.get("via") or event.get("via")
    if isinstance(channel, dict):
        channel = channel.get("channel")
    by_rule = isinstance(channel, str) and channel.lower() in ("rule", "system")
    return by_rule or (updater is not None and updater < 0)


def comments(events: Iterable[Item], day: int) -> list[Row]:
    """Comments of the day: ticket, author, and whether they are public."""
    return [
        {
            "ticket_id": whole(event.get("ticket_id")),
            "author_id": whole(child.get("author_id")),
            "is_public": child.get("public", child.get("comment_public")),
        }
        for event in {one["id"]: one for one in events}.values()
        if is_on(day, moment(event["timestamp"]))
        for child in event.get("child_events") or []
        if {child.get("event_type"), child.get("type")} & {"Comment", "VoiceComment"}
    ]


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
