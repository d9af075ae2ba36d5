"""A run's own budget of pages, fetching again, and taking over what an earlier run left."""

from typing import Any

import pytest

from zd_assets.catalog.chat import AGENT_TIMELINE, CHATS, CONVERSIONS, DEPARTMENT_EVENTS
from zd_assets.catalog.export import SECOND_US, Api, Endpoint, Export, Pagination
from zd_assets.catalog.support import ROUTING_INSTANCE_VALUES, TICKETS
from zd_assets.extract.events import Action, PageReport
from zd_assets.lake.lake import Lake
from zd_assets.sandbox import Running
from zd_assets_tests.helpers.runs import (
    ROADS,
    Clients,
    about,
    asked_from,
    at_us,
    fetch,
    fetch_until_complete,
    few,
    few_of,
    footers,
    incomplete,
    item,
    over,
    road,
    statuses,
)
from zd_assets_tests.helpers.truth import assert_lake_is_true, canonical_text, day, days, lake_items

TODAY = day("2026-03-01")
BY_CURSOR = road(TICKETS, Pagination.CURSOR)
WITH_START = [one for one in ROADS if one[1].has_start_time]


@pytest.mark.parametrize(
    ("export", "endpoint", "windows"),
    [
        pytest.param(*one, windows, id=f"{one[0].name} by {one[1].pagination}, {windows}")
        for one in WITH_START
        for windows in (1, 4)
        if windows == 1 or one[0].api is Api.CHAT
    ],
)
def test_a_budget_of_one_page_asks_one_page_a_run_and_ends_in_the_truth(
    export: Export,
    endpoint: Endpoint,
    windows: int,
    sandbox: Running,
    clients: Clients,
    lake: Lake,
) -> None:
    few_of(sandbox, export, 60)
    partitions = days("2026-02-01", 3)
    for run in range(1, 100):
        todo = incomplete(export, partitions, lake)
        if not todo:
            break
        reports = fetch(
            export,
            todo,
            clients,
            lake,
            endpoint=endpoint,
            page_size=40,
            max_pages=1,
            max_parallel_windows=windows,
            run_id=f"run {run}",
        )
        assert list(about(reports)) != []
        assert len(about(reports)) == len(todo)
        assert len([report for report in reports if isinstance(report, PageReport)]) == 1
        assert len(sandbox.requests()) == run
    assert_lake_is_true(sandbox, lake, export, partitions)
    found = footers(export, partitions, lake)
    items = sum(footer.items for footer in found)
    # A page may be asked twice where a partition begins, never within one.
    assert run - 1 <= items / 38 + len(partitions) * 2 + 1


@over([road(DEPARTMENT_EVENTS, Pagination.CHAT), BY_CURSOR])
def test_a_partition_left_open_says_how_to_go_on(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few_of(sandbox, export, 60)
    partitions = days("2026-02-01", 3)
    reports = fetch(export, partitions, clients, lake, endpoint=endpoint, page_size=60, max_pages=1)
    actions = [report.action for report in about(reports).values()]
    first, *others = footers(export, partitions, lake)
    assert actions[-1] is Action.NOT_REACHED
    assert not others[-1].complete
    assert others[-1].resume_url is None
    open_one = next(footer for footer in (first, *others) if not footer.complete)
    assert open_one.resume_url
    assert open_one.resume_url.startswith(sandbox.url)


@over(WITH_START)
def test_a_refetch_under_a_small_budget_loses_no_row_on_the_way(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few_of(sandbox, export, 150)
    partition = day("2026-02-01")
    fetch(export, [partition], clients, lake)
    before = [canonical_text(one) for one in lake_items(lake, export, partition)]
    options: dict[str, Any] = {"endpoint": endpoint, "page_size": 9}
    fetch(export, [partition], clients, lake, max_pages=1, full_refresh=True, **options)
    assert not footers(export, [partition], lake)[0].complete
    assert sorted(before) == sorted(map(canonical_text, lake_items(lake, export, partition)))
    fetch_until_complete(export, [partition], clients, lake, max_pages=3, **options)
    assert_lake_is_true(sandbox, lake, export, [partition])


@over([road(CHATS, Pagination.CHAT), BY_CURSOR, road(TICKETS, Pagination.TIME)])
def test_a_complete_partition_is_fetched_whole_again_and_replaced(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    us = at_us("2026-02-01T10:00:00")
    sandbox.put(export.name, [item(export, us + n * 1_000_000, n) for n in range(9)])
    partition = day("2026-02-01")
    fetch(export, [partition], clients, lake, run_id="first", endpoint=endpoint)
    sandbox.put(export.name, [item(export, at_us("2026-02-03T00:00:00"), 4)])
    reports = fetch(export, [partition], clients, lake, run_id="second", endpoint=endpoint)
    assert about(reports)[partition.key].action is Action.FETCHED
    assert_lake_is_true(sandbox, lake, export, [partition])
    assert footers(export, [partition], lake)[0].run_id == "second"


@over([road(CONVERSIONS, Pagination.CHAT), BY_CURSOR])
def test_what_a_run_committed_but_could_not_report_is_adopted_without_a_request(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few_of(sandbox, export, 60)
    partitions = days("2026-02-01", 4)
    fetch(export, partitions[1:3], clients, lake, run_id="killed", endpoint=endpoint)
    sandbox.forget_requests()
    reports = fetch(
        export,
        partitions,
        clients,
        lake,
        run_id="again",
        should_adopt=lambda footer: footer.run_id == "killed",
        endpoint=endpoint,
    )
    assert {key: report.action for key, report in about(reports).items()} == {
        partition.key: Action.ADOPTED if number in (1, 2) else Action.FETCHED
        for number, partition in enumerate(partitions)
    }
    begins = {p.start_us // SECOND_US - 1 for p in (partitions[0], partitions[3])}
    assert begins <= set(asked_from(sandbox))
    assert partitions[1].start_us // SECOND_US - 1 not in asked_from(sandbox)
    assert_lake_is_true(sandbox, lake, export, partitions)


@over([road(CHATS, Pagination.CHAT), BY_CURSOR, road(TICKETS, Pagination.TIME)])
def test_a_clock_of_ours_that_runs_ahead_asks_nothing_from_beyond_the_servers_horizon(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    sandbox.put(export.name, [item(export, at_us("2026-03-01T11:59:00"), 1)])
    fetch(export, [TODAY], clients, lake, now="2026-03-01T12:03:00Z", endpoint=endpoint)
    horizon_us = at_us("2026-03-01T12:00:00") - export.settle_s * SECOND_US
    assert footers(export, [TODAY], lake)[0].complete_until_us == horizon_us
    assert set(statuses(sandbox)) == {200}


@over(
    [
        road(AGENT_TIMELINE, Pagination.CHAT),
        BY_CURSOR,
        road(ROUTING_INSTANCE_VALUES, Pagination.ROUTING),
    ]
)
def test_progress_is_told_in_order_and_within_the_stretch(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few_of(sandbox, export, 60)
    partitions = days("2026-02-01", 2)
    options: dict[str, Any] = {"endpoint": endpoint, "page_size": 50, "max_parallel_windows": 1}
    reports = fetch(export, partitions, clients, lake, **options)
    pages = [report for report in reports if isinstance(report, PageReport)]
    reached = [page.position_us for page in pages]
    assert reached == sorted(reached)
    assert reached[-1] == pages[-1].until_us == partitions[-1].end_us
    assert {page.from_us for page in pages} == {partitions[0].start_us}
    total = sum(footer.items for footer in footers(export, partitions, lake))
    assert sum(page.items for page in pages) >= total
