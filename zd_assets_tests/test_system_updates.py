"""`exclude_system_updates` leaves out only what an earlier partition holds; the rest is flagged."""

from collections.abc import Sequence
from typing import Any

import pytest

from zd_assets.catalog.export import SECOND_US, Api, Endpoint, Export, Pagination
from zd_assets.catalog.support import TICKETS
from zd_assets.lake.lake import Lake
from zd_assets.lake.partition import Partition
from zd_assets.sandbox import Running
from zd_assets.zendesk.client import Client
from zd_assets_tests.helpers.runs import (
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
from zd_assets_tests.helpers.truth import (
    assert_same,
    canonical_text,
    day,
    days,
    lake_items,
    true_items,
)

EACH = over([road(TICKETS, Pagination.CURSOR), road(TICKETS, Pagination.TIME)])
DAYS = days("2026-02-20", 3)
TODAY = day("2026-03-01")


@pytest.fixture
def client(clients: Clients) -> Client:
    return clients[Api.SUPPORT]


def content(ticket: dict[str, Any]) -> str:
    """What a version is, whatever the time of the server's order."""
    return canonical_text({k: v for k, v in ticket.items() if k != "generated_timestamp"})


def assert_what_is_left_out_is_held_earlier(
    sandbox: Running, lake: Lake, partitions: Sequence[Partition]
) -> tuple[int, int]:
    """How many versions were left out, and how many only the system touched but were kept."""
    assert not incomplete(TICKETS, partitions, lake)
    held: dict[str, set[str]] = {}
    left_out = kept_all_the_same = 0
    for partition, footer in zip(partitions, footers(TICKETS, partitions, lake), strict=True):
        truth = true_items(sandbox, TICKETS, partition)
        start = iso(partition.start_us, fraction=False)
        touched = [one for one in truth if one["updated_at"] < start]
        known = [one for one in touched if content(one) in held.get(one["updated_at"][:10], ())]
        kept = [one for one in truth if one not in known]
        assert_same(lake_items(lake, TICKETS, partition), kept)
        held[partition.key] = {content(one) for one in kept}
        assert footer.system_updates == len(known)
        assert footer.system_updates_kept == len(touched) - len(known)
        left_out += len(known)
        kept_all_the_same += len(touched) - len(known)
    return left_out, kept_all_the_same


@EACH
def test_of_seeded_tickets_each_that_no_earlier_partition_holds_is_kept_and_flagged(
    export: Export, endpoint: Endpoint, sandbox: Running, client: Client, lake: Lake
) -> None:
    few_of(sandbox, export, 30)
    options: dict[str, Any] = {"endpoint": endpoint, "exclude_system_updates": True}
    fetch(export, DAYS, client, lake, page_size=20, **options)
    _, kept = assert_what_is_left_out_is_held_earlier(sandbox, lake, DAYS)
    assert kept > 20


EARLIER = day("2026-02-10")
UPDATED_US = EARLIER.start_us + 3_600 * SECOND_US


def fetch_as_updated(sandbox: Running, client: Client, lake: Lake, count: int, **how: Any) -> None:
    """Begin with tickets that were updated on an earlier day, whose partition holds them."""
    few(sandbox, seeded=False)
    tickets = [item(TICKETS, UPDATED_US, number) for number in range(count)]
    sandbox.put("tickets", tickets)
    fetch(TICKETS, [EARLIER], client, lake, exclude_system_updates=True, **how)


def touch(sandbox: Running, times_us: Sequence[int], **changes: Any) -> None:
    """Let the system touch them, each at its time: `updated_at` stays."""
    updated = iso(UPDATED_US, fraction=False)
    tickets = [item(TICKETS, us, n, updated_at=updated) for n, us in enumerate(times_us)]
    sandbox.put("tickets", [ticket | changes for ticket in tickets])


@EACH
def test_a_version_that_an_earlier_partition_holds_is_left_out_and_counted_once_run_by_run(
    export: Export, endpoint: Endpoint, sandbox: Running, client: Client, lake: Lake
) -> None:
    options: dict[str, Any] = {"endpoint": endpoint}
    fetch_as_updated(sandbox, client, lake, 30, **options)
    touch(sandbox, [DAYS[0].start_us + n * 7_200 * SECOND_US for n in range(30)])
    options |= {"exclude_system_updates": True, "page_size": 4, "max_pages": 1}
    fetch_until_complete(export, DAYS, client, lake, **options)
    assert assert_held(lake, DAYS) == (30, 0)


@EACH
def test_what_the_system_changed_without_touching_updated_at_is_kept(
    export: Export, endpoint: Endpoint, sandbox: Running, client: Client, lake: Lake
) -> None:
    options: dict[str, Any] = {"endpoint": endpoint}
    fetch_as_updated(sandbox, client, lake, 3, **options)
    touch(sandbox, [DAYS[0].start_us] * 3, status="solved")
    fetch(export, DAYS[:1], client, lake, exclude_system_updates=True, **options)
    assert [one["status"] for one in lake_items(lake, export, DAYS[0])] == ["solved"] * 3
    assert assert_held(lake, DAYS[:1]) == (0, 3)


@EACH
def test_a_ticket_first_exported_when_the_system_touched_it_is_somewhere(
    export: Export, endpoint: Endpoint, sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    touch(sandbox, [DAYS[0].start_us + 60 * SECOND_US])
    fetch(export, DAYS, client, lake, endpoint=endpoint, exclude_system_updates=True)
    assert len(lake_items(lake, export, DAYS[0])) == 1
    assert assert_held(lake, DAYS) == (0, 1)


def assert_held(lake: Lake, partitions: Sequence[Partition]) -> tuple[int, int]:
    """The sums of the footers: left out, and kept."""
    found = footers(TICKETS, partitions, lake)
    left_out = sum(footer.system_updates for footer in found)
    return left_out, sum(footer.system_updates_kept for footer in found)


@EACH
def test_one_at_the_horizon_is_counted_once_when_the_partition_is_resumed(
    export: Export, endpoint: Endpoint, sandbox: Running, client: Client, lake: Lake
) -> None:
    options: dict[str, Any] = {"endpoint": endpoint, "exclude_system_updates": True}
    fetch_as_updated(sandbox, client, lake, 4, endpoint=endpoint)
    horizon_us = at_us("2026-03-01T11:59:00")
    touch(sandbox, [horizon_us + by * SECOND_US for by in (-2, -1, 0, 1)])
    fetch(export, [TODAY], client, lake, **options)
    assert assert_held(lake, [TODAY]) == (2, 0)
    later = "2026-03-02T00:10:00Z"
    sandbox.settings(now=later)
    fetch(export, [TODAY], client, lake, now=later, **options)
    assert assert_held(lake, [TODAY]) == (4, 0)
    assert lake_items(lake, export, TODAY) == []


@EACH
def test_they_are_counted_once_after_a_refetch_that_took_two_runs(
    export: Export, endpoint: Endpoint, sandbox: Running, client: Client, lake: Lake
) -> None:
    options: dict[str, Any] = {"endpoint": endpoint, "exclude_system_updates": True}
    fetch_as_updated(sandbox, client, lake, 8, endpoint=endpoint)
    touch(sandbox, [DAYS[0].start_us + n * SECOND_US for n in range(8)])
    fetch(export, DAYS[:1], client, lake, **options)
    fetch(export, DAYS[:1], client, lake, page_size=3, max_pages=1, full_refresh=True, **options)
    fetch(export, DAYS[:1], client, lake, **options)
    assert assert_held(lake, DAYS[:1]) == (8, 0)


def test_they_are_counted_once_where_pages_overlap(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    by_time = road(TICKETS, Pagination.TIME)[1]
    fetch_as_updated(sandbox, client, lake, 130, endpoint=by_time)
    start_us = DAYS[0].start_us
    touch(sandbox, [start_us, *[start_us + SECOND_US] * 129])
    options: dict[str, Any] = {"endpoint": by_time, "exclude_system_updates": True}
    fetch(TICKETS, DAYS[:1], client, lake, page_size=20, **options)
    assert assert_held(lake, DAYS[:1]) == (130, 0)
