"""What else is known of tickets, tickets by dimension, and demand by hour."""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from itertools import pairwise

from zd_assets_tests.oracle.backlog import AHEAD_DAYS
from zd_assets_tests.oracle.chats import chats_of
from zd_assets_tests.oracle.rows import DAY_US, HOUR_US, SECOND_US, Item, Row, grouped, known, share

_OFFERED = ("offered", "good", "bad")
_SAID = ("version_at", "channel", "brand_id", "ticket_form_id", "organization_id", "tags")


def ticket_attributes(
    versions: Iterable[Item], states: Mapping[int, list[Row]]
) -> dict[int, list[Row]]:
    """A row for each ticket of which a version was seen, by day."""
    days = sorted(states)
    by_ticket = grouped(
        sorted(versions, key=lambda one: known(one["generated_timestamp"])), lambda one: one["id"]
    )
    rows: dict[int, list[Row]] = {}
    for earlier, day in pairwise([None, *days]):
        before = {row["ticket_id"]: row for row in rows[earlier]} if earlier is not None else {}
        rows[day] = []
        for state in states[day]:
            ticket = state["ticket_id"]
            of = [(known(one["generated_timestamp"]), one) for one in by_ticket.get(ticket, [])]
            today = [one for at, one in of if day <= at < day + DAY_US]
            end = min(days[-1], day + AHEAD_DAYS * DAY_US) + DAY_US
            ahead = [one for at, one in of if day + DAY_US <= at < end and earlier is None]
            row = before.get(ticket)
            if today or ahead:
                row = _attributes(today[-1] if today else ahead[0])
            if row:
                is_known = state["is_created"] or ticket in before
                rows[day].append({**row, **_rated(row, before.get(ticket), bool(today), is_known)})
    return rows


def _attributes(version: Item) -> Row:
    via = version.get("via")
    return {
        "ticket_id": version["id"],
        "version_at": known(version["generated_timestamp"]),
        "channel": via.get("channel") if isinstance(via, dict) else None,
        "brand_id": version.get("brand_id"),
        "ticket_form_id": version.get("ticket_form_id"),
        "organization_id": version.get("organization_id"),
        "tags": version.get("tags"),
        "satisfaction": (version.get("satisfaction_rating") or {}).get("score"),
    }


def _rated(row: Row, before: Row | None, is_new: bool, is_known: bool) -> Row:
    now, was = row["satisfaction"], before and before["satisfaction"]
    counts = is_new and is_known
    is_rated = counts and now in ("good", "bad") and now != was
    return {
        "was_offered": counts and now in _OFFERED and was not in _OFFERED
        if counts or not is_new
        else None,
        "rated": now if is_rated else None,
    }


def tickets_by_dimension_daily(states: Iterable[Row], attributes: Iterable[Row]) -> list[Row]:
    """A row for each value of each dimension of which there is anything to count."""
    seen = {row["ticket_id"]: row for row in attributes}
    parts = [
        (part, {"rated": None, "was_offered": None, **seen.get(state["ticket_id"], {}), **state})
        for state in states
        for part in _parts(state, seen.get(state["ticket_id"]))
    ]
    rows = []
    for key, of in grouped(parts, lambda one: one[0]).items():
        tickets = [ticket for _, ticket in of]
        rated = [ticket["rated"] for ticket in tickets]
        figures = {
            "created": sum(one["is_created"] and one["status"] is not None for one in tickets),
            "solved": sum(one["solves"] for one in tickets),
            "reopened": sum(one["reopens"] for one in tickets),
            "backlog": sum(one["is_unsolved"] for one in tickets),
            "offered": sum(bool(one["was_offered"]) for one in tickets),
            "good": rated.count("good"),
            "bad": rated.count("bad"),
        }
        if any(figures.values()):
            names = dict(zip(("dimension", "value", "is_known"), key, strict=True))
            satisfaction = share(figures["good"], figures["bad"])
            rows.append({**names, **figures, "satisfaction": satisfaction})
    return rows


def _parts(state: Row, seen: Row | None) -> set[tuple[str, str | None, bool]]:
    of, is_seen = seen or dict.fromkeys(_SAID), seen is not None

    def text(id: int | None) -> str | None:
        return None if id is None else str(id)

    tags: list[str | None] = list(of["tags"] or []) or [None]
    return {
        ("all", "all", True),
        ("channel", of["channel"], is_seen),
        ("brand", text(of["brand_id"]), is_seen),
        ("form", text(of["ticket_form_id"]), is_seen),
        ("organization", text(of["organization_id"]), is_seen),
        ("priority", state["priority"], is_seen or state["priority"] is not None),
        ("group", text(state["group_id"]), state["is_group_known"]),
        *(("tag", tag, is_seen) for tag in tags),
    }


def demand_by_hour_daily(
    chats: Iterable[Item], activity: Iterable[Row], states: Iterable[Row], day: int
) -> list[Row]:
    """A row for each hour."""
    real = [
        one
        for one in chats_of(chats, day)
        if not one.get("deleted") and one.get("type") != "offline_msg"
    ]
    created = [row["created_at"] for row in states if row["is_created"] and row["status"]]
    online = [row["online_s_by_hour"] for row in activity]
    rows = []
    for hour in range(24):
        came = [one for one in real if _hour(known(one["timestamp"])) == hour]
        seconds = [of[hour] for of in online]
        rows.append(
            {
                "hour": hour,
                "weekday": datetime.fromtimestamp(day // SECOND_US, UTC).isoweekday(),
                "chats": len(came),
                "missed_chats": sum(bool(one.get("missed")) for one in came),
                "tickets_created": sum(_hour(at) == hour for at in created),
                "agents": sum(one > 0 for one in seconds),
                "online_s": float(sum(seconds)),
                "chats_per_agent_hour": len(came) * 3600 / sum(seconds) if sum(seconds) else None,
            }
        )
    return [row for row in rows if row["chats"] or row["tickets_created"] or row["agents"]]


def _hour(at: int) -> int:
    return at % DAY_US // HOUR_US
