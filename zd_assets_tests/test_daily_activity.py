"""Agents' time by day, against examples worked out by hand."""

from typing import Any

import pytest

from zd_assets.catalog.chat import AGENT_TIMELINE
from zd_assets.lake.lake import Lake
from zd_assets.models.facts.agent_activity import AGENT_ACTIVITY
from zd_assets_tests.helpers.daily_lake import (
    Item,
    due,
    footer,
    hour,
    iso,
    make_days,
    put,
    put_all,
    row,
    rows,
    settle,
    values,
    when,
)

HOUR = 3600


def span(start: str, end: str, status: str | None = "online", engagements: Any = 0) -> Item:
    """A timespan of agent 7; that of another is `{**span(...), "agent_id": 8}`."""
    seconds = (when(end) - when(start)).total_seconds()
    return {
        "agent_id": 7,
        "start_time": iso(start),
        "duration": seconds,
        "status": status,
        "engagement_count": engagements,
    }


def test_a_days_seconds_are_those_of_its_timespans(lake: Lake) -> None:
    spans = [
        span("02 08:00", "02 09:30", "online", 2),
        span("02 09:30", "02 09:40", "away"),
        span("02 09:40", "02 10:00:00.25", "invisible", 1),
        span("02 13:00", "02 13:00:30", "transfers_only", 3),
        span("02 13:01", "02 13:01:10", None, None),
        {**span("02 20:00", "02 20:00:01"), "agent_id": 8},
    ]
    put(lake, AGENT_TIMELINE, spans, 2)
    make_days(lake, AGENT_ACTIVITY, 2)
    by_hour = [0.0] * 24
    by_hour[8], by_hour[9] = 3600, 1800
    seven, eight = rows(lake, AGENT_ACTIVITY, 2)
    assert seven == {
        "agent_id": 7,
        "online_s": 5400,  # 08:00 to 09:30
        "away_s": 600,
        "invisible_s": 1200.25,
        "other_s": 40,  # 30 and 10
        "engaged_s": 5400 + 1200.25 + 30,
        "engagement_s": 2 * 5400 + 1200.25 + 3 * 30,
        "most_engagements": 3,
        "first_seen_at": when("02 08:00"),
        "last_seen_at": when("02 13:01:10"),
        "timespans": 5,
        "overlap_s": 0,
        "online_s_by_hour": by_hour,
    }
    assert (eight["agent_id"], eight["online_s"], eight["online_s_by_hour"][20]) == (8, 1, 1)


def test_a_timespan_over_days_is_cut_at_midnight_and_known_when_it_is_exported(lake: Lake) -> None:
    spans = [
        span("02 22:00", "05 01:30", "online", 1),  # exported on the 5th
        span("02 20:00", "02 22:00", "away"),
    ]
    put(lake, AGENT_TIMELINE, spans, 2, 3, 4)
    make_days(lake, AGENT_ACTIVITY, 2, 3, 4)
    assert values(lake, AGENT_ACTIVITY, 2, "online_s", "away_s") == [(0, 7200)]
    assert rows(lake, AGENT_ACTIVITY, 3) == []
    put(lake, AGENT_TIMELINE, spans, 5)
    assert [number for _, number in due(lake, range(1, 8), [AGENT_ACTIVITY])] == [2, 3, 4, 5]
    settle(lake, range(1, 8), [AGENT_ACTIVITY])
    columns = ("online_s", "away_s", "engagement_s", "timespans", "first_seen_at", "last_seen_at")
    whole = 24 * HOUR
    assert values(lake, AGENT_ACTIVITY, 2, *columns) == [
        (2 * HOUR, 2 * HOUR, 2 * HOUR, 2, when("02 20:00"), when("03 00:00"))
    ]
    for number in (3, 4):
        assert values(lake, AGENT_ACTIVITY, number, *columns) == [
            (whole, 0, whole, 1, when(f"{number:02} 00:00"), when(f"{number + 1:02} 00:00"))
        ]
        assert row(lake, AGENT_ACTIVITY, number)["online_s_by_hour"] == [HOUR] * 24
    assert values(lake, AGENT_ACTIVITY, 5, *columns) == [
        (1.5 * HOUR, 0, 1.5 * HOUR, 1, when("05 00:00"), when("05 01:30"))
    ]


def test_a_timespan_that_ends_at_midnight_belongs_to_the_day_before_alone(lake: Lake) -> None:
    put(lake, AGENT_TIMELINE, [span("02 23:00", "03 00:00")], 2, 3)
    make_days(lake, AGENT_ACTIVITY, 2, 3)
    assert values(lake, AGENT_ACTIVITY, 2, "online_s", "last_seen_at") == [(HOUR, when("03 00:00"))]
    assert rows(lake, AGENT_ACTIVITY, 3) == []


def test_a_timespan_that_begins_at_midnight_belongs_to_the_day_after_alone(lake: Lake) -> None:
    put(lake, AGENT_TIMELINE, [span("03 00:00", "03 01:00")], 2, 3)
    make_days(lake, AGENT_ACTIVITY, 2, 3)
    assert rows(lake, AGENT_ACTIVITY, 2) == []
    assert values(lake, AGENT_ACTIVITY, 3, "online_s") == [(HOUR,)]


def test_of_overlapping_timespans_the_later_one_counts(lake: Lake) -> None:
    spans = [
        span("02 08:00", "02 10:00", "online", 1),
        span("02 09:00", "02 09:15", "away", 2),  # lies within the one before
        span("02 12:00", "02 13:00", "online"),
        span("02 12:00", "02 13:00", "online"),  # the same again, if from another partition
        span("02 12:30", "02 14:00", "invisible"),
    ]
    put(lake, AGENT_TIMELINE, spans, 2)
    make_days(lake, AGENT_ACTIVITY, 2)
    # Online 08:00 to 09:00 and 12:00 to 12:30, away 15 minutes, invisible 90.
    # Left out: 09:00 to 10:00 of the first, 12:30 to 13:00 of the third.
    columns = ("online_s", "away_s", "invisible_s", "engagement_s", "overlap_s", "timespans")
    assert values(lake, AGENT_ACTIVITY, 2, *columns) == [
        (5400, 900, 5400, 3600 + 2 * 900, 3600 + 1800, 4)
    ]


def test_a_timespan_that_stands_in_two_partitions_counts_once(lake: Lake) -> None:
    one = span("02 23:30", "03 00:30")
    put(lake, AGENT_TIMELINE, [one], hour(3, 0), hour(2, 23), 3, 2)
    make_days(lake, AGENT_ACTIVITY, 2, 3)
    for number in (2, 3):
        assert values(lake, AGENT_ACTIVITY, number, "online_s", "timespans", "overlap_s") == [
            (1800, 1, 0)
        ]


def test_microseconds_count(lake: Lake) -> None:
    spans = [
        span("02 08:00:00.000001", "02 08:00:00.000002"),
        span("02 08:59:59.999999", "02 09:00:00.000003"),
    ]
    put(lake, AGENT_TIMELINE, spans, 2)
    make_days(lake, AGENT_ACTIVITY, 2)
    found = row(lake, AGENT_ACTIVITY, 2)
    assert found["online_s"] == pytest.approx(5e-6, abs=1e-9)
    assert found["online_s_by_hour"][8:10] == [pytest.approx(2e-6), pytest.approx(3e-6)]


@pytest.mark.parametrize(
    "odd",
    [
        {"agent_id": None},
        {"duration": 0},
        {"duration": -5},
        {"duration": None},
        {"duration": 1e9},
        {"duration": 1e300},
        {"start_time": None},
        {"start_time": "yesterday"},
        {"agent_id": 2**70},
    ],
)
def test_what_is_no_timespan_counts_nowhere(odd: Item, lake: Lake) -> None:
    good, bad = span("02 08:00", "02 09:00"), {**span("02 10:00", "02 11:00"), **odd}
    put_all(lake, AGENT_TIMELINE, [good, bad], 2)
    make_days(lake, AGENT_ACTIVITY, 2)
    assert values(lake, AGENT_ACTIVITY, 2, "agent_id", "online_s", "timespans") == [(7, 3600, 1)]


def test_a_day_is_as_known_as_its_own_partition(lake: Lake) -> None:
    put(lake, AGENT_TIMELINE, [span("02 08:00", "02 09:00")], 2, until="02 10:00")
    put(lake, AGENT_TIMELINE, [span("02 08:00", "03 09:00", "away")], 3)
    make_days(lake, AGENT_ACTIVITY, 2, 3)
    assert not footer(lake, AGENT_ACTIVITY, 2).complete
    assert footer(lake, AGENT_ACTIVITY, 2).known_until_us == hour(2, 10).start_us
    # A timespan of a shift that ends after midnight comes later.
    assert not footer(lake, AGENT_ACTIVITY, 3).complete
    for until, complete in (("04 11:00", False), ("04 12:00", True)):
        put(lake, AGENT_TIMELINE, [], 4, until=until)
        make_days(lake, AGENT_ACTIVITY, 3)
        assert footer(lake, AGENT_ACTIVITY, 3).complete is complete
