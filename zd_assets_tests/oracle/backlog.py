"""Where tickets stood, and the backlog, from ticket events and the tickets export."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from zd_assets_tests.oracle.rows import (
    DAY_US,
    Item,
    Row,
    grouped,
    is_on,
    known,
    mean,
    moment,
    seconds,
    whole,
)
from zd_assets_tests.oracle.tickets import field_changes

AHEAD_DAYS = 28
DELETED_US = 30 * DAY_US
UNSEEN = "unseen"

_FIELDS = ("status", "group_id", "assignee_id", "priority")
_GONE = ("closed", "deleted")
_FLOWS = ("surfaced", "solves", "reopens", "restores", "leaves")


@dataclass(frozen=True)
class Step:
    """What one moment tells of a ticket: what fields are now, and what they were before."""

    at: int
    values: Row
    before: Row = field(default_factory=dict)
    is_version: bool = False
    created_at: int | None = None


@dataclass(frozen=True)
class Ticket:
    """What is known of a ticket; fields that were never seen are `UNSEEN`."""

    status: Any = UNSEEN
    group_id: Any = UNSEEN
    assignee_id: Any = UNSEEN
    priority: Any = UNSEEN
    status_since: int | None = None
    created_at: int | None = None

    @property
    def is_unsolved(self) -> bool:
        return self.status != UNSEEN and is_unsolved(self.status)


def is_unsolved(status: str) -> bool:
    """Neither solved, closed nor deleted."""
    return status not in ("solved", *_GONE)


def steps_of(events: Iterable[Item], versions: Iterable[Item]) -> dict[int, list[Step]]:
    """What events and versions tell of each ticket, in order; at one moment events come first."""
    found: list[tuple[tuple, int, Step]] = []
    children = grouped(
        field_changes(events), lambda row: (row["changed_at"], row["event_id"], row["ordinal"])
    )
    for (at, event, ordinal), changes in children.items():
        values = {row["field"]: _value(row["field"], row["value"]) for row in changes}
        before = {
            row["field"]: _value(row["field"], row["previous_value"])
            for row in changes
            # Nobody and nothing aren't sent; a status there always was.
            if row["previous_value"] is not None or row["field"] != "status"
        }
        is_create = changes[0]["change"] == "Create"
        is_create = changes[0]["change"] == "Create"
        step = Step(at, values, before, created_at=at if is_create else None)
        found.append(((at, 0, event, ordinal), changes[0]["ticket_id"], step))
    # Of a day, an export has a ticket in the newest version.
    of_a_day = {
        (version["id"], known(version["generated_timestamp"]) // DAY_US): version
        for version in sorted(versions, key=lambda one: known(one["generated_timestamp"]))
    }
    for version in of_a_day.values():
        at = known(version["generated_timestamp"])
        values = {name: _value(name, version.get(name)) for name in _FIELDS}
        step = Step(at, values, is_version=True, created_at=moment(version.get("created_at")))
        found.append(((at, 1, 0, 0), whole(version["id"]), step))
    found.sort(key=lambda one: one[0])
    return {
        ticket: [step for *_, step in of]
        for ticket, of in grouped(found, lambda one: one[1]).items()
        if ticket is not None
    }


def _value(name: str, value: Any) -> Any:
    return whole(value) if name.endswith("_id") else value


def ticket_states(
    events: Iterable[Item], versions: Iterable[Item], days: Sequence[int]
) -> dict[int, list[Row]]:
    """A row for each ticket that is there, by day; days follow one another."""
    rows: dict[int, list[Row]] = {day: [] for day in days}
    for ticket, steps in steps_of(events, versions).items():
        now = _older(steps, days[0], min(days[-1], days[0] + AHEAD_DAYS * DAY_US))
        for day in days:
            row, now = _day(ticket, now, [step for step in steps if is_on(day, step.at)], day)
            rows[day] += [row] if row else []
    return rows


def _older(steps: list[Step], first: int, last: int) -> Ticket | None:
    """What a ticket that is older than the exports was when they began, as the days ahead tell."""
    steps = [step for step in steps if first <= step.at < last + DAY_US]
    created = [step.created_at for step in steps if step.created_at is not None]
    if not steps or min(created, default=first - 1) >= first:
        return None
    was: Row = {"created_at": min(created, default=None)}
    for name in _FIELDS:
        for step in steps:
            if name in step.values:
                # A version tells what was there all the time, an event what was there before.
                if name in step.before:
                    was[name] = step.before[name]
                elif step.is_version:
                    was[name] = step.values[name]
                break
    # Of what tells no status, and of what was closed, nothing else is of use.
    return Ticket(**was) if was.get("status", "closed") != "closed" else None


def _day(
    number: int, before: Ticket | None, today: list[Step], day: int
) -> tuple[Row | None, Ticket | None]:
    """A ticket's row of a day, and what the next day goes on from."""
    # What is closed is gone, and what is deleted after a while, unless it is touched.
    since = before.status_since or 0 if before else 0
    is_gone = before is not None and (
        before.status == "closed" or (before.status == "deleted" and since + DELETED_US <= day)
    )
    if not today and (before is None or is_gone):
        return None, None
    now = before or Ticket()
    flows = dict.fromkeys(_FLOWS, 0)
    is_created = False
    for step in today:
        if step.created_at is not None:
            is_created = is_created or is_on(day, step.created_at)
            now = replace(now, created_at=now.created_at or step.created_at)
        status = step.values.get("status")
        if status is not None:
            now = _moved(now, status, step, flows, is_created)
        told = {name: step.values[name] for name in _FIELDS[1:] if name in step.values}
        now = replace(now, **told)
    is_closed = now.status in _GONE
    row = {
        "ticket_id": number,
        "status": _seen(now.status),
        "status_since": now.status_since,
        "group_id": _seen(now.group_id),
        "is_group_known": now.group_id != UNSEEN,
        "assignee_id": _seen(now.assignee_id),
        "is_assignee_known": now.assignee_id != UNSEEN,
        "priority": _seen(now.priority),
        "created_at": now.created_at,
        "is_created": is_created,
        **flows,
        "is_closed": is_closed,
        "is_unsolved": now.is_unsolved,
        "was_unsolved": before is not None and before.is_unsolved,
        "group_before": _seen(before.group_id) if before else None,
        "is_group_before_known": before is not None and before.group_id != UNSEEN,
    }
    return row, now


def _seen(value: Any) -> Any:
    return None if value == UNSEEN else value


def _moved(now: Ticket, status: str, step: Step, flows: Row, is_created: bool) -> Ticket:
    """A ticket in its new status, and what came and went by that."""
    told = step.before.get("status")
    if now.status == UNSEEN:
        start = told or ("new" if is_created else status)
        flows["surfaced"] += is_unsolved(start) and not is_created
    else:
        start = now.status
    course = [start, *([told] if told else []), status]
    for was, then in pairwise(course):
        flows["solves"] += is_unsolved(was) and then == "solved"
        flows["reopens"] += was == "solved" and is_unsolved(then)
        flows["restores"] += was in _GONE and is_unsolved(then)
        flows["leaves"] += is_unsolved(was) and then in _GONE
    is_same = now.status == status and told in (None, status)
    # A version doesn't say since when it is so, if nothing is known of what was before.
    is_first = now.status == UNSEEN and step.is_version and not is_created
    since = now.status_since if is_same else None if is_first else step.at
    return replace(now, status=status, status_since=since)


_COUNTED = {
    "created": "is_created",
    "reopened": "reopens",
    "restored": "restores",
    "surfaced": "surfaced",
    "solved": "solves",
    "left": "leaves",
}
_STATUSES = ("new", "open", "pending", "hold")


def ticket_backlog_daily(states: Iterable[Row], day: int, until: int) -> list[Row]:
    """A row for each group, from the tickets' rows of the day, which is known `until` a moment."""
    states = list(states)
    now = grouped(states, lambda row: (row["group_id"], row["is_group_known"]))
    before = grouped(
        [row for row in states if row["was_unsolved"]],
        lambda row: (row["group_before"], row["is_group_before_known"]),
    )
    rows = [
        _backlog(key, now.get(key, []), before.get(key, []), day, until)
        for key in now.keys() | before.keys()
    ]
    key = ("group_id", "is_group_known")
    return [row for row in rows if any(value for name, value in row.items() if name not in key)]


def _backlog(
    key: tuple[int | None, bool], now: list[Row], before: list[Row], day: int, until: int
) -> Row:
    unsolved = [row for row in now if row["is_unsolved"]]
    statuses = [row["status"] for row in unsolved]
    ages = [seconds(until - row["created_at"]) for row in unsolved if row["created_at"] is not None]

    def moved(row: Row) -> bool:
        was = (row["group_before"], row["is_group_before_known"])
        return bool(row["was_unsolved"]) and was != (row["group_id"], row["is_group_known"])

    return {
        "group_id": key[0],
        "is_group_known": key[1],
        "backlog": len(unsolved),
        **{status: statuses.count(status) for status in _STATUSES},
        "other": sum(status not in _STATUSES for status in statuses),
        "unassigned": sum(
            row["assignee_id"] is None and row["is_assignee_known"] for row in unsolved
        ),
        "agent_unknown": sum(not row["is_assignee_known"] for row in unsolved),
        "before": len(before),
        **{name: sum(row[column] for row in now) for name, column in _COUNTED.items()},
        "moved_in": sum(map(moved, now)),
        "moved_out": sum(map(moved, before)),
        "closed": sum(row["is_closed"] and is_on(day, row["status_since"]) for row in now),
        "aged": len(ages),
        "age_mean_s": mean(ages),
        "age_max_s": max(ages, default=None),
        "older_than_day": sum(age > 86_400 for age in ages),
        "older_than_3_days": sum(age > 3 * 86_400 for age in ages),
        "older_than_week": sum(age > 7 * 86_400 for age in ages),
        "older_than_month": sum(age > 30 * 86_400 for age in ages),
    }
