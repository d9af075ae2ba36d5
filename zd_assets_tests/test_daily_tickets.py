"""What changed of tickets by day and where they stood, against examples worked out by hand."""

import json
from itertools import count
from typing import Any

import pytest

from zd_assets.catalog.support import TICKET_EVENTS, TICKETS
from zd_assets.lake.lake import Lake
from zd_assets.models.facts.ticket_field_changes import TICKET_FIELD_CHANGES
from zd_assets.models.facts.ticket_states import TICKET_STATES
from zd_assets_tests.helpers.daily_lake import (
    Item,
    epoch,
    footer,
    hour,
    iso,
    make_days,
    put,
    put_all,
    rows,
    settle,
    values,
    when,
)

_IDS = count(100)


def event(at: str, *children: Any, ticket: Any = 1, **attributes: Any) -> Item:
    """An update of a ticket; events made later have higher ids."""
    item = {"id": next(_IDS), "ticket_id": ticket, "timestamp": epoch(at), "updater_id": 7}
    return item | {"event_type": "Audit", "child_events": list(children), **attributes}


def created(**fields: Any) -> Item:
    return {"id": 1, "via": "Web form", "via_reference_id": None, "event_type": "Create", **fields}


def changed(field: str, value: Any, previous: Any = None) -> Item:
    child = {"id": 2, "via": "Rule", "via_reference_id": 5, "event_type": "Change", field: value}
    return child | ({} if previous is None else {"previous_value": previous})


CHANGE = ("ordinal", "field", "change", "value", "previous_value")


def test_every_field_that_a_child_event_sets_is_a_change(lake: Lake) -> None:
    comment = {"id": 3, "type": "Comment", "event_type": "Comment", "body": "Hi", "public": True}
    tags = changed("tags", ["a", "b"], ["a"]) | {"added_tags": ["b"], "removed_tags": []}
    children = [
        created(subject="Fire", status="new", priority=None, is_public=True, type="incident"),
        comment,
        changed("assignee_id", 8),
        tags,
        changed("custom_ticket_fields", {"5": "x"}, {"5": None}),
    ]
    put(lake, TICKET_EVENTS, [event("02 09:00", *children, id=10, updater_id=-1)], 2)
    make_days(lake, TICKET_FIELD_CHANGES, 2)
    assert values(lake, TICKET_FIELD_CHANGES, 2, *CHANGE) == [
        (1, "is_public", "Create", "true", None),
        (1, "priority", "Create", None, None),
        (1, "status", "Create", "new", None),
        (1, "subject", "Create", "Fire", None),
        (1, "type", "Create", "incident", None),
        (3, "assignee_id", "Change", "8", None),
        (4, "tags", "Change", '["a","b"]', '["a"]'),
        (5, "custom_ticket_fields", "Change", '{"5":"x"}', '{"5":null}'),
    ]
    for one in rows(lake, TICKET_FIELD_CHANGES, 2):
        assert (one["event_id"], one["ticket_id"], one["updater_id"]) == (10, 1, -1)
        assert one["changed_at"] == when("02 09:00")


@pytest.mark.parametrize(
    ("children", "changes"),
    [
        ("null", []),
        ("[]", []),
        ('"none"', []),
        ('{"event_type": "Change", "status": "open"}', []),
        ('[null, 3, "Change", [1], {"status": "open"}, {"event_type": 7, "status": "open"}]', []),
        ('[{"event_type": "Comment", "status": "open"}]', []),
        ('[{"event_type": "Change", "type": "Change", "status": "open"}]', [("status", "open")]),
        (
            r'[{"event_type": "Change", "subject": "half \ud83d", "value": 99999999999999999999}]',
            [("subject", "half \ufffd"), ("value", "99999999999999999999")],
        ),
        # Which of the two was meant can't be told.
        ('[{"event_type": "Change", "status": "open", "status": "new"}]', []),
    ],
)
def test_child_events_may_be_anything(
    children: str, changes: list[tuple[str, str]], lake: Lake
) -> None:
    odd = json.dumps(event("02 09:00", id=10)).replace("[]", children)
    plain = event("02 10:00", changed("status", "open"), id=11)
    put(lake, TICKET_EVENTS, [odd, plain], 2)
    make_days(lake, TICKET_FIELD_CHANGES, 2)
    assert values(lake, TICKET_FIELD_CHANGES, 2, "field", "value") == [*changes, ("status", "open")]


def test_an_event_without_a_time_is_in_no_day_and_spoils_none(lake: Lake) -> None:
    times = (10**18, -(10**18), None, "today", epoch("02 09:00"), epoch("03 00:00"))
    events = [
        event("02 09:00", changed("status", str(number)), timestamp=time)
        for number, time in enumerate(times)
    ]
    put_all(lake, TICKET_EVENTS, events, 2)
    make_days(lake, TICKET_FIELD_CHANGES, 2)
    # That of the next day's first second belongs to that day, where its partition has it.
    assert values(lake, TICKET_FIELD_CHANGES, 2, "value") == [("4",)]


def test_hours_beside_their_day_count_once(lake: Lake) -> None:
    events = [
        event("02 00:30", created(status="new")),
        event("02 01:30", changed("status", "open")),
    ]
    put(lake, TICKET_EVENTS, events, hour(2, 1), 2)
    make_days(lake, TICKET_FIELD_CHANGES, 2)
    assert len(rows(lake, TICKET_FIELD_CHANGES, 2)) == 2


STATE = ("ticket_id", "status", "status_since", "solves", "reopens", "is_closed", "is_unsolved")


def test_a_ticket_solved_and_reopened_twice_in_a_day_counts_each_time(lake: Lake) -> None:
    events = [
        event("02 08:00", created(status="new")),
        event("02 09:00", changed("status", "solved", "new")),
        event("02 10:00", changed("status", "open", "solved")),
        event("02 11:00", changed("status", "solved")),  # What was before isn't told, but known.
        event("02 12:00", changed("status", "pending")),
        event("02 12:00", changed("priority", "high")),
        event("03 09:00", changed("status", "solved")),
        event("04 09:00", changed("status", "solved", "solved")),
    ]
    put(lake, TICKET_EVENTS, events, 2, 3, 4)
    make_days(lake, TICKET_STATES, 2, 3, 4)
    assert [values(lake, TICKET_STATES, number, *STATE) for number in (2, 3, 4)] == [
        [(1, "pending", when("02 12:00"), 2, 2, False, True)],
        [(1, "solved", when("03 09:00"), 1, 0, False, False)],
        [(1, "solved", when("03 09:00"), 0, 0, False, False)],
    ]
    columns = ("created_at", "is_created", "priority")
    assert values(lake, TICKET_STATES, 2, *columns) == [(when("02 08:00"), True, "high")]
    assert values(lake, TICKET_STATES, 4, *columns) == [(when("02 08:00"), False, "high")]


def test_a_closed_ticket_is_gone_the_day_after_and_a_deleted_one_later(lake: Lake) -> None:
    events = [
        *(event("02 08:00", created(status="open"), ticket=ticket) for ticket in (1, 2, 3)),
        event("03 09:00", changed("status", "closed", "open"), ticket=1),
        event("03 09:00", changed("status", "deleted", "open"), ticket=2),
    ]
    put(lake, TICKET_EVENTS, events, 2, 3, 4)
    make_days(lake, TICKET_STATES, 2, 3, 4)
    assert values(lake, TICKET_STATES, 3, *STATE) == [
        (1, "closed", when("03 09:00"), 0, 0, True, False),
        (2, "deleted", when("03 09:00"), 0, 0, True, False),
        (3, "open", when("02 08:00"), 0, 0, False, True),
    ]
    assert values(lake, TICKET_STATES, 4, "ticket_id", "status") == [(2, "deleted"), (3, "open")]


def test_a_closed_ticket_that_is_touched_the_day_after_is_still_closed(lake: Lake) -> None:
    events = [
        event("02 08:00", created(status="open", group_id=5, assignee_id=8)),
        event("02 09:00", changed("status", "deleted", "open")),
        event("03 08:00", changed("subject", "scrubbed")),
        event("04 08:00", changed("status", "open", "deleted")),
    ]
    put(lake, TICKET_EVENTS, events, 2, 3, 4)
    make_days(lake, TICKET_STATES, 2, 3, 4)
    assert values(lake, TICKET_STATES, 3, *STATE) == [
        (1, "deleted", when("02 09:00"), 0, 0, True, False)
    ]
    # Restored: what is known of it still is, and that is no return from solved.
    assert values(lake, TICKET_STATES, 4, *STATE, "group_id", "assignee_id", "created_at") == [
        (1, "open", when("04 08:00"), 0, 0, False, True, 5, 8, when("02 08:00"))
    ]


def test_a_ticket_may_be_assigned_to_nobody_again(lake: Lake) -> None:
    nobody = {"event_type": "Change", "assignee_id": None, "previous_value": 8}
    events = [
        event("02 08:00", created(status="new", group_id="5", assignee_id=None)),
        event("02 09:00", changed("assignee_id", 8), changed("status", "open", "new")),
        event("02 09:00", changed("group_id", 6, 5)),
        event("03 09:00", nobody, changed("priority", "low")),
        event("04 08:00", changed("assignee_id", 9), changed("priority", "high", "low")),
        event("04 09:00", {"event_type": "Change", "group_id": None, "previous_value": 6}),
        event("04 09:00", nobody),
    ]
    put(lake, TICKET_EVENTS, events, 2, 3, 4)
    make_days(lake, TICKET_STATES, 2, 3, 4)
    columns = ("status", "group_id", "assignee_id", "priority")
    assert [values(lake, TICKET_STATES, number, *columns) for number in (2, 3, 4)] == [
        [("open", 6, 8, None)],
        [("open", 6, None, "low")],
        [("open", None, None, "high")],
    ]


def test_of_several_changes_of_one_moment_the_last_one_holds(lake: Lake) -> None:
    by_rule = [changed("status", "open", "new"), changed("status", "solved", "open")]
    later = event("02 09:00", changed("status", "hold", "solved"), changed("assignee_id", 8))
    earlier = event("02 09:00", *by_rule, changed("assignee_id", 9), id=50)
    put(lake, TICKET_EVENTS, [later, earlier], 2)
    make_days(lake, TICKET_STATES, 2)
    assert values(lake, TICKET_STATES, 2, *STATE) == [
        (1, "hold", when("02 09:00"), 1, 1, False, True)
    ]
    assert values(lake, TICKET_STATES, 2, "assignee_id", "created_at") == [(8, None)]


def test_a_ticket_from_before_the_exports_is_known_as_far_as_its_events_tell(lake: Lake) -> None:
    events = [
        event("02 08:00", changed("priority", "low"), ticket=1),
        event("02 08:00", changed("status", "open", "solved"), ticket=2),
        event("03 08:00", changed("status", "pending", "open"), ticket=1),
        event("03 08:00", changed("status", "solved"), ticket=2**70),
        event("03 08:00", changed("assignee_id", "nobody"), ticket=2),
    ]
    put(lake, TICKET_EVENTS, events, 2, 3)
    make_days(lake, TICKET_STATES, 2, 3)
    assert values(lake, TICKET_STATES, 2, *STATE, "created_at") == [
        (1, "open", None, 0, 0, False, True, None),  # So the next day tells.
        (2, "open", when("02 08:00"), 0, 1, False, True, None),
    ]
    assert values(lake, TICKET_STATES, 3, *STATE, "assignee_id") == [
        (1, "pending", when("03 08:00"), 0, 0, False, True, None),
        (2, "open", when("02 08:00"), 0, 0, False, True, None),
    ]


def version(at: str, ticket: int = 1, created_at: str = "01 00:00", **fields: Any) -> Item:
    """A ticket as the tickets export has it at a moment; it was created the month before."""
    created = iso(created_at).replace("2026-01", "2025-12")
    return {"id": ticket, "generated_timestamp": epoch(at), "created_at": created, **fields}


FLOWS = ("is_created", "surfaced", "solves", "reopens", "restores", "leaves", "is_unsolved")


def test_a_ticket_solved_without_an_event_is_solved(lake: Lake) -> None:
    events = [event("02 08:00", created(status="open", group_id=5))]
    solved = version("04 09:00", status="solved", group_id=6, priority="low")
    put(lake, TICKET_EVENTS, events, 2, 3, 4, 5)
    put(lake, TICKETS, [solved], 2, 3, 4, 5)
    make_days(lake, TICKET_STATES, 2, 3, 4, 5)
    assert [values(lake, TICKET_STATES, number, *FLOWS) for number in (2, 3, 4, 5)] == [
        [(True, 0, 0, 0, 0, 0, True)],
        [(False, 0, 0, 0, 0, 0, True)],
        [(False, 0, 1, 0, 0, 0, False)],
        [(False, 0, 0, 0, 0, 0, False)],
    ]
    columns = ("status", "status_since", "group_id", "priority", "is_assignee_known")
    assert values(lake, TICKET_STATES, 5, *columns) == [
        ("solved", when("04 09:00"), 6, "low", True)
    ]


def test_what_an_event_says_was_before_counts_as_having_happened(lake: Lake) -> None:
    events = [
        event("02 08:00", created(status="open")),
        event("03 08:00", changed("status", "pending", "solved")),
    ]
    put(lake, TICKET_EVENTS, events, 2, 3)
    make_days(lake, TICKET_STATES, 2, 3)
    assert values(lake, TICKET_STATES, 3, *FLOWS) == [(False, 0, 1, 1, 0, 0, True)]


@pytest.mark.parametrize("days", [(2, 3, 4, 5), (2, 5)])
def test_a_deleted_ticket_that_is_restored_days_later_is_whole(
    days: tuple[int, ...], lake: Lake
) -> None:
    events = [
        event("02 08:00", created(status="open", group_id=5, assignee_id=8)),
        event("02 09:00", changed("status", "deleted", "open")),
        event("05 08:00", changed("status", "open", "deleted")),
    ]
    put(lake, TICKET_EVENTS, events, *days)
    # Where days are missing, the tickets export knows it.
    restored = version("05 08:00", status="open", group_id=5, assignee_id=8)
    put(lake, TICKETS, [restored] if len(days) == 2 else [], *days)
    make_days(lake, TICKET_STATES, *days)
    columns = ("status", "group_id", "assignee_id", "restores", "leaves")
    assert values(lake, TICKET_STATES, 5, *columns) == [("open", 5, 8, 1, 0)]
    [(created_at,)] = values(lake, TICKET_STATES, 5, "created_at")
    assert created_at is not None


def test_what_leaves_unsolved_is_told_from_what_is_solved(lake: Lake) -> None:
    events = [
        *(event("02 08:00", created(status="open"), ticket=ticket) for ticket in (1, 2, 3)),
        event("02 08:00", created(status="solved"), ticket=4),
        event("03 09:00", changed("status", "solved", "open"), ticket=1),
        event("03 09:00", changed("status", "closed", "open"), ticket=2),
        event("03 09:00", changed("status", "deleted", "open"), ticket=3),
        event("03 09:00", changed("status", "closed", "solved"), ticket=4),
    ]
    put(lake, TICKET_EVENTS, events, 2, 3)
    make_days(lake, TICKET_STATES, 2, 3)
    assert values(lake, TICKET_STATES, 3, "solves", "leaves") == [(1, 0), (0, 1), (0, 1), (0, 0)]


def test_tickets_older_than_the_exports_are_known_as_far_as_anything_tells(lake: Lake) -> None:
    comment = {"event_type": "Comment", "body": "Hi"}
    events = [
        event("05 08:00", comment, ticket=1),
        event("05 08:00", changed("tags", ["a"]), ticket=2),
        event("05 08:00", changed("status", "open", "pending"), ticket=3),
        event("06 08:00", changed("group_id", 4, 3), changed("status", "open", "hold"), ticket=4),
        event("06 08:00", created(status="new"), ticket=5),
    ]
    old = {"status": "open", "group_id": 3, "assignee_id": 9}
    versions = [version("05 08:00", ticket, **old) for ticket in (1, 2, 3)]
    put(lake, TICKET_EVENTS, events, 5, 6, 7)
    put(lake, TICKETS, versions, 5, 6, 7)
    make_days(lake, TICKET_STATES, 5, 6, 7)
    columns = ("ticket_id", "status", "group_id", "is_assignee_known", "was_unsolved", "surfaced")
    assert values(lake, TICKET_STATES, 5, *columns) == [
        *((ticket, "open", 3, True, True, 0) for ticket in (1, 2, 3)),
        (4, "hold", 3, False, True, 0),  # The day after tells.
    ]


def test_a_ticket_of_which_nothing_was_known_surfaces(lake: Lake) -> None:
    put(lake, TICKET_EVENTS, [event("02 08:00", created(status="new"))], 2, until="02 09:00")
    put(lake, TICKET_EVENTS, [event("03 08:00", changed("status", "open", "new"), ticket=2)], 3)
    make_days(lake, TICKET_STATES, 2, 3)
    assert values(lake, TICKET_STATES, 3, "ticket_id", "surfaced", "is_created") == [
        (1, 0, False),
        (2, 1, False),
    ]


def test_a_day_that_goes_on_from_yesterday_is_complete_only_if_that_is(lake: Lake) -> None:
    put(lake, TICKET_EVENTS, [], 2, until="02 12:00")
    put(lake, TICKET_EVENTS, [], 3, 5)
    settle(lake, range(1, 8), [TICKET_FIELD_CHANGES, TICKET_STATES])
    assert [footer(lake, TICKET_STATES, number).complete for number in (2, 3, 5)] == [False] * 3
    put(lake, TICKET_EVENTS, [], 2)
    settle(lake, range(1, 8), [TICKET_FIELD_CHANGES, TICKET_STATES])
    # Of the day before the fifth there is nothing.
    complete = [footer(lake, TICKET_STATES, number).complete for number in (2, 3, 5)]
    assert complete == [True, True, False]
    put(lake, TICKET_EVENTS, [], 4)
    settle(lake, range(1, 8), [TICKET_FIELD_CHANGES, TICKET_STATES])
    assert footer(lake, TICKET_STATES, 5).complete


def test_a_late_change_of_an_older_partition_makes_its_days_due_again(lake: Lake) -> None:
    events = [event("02 08:00", created(status="new"))]
    put(lake, TICKET_EVENTS, events, 2, 3, 4)
    settle(lake, range(1, 8), [TICKET_FIELD_CHANGES, TICKET_STATES])
    put(lake, TICKET_EVENTS, [*events, event("02 09:00", created(status="new"), ticket=2)], 2)
    made = settle(lake, range(1, 8), [TICKET_FIELD_CHANGES, TICKET_STATES])
    states = {number for name, number in made if name == TICKET_STATES.name}
    assert states == {2, 3, 4}
    assert len(rows(lake, TICKET_STATES, 4)) == 2


def test_states_go_over_days_without_events_but_not_over_days_without_a_file(lake: Lake) -> None:
    put(lake, TICKET_EVENTS, [event("02 08:00", created(status="new"))], 2, 3, 5)
    make_days(lake, TICKET_STATES, 2, 3, 5)
    assert values(lake, TICKET_STATES, 3, "ticket_id", "is_created") == [(1, False)]
    assert rows(lake, TICKET_STATES, 5) == []
    assert footer(lake, TICKET_STATES, 3).carried_since == "2026-01-02"
    assert footer(lake, TICKET_STATES, 5).carried_since == "2026-01-05"
