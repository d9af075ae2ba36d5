"""Routing has no start_time: its stream is walked from the beginning, or from an earlier cursor."""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from zd_assets.catalog.export import Api, Export, Pagination
from zd_assets.catalog.registry import EXPORTS
from zd_assets.catalog.support import ROUTING_ATTRIBUTE_VALUES
from zd_assets.extract.events import Action, Notice
from zd_assets.lake.lake import Lake
from zd_assets.lake.partition import Partition
from zd_assets.sandbox import Running
from zd_assets.zendesk.client import Client
from zd_assets_tests.helpers.runs import (
    HOUR_US,
    Clients,
    about,
    at_us,
    fetch,
    fetch_until_complete,
    few,
    few_of,
    footers,
    hours,
    incomplete,
    iso,
    item,
    query_of,
)
from zd_assets_tests.helpers.truth import (
    DAY_US,
    assert_lake_is_true,
    canonical_text,
    days,
    lake_items,
    true_items,
)

EXPORT = ROUTING_ATTRIBUTE_VALUES  # In order of time; instance values are grouped.
#: The server chooses how large a page is.
PAGE = 3000
DAYS = days("2026-02-01", 4)

every_routing = pytest.mark.parametrize(
    "export",
    [one for one in EXPORTS if one.endpoints[0].pagination is Pagination.ROUTING],
    ids=lambda export: export.name,
)


@pytest.fixture
def client(clients: Clients) -> Client:
    return clients[Api.SUPPORT]


def put(sandbox: Running, times_us: Sequence[int], first: int = 0) -> None:
    rows = [item(EXPORT, us, number) for number, us in enumerate(times_us, first)]
    sandbox.put(EXPORT.name, rows)


def spread(first: str, count: int, over_us: int = DAY_US) -> list[int]:
    """`count` times from one on, evenly."""
    return [at_us(first) + number * over_us // count for number in range(count)]


@pytest.fixture
def long(sandbox: Running) -> Running:
    """A stream of 1,400 rows a day, from before `DAYS` to their end: pages cross midnights."""
    few(sandbox, seeded=False)
    put(sandbox, spread("2026-01-31T00:00:00", 7000, 5 * DAY_US))
    return sandbox


def cursors(sandbox: Running) -> list[str | None]:
    """The cursor that each request has."""
    return [entry["query"].get("cursor") for entry in sandbox.requests()]


def cursor_of(lake: Lake, partition: Partition, export: Export = EXPORT) -> str | None:
    """The cursor that a partition's file keeps."""
    footer = lake.footer(export, partition)
    assert footer
    assert footer.resume_url
    return query_of(footer.resume_url).get("cursor")


@every_routing
def test_a_range_is_walked_once_from_the_beginning_of_the_stream(
    export: Export, sandbox: Running, client: Client, lake: Lake
) -> None:
    few_of(sandbox, export, 60)
    partitions = hours("2026-02-01T00:00:00", 40)
    fetch(export, partitions, client, lake, max_parallel_windows=4)
    assert cursors(sandbox)[0] is None
    assert len(sandbox.requests()) <= 2
    assert_lake_is_true(sandbox, lake, export, partitions)


def test_a_stream_longer_than_a_page_costs_its_full_pages_and_one_request(
    long: Running, client: Client, lake: Lake
) -> None:
    fetch(EXPORT, DAYS, client, lake, max_parallel_windows=4)
    assert [entry["count"] for entry in long.requests()] == [3000, 3000, 1000, 0]
    assert cursors(long)[0] is None
    assert len(set(cursors(long))) == 4
    assert_lake_is_true(long, lake, EXPORT, DAYS)


@pytest.mark.parametrize("at", ["2026-02-01T23:59:59", "2026-02-02T00:00:00"])
def test_more_rows_in_one_second_than_a_page_holds_are_all_kept(
    at: str, sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    put(sandbox, [*spread("2026-02-01T00:00:00", 10), *[at_us(at)] * (2 * PAGE + 500)])
    fetch(EXPORT, DAYS[:2], client, lake)
    assert_lake_is_true(sandbox, lake, EXPORT, DAYS[:2])


def test_the_first_fetch_ever_may_be_of_the_newest_partition(
    long: Running, client: Client, lake: Lake
) -> None:
    fetch(EXPORT, DAYS[3:], client, lake)
    assert len(long.requests()) == 4
    assert_lake_is_true(long, lake, EXPORT, DAYS[3:])


def test_the_next_day_goes_on_from_the_cursor_that_the_day_before_keeps(
    long: Running, client: Client, lake: Lake
) -> None:
    fetch(EXPORT, DAYS, client, lake)
    assert not incomplete(EXPORT, DAYS, lake)
    kept = cursor_of(lake, DAYS[-1])
    assert kept
    [tomorrow] = days("2026-02-05", 1)
    put(long, spread("2026-02-05T00:00:00", 50), first=7000)
    long.forget_requests()
    reports = fetch(EXPORT, [tomorrow], client, lake)
    assert about(reports)[tomorrow.key].action is Action.FETCHED
    assert cursors(long)[0] == kept
    assert len(long.requests()) <= 2
    assert_lake_is_true(long, lake, EXPORT, [*DAYS, tomorrow])


@pytest.mark.parametrize("number", [1, 3])
@pytest.mark.parametrize("there", [True, False], ids=["refetched", "missing"])
def test_a_partition_in_the_middle_is_fetched_from_the_cursor_of_the_one_before(
    number: int, there: bool, long: Running, client: Client, lake: Lake
) -> None:
    fetch(EXPORT, DAYS, client, lake)
    middle = DAYS[number]
    kept = cursor_of(lake, DAYS[number - 1])
    if not there:
        lake.path(EXPORT, middle).unlink()
    long.forget_requests()
    fetch(EXPORT, [middle], client, lake, full_refresh=there)
    assert cursors(long)[0] == kept
    # The page that crosses midnight comes again, and a day is on two at most.
    assert len(long.requests()) <= 3
    assert_lake_is_true(long, lake, EXPORT, DAYS)


def test_what_no_earlier_file_knows_is_walked_from_the_beginning(
    long: Running, client: Client, lake: Lake
) -> None:
    fetch(EXPORT, DAYS[2:], client, lake)
    long.forget_requests()
    fetch(EXPORT, DAYS[:2], client, lake)
    assert cursors(long)[0] is None
    assert_lake_is_true(long, lake, EXPORT, DAYS)


def test_a_file_without_a_cursor_is_passed_over(long: Running, client: Client, lake: Lake) -> None:
    fetch(EXPORT, DAYS[:1], client, lake)
    kept = cursor_of(lake, DAYS[0])
    # Nothing of it was settled then, so its file knows nothing.
    fetch(EXPORT, DAYS[1:2], client, lake, now="2026-02-02T00:00:00Z")
    assert not footers(EXPORT, DAYS[1:2], lake)[0].resume_url
    long.forget_requests()
    fetch(EXPORT, DAYS[2:], client, lake)
    assert cursors(long)[0] == kept
    assert_lake_is_true(long, lake, EXPORT, [DAYS[0], *DAYS[2:]])


def test_a_cursor_of_another_origin_is_not_followed(
    long: Running, client: Client, make_client: Callable[..., Client], lake: Lake
) -> None:
    fetch(EXPORT, DAYS[:2], client, lake)
    long.forget_requests()
    elsewhere = client.base_url.replace("127.0.0.1", "localhost")
    fetch(EXPORT, DAYS[2:], make_client(Api.SUPPORT, base_url=elsewhere), lake)
    assert cursors(long)[0] is None
    assert_lake_is_true(long, lake, EXPORT, DAYS)


TODAY, TOMORROW = days("2026-03-01", 2)
NEXT_DAY = "2026-03-02T12:00:00Z"


def test_today_is_completed_from_its_own_cursor(long: Running, client: Client, lake: Lake) -> None:
    put(long, spread("2026-03-01T00:00:00", 2000), first=7000)
    fetch(EXPORT, [TODAY], client, lake)
    [footer] = footers(EXPORT, [TODAY], lake)
    assert footer.complete_until_us == at_us("2026-03-01T11:59:00")
    kept = cursor_of(lake, TODAY)
    long.settings(now=NEXT_DAY)
    long.forget_requests()
    reports = fetch(EXPORT, [TODAY], client, lake, now=NEXT_DAY)
    assert about(reports)[TODAY.key].action is Action.RESUMED
    assert cursors(long)[0] == kept
    assert len(long.requests()) <= 2
    assert_lake_is_true(long, lake, EXPORT, [TODAY])


def test_after_an_incomplete_partition_the_next_one_goes_on_from_its_cursor(
    long: Running, client: Client, lake: Lake
) -> None:
    put(long, spread("2026-03-01T00:00:00", 4000, 2 * DAY_US), first=7000)
    fetch(EXPORT, [TODAY], client, lake)
    kept = cursor_of(lake, TODAY)
    long.settings(now="2026-03-03T12:00:00Z")
    long.forget_requests()
    for partition in (TOMORROW, TODAY):
        fetch(EXPORT, [partition], client, lake, now="2026-03-03T12:00:00Z")
    assert cursors(long)[0] == kept
    assert len(long.requests()) <= 5
    assert_lake_is_true(long, lake, EXPORT, [TODAY, TOMORROW])


def test_hours_go_on_from_the_hour_before_across_midnight(
    long: Running, client: Client, lake: Lake
) -> None:
    partitions = hours("2026-02-01T21:00:00", 6)
    for number, hour in enumerate(partitions):
        long.forget_requests()
        fetch(EXPORT, [hour], client, lake)
        if number:
            assert cursors(long)[0] == cursor_of(lake, partitions[number - 1])
            assert len(long.requests()) <= 2
    assert_lake_is_true(long, lake, EXPORT, partitions)


def test_a_budget_of_one_page_asks_one_page_a_run_and_ends_in_the_truth(
    long: Running, client: Client, lake: Lake
) -> None:
    runs = fetch_until_complete(EXPORT, DAYS, client, lake, max_pages=1)
    assert runs == len(long.requests()) <= 4 + len(DAYS)
    assert_lake_is_true(long, lake, EXPORT, DAYS)


def test_a_refetch_under_a_small_budget_loses_no_row_on_the_way(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    put(sandbox, spread("2026-02-01T00:00:00", 2 * PAGE + 10))
    [partition] = DAYS[:1]
    fetch(EXPORT, [partition], client, lake)
    before = sorted(map(canonical_text, lake_items(lake, EXPORT, partition)))
    fetch(EXPORT, [partition], client, lake, max_pages=1, full_refresh=True)
    assert incomplete(EXPORT, [partition], lake)
    assert sorted(map(canonical_text, lake_items(lake, EXPORT, partition))) == before
    fetch_until_complete(EXPORT, [partition], client, lake, max_pages=1)
    assert_lake_is_true(sandbox, lake, EXPORT, [partition])


def in_lake(lake: Lake, partitions: Sequence[Partition]) -> Counter[str]:
    return Counter(canonical_text(one) for p in partitions for one in lake_items(lake, EXPORT, p))


#: When agents got a skill that they lost at noon of the second day.
ASSOCIATED = {
    "in the same partition": "2026-02-02T08:00:00",
    "in the partition before": "2026-02-01T08:00:00",
    "before all partitions": "2026-01-20T08:00:00",
}
LOST = "2026-02-02T12:00:00"


@pytest.mark.parametrize("case", ASSOCIATED)
@pytest.mark.parametrize("runs", [1, 2])
def test_an_association_that_is_listed_late_beside_its_end_is_kept(
    case: str, runs: int, sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    put(sandbox, spread("2026-02-01T00:00:00", 30, 3 * DAY_US))
    ids: dict[str, Any] = {"id": "late", "attribute_value_id": "v", "instance_id": "7"}
    got = ids | {"type": "associate_agent", "time": f"{ASSOCIATED[case]}Z"}
    lost = ids | {"type": "unassociate_agent", "time": f"{LOST}Z"}
    sandbox.put(EXPORT.name, [got], time=f"{LOST}Z")
    sandbox.put(EXPORT.name, [lost])
    partitions = DAYS[:3]
    # In one run, or the day before apart.
    reports = fetch(EXPORT, partitions[: 3 if runs == 1 else 1], client, lake)
    if runs == 2:
        reports = fetch(EXPORT, partitions[1:], client, lake)
    want = Counter(
        canonical_text(one) for p in partitions for one in true_items(sandbox, EXPORT, p)
    )
    have = in_lake(lake, partitions)
    assert have == want
    assert not incomplete(EXPORT, partitions, lake)
    assert sum(footer.unordered_pages for footer in footers(EXPORT, partitions, lake)) >= 1
    notices = [report.message for report in reports if isinstance(report, Notice)]
    assert any("isn't in the documented order" in notice for notice in notices)


@pytest.mark.parametrize("now", ["2026-02-02T12:00:00Z", "2026-02-03T12:00:00Z"])
def test_a_late_association_that_is_the_first_row_after_the_kept_cursor_is_kept(
    now: str, sandbox: Running, client: Client, lake: Lake
) -> None:
    first_now = "2026-02-02T00:10:00Z"
    few(sandbox, seeded=False, now=first_now)
    put(sandbox, spread("2026-02-01T00:00:00", 10))
    fetch(EXPORT, DAYS[:1], client, lake, now=first_now)
    assert not incomplete(EXPORT, DAYS[:1], lake)
    got = {"id": "late", "type": "associate_agent", "time": "2026-02-01T08:00:00Z"}
    sandbox.put(EXPORT.name, [got], time="2026-02-02T10:00:00Z")
    put(sandbox, spread("2026-02-02T10:00:00", 5, HOUR_US), first=10)
    sandbox.settings(now=now)
    fetch(EXPORT, DAYS[1:2], client, lake, now=now)
    assert canonical_text(got) in in_lake(lake, DAYS[:2])


def test_rows_of_one_thing_and_second_are_told_apart_by_their_type(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    at = iso(DAYS[0].start_us + HOUR_US, fraction=False)
    kinds = ("associate_agent", "unassociate_agent", "associate_ticket")
    rows = [{"id": "a", "type": kind, "time": at, "instance_id": "7"} for kind in kinds]
    sandbox.put(EXPORT.name, rows)
    fetch(EXPORT, DAYS[:1], client, lake)
    assert len(lake_items(lake, EXPORT, DAYS[0])) == 3
    assert_lake_is_true(sandbox, lake, EXPORT, DAYS[:1])
