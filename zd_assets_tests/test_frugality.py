"""What a run costs, by the sandbox's request log."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest

from zd_assets.catalog.chat import CONVERSIONS
from zd_assets.catalog.export import Endpoint, Export, Pagination
from zd_assets.catalog.support import ROUTING_ATTRIBUTES, TICKET_METRIC_EVENTS, TICKETS
from zd_assets.extract.events import Action
from zd_assets.lake.lake import Lake
from zd_assets.sandbox import Running
from zd_assets_tests.helpers.runs import (
    ROADS,
    SUPPORT_ROADS,
    Clients,
    about,
    every_export,
    fetch,
    few,
    few_of,
    fewest_pages,
    footers,
    hours,
    item,
    over,
)
from zd_assets_tests.helpers.truth import assert_lake_is_true, day, days

#: Routing is walked from its stream's beginning, see test_routing.
WITH_START = [one for one in ROADS if one[1].has_start_time]


@over(WITH_START)
def test_a_stretch_costs_its_full_pages_and_two_requests_however_many_partitions_it_fills(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few_of(sandbox, export, 100)
    partitions = hours("2026-02-03T00:00:00", 30)
    options: dict[str, Any] = {"endpoint": endpoint, "page_size": 25, "max_parallel_windows": 1}
    fetch(export, partitions, clients, lake, **options)
    asked = len(sandbox.requests())
    assert_lake_is_true(sandbox, lake, export, partitions)
    items = sum(footer.items for footer in footers(export, partitions, lake))
    assert items > 10
    assert asked <= fewest_pages(endpoint, items, 25) + 2


#: Those whose pages say that there is no more.
SAYING_SO = [
    one
    for one in SUPPORT_ROADS
    if one[1].pagination is not Pagination.ROUTING
    and one != (TICKET_METRIC_EVENTS, TICKET_METRIC_EVENTS.endpoints[0])
]


@over(SAYING_SO)
def test_after_the_servers_word_that_there_is_no_more_nothing_is_asked(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    today = day("2026-03-01")
    items = [item(export, today.start_us + n * 60_000_000, n) for n in range(60)]
    sandbox.put(export.name, items)
    fetch(export, [today], clients, lake, endpoint=endpoint, page_size=20)
    # By time, each page begins with the last item of the one before.
    by_time = endpoint.pagination is Pagination.TIME
    pages = [20, 20, 20, 3] if by_time else [20, 20, 20]
    assert [entry["count"] for entry in sandbox.requests()] == pages
    # Some time later one request finds out that there is nothing new.
    sandbox.forget_requests()
    fetch(export, [today], clients, lake, endpoint=endpoint, page_size=20)
    assert len(sandbox.requests()) == 1


@every_export
def test_years_without_items_cost_one_request(
    export: Export, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    firsts = [day(f"{year}-{month:02d}-01") for year in (2021, 2022) for month in range(1, 13)]
    years = [replace(month, end_us=following.start_us) for month, following in pairwise(firsts)]
    few(sandbox, seeded=False)
    fetch(export, years, clients, lake, max_parallel_windows=1)
    assert len(sandbox.requests()) == 1
    assert all(footer.complete and not footer.items for footer in footers(export, years, lake))


@pytest.mark.parametrize("export", [CONVERSIONS, TICKETS, ROUTING_ATTRIBUTES], ids=lambda e: e.name)
def test_partitions_of_which_nothing_is_settled_cost_no_request(
    export: Export, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    partitions = days("2026-03-02", 2)
    reports = fetch(export, partitions, clients, lake)
    assert [report.action for report in about(reports).values()] == [Action.UNSETTLED] * 2
    found = footers(export, partitions, lake)
    assert not any(footer.complete or footer.items for footer in found)
    assert sandbox.requests() == []
