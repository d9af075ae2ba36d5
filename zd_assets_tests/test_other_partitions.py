"""A row goes into the partition of its own time, whichever page brings it."""

from collections.abc import Sequence
from typing import Any

import pytest

from zd_assets.catalog.export import SECOND_US, Api
from zd_assets.catalog.support import ROUTING_INSTANCE_VALUES, TICKET_EVENTS, USERS
from zd_assets.extract.events import Action, PartitionReport, Report
from zd_assets.lake.lake import Lake
from zd_assets.lake.partition import DAY_US, Partition
from zd_assets.sandbox import Running
from zd_assets.zendesk.client import Client
from zd_assets_tests.helpers.runs import Clients, fetch, few, footers, hours, iso, item
from zd_assets_tests.helpers.truth import assert_lake_is_true, day, days, lake_items

OLD, NEW = day("2026-02-02"), day("2026-02-20")
OLD_US, NEW_US = OLD.start_us + 3_600 * SECOND_US, NEW.start_us + 3_600 * SECOND_US


@pytest.fixture
def client(clients: Clients) -> Client:
    return clients[Api.SUPPORT]


def deleted_ticket(sandbox: Running, *, again: bool) -> None:
    """Events of a day, among which an old one is shown: once more, or for the first time."""
    few(sandbox, seeded=False)
    events = [item(TICKET_EVENTS, NEW_US + n * SECOND_US, n) for n in range(4)]
    # A page of the old day ends before them.
    between = [item(TICKET_EVENTS, OLD.end_us + n * SECOND_US, 10 + n) for n in range(9)]
    sandbox.put("ticket_events", [*events, *between])
    old = item(TICKET_EVENTS, OLD_US, 99)
    if again:
        sandbox.put("ticket_events", [old])
    at = iso(NEW_US + 2 * SECOND_US, fraction=False)
    sandbox.put("ticket_events", [old], time=at, again=again)


def added(reports: Sequence[Report]) -> dict[str, int]:
    """How many rows were added to other partitions' files, each reported once."""
    mine = [
        report
        for report in reports
        if isinstance(report, PartitionReport) and report.action is Action.ADDED_TO
    ]
    assert len({report.partition for report in mine}) == len(mine)
    return {report.partition.key: report.added for report in mine}


def version(lake: Lake, partition: Partition) -> tuple[int, int]:
    found = lake.path(TICKET_EVENTS, partition).stat()
    return found.st_ino, found.st_mtime_ns


def test_an_older_event_that_is_known_changes_nothing(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    deleted_ticket(sandbox, again=True)
    fetch(TICKET_EVENTS, [OLD], client, lake)
    before = version(lake, OLD)
    assert added(fetch(TICKET_EVENTS, [NEW], client, lake)) == {}
    assert version(lake, OLD) == before
    assert_lake_is_true(sandbox, lake, TICKET_EVENTS, [OLD, NEW])


def test_an_older_event_that_is_new_is_added_to_its_complete_day(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    deleted_ticket(sandbox, again=False)
    fetch(TICKET_EVENTS, [OLD], client, lake, page_size=5)
    assert lake_items(lake, TICKET_EVENTS, OLD) == []
    assert added(fetch(TICKET_EVENTS, [NEW], client, lake)) == {OLD.key: 1}
    assert_lake_is_true(sandbox, lake, TICKET_EVENTS, [OLD, NEW])
    [footer] = footers(TICKET_EVENTS, [OLD], lake)
    assert footer.added_rows == 1
    # Fetched whole again, the day keeps what its own pages don't bring.
    fetch(TICKET_EVENTS, [OLD], client, lake, full_refresh=True, page_size=5)
    assert_lake_is_true(sandbox, lake, TICKET_EVENTS, [OLD, NEW])


def test_where_its_day_has_no_file_it_begins_one_that_a_later_fetch_completes(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    deleted_ticket(sandbox, again=False)
    sandbox.put("ticket_events", [item(TICKET_EVENTS, OLD_US + SECOND_US, 50)])
    assert added(fetch(TICKET_EVENTS, [NEW], client, lake)) == {OLD.key: 1}
    [begun] = footers(TICKET_EVENTS, [OLD], lake)
    assert (begun.complete, begun.complete_until_us, begun.items) == (False, OLD.start_us, 1)
    fetch(TICKET_EVENTS, [OLD], client, lake)
    assert len(lake_items(lake, TICKET_EVENTS, OLD)) == 2
    assert_lake_is_true(sandbox, lake, TICKET_EVENTS, [OLD, NEW])


def test_before_the_first_partition_it_is_counted_and_not_kept(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    deleted_ticket(sandbox, again=False)
    reports = fetch(TICKET_EVENTS, [NEW], client, lake, first_us=OLD.end_us)
    assert added(reports) == {}
    assert lake.footer(TICKET_EVENTS, OLD) is None
    [footer] = footers(TICKET_EVENTS, [NEW], lake)
    assert (footer.items, footer.items_before_first) == (4, 1)


def test_by_hours_it_goes_into_its_hour(sandbox: Running, client: Client, lake: Lake) -> None:
    deleted_ticket(sandbox, again=False)
    [old], [new] = hours("2026-02-02T01:00:00", 1), hours("2026-02-20T01:00:00", 1)
    fetch(TICKET_EVENTS, [old], client, lake, page_size=5)
    assert added(fetch(TICKET_EVENTS, [new], client, lake)) == {old.key: 1}
    assert_lake_is_true(sandbox, lake, TICKET_EVENTS, [old, new])


@pytest.mark.parametrize("full_refresh", [False, True])
def test_a_range_that_is_out_of_order_over_several_days_loses_nothing(
    full_refresh: bool, sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    range_ = days("2026-02-10", 6)
    events = [item(TICKET_EVENTS, range_[0].start_us + n * DAY_US // 8, n) for n in range(48)]
    sandbox.put("ticket_events", events)
    for number in (3, 20, 40):
        late = iso(range_[0].start_us + (47 - number) * DAY_US // 8, fraction=False)
        sandbox.put("ticket_events", [events[number]], time=late)
    options: dict[str, Any] = {"page_size": 30, "max_parallel_windows": 1}
    fetch(TICKET_EVENTS, range_, client, lake, **options)
    if full_refresh:
        fetch(TICKET_EVENTS, range_, client, lake, full_refresh=True, **options)
    assert_lake_is_true(sandbox, lake, TICKET_EVENTS, range_)


def test_a_bulk_change_touches_each_file_of_the_past_once(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    past = days("2026-01-01", 30)
    fetch(USERS, past, client, lake)
    # Imported today, with the update times that they had elsewhere.
    users = [item(USERS, past[n % 30].start_us + n * SECOND_US, n) for n in range(900)]
    sandbox.put("users", users, time=iso(NEW_US, fraction=False))
    sandbox.forget_requests()
    reports = fetch(USERS, [NEW], client, lake, page_size=100)
    assert added(reports) == {one.key: 30 for one in past}
    assert len(sandbox.requests()) <= 9 + 2
    assert all(footer.complete for footer in footers(USERS, past, lake))
    assert_lake_is_true(sandbox, lake, USERS, past)


ORDERS = {
    "at once": [[0, 1, 2, 3]],
    "backwards": [[3], [2], [1], [0]],
    "with a gap": [[0], [2, 3], [1]],
}


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("unit", ["days", "hours"])
def test_routing_rows_grouped_by_value_end_in_the_truth_whatever_is_asked_for_first(
    unit: str, order: str, sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    partitions = days("2026-02-01", 4) if unit == "days" else hours("2026-02-01T22:00:00", 4)
    start_us, end_us = partitions[0].start_us, partitions[-1].end_us
    rows = [
        item(
            ROUTING_INSTANCE_VALUES,
            start_us + n * (end_us - start_us) // 200 // SECOND_US * SECOND_US,
            n,
            attribute_value_id=f"v{n % 7}",
        )
        for n in range(200)
    ]
    sandbox.put(ROUTING_INSTANCE_VALUES.name, rows)
    for numbers in ORDERS[order]:
        fetch(ROUTING_INSTANCE_VALUES, [partitions[n] for n in numbers], client, lake)
    assert_lake_is_true(sandbox, lake, ROUTING_INSTANCE_VALUES, partitions)
