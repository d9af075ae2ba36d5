"""Sideloads that are made from a page's own items: numbers, dates and measurements."""

from __future__ import annotations

from typing import Any

import orjson

from zd_assets.sandbox.rawjson import join_members, members

Item = dict[str, bytes]


def inlined(name: str, body: bytes, include: str) -> bytes:
    """Return a ticket with what `include` adds inside it."""
    asked = [part for part in include.split(",") if part in _INLINE] if name == "tickets" else []
    if not asked:
        return body
    item = members(body)
    return join_members(item | {part: orjson.dumps(_INLINE[part](item)) for part in asked})


def lists(name: str, whole: list[bytes], include: str) -> dict[str, list[bytes]]:
    """Return the lists that `include` adds to a page with these items."""
    made = {part: _LISTS[name, part] for part in include.split(",") if (name, part) in _LISTS}
    return {
        part: [orjson.dumps(make(members(body))) for body in whole] for part, make in made.items()
    }


def _comment_count(ticket: Item) -> int:
    return 1 + int(ticket["id"]) % 5


def _dates(ticket: Item) -> dict[str, Any]:
    told = {"assignee_updated_at": None, "requester_updated_at": None, "status_updated_at": None}
    told |= {"initially_assigned_at": None, "assigned_at": None, "solved_at": None}
    return told | {"latest_comment_added_at": _value(ticket, "updated_at")}


def _slas(ticket: Item) -> dict[str, Any]:
    return {"policy_metrics": []}


def _metric_set(ticket: Item) -> dict[str, Any]:
    created = _value(ticket, "created_at")
    minutes = {"business": None, "calendar": None}
    return {
        "id": 5_000_000 + int(ticket["id"]),
        "ticket_id": int(ticket["id"]),
        "created_at": created,
        "updated_at": _value(ticket, "updated_at"),
        "group_stations": 1,
        "assignee_stations": 1,
        "reopens": 0,
        "replies": 1,
        "reply_time_in_minutes": minutes,
        "first_resolution_time_in_minutes": minutes,
        "full_resolution_time_in_minutes": minutes,
        "agent_wait_time_in_minutes": minutes,
        "requester_wait_time_in_minutes": minutes,
    }


def _identity(user: Item) -> dict[str, Any]:
    return {
        "id": 6_000_000 + int(user["id"]),
        "user_id": int(user["id"]),
        "type": "email",
        "value": _value(user, "email"),
        "verified": True,
        "primary": True,
        "created_at": _value(user, "created_at"),
        "updated_at": _value(user, "updated_at"),
    }


def _value(item: Item, name: str) -> Any:
    return orjson.loads(item.get(name, b"null"))


_INLINE = {"comment_count": _comment_count, "dates": _dates, "slas": _slas}
_LISTS = {("tickets", "metric_sets"): _metric_set, ("users", "identities"): _identity}
