"""What is measured of tickets by day, and their SLAs, against examples worked out by hand."""

import math
from itertools import count
from typing import Any

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zd_assets.catalog.support import TICKET_EVENTS, TICKET_METRIC_EVENTS, TICKETS
from zd_assets.lake.lake import Lake
from zd_assets.models.facts.ticket_metrics import TICKET_METRICS
from zd_assets.models.histogram import added, quantile_s
from zd_assets.models.macros import MACROS
from zd_assets.models.marts.sla_breaches_daily import SLA_BREACHES_DAILY
from zd_assets.models.marts.ticket_times_daily import TICKET_TIMES_DAILY
from zd_assets_tests.helpers.daily_lake import (
    Item,
    epoch,
    footer,
    hour,
    iso,
    make_days,
    put,
    rows,
    values,
    when,
)

_IDS = count(100)
HOUR = 3600


def event(at: str, type: str, **attributes: Any) -> Item:
    """A metric event of ticket 1; events made later have higher ids."""
    item = {"id": next(_IDS), "ticket_id": 1, "metric": "resolution_time", "instance_id": 1}
    return item | {"type": type, "time": iso(at)} | attributes


def sla(at: str, policy: Any, target_s: int | None = None, **attributes: Any) -> Item:
    target = {} if target_s is None else {"target_in_seconds": target_s, "target": target_s // 60}
    return event(at, "apply_sla", sla={"policy": policy, **target}, **attributes)


def status(at: str, calendar: Any, business: Any, **attributes: Any) -> Item:
    minutes = {"calendar": calendar, "business": business}
    return event(at, "update_status", status=minutes, **attributes)


COURSE = ("activated_at", "fulfilled_at", "is_running", "pauses", "measured_s", "events")


def test_a_metric_runs_from_its_activation_over_a_pause_and_midnights_to_its_end(
    lake: Lake,
) -> None:
    events = [
        event("02 22:00", "activate"),
        event("03 01:00", "pause"),
        event("04 06:00", "activate"),
        event("06 00:30", "fulfill"),
    ]
    put(lake, TICKET_METRIC_EVENTS, events, *range(1, 8))
    make_days(lake, TICKET_METRICS, *range(1, 8))
    began = when("02 22:00")
    assert [values(lake, TICKET_METRICS, number, *COURSE) for number in range(1, 8)] == [
        [],
        [(began, None, True, 0, 2 * HOUR, 1)],  # 22:00 to midnight
        [(began, None, False, 1, 3 * HOUR, 1)],  # and one hour more
        [(began, None, True, 1, (3 + 18) * HOUR, 1)],  # from 06:00 on
        [(began, None, True, 1, (3 + 18 + 24) * HOUR, 0)],
        [(began, when("06 00:30"), False, 1, (3 + 18 + 24) * HOUR + 1800, 1)],
        [(began, when("06 00:30"), False, 1, (3 + 18 + 24) * HOUR + 1800, 0)],  # may go on
    ]
    assert footer(lake, TICKET_METRICS, 7).carried_since == "2026-01-01"


def test_at_midnight_the_event_ends_what_was_carried(lake: Lake) -> None:
    events = [
        *(event("02 22:00", "activate", ticket_id=ticket) for ticket in (1, 2)),
        event("03 00:00", "pause", ticket_id=1),
        event("03 00:00", "fulfill", ticket_id=2),
        event("03 23:00", "activate", ticket_id=1),
    ]
    put(lake, TICKET_METRIC_EVENTS, events, 2, 3)
    make_days(lake, TICKET_METRICS, 2, 3)
    assert values(lake, TICKET_METRICS, 3, "ticket_id", "is_running", "measured_s") == [
        (1, True, 3 * HOUR),  # 22:00 to midnight, and 23:00 to midnight
        (2, False, 2 * HOUR),
    ]


def test_a_metric_that_comes_again_is_another_instance(lake: Lake) -> None:
    events = [
        event("02 08:00", "activate", metric="reply_time"),
        event("02 09:00", "fulfill", metric="reply_time"),
        event("02 10:00", "activate", metric="reply_time", instance_id=2),
        event("03 10:00", "fulfill", metric="reply_time", instance_id=2),
    ]
    put(lake, TICKET_METRIC_EVENTS, events, 2, 3)
    make_days(lake, TICKET_METRICS, 2, 3)
    columns = ("metric", "instance_id", "fulfilled_at", "is_running", "measured_s")
    assert values(lake, TICKET_METRICS, 2, *columns) == [
        ("reply_time", 1, when("02 09:00"), False, HOUR),
        ("reply_time", 2, None, True, 14 * HOUR),
    ]
    assert values(lake, TICKET_METRICS, 3, *columns) == [
        ("reply_time", 1, when("02 09:00"), False, HOUR),
        ("reply_time", 2, when("03 10:00"), False, 24 * HOUR),
    ]


def test_today_a_running_metric_has_run_until_the_partition_is_known(lake: Lake) -> None:
    events = [
        event("02 08:00", "activate"),
        event("02 09:00", "pause"),
        event("02 10:00", "activate"),
    ]
    put(lake, TICKET_METRIC_EVENTS, events, 2, until="02 12:30")
    make_days(lake, TICKET_METRICS, 2)
    assert values(lake, TICKET_METRICS, 2, "measured_s", "is_running") == [
        (HOUR + 2.5 * HOUR, True)
    ]
    assert not footer(lake, TICKET_METRICS, 2).complete


def test_what_the_api_says_of_the_time_goes_on_by_what_the_events_tell(lake: Lake) -> None:
    events = [
        event("02 08:00", "activate"),
        status("02 09:00", 60, 30),
        status("02 11:30", 210, 90),
        status("02 12:00", None, "120"),
        event("02 14:00", "fulfill", status={"calendar": "many", "business": None}),
        event("02 08:00", "activate", ticket_id=2, status="ok"),
    ]
    put(lake, TICKET_METRIC_EVENTS, events, 2, 3)
    make_days(lake, TICKET_METRICS, 2, 3)
    columns = ("ticket_id", "calendar_s", "business_s", "reported_s", "measured_s")
    assert values(lake, TICKET_METRICS, 2, *columns) == [
        (1, 210 * 60 + 2.5 * HOUR, 120 * 60, 210 * 60, 6 * HOUR),  # from 11:30 to 14:00
        (2, 16 * HOUR, None, None, 16 * HOUR),
    ]
    assert values(lake, TICKET_METRICS, 2, "reported_at")[0] == (when("02 12:00"),)
    assert values(lake, TICKET_METRICS, 3, *columns)[1] == (2, 40 * HOUR, None, None, 40 * HOUR)


def test_what_began_before_the_exports_is_known_from_its_first_event_on(lake: Lake) -> None:
    events = [
        event("02 10:00", "pause", ticket_id=1),
        event("02 12:00", "activate", ticket_id=1),
        event("02 10:00", "fulfill", ticket_id=2),
        event("02 10:00", "breach", ticket_id=3),
        event("02 10:00", "pause", ticket_id=4),
        event("03 10:00", "activate", ticket_id=4),
    ]
    put(lake, TICKET_METRIC_EVENTS, events, 2, 3)
    make_days(lake, TICKET_METRICS, 2, 3)
    columns = ("ticket_id", "activated_at", "is_running", "measured_s")
    assert values(lake, TICKET_METRICS, 2, *columns) == [
        (1, None, True, 12 * HOUR),
        (2, None, False, 0),
        (3, None, None, 0),  # Whether it runs can't be known.
        (4, None, False, 0),
    ]
    assert values(lake, TICKET_METRICS, 3, *columns) == [
        (1, None, True, 36 * HOUR),
        (2, None, False, 0),
        (3, None, None, 0),
        (4, None, True, 14 * HOUR),
    ]


def test_the_last_policy_counts_and_the_first_breach_that_isnt_deleted(lake: Lake) -> None:
    events = [
        event("02 08:00", "activate"),
        sla("02 08:00", "Gold", 3600),
        event("02 09:00", "breach", deleted=True),
        sla("02 10:00", {"id": 5, "title": "Silver"}, 7200),
        event("02 12:00", "breach", deleted=False),
        event("02 13:00", "breach"),
        event("03 09:00", "breach"),
        sla("03 10:00", "Bronze"),
    ]
    put(lake, TICKET_METRIC_EVENTS, events, 2, 3)
    make_days(lake, TICKET_METRICS, 2, 3)
    columns = ("policy", "target_s", "breached_at", "events")
    assert values(lake, TICKET_METRICS, 2, *columns) == [("Silver", 7200, when("02 12:00"), 5)]
    # A policy that names no target leaves the one before.
    assert values(lake, TICKET_METRICS, 3, *columns) == [("Bronze", 7200, when("02 12:00"), 2)]


@pytest.mark.parametrize(
    ("applied", "policy", "target_s"),
    [
        ({"sla": {"policy": "Gold", "target": 90}}, "Gold", 5400),
        ({"group_sla": {"policy": {"title": "Team"}, "target_in_seconds": 60}}, "Team", 60),
        ({"sla": {"policy": {"id": 5}}}, "policy 5", None),
        ({"sla": {"policy": {"id": None, "title": None}}}, None, None),
        ({"sla": {"policy": None, "target_in_seconds": "soon"}}, None, None),
        ({"sla": {"policy": "half \ud83d", "target_in_seconds": 2**70}}, "half \ufffd", 2.0**70),
        ({"sla": "Gold"}, None, None),
        ({"sla": None}, None, None),
    ],
)
def test_a_policy_is_told_in_several_ways(
    applied: Item, policy: str | None, target_s: float | None, lake: Lake
) -> None:
    put(lake, TICKET_METRIC_EVENTS, [event("02 08:00", "apply_sla", **applied)], 2)
    make_days(lake, TICKET_METRICS, 2)
    assert values(lake, TICKET_METRICS, 2, "policy", "target_s") == [(policy, target_s)]


def test_events_without_what_identifies_them_and_deleted_ones_count_nowhere(lake: Lake) -> None:
    events = [
        event("02 08:00", "activate", ticket_id=None),
        event("02 08:00", "activate", metric=None),
        event("02 08:00", "activate", instance_id="1"),
        event("02 08:00", "activate", instance_id=2**70),
        event("02 08:00", "activate", deleted=True),
        event("02 08:00", "activate", metric="reply_time", sla=r"half"),
    ]
    put(lake, TICKET_METRIC_EVENTS, events, hour(2, 8), 2)
    make_days(lake, TICKET_METRICS, 2)
    assert values(lake, TICKET_METRICS, 2, "metric", "events") == [("reply_time", 1)]


ANSWER = ("metric", "policy", "breaches", "met", "late", "still_late", "met_share", "tickets")


def test_targets_count_as_missed_when_they_are_and_as_met_or_late_at_the_end(lake: Lake) -> None:
    def measured(ticket: int, *events: Item, metric: str = "reply_time") -> list[Item]:
        start = [event("02 08:00", "activate"), sla("02 08:00", "Gold", 3600)]
        own = {"ticket_id": ticket, "metric": metric}
        return [one | own | ({"instance_id": 1}) for one in (*start, *events)]

    events = [
        *measured(1, event("02 08:30", "fulfill")),
        *measured(2, event("02 08:59", "fulfill")),
        *measured(3, event("02 09:00", "breach"), event("02 10:00", "fulfill")),
        *measured(4, event("02 09:00", "breach"), event("03 10:00", "fulfill")),
        *measured(5, event("03 00:00", "breach")),
        *measured(6, event("02 09:00", "breach", deleted=True), event("02 10:00", "fulfill")),
        *measured(7, event("02 09:00", "pause")),
        *measured(3, event("02 09:00", "breach"), metric="resolution_time"),
        # Without a policy there is no target, but a breach tells that there was one.
        event("02 08:00", "activate", ticket_id=8, metric="reply_time"),
        event("02 09:00", "fulfill", ticket_id=8, metric="reply_time"),
        event("02 09:00", "breach", ticket_id=9, metric="reply_time"),
        # Two measurements of one ticket breach on one day.
        *(
            event(f"03 0{instance}:00", type, ticket_id=10, metric="x", instance_id=instance)
            for instance in (1, 2)
            for type in ("activate", "breach")
        ),
    ]
    put(lake, TICKET_METRIC_EVENTS, events, 2, 3, 4)
    make_days(lake, SLA_BREACHES_DAILY, 2, 3, 4)
    assert values(lake, SLA_BREACHES_DAILY, 2, *ANSWER) == [
        # Breaches of 3 and 4; met 1, 2, 6; late 3; still late 4.
        ("reply_time", "Gold", 2, 3, 1, 1, 0.75, 2),
        ("reply_time", None, 1, 0, 0, 1, None, 1),
        ("resolution_time", "Gold", 1, 0, 0, 1, None, 1),
    ]
    assert values(lake, SLA_BREACHES_DAILY, 3, *ANSWER) == [
        ("reply_time", "Gold", 1, 0, 1, 1, 0.0, 1),
        ("reply_time", None, 0, 0, 0, 1, None, 0),
        ("resolution_time", "Gold", 0, 0, 0, 1, None, 0),
        ("x", None, 2, 0, 0, 2, None, 1),
    ]
    assert values(lake, SLA_BREACHES_DAILY, 4, *ANSWER) == [
        ("reply_time", "Gold", 0, 0, 0, 1, None, 0),
        ("reply_time", None, 0, 0, 0, 1, None, 0),
        ("resolution_time", "Gold", 0, 0, 0, 1, None, 0),
        ("x", None, 0, 0, 0, 2, None, 0),
    ]


OUTCOME = ("policy", "breaches", "met", "late", "still_late")


def outcomes(lake: Lake, *days: int) -> list[list[tuple[Any, ...]]]:
    make_days(lake, SLA_BREACHES_DAILY, *days)
    return [values(lake, SLA_BREACHES_DAILY, number, *OUTCOME) for number in days]


def test_a_measurement_whose_start_was_never_seen_keeps_its_policy_and_breach(lake: Lake) -> None:
    events = [sla("05 10:00", "P"), event("07 10:00", "breach"), event("08 10:00", "fulfill")]
    put(lake, TICKET_METRIC_EVENTS, events, *range(5, 10))
    assert outcomes(lake, *range(5, 10)) == [
        [],
        [],
        [("P", 1, 0, 0, 1)],
        [("P", 0, 0, 1, 0)],
        [],
    ]


def test_a_breach_before_midnight_makes_what_is_fulfilled_after_it_late(lake: Lake) -> None:
    events = [event("05 09:00", "breach"), sla("06 08:00", "P"), event("06 09:00", "fulfill")]
    put(lake, TICKET_METRIC_EVENTS, events, 5, 6)
    assert outcomes(lake, 5, 6) == [[(None, 1, 0, 0, 1)], [("P", 0, 0, 1, 0)]]


def test_a_policy_applied_just_before_midnight_is_that_of_what_begins_after_it(lake: Lake) -> None:
    events = [
        sla("05 23:59:59", "P", 3600),
        event("06 00:00:01", "activate"),
        event("06 00:10", "fulfill"),
    ]
    put(lake, TICKET_METRIC_EVENTS, events, 5, 6)
    assert outcomes(lake, 5, 6) == [[], [("P", 0, 1, 0, 0)]]
    columns = ("activated_at", "target_s", "measured_s")
    assert values(lake, TICKET_METRICS, 6, *columns) == [(when("06 00:00:01"), 3600, 599)]


def test_a_measurement_that_is_activated_again_goes_on_whenever_that_is(lake: Lake) -> None:
    events = [
        event("05 09:00", "activate"),
        event("05 11:00", "fulfill"),
        event("06 09:00", "activate"),
        event("07 10:00", "fulfill"),
    ]
    put(lake, TICKET_METRIC_EVENTS, events, 5, 6, 7)
    make_days(lake, TICKET_METRICS, 5, 6, 7)
    columns = ("activated_at", "fulfilled_at", "measured_s")
    assert [values(lake, TICKET_METRICS, number, *columns) for number in (5, 6, 7)] == [
        [(when("05 09:00"), when("05 11:00"), 2 * HOUR)],
        [(when("05 09:00"), None, 17 * HOUR)],
        [(when("05 09:00"), when("07 10:00"), 27 * HOUR)],
    ]


def test_after_thirty_days_a_fulfilled_measurement_begins_afresh(lake: Lake) -> None:
    events = [
        event("01 09:00", "activate"),
        event("01 10:00", "fulfill"),
        event("31 10:00:01", "activate"),
    ]
    put(lake, TICKET_METRIC_EVENTS, events, *range(1, 32))
    make_days(lake, TICKET_METRICS, *range(1, 32))
    assert values(lake, TICKET_METRICS, 30, "fulfilled_at") == [(when("01 10:00"),)]
    assert values(lake, TICKET_METRICS, 31, "activated_at") == [(when("31 10:00:01"),)]


@pytest.mark.parametrize("days", [(5,), (5, 6, 7)])
def test_a_late_measurement_that_is_activated_again_counts_once(
    days: tuple[int, ...], lake: Lake
) -> None:
    hours = ("09:00", "10:00", "11:00")
    first, again = ("05", "05") if len(days) == 1 else ("05", "06")
    last = "05 23:00" if len(days) == 1 else "07 10:00"
    events = [
        sla(f"{first} {hours[0]}", "P", 60),
        event(f"{first} {hours[0]}", "activate"),
        event(f"{first} {hours[1]}", "breach"),
        event(f"{first} {hours[2]}", "fulfill"),
        sla(f"{again} 12:00", "P", 60),
        event(f"{again} 12:00", "activate"),
        event(last, "fulfill"),
    ]
    put(lake, TICKET_METRIC_EVENTS, events, *days)
    found = [one for day in outcomes(lake, *days) for one in day]
    assert [sum(one[place] for one in found) for place in (1, 2, 3)] == [1, 0, 1]


def ticket_moved(at: str, status: str, ticket: int = 1) -> Item:
    child = {"event_type": "Change", "status": status}
    item = {"id": next(_IDS), "ticket_id": ticket, "timestamp": epoch(at)}
    return item | {"child_events": [child]}


@pytest.mark.parametrize("status", ["deleted", "closed"])
def test_what_is_measured_ends_with_the_ticket(status: str, lake: Lake) -> None:
    events = [event("05 09:00", "activate"), sla("05 09:00", "P"), event("05 10:00", "breach")]
    put(lake, TICKET_METRIC_EVENTS, events, *range(5, 9))
    put(lake, TICKET_EVENTS, [ticket_moved("06 12:00", status)], *range(5, 9))
    assert outcomes(lake, *range(5, 9)) == [[("P", 1, 0, 0, 1)], [("P", 0, 0, 0, 0)], [], []]
    columns = ("ended_at", "is_running", "measured_s", "fulfilled_at")
    assert values(lake, TICKET_METRICS, 6, *columns) == [(when("06 12:00"), False, 27 * HOUR, None)]
    assert values(lake, SLA_BREACHES_DAILY, 6, "ended") == [(1,)]
    # What was deleted may be restored for a while; what is closed is done with.
    assert len(rows(lake, TICKET_METRICS, 7)) == (status == "deleted")


def test_a_measurement_is_still_late_again_once_its_ticket_is_restored(lake: Lake) -> None:
    events = [event("05 09:00", "activate"), sla("05 09:00", "P"), event("05 10:00", "breach")]
    moves = [ticket_moved("06 12:00", "deleted"), ticket_moved("07 12:00", "open")]
    put(lake, TICKET_METRIC_EVENTS, events, *range(5, 9))
    put(lake, TICKET_EVENTS, moves, *range(5, 9))
    late = [[("P", 0, 0, 0, 1)]] * 2
    assert outcomes(lake, *range(5, 9)) == [[("P", 1, 0, 0, 1)], [("P", 0, 0, 0, 0)], *late]
    columns = ("ended_at", "is_running", "measured_s")
    # Whether time counts again isn't told.
    for number in (7, 8):
        assert values(lake, TICKET_METRICS, number, *columns) == [(None, None, 27 * HOUR)]


def test_what_is_measured_ends_with_a_ticket_that_was_closed_when_it_was_first_seen(
    lake: Lake,
) -> None:
    events = [event("05 09:00", "activate"), sla("05 09:00", "P"), event("05 10:00", "breach")]
    closed = {"id": 1, "generated_timestamp": epoch("05 12:00"), "status": "closed"}
    put(lake, TICKET_METRIC_EVENTS, events, 5, 6)
    put(lake, TICKET_EVENTS, [], 5, 6)
    put(lake, TICKETS, [closed | {"created_at": iso("01 00:00")}], 5, 6)
    assert outcomes(lake, 5, 6) == [[("P", 1, 0, 0, 0)], []]
    assert values(lake, TICKET_METRICS, 5, "is_running") == [(False,)]


def test_what_was_met_once_and_ends_when_it_goes_on_is_no_end_without_a_fulfill(
    lake: Lake,
) -> None:
    events = [
        sla("05 09:00", "P"),
        event("05 09:00", "activate"),
        event("05 10:00", "fulfill"),
        event("05 11:00", "activate"),
    ]
    put(lake, TICKET_METRIC_EVENTS, events, 5, 6)
    put(lake, TICKET_EVENTS, [ticket_moved("06 12:00", "closed")], 5, 6)
    make_days(lake, SLA_BREACHES_DAILY, 5, 6)
    assert values(lake, SLA_BREACHES_DAILY, 5, "met", "ended") == [(1, 0)]
    assert rows(lake, SLA_BREACHES_DAILY, 6) == []


@pytest.mark.parametrize("first", ["05 09:00", "04 09:00"])
def test_a_second_that_starts_and_stops_leaves_what_was_paused_as_it_was(
    first: str, lake: Lake
) -> None:
    events = [
        event(first, "pause"),
        event("05 10:00", "fulfill"),
        event("05 10:00", "activate"),
    ]
    put(lake, TICKET_METRIC_EVENTS, events, 4, 5)
    make_days(lake, TICKET_METRICS, 4, 5)
    assert values(lake, TICKET_METRICS, 5, "is_running", "measured_s") == [(False, 0.0)]


def test_a_fulfill_is_no_end_without_one_when_the_ticket_is_closed(lake: Lake) -> None:
    events = [event("05 09:00", "activate"), sla("05 09:00", "P"), event("05 10:00", "fulfill")]
    put(lake, TICKET_METRIC_EVENTS, events, 5, 6, 7)
    put(lake, TICKET_EVENTS, [ticket_moved("06 12:00", "closed")], 5, 6, 7)
    assert outcomes(lake, 5, 6, 7) == [[("P", 0, 1, 0, 0)], [], []]
    assert len(rows(lake, TICKET_METRICS, 6)) == 1
    assert rows(lake, TICKET_METRICS, 7) == []


def test_in_one_second_a_measurement_begins_before_it_ends(lake: Lake) -> None:
    events = [event("05 09:00", "fulfill"), event("05 09:00", "activate")]
    put(lake, TICKET_METRIC_EVENTS, events, 5)
    make_days(lake, TICKET_METRICS, 5)
    columns = ("activated_at", "fulfilled_at", "is_running", "measured_s")
    assert values(lake, TICKET_METRICS, 5, *columns) == [
        (when("05 09:00"), when("05 09:00"), False, 0)
    ]


@pytest.mark.parametrize("types", [("fulfill", "activate"), ("activate", "fulfill")])
def test_a_second_that_starts_and_stops_leaves_a_measurement_as_it_was(
    types: tuple[str, str], lake: Lake
) -> None:
    at_once = [event("06 09:00", type) for type in types]
    fulfilled = [event("05 09:00", "activate"), event("05 10:00", "fulfill"), *at_once]
    put(lake, TICKET_METRIC_EVENTS, fulfilled, 5, 6)
    make_days(lake, TICKET_METRICS, 5, 6)
    columns = ("fulfilled_at", "is_running", "measured_s")
    assert values(lake, TICKET_METRICS, 6, *columns) == [(when("06 09:00"), False, HOUR)]
    put(lake, TICKET_METRIC_EVENTS, [event("05 09:00", "activate"), *at_once], 5, 6)
    make_days(lake, TICKET_METRICS, 5, 6)
    assert values(lake, TICKET_METRICS, 6, *columns) == [(None, True, 39 * HOUR)]


@pytest.mark.parametrize("policy", [{"id": None, "title": None}, None, {}])
def test_a_policy_without_id_and_title_is_none(policy: Any, lake: Lake) -> None:
    put(lake, TICKET_METRIC_EVENTS, [event("05 09:00", "activate"), sla("05 09:00", policy, 60)], 5)
    make_days(lake, TICKET_METRICS, 5)
    assert values(lake, TICKET_METRICS, 5, "policy", "target_s") == [(None, 60)]


def test_times_are_of_what_was_fulfilled_on_the_day_by_the_group_at_its_end(lake: Lake) -> None:
    def reply(ticket: int, minutes: int, instance: int = 1) -> list[Item]:
        of = {"ticket_id": ticket, "metric": "reply_time", "instance_id": instance}
        return [
            event("05 09:00", "activate", **of),
            event(f"05 {9 + minutes // 60:02}:{minutes % 60:02}", "fulfill", **of),
        ]

    tickets = [
        {"id": 100 + one, "ticket_id": one, "timestamp": epoch("05 08:00"), "updater_id": 7}
        | {"child_events": [{"event_type": "Create", "status": "open", "group_id": str(group)}]}
        for one, group in ((1, 4), (2, 4), (3, 4), (4, 5))
    ]
    events = [
        *(
            one
            for ticket, minutes in ((1, 1), (2, 10), (3, 100), (4, 30))
            for one in reply(ticket, minutes)
        ),
        *reply(1, 7, instance=2),
        event("05 09:00", "activate"),
        event("06 11:00", "fulfill", status={"calendar": 1560, "business": 600}),
    ]
    put(lake, TICKET_EVENTS, tickets, 5, 6)
    put(lake, TICKET_METRIC_EVENTS, events, 5, 6)
    make_days(lake, TICKET_TIMES_DAILY, 5, 6)
    columns = ("group_id", "measure", "fulfilled", "tickets", "mean_s", "median_s", "max_s")
    assert values(lake, TICKET_TIMES_DAILY, 5, *columns) == [
        (4, "first_reply_time", 3, 3, 37 * 60, 10 * 60, 100 * 60),
        (4, "next_reply_time", 1, 1, 7 * 60, 7 * 60, 7 * 60),
        (5, "first_reply_time", 1, 1, 30 * 60, 30 * 60, 30 * 60),
    ]
    [resolution] = rows(lake, TICKET_TIMES_DAILY, 6)
    assert (resolution["measure"], resolution["group_id"]) == ("resolution_time", 4)
    assert (resolution["median_s"], resolution["p90_s"]) == (26 * HOUR, 26 * HOUR)
    assert (resolution["in_business_hours"], resolution["business_median_s"]) == (1, 10 * HOUR)
    first = added(one["histogram"] for one in rows(lake, TICKET_TIMES_DAILY, 5)[::2])
    assert sum(first) == 4
    for share, exact in ((0.25, 60), (0.5, 600), (0.75, 1800), (1, 6000)):
        assert quantile_s(first, share) == pytest.approx(exact, rel=0.05)


@given(st.lists(st.floats(1, 1e9), min_size=1, max_size=50), st.integers(1, 10))
@settings(max_examples=25, deadline=None)
def test_a_percentile_of_counted_durations_is_off_by_a_twentieth_at_most(
    durations: list[float], tenths: int
) -> None:
    share = tenths / 10
    with duckdb.connect() as connection:
        for macro in MACROS:
            connection.execute(f"create temp macro {macro}")
        counted = connection.execute(
            "select bucket_counts(histogram(bucket(one))) from (select unnest(?) as one)",
            [durations],
        ).fetchone()
    assert counted
    exact = sorted(durations)[math.ceil(share * len(durations) - 1e-9) - 1]
    assert quantile_s(counted[0], share) == pytest.approx(exact, rel=0.05)


def test_a_day_without_events_has_no_answers_and_no_measurements(lake: Lake) -> None:
    put(lake, TICKET_METRIC_EVENTS, [], 2)
    make_days(lake, SLA_BREACHES_DAILY, 2)
    assert rows(lake, TICKET_METRICS, 2) == rows(lake, SLA_BREACHES_DAILY, 2) == []
