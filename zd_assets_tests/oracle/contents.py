"""What the tables are to hold of what chats and tickets contain: pages, comments and fields."""

import json
import re
from collections.abc import Iterable
from typing import Any

from zd_assets_tests.oracle.chats import chats_of
from zd_assets_tests.oracle.rows import Item, Row, is_on, known, moment, newest, whole

_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")


def chat_page_views(chats: Iterable[Item], day: int) -> list[Row]:
    """A row for each page that visitors of the day's chats saw."""
    return [
        {
            "chat_id": chat["id"],
            "position": position,
            "viewed_at": moment(page.get("timestamp")),
            "title": page.get("title"),
            "to_url": page.get("to"),
            "from_url": page.get("from") or None,
            "is_deleted": bool(chat.get("deleted")),
        }
        for chat in chats_of(chats, day)
        for position, page in enumerate(chat.get("webpath") or [], 1)
    ]


def ticket_comments(events: Iterable[Item], day: int) -> list[Row]:
    """A row for each comment of the day's ticket events."""
    return [
        _comment(event, ordinal, child)
        for event in events
        if is_on(day, moment(event.get("timestamp")))
        for ordinal, child in enumerate(event.get("child_events") or [], 1)
        if {child.get("event_type"), child.get("type")} & {"Comment", "VoiceComment"}
    ]


def _comment(event: Item, ordinal: int, child: Item) -> Row:
    via, body, files = child.get("via"), child.get("body"), child.get("attachments")
    return {
        "event_id": event["id"],
        "ordinal": ordinal,
        "comment_id": whole(child.get("id")),
        "ticket_id": event["ticket_id"],
        "author_id": whole(child.get("author_id")),
        "commented_at": moment(child.get("created_at")) or moment(event["timestamp"]),
        "is_public": child.get("public", child.get("comment_public")),
        "type": child.get("type") or child.get("event_type"),
        "channel": via.get("channel") if isinstance(via, dict) else via,
        "body": body,
        "html_body": child.get("html_body"),
        "characters": None if body is None else len(body),
        "attachments": None if files is None else len(files),
    }


def ticket_custom_fields(tickets: Iterable[Item], day: int) -> list[Row]:
    """A row for each custom field of the tickets that changed on the day, as they were last."""
    changed = [one for one in tickets if is_on(day, moment(one.get("generated_timestamp")))]
    return [
        {
            "ticket_id": ticket["id"],
            "field_id": field["id"],
            "field_title": f"field {field['id']}",
            "field_type": None,
            "version_at": known(ticket["generated_timestamp"]),
            **_typed(field.get("value")),
        }
        for ticket in newest(changed, "generated_timestamp")
        for field in ticket.get("custom_fields") or []
    ]


def _typed(value: Any) -> Row:
    row: Row = dict.fromkeys(("value_type", "text", "number", "flag", "list"))
    if value is None:
        return row
    if isinstance(value, bool):
        return row | {"value_type": "flag", "text": json.dumps(value), "flag": value}
    if isinstance(value, list):
        texts = [one if isinstance(one, str) else json.dumps(one) for one in value]
        return row | {"value_type": "list", "list": texts}
    text = value if isinstance(value, str) else json.dumps(value)
    kind = "text" if isinstance(value, str) else "number"
    number = float(text) if _NUMBER.fullmatch(text.strip()) else None
    return row | {"value_type": kind, "text": text, "number": number}
