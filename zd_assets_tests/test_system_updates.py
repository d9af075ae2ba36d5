"""`exclude_system_updates`: tickets that only the system touched are left out, and counted."""

from collections.abc import Sequence
from typing import Any

import pytest

from zd_assets.exports.export import SECOND_US, Api, Endpoint, Export, Pagination
from zd_assets.exports.support import TICKETS
from zd_assets.lake.lake import Lake
from zd_assets.lake.partition import Partition
from zd_assets.sandbox import Running
from zd_assets.zendesk.client import Client
from zd_assets_tests.runs import (
    Clients,
    at_us,
    fetch,
    fetch_until_complete,
    few,
    few_of,
    footers,
    incomplete,
    iso,
    item,
    over,
    road,
)
from zd_assets_tests.truth import assert_same, day, days, lake_items, true_items

EACH = over([road(TICKETS, Pagination.CURSOR), road(TICKETS, Pagination.TIME)])
DAYS = days("2026-02-20", 3)
TODAY = day("2026-03-01")


@pytest.fixture
def client(clients: Clients) -> Client:
    return clients[Api.SUPPORT]


def assert_only_system_updates_are_missing(
    sandbox: Running, lake: Lake, partitions: Sequence[Partition]
) -> int:
    """How many they are."""
    assert not incomplete(TICKETS, partitions, lake)
    missing = 0
    for partition, footer in zip(partitions, footers(TICKETS, partitions, lake), strict=True):
        truth = true_items(sandbox, TICKETS, partition)
        start = iso(partition.start_us, fraction=False)
        kept = [ticket for ticket in truth if ticket["updated_at"] >= start]
        assert_same(lake_items(lake, TICKETS, partition), kept)
        assert footer.system_updates == len(truth) - len(kept)
        missing += footer.system_updates
    return missing


@EACH
def test_tickets_whose_last_update_precedes_the_window_are_left_out_and_counted(
    export: Export, endpoint: Endpoint, sandbox: Running, client: Client, lake: Lake
) -> None:
    few_of(sandbox, export, 30)
    options: dict[str, Any] = {"endpoint": endpoint, "exclude_system_updates": True}
    fetch(export, DAYS, client, lake, page_size=20, **options)
    assert assert_only_system_updates_are_missing(sandbox, lake, DAYS) > 20


@EACH
def test_they_are_counted_once_run_by_run(
    export: Export, endpoint: Endpoint, sandbox: Running, client: Client, lake: Lake
) -> None:
    few_of(sandbox, export, 30)
    options: dict[str, Any] = {"endpoint": endpoint, "exclude_system_updates": True}
    fetch_until_complete(export, DAYS, client, lake, page_size=20, max_pages=1, **options)
    assert assert_only_system_updates_are_missing(sandbox, lake, DAYS) > 20


@EACH
def test_the_edge_of_the_window_decides_to_the_second(
    export: Export, endpoint: Endpoint, sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    start_us = DAYS[0].start_us
    for number, by in enumerate((-1, 0, 1)):
        updated = iso(start_us + by * SECOND_US, fraction=False)
        us = start_us + 3_600 * SECOND_US
        sandbox.put("tickets", [item(export, us, number, updated_at=updated)])
    fetch(export, DAYS[:1], client, lake, endpoint=endpoint, exclude_system_updates=True)
    assert [ticket["id"] for ticket in lake_items(lake, export, DAYS[0])] == [2, 3]
    assert footers(export, DAYS[:1], lake)[0].system_updates == 1


def put_touched(sandbox: Running, seconds_us: Sequence[int]) -> None:
    """Tickets that the system touched at these times, long after their last update."""
    long_ago = "2026-01-01T00:00:00Z"
    tickets = [item(TICKETS, us, n, updated_at=long_ago) for n, us in enumerate(seconds_us)]
    sandbox.put("tickets", tickets)


@EACH
def test_one_at_the_horizon_is_counted_once_when_the_partition_is_resumed(
    export: Export, endpoint: Endpoint, sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    horizon_us = at_us("2026-03-01T11:59:00")
    put_touched(sandbox, [horizon_us + by * SECOND_US for by in (-2, -1, 0, 1)])
    options: dict[str, Any] = {"endpoint": endpoint, "exclude_system_updates": True}
    fetch(export, [TODAY], client, lake, **options)
    assert footers(export, [TODAY], lake)[0].system_updates == 2
    later = "2026-03-02T00:10:00Z"
    sandbox.settings(now=later)
    fetch(export, [TODAY], client, lake, now=later, **options)
    assert assert_only_system_updates_are_missing(sandbox, lake, [TODAY]) == 4


@EACH
def test_they_are_counted_once_after_a_refetch_that_took_two_runs(
    export: Export, endpoint: Endpoint, sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    put_touched(sandbox, [DAYS[0].start_us + n * SECOND_US for n in range(8)])
    options: dict[str, Any] = {"endpoint": endpoint, "exclude_system_updates": True}
    fetch(export, DAYS[:1], client, lake, **options)
    fetch(export, DAYS[:1], client, lake, page_size=3, max_pages=1, refetch=True, **options)
    fetch(export, DAYS[:1], client, lake, **options)
    assert assert_only_system_updates_are_missing(sandbox, lake, DAYS[:1]) == 8


def test_they_are_counted_once_where_pages_overlap(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    start_us = DAYS[0].start_us
    put_touched(sandbox, [start_us, *[start_us + SECOND_US] * 1300])
    by_time = road(TICKETS, Pagination.TIME)[1]
    options: dict[str, Any] = {"endpoint": by_time, "exclude_system_updates": True}
    fetch(TICKETS, DAYS[:1], client, lake, page_size=200, **options)
    assert assert_only_system_updates_are_missing(sandbox, lake, DAYS[:1]) == 1301
