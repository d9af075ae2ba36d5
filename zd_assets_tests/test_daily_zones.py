"""Days of models in other time zones: midnights, changed clocks, completeness, what is due."""

from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import dagster as dg
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zd_assets.catalog.chat import AGENT_TIMELINE, CHATS, CONVERSIONS
from zd_assets.catalog.support import TICKET_EVENTS, TICKETS
from zd_assets.defs.analytics.automation import when_out_of_date
from zd_assets.defs.analytics.days import days_def
from zd_assets.defs.analytics.models import daily_asset
from zd_assets.defs.namespace import Namespace
from zd_assets.defs.resources import LakeFolder
from zd_assets.engine.assertions import check
from zd_assets.engine.day import Day, day_file
from zd_assets.engine.inputs import Finder
from zd_assets.engine.latest.update import update
from zd_assets.engine.make import make
from zd_assets.lake.lake import Lake
from zd_assets.models.facts.agent_activity import AGENT_ACTIVITY
from zd_assets.models.facts.chat_engagements import CHAT_ENGAGEMENTS
from zd_assets.models.facts.chat_messages import CHAT_MESSAGES
from zd_assets.models.facts.conversion_attribution import CONVERSION_ATTRIBUTION
from zd_assets.models.facts.ticket_states import TICKET_STATES
from zd_assets.models.latest import CHATS_LATEST
from zd_assets.models.marts.chat_daily_summary import CHAT_DAILY_SUMMARY
from zd_assets.models.model import Model
from zd_assets.zendesk.errors import ConfigurationError
from zd_assets_tests.helpers.dagster_runs import lake_resources
from zd_assets_tests.helpers.daily_lake import (
    Item,
    due,
    epoch,
    footer,
    iso,
    key,
    make_days,
    put,
    rows,
    settle,
    us,
    values,
    when,
)
from zd_assets_tests.helpers.truth import days as partitions
from zd_assets_tests.test_daily_properties import FEW, small_lake

NEW_YORK, KOLKATA = "America/New_York", "Asia/Kolkata"
ZONES = ("UTC", NEW_YORK, KOLKATA, "Asia/Kathmandu", "Pacific/Kiritimati", "Pacific/Pago_Pago")


def within(lake: Lake, zone: str) -> Lake:
    return replace(lake, time_zone=zone)


def conversion(at: str, id: str = "a") -> Item:
    return {"id": id, "timestamp": iso(at)}


def online(start: datetime, end: datetime) -> Item:
    seconds = (end - start).total_seconds()
    of = {"agent_id": 7, "status": "online", "engagement_count": 0}
    return of | {"start_time": start.isoformat(), "duration": seconds}


def made(lake: Lake, table: Model, day: str) -> list[Item]:
    """Make a day of any month; gives its rows, which keep to the table's rules."""
    reports = list(make(table, lake, [Day(day, lake.time_zone)], run_id="run", memory_mb=256))
    assert all(finding.passed for finding in check(table, lake, reports, 256))
    found: list[Item] = pq.read_table(reports[0].path, partitioning=None).to_pylist()
    return found


@pytest.mark.parametrize(
    ("zone", "day", "hours", "by_hour"),
    [
        ("Europe/Berlin", "2026-03-29", 23, {2: 0}),
        ("Europe/Berlin", "2026-10-25", 25, {2: 2}),
        # There clocks are changed by half an hour.
        ("Australia/Lord_Howe", "2026-10-04", 23.5, {2: 0.5}),
        ("Australia/Lord_Howe", "2026-04-05", 24.5, {1: 1.5}),
    ],
)
def test_a_day_on_which_clocks_are_changed_has_its_own_length(
    zone: str, day: str, hours: float, by_hour: dict[int, float], lake: Lake
) -> None:
    lake = within(lake, zone)
    noon = datetime.fromisoformat(f"{day}T12:00").replace(tzinfo=UTC)
    span = online(noon - timedelta(hours=40), noon + timedelta(hours=40))
    put(lake, AGENT_TIMELINE, [span], *partitions(str((noon - timedelta(days=2)).date()), 5))
    [row] = made(lake, AGENT_ACTIVITY, day)
    assert row["online_s"] == hours * 3600
    expected = {hour: by_hour.get(hour, 1) * 3600 for hour in range(24)}
    assert dict(enumerate(row["online_s_by_hour"])) == expected


def test_hours_and_days_are_local_where_zones_differ_by_half_an_hour(lake: Lake) -> None:
    lake = within(lake, KOLKATA)
    # Midnight in Kolkata is half past six in the evening.
    chats = [
        {"id": str(at), "type": "chat", "timestamp": iso(at), "update_timestamp": iso("05 12:00")}
        for at in ("02 18:29:59", "02 18:30", "03 18:29:59", "03 18:30")
    ]
    put(lake, CHATS, chats, *range(1, 7))
    make_days(lake, CHAT_DAILY_SUMMARY, 2, 3, 4)
    hours = [rows(lake, CHAT_DAILY_SUMMARY, number)[0]["chats_by_hour"] for number in (2, 3, 4)]
    assert [(one[0], one[23], sum(one)) for one in hours] == [(0, 1, 1), (1, 1, 2), (1, 0, 1)]


def test_chats_of_a_local_day_over_a_months_end_are_found_in_both_months(lake: Lake) -> None:
    lake = within(lake, NEW_YORK)
    windows = partitions("2026-01-31", 3)
    put(
        lake,
        CHATS,
        [
            {"id": at, "type": "chat", "timestamp": at, "update_timestamp": "2026-02-02T01:00:00Z"}
            for at in ("2026-01-31T06:00:00Z", "2026-02-01T04:59:59Z", "2026-02-01T05:00:00Z")
        ],
        *windows,
    )
    update(CHATS_LATEST, lake)
    finder = Finder(lake)
    [found] = finder.inputs(CHAT_MESSAGES, Day("2026-01-31", NEW_YORK)).sources
    assert [path.parent.name for path in found.files] == ["month=2026-01", "month=2026-02"]
    made(lake, CHAT_ENGAGEMENTS, "2026-01-31")
    [row] = made(lake, CHAT_DAILY_SUMMARY, "2026-01-31")
    assert (row["chats"], row["chats_by_hour"][1], row["chats_by_hour"][23]) == (2, 1, 1)


def test_a_local_day_is_complete_once_all_partitions_that_it_overlaps_are(lake: Lake) -> None:
    lake = within(lake, NEW_YORK)
    put(lake, CONVERSIONS, [conversion("02 05:00"), conversion("03 04:59", "b")], 2)
    put(lake, CONVERSIONS, [conversion("03 04:59", "b")], 3, until="03 04:30")
    make_days(lake, CONVERSION_ATTRIBUTION, 2)
    before = footer(lake, CONVERSION_ATTRIBUTION, 2)
    assert (before.complete, before.known_until_us) == (False, us("03 04:30"))
    put(lake, CONVERSIONS, [conversion("03 04:59", "b")], 3, until="03 05:00")
    assert due(lake, [2], [CONVERSION_ATTRIBUTION]) == [(CONVERSION_ATTRIBUTION, 2)]
    make_days(lake, CONVERSION_ATTRIBUTION, 2)
    after = footer(lake, CONVERSION_ATTRIBUTION, 2)
    assert (after.complete, after.time_zone) == (True, NEW_YORK)
    assert values(lake, CONVERSION_ATTRIBUTION, 2, "conversion_id") == [("a",), ("b",)]


def test_another_zone_makes_all_days_due_once(lake: Lake) -> None:
    put(lake, CONVERSIONS, [conversion("02 03:00"), conversion("03 03:00", "b")], *range(1, 6))
    of = [CONVERSION_ATTRIBUTION]
    settle(lake, [2, 3], of)
    there = within(lake, NEW_YORK)
    assert settle(there, [2, 3], of) == {(CONVERSION_ATTRIBUTION.name, day) for day in (2, 3)}
    assert settle(there, [2, 3], of) == set()
    assert values(there, CONVERSION_ATTRIBUTION, 2, "conversion_id") == [("b",)]


@pytest.mark.parametrize("zone", ["Asia/Tokyo", NEW_YORK])
def test_states_begin_with_the_first_whole_local_day_and_are_complete(
    zone: str, lake: Lake
) -> None:
    lake = within(lake, zone)
    put(lake, TICKET_EVENTS, [], *range(1, 8))
    versions = [
        {"id": 1, "status": status, "created_at": iso("02 09:00"), "generated_timestamp": epoch(at)}
        for at, status in (("03 20:00", "open"), ("04 02:00", "solved"))
    ]
    put(lake, TICKETS, versions, *range(1, 8))
    first = 2 if zone == "Asia/Tokyo" else 1
    make_days(lake, TICKET_STATES, *range(first, 6))
    assert footer(lake, TICKET_STATES, 5).complete
    # Both versions are of one local day, and of two partitions.
    day = 4 if zone == "Asia/Tokyo" else 3
    columns = ("status", "status_since", "solves")
    assert values(lake, TICKET_STATES, day, *columns) == [("solved", when("04 02:00"), 1)]


@FEW
@given(
    st.sampled_from(ZONES),
    st.lists(st.integers(0, 5 * 86_400 - 1), min_size=1, max_size=20, unique=True),
)
def test_no_moment_is_lost_or_counted_twice_in_any_zone(zone: str, seconds: list[int]) -> None:
    start = when("05 00:00")
    moments = [start + timedelta(seconds=one) for one in seconds]
    items = [{"id": str(at), "timestamp": at.isoformat()} for at in moments]
    expected = Counter(str(at.astimezone(ZoneInfo(zone)).date()) for at in moments)
    with small_lake() as utc:
        lake = within(utc, zone)
        put(lake, CONVERSIONS, items, *range(3, 12))
        make_days(lake, CONVERSION_ATTRIBUTION, *range(4, 11))
        found = {key(day): len(rows(lake, CONVERSION_ATTRIBUTION, day)) for day in range(4, 11)}
        assert {day: count for day, count in found.items() if count} == expected
        assert all(footer(lake, CONVERSION_ATTRIBUTION, day).complete for day in range(4, 11))


EXPORTS = dg.DailyPartitionsDefinition(start_date="2026-01-01", end_offset=1)


@pytest.mark.parametrize(
    ("zone", "first"),
    [("UTC", "2026-01-01"), (NEW_YORK, "2026-01-01"), (KOLKATA, "2026-01-02")],
)
def test_the_first_partition_is_the_first_whole_day_of_the_zone(zone: str, first: str) -> None:
    found = days_def(Namespace(EXPORTS, time_zone=zone))
    assert (found.get_first_partition_key(), found.timezone) == (first, zone)
    assert (
        found.time_window_for_partition_key(first).start.timestamp() * 1e6
        == Day(first, zone).start_us
    )


@pytest.mark.parametrize("zone", ["Mars/Olympus", "/etc/passwd", "Europe"])
def test_a_zone_that_there_is_not_is_one_clear_error(
    zone: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZD_TIME_ZONE", zone)
    with pytest.raises(ConfigurationError, match=f"ZD_TIME_ZONE is '{zone}'; set it to the IANA"):
        LakeFolder().open()


def test_a_run_makes_a_day_of_the_zone_that_the_environment_names(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZD_TIME_ZONE", NEW_YORK)
    put(lake, CONVERSIONS, [conversion("02 04:59"), conversion("03 04:59", "b")], *range(1, 5))
    namespace = Namespace(EXPORTS, time_zone=LakeFolder().zone())
    folder = LakeFolder(location=str(lake.root))
    asset = daily_asset(CONVERSION_ATTRIBUTION, namespace, when_out_of_date(folder, namespace))
    result: Any = dg.materialize(
        [asset], selection=[asset.key], partition_key=key(2), resources=lake_resources(lake)
    )
    assert result.success
    assert values(within(lake, NEW_YORK), CONVERSION_ATTRIBUTION, 2, "conversion_id") == [("b",)]
    assert day_file(lake, CONVERSION_ATTRIBUTION, Day(key(2))).exists()
