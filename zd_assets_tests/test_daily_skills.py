"""Skills and who had them by day, against examples worked out by hand."""

from itertools import count
from typing import Any

import pytest

from zd_assets.catalog.support import (
    ROUTING_ATTRIBUTE_VALUES,
    ROUTING_ATTRIBUTES,
    ROUTING_INSTANCE_VALUES,
    TICKET_EVENTS,
)
from zd_assets.lake.lake import Lake
from zd_assets.models.facts.skill_assignments import SKILL_ASSIGNMENTS
from zd_assets.models.facts.skills import SKILLS
from zd_assets_tests.helpers.daily_lake import (
    Item,
    epoch,
    footer,
    hour,
    iso,
    make_days,
    put,
    values,
)

_IDS = count()
HOUR = 3600


def attribute(at: str, name: str | None, type: str = "create", id: str = "language") -> Item:
    return {"id": id, "name": name, "type": type, "time": iso(at)}


def skill(
    at: str, name: str | None, type: str = "create", id: str = "en", of: str | None = "language"
) -> Item:
    return {"id": id, "attribute_id": of, "name": name, "type": type, "time": iso(at)}


def put_skills(lake: Lake, attributes: list[Item], skills: list[Item], *days: int) -> None:
    put(lake, ROUTING_ATTRIBUTES, attributes, *days)
    put(lake, ROUTING_ATTRIBUTE_VALUES, skills, *days)


SKILL = ("attribute_id", "attribute", "attribute_value_id", "skill", "is_deleted")


def skills_on(lake: Lake, number: int) -> list[tuple[Any, ...]]:
    return values(lake, SKILLS, number, *SKILL)


def test_a_skill_is_as_it_was_called_last_until_the_days_end(lake: Lake) -> None:
    attributes = [attribute("02 08:00", "Tongue"), attribute("03 09:00", "Language", "update")]
    skills = [
        skill("02 09:00", "Englisch"),
        skill("02 10:00", "English", "update"),
        skill("03 10:00", "French", id="fr"),
        skill("04 10:00", None, "delete"),
        skill("05 10:00", "British", "update", of=None),
    ]
    put_skills(lake, attributes, skills, 2, 3, 4, 5)
    make_days(lake, SKILLS, 2, 3, 4, 5)
    assert [skills_on(lake, number) for number in (2, 3, 4, 5)] == [
        [("language", "Tongue", "en", "English", False)],
        [
            ("language", "Language", "en", "English", False),
            ("language", "Language", "fr", "French", False),
        ],
        [
            ("language", "Language", "en", "English", True),
            ("language", "Language", "fr", "French", False),
        ],
        [
            ("language", "Language", "en", "British", False),
            ("language", "Language", "fr", "French", False),
        ],
    ]
    assert footer(lake, SKILLS, 5).carried_since == "2026-01-02"


def test_an_attribute_stands_alone_until_it_has_a_skill(lake: Lake) -> None:
    skills = [skill("03 08:00", "English"), skill("03 09:00", "Odd", id="odd", of=None)]
    put_skills(lake, [attribute("02 08:00", "Language")], skills, 2, 3, 4)
    make_days(lake, SKILLS, 2, 3, 4)
    assert skills_on(lake, 2) == [("language", "Language", None, None, None)]
    for number in (3, 4):
        assert skills_on(lake, number) == [
            ("language", "Language", "en", "English", False),
            (None, None, "odd", "Odd", False),
        ]


@pytest.mark.parametrize(
    ("types", "name", "is_deleted"),
    [
        (("create", "update"), "update", False),
        (("delete", "create"), "delete", True),
        (("update", "delete"), "delete", True),
        (("update", "delete", "create"), "delete", True),
    ],
)
def test_in_one_second_a_skill_is_created_first_and_deleted_last(
    types: tuple[str, ...], name: str, is_deleted: bool, lake: Lake
) -> None:
    put_skills(lake, [], [skill("02 09:00", type, type) for type in types], 2)
    make_days(lake, SKILLS, 2)
    assert skills_on(lake, 2) == [("language", None, "en", name, is_deleted)]


def move(at: str, type: str, holder: Any = 1, value: str | None = "en") -> Item:
    """A skill given to or taken from an agent or a ticket, as the id of the instance value says."""
    item = {"id": str(next(_IDS)), "attribute_value_id": value, "instance_id": holder}
    return item | {"type": type, "time": iso(at)}


GIVE, TAKE = "associate_ticket", "unassociate_ticket"
INTERVAL = ("holder", "holder_id", "attribute_value_id", "since", "until", "held_s")


def assigned(lake: Lake, moves: list[Item], *days: int, until: str | None = None) -> None:
    put_skills(lake, [attribute("01 08:00", "Language")], [skill("01 09:00", "English")], 1, *days)
    put(lake, TICKET_EVENTS, [], *days)
    put(lake, ROUTING_INSTANCE_VALUES, moves, *days, until=until)
    make_days(lake, SKILLS, 1)
    make_days(lake, SKILL_ASSIGNMENTS, *days)


def intervals(lake: Lake, number: int) -> list[tuple[Any, ...]]:
    """Intervals, their ends as `03 09:00`."""

    def brief(moment: Any) -> str | None:
        return moment and f"{moment:%d %H:%M}"

    found = values(lake, SKILL_ASSIGNMENTS, number, *INTERVAL)
    return [(*who, brief(since), brief(until), held) for *who, since, until, held in found]


def test_a_skill_that_is_held_over_midnight_stands_in_each_day(lake: Lake) -> None:
    moves = [
        move("02 22:00", "associate_agent"),
        move("04 06:00", "unassociate_agent"),
        move("02 10:00", GIVE),
        move("02 11:30", TAKE),
    ]
    assigned(lake, moves, 2, 3, 4, 5)
    agent, ticket = ("agent", 1, "en"), ("ticket", 1, "en")
    assert [intervals(lake, number) for number in (2, 3, 4, 5)] == [
        [
            (*agent, "02 22:00", None, 2 * HOUR),
            (*ticket, "02 10:00", "02 11:30", 1.5 * HOUR),
        ],
        [(*agent, "02 22:00", None, 24 * HOUR)],
        [(*agent, "02 22:00", "04 06:00", 6 * HOUR)],
        [],
    ]
    assert values(lake, SKILL_ASSIGNMENTS, 3, "skill", "attribute") == [("English", "Language")]


TICKET = ("ticket", 1, "en")


@pytest.mark.parametrize(
    ("moves", "expected"),
    [
        # Given twice, taken away twice: the first of each counts.
        (
            [("08:00", GIVE), ("09:00", GIVE), ("10:00", TAKE), ("11:00", TAKE)],
            [("08:00", "10:00", 2 * HOUR)],
        ),
        ([("06:00", TAKE)], [(None, "06:00", 6 * HOUR)]),
        (
            [("06:00", TAKE), ("08:00", GIVE)],
            [(None, "06:00", 6 * HOUR), ("08:00", None, 16 * HOUR)],
        ),
        (
            [("08:00", GIVE), ("09:00", TAKE), ("10:00", GIVE), ("10:30", TAKE)],
            [("08:00", "09:00", HOUR), ("10:00", "10:30", 1800)],
        ),
        # Both in one second: what was before still is.
        ([("08:00", GIVE), ("09:00", TAKE), ("09:00", GIVE)], [("08:00", None, 16 * HOUR)]),
        ([("08:00", GIVE), ("08:00", TAKE)], []),
        ([("00:00", GIVE), ("23:59", TAKE)], [("00:00", "23:59", 24 * HOUR - 60)]),
    ],
)
def test_intervals_go_from_the_first_giving_to_the_first_taking_away(
    moves: list[tuple[str, str]],
    expected: list[tuple[str | None, str | None, float]],
    lake: Lake,
) -> None:
    assigned(lake, [move(f"02 {at}", type) for at, type in moves], 2)
    assert sorted(intervals(lake, 2), key=lambda one: one[4] or "") == sorted(
        [
            (*TICKET, since and f"02 {since}", until and f"02 {until}", held)
            for since, until, held in expected
        ],
        key=lambda one: one[4] or "",
    )


def test_a_skill_that_is_given_again_over_midnight_goes_on(lake: Lake) -> None:
    moves = [
        move("02 22:00", GIVE),
        move("03 10:00", GIVE),
        move("03 12:00", TAKE),
        move("03 12:00", GIVE),
        move("04 00:00", TAKE),
    ]
    assigned(lake, moves, 2, 3, 4)
    assert [intervals(lake, number) for number in (2, 3, 4)] == [
        [(*TICKET, "02 22:00", None, 2 * HOUR)],
        [(*TICKET, "02 22:00", None, 24 * HOUR)],
        [(*TICKET, "02 22:00", "04 00:00", 0)],
    ]


@pytest.mark.parametrize("status", ["closed", "deleted", "solved"])
def test_closing_a_ticket_ends_its_skills_but_not_an_agents(status: str, lake: Lake) -> None:
    moves = [
        *(move("02 20:00", GIVE, ticket) for ticket in (1, 2)),
        move("03 08:00", GIVE, 1, "fr"),
        move("03 11:00", TAKE, 1),  # Said again, after it was closed.
        move("02 20:00", "associate_agent", 1),
    ]
    closing = {"event_type": "Change", "status": status, "previous_value": "open"}
    closed = {"id": 1, "ticket_id": 1, "timestamp": epoch("03 09:00"), "child_events": [closing]}
    put_skills(lake, [], [], 2, 3, 4)
    put(lake, TICKET_EVENTS, [closed], 2, 3, 4)
    put(lake, ROUTING_INSTANCE_VALUES, moves, 2, 3, 4)
    make_days(lake, SKILL_ASSIGNMENTS, 2, 3, 4)
    ends = status != "solved"
    assert intervals(lake, 3) == [
        ("agent", 1, "en", "02 20:00", None, 24 * HOUR),
        (
            "ticket",
            1,
            "en",
            "02 20:00",
            "03 09:00" if ends else "03 11:00",
            (9 if ends else 11) * HOUR,
        ),
        ("ticket", 1, "fr", "03 08:00", "03 09:00" if ends else None, HOUR if ends else 16 * HOUR),
        ("ticket", 2, "en", "02 20:00", None, 24 * HOUR),
    ]
    held = [(who, value) for who, _, value, *_ in intervals(lake, 4)]
    assert held == [("agent", "en"), *([] if ends else [("ticket", "fr")]), ("ticket", "en")]


def test_what_a_restored_ticket_is_given_it_hadnt_before_it_was_deleted(lake: Lake) -> None:
    moves = [move("02 20:00", GIVE), move("03 12:00", GIVE), move("03 12:00", GIVE, 1, "fr")]
    put_skills(lake, [], [], 2, 3)
    changes = [("03 08:00", "deleted"), ("03 10:00", "open"), ("03 18:00", "closed")]
    events = [
        {"id": number, "ticket_id": 1, "timestamp": epoch(at)}
        | {"child_events": [{"event_type": "Change", "status": status}]}
        for number, (at, status) in enumerate(changes)
    ]
    put(lake, TICKET_EVENTS, events, 2, 3)
    put(lake, ROUTING_INSTANCE_VALUES, moves, 2, 3)
    make_days(lake, SKILL_ASSIGNMENTS, 2, 3)
    assert intervals(lake, 3) == [
        (*TICKET, "02 20:00", "03 08:00", 8 * HOUR),
        (*TICKET, "03 12:00", "03 18:00", 6 * HOUR),
        ("ticket", 1, "fr", "03 12:00", "03 18:00", 6 * HOUR),
    ]


def test_today_a_skill_is_held_as_far_as_the_day_is_known(lake: Lake) -> None:
    assigned(lake, [move("02 08:00", GIVE), move("02 11:00", GIVE, 2)], 2, until="02 10:00")
    assert intervals(lake, 2) == [
        (*TICKET, "02 08:00", None, 2 * HOUR),
        # The day is known no further than that it was given.
        ("ticket", 2, "en", "02 11:00", None, 0),
    ]
    assert not footer(lake, SKILL_ASSIGNMENTS, 2).complete


def test_moves_of_nobody_and_of_nothing_count_nowhere_and_hours_beside_their_day_once(
    lake: Lake,
) -> None:
    moves = [
        move("02 08:00", GIVE, None),
        move("02 08:00", GIVE, 2**70),
        move("02 08:00", GIVE, 1, None),
        move("02 08:00", "associate_group"),
        move("02 08:00", "update"),
        move("02 08:00", GIVE, "5"),
    ]
    put(lake, ROUTING_INSTANCE_VALUES, moves, hour(2, 8))
    assigned(lake, moves, 2)
    assert intervals(lake, 2) == [("ticket", 5, "en", "02 08:00", None, 16 * HOUR)]
