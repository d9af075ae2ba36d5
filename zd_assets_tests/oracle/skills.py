"""What skills there are and who has them, from the routing streams and ticket events."""

from collections.abc import Iterable, Mapping

from zd_assets_tests.oracle.rows import (
    DAY_US,
    Item,
    Row,
    grouped,
    is_on,
    known,
    moment,
    seconds,
    there,
    whole,
)
from zd_assets_tests.oracle.tickets import field_changes

_IN_ONE_MOMENT = ("create", "update", "delete")
_ENDS = ("closed", "deleted")


def skills(values: Iterable[Item], attributes: Iterable[Item], first: int, day: int) -> list[Row]:
    """A row for each skill that there was by the day's end, and for each attribute without one."""
    names = {id: _last(of, "name") for id, of in _by_id(attributes, first, day + DAY_US).items()}
    rows = [
        {
            "attribute_value_id": id,
            "skill": _last(of, "name"),
            "attribute_id": (attribute := _last(of, "attribute_id")),
            "attribute": names.get(attribute),
            "is_deleted": of[-1]["type"] == "delete",
        }
        for id, of in _by_id(values, first, day + DAY_US).items()
    ]
    with_skill = {row["attribute_id"] for row in rows}
    alone = {"attribute_value_id": None, "skill": None, "is_deleted": None}
    return rows + [
        {**alone, "attribute_id": id, "attribute": name}
        for id, name in names.items()
        if id not in with_skill
    ]


def _by_id(items: Iterable[Item], start: int, end: int) -> dict[str, list[Item]]:
    inside = [one for one in items if start <= known(one["time"]) < end]
    inside.sort(key=lambda one: (known(one["time"]), _IN_ONE_MOMENT.index(one["type"])))
    return grouped(inside, lambda one: one["id"])


def _last(items: Iterable[Item], name: str) -> str | None:
    return (there(one.get(name) for one in items) or [None])[-1]


def skill_assignments(
    moves: Iterable[Item],
    named: Mapping[int, Iterable[Row]],
    events: Iterable[Item],
) -> dict[int, list[Row]]:
    """A row for each stretch in which an agent or a ticket had a skill, by day.

    `named` are the rows of `skills` by day.
    """
    moves, rows, held = list(moves), {}, {}
    closed = [
        change
        for change in field_changes(events)
        if change["field"] == "status" and change["value"] in _ENDS
    ]
    for day in sorted(named):
        stretches = _stretches(moves, closed, held, day)
        held = {
            (holder, id, value): since
            for holder, id, value, since, until in stretches
            if until is None
        }
        names = {row["attribute_value_id"]: row for row in named[day]}
        rows[day] = [
            {
                "holder": holder,
                "holder_id": id,
                "attribute_value_id": value,
                "since": since,
                "until": until,
                "held_s": seconds((until or day + DAY_US) - max(since or day, day)),
                "skill": names.get(value, {}).get("skill"),
                "attribute": names.get(value, {}).get("attribute"),
            }
            for holder, id, value, since, until in stretches
        ]
    return rows


def _stretches(
    moves: list[Item], closed: list[Row], held: dict[tuple, int], day: int
) -> list[tuple]:
    """Who had which skill on a day, since when and until when, from what was held when it began."""
    found = []
    steps: dict[tuple, dict[int, set[str]]] = {who: {} for who in held}
    for one in moves:
        at, (what, _, holder) = moment(one.get("time")), one["type"].partition("_")
        if is_on(day, at):
            who = (holder, whole(one["instance_id"]), one["attribute_value_id"])
            steps.setdefault(who, {}).setdefault(at, set()).add(what)
    # Given and taken away in one moment, all stays as it was.
    both = {"associate", "unassociate"}
    steps = {
        who: {at: kinds for at, kinds in of.items() if kinds != both} for who, of in steps.items()
    }
    for change in closed:
        if is_on(day, change["changed_at"]):
            for who, of in steps.items():
                if who[:2] == ("ticket", change["ticket_id"]):
                    of.setdefault(change["changed_at"], set()).add("close")
    for who, of in steps.items():
        since, is_held = held.get(who), who in held
        # Whoever first loses what it wasn't known to have had it since midnight.
        if not is_held and _first_move(of) == "unassociate":
            is_held = True
        for at, kinds in sorted(of.items()):
            if "associate" in kinds and not is_held:
                since, is_held = at, True
            if kinds & {"unassociate", "close"} and is_held:
                found.append((*who, since, at))
                since, is_held = None, False
        if is_held:
            found.append((*who, since, None))
    return found


def _first_move(of: dict[int, set[str]]) -> str | None:
    moves = (kind for _, kinds in sorted(of.items()) for kind in kinds - {"close"})
    return next(moves, None)
