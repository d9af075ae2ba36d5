"""Nothing that is kept can make every later run fail: what the server refuses is given up."""

from typing import Any

import pytest

from zd_assets.catalog.export import Endpoint, Export, Pagination
from zd_assets.catalog.support import (
    ORGANIZATIONS,
    ROUTING_ATTRIBUTES,
    TICKET_EVENTS,
    TICKET_METRIC_EVENTS,
    TICKETS,
)
from zd_assets.extract.events import Notice
from zd_assets.lake.lake import Lake
from zd_assets.sandbox import Running
from zd_assets_tests.helpers.runs import (
    HOUR_US,
    Clients,
    attempt,
    fetch,
    fetch_until_complete,
    few,
    footers,
    item,
    one_an_hour,
    over,
    road,
)
from zd_assets_tests.helpers.truth import assert_lake_is_true, days

DAYS = days("2026-02-01", 3)
CURSORS = over([road(TICKETS, Pagination.CURSOR), road(TICKET_METRIC_EVENTS, Pagination.PAGES)])
PAGED = over(
    [
        road(TICKETS, Pagination.CURSOR),
        road(TICKETS, Pagination.TIME),
        road(TICKET_EVENTS, Pagination.TIME),
        road(TICKET_METRIC_EVENTS, Pagination.PAGES),
    ]
)
OPTIONS: dict[str, Any] = {"page_size": 15, "max_parallel_windows": 1}


@pytest.mark.parametrize("status", [400, 404, 410, 422])
@CURSORS
def test_a_kept_cursor_that_is_refused_is_given_up_with_a_notice(
    export: Export,
    endpoint: Endpoint,
    status: int,
    sandbox: Running,
    clients: Clients,
    lake: Lake,
) -> None:
    one_an_hour(sandbox, export, DAYS[0].start_us)
    fetch(export, DAYS, clients, lake, endpoint=endpoint, max_pages=1, **OPTIONS)
    assert footers(export, DAYS[:1], lake)[0].resume_url
    # For good: a cursor of before is refused; those of today work.
    sandbox.faults([{"kind": "status", "status": status, "on_cursor": True}])
    reports = fetch(export, DAYS, clients, lake, endpoint=endpoint, **OPTIONS)
    notices = [report.message for report in reports if isinstance(report, Notice)]
    assert any(f"answered {status}" in one and "Asking again from" in one for one in notices)
    assert_lake_is_true(sandbox, lake, export, DAYS)


def test_a_refused_routing_cursor_leads_to_an_earlier_one_and_at_last_to_the_beginning(
    sandbox: Running, clients: Clients, lake: Lake
) -> None:
    export = ROUTING_ATTRIBUTES
    few(sandbox, seeded=False)
    # Three pages, of 3,000 rows as the server has them.
    first_us = DAYS[0].start_us
    rows = [item(export, first_us + number * 3 * HOUR_US // 280, number) for number in range(6_500)]
    sandbox.put(export.name, rows)
    fetch(export, DAYS[:2], clients, lake)
    sandbox.faults([{"kind": "status", "status": 404, "on_cursor": True, "times": 2}])
    sandbox.forget_requests()
    fetch(export, DAYS[2:], clients, lake)
    asked = [entry["query"].get("cursor") for entry in sandbox.requests()]
    assert asked[0] is not None
    assert None in asked[:3], "at last from the beginning"
    assert_lake_is_true(sandbox, lake, export, DAYS)


@pytest.mark.parametrize("kind", ["same_next_page", "backward", "null_next_page", "stuck", "empty"])
@PAGED
def test_one_bad_page_heals_in_the_same_run_or_the_next(
    export: Export,
    endpoint: Endpoint,
    kind: str,
    sandbox: Running,
    clients: Clients,
    lake: Lake,
) -> None:
    one_an_hour(sandbox, export, DAYS[0].start_us)
    sandbox.faults([{"kind": kind, "after": 1}])
    attempt(export, DAYS, clients, lake, endpoint=endpoint)
    fetch_until_complete(export, DAYS, clients, lake, endpoint=endpoint, runs=1, **OPTIONS)
    assert_lake_is_true(sandbox, lake, export, DAYS)


@pytest.mark.parametrize("kind", ["same_next_page", "backward", "null_next_page", "empty"])
@PAGED
def test_of_bad_pages_that_stay_nothing_is_kept_and_nothing_is_complete_with_less(
    export: Export,
    endpoint: Endpoint,
    kind: str,
    sandbox: Running,
    clients: Clients,
    lake: Lake,
) -> None:
    one_an_hour(sandbox, export, DAYS[0].start_us)
    sandbox.faults([{"kind": kind, "after": 2, "times": -1}])
    attempt(export, DAYS, clients, lake, endpoint=endpoint)
    found = [(one, lake.footer(export, one)) for one in DAYS]
    whole = [partition for partition, footer in found if footer and footer.complete]
    assert_lake_is_true(sandbox, lake, export, whole)
    one_an_hour(sandbox, export, DAYS[0].start_us)
    fetch_until_complete(export, DAYS, clients, lake, endpoint=endpoint, runs=1, **OPTIONS)
    assert_lake_is_true(sandbox, lake, export, DAYS)


@over([road(TICKET_EVENTS, Pagination.TIME), road(ORGANIZATIONS, Pagination.TIME)])
def test_a_second_that_holds_more_than_is_given_of_it_is_passed_and_named(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few(sandbox, seeded=False, second_cap=1000)
    noon_us = DAYS[0].start_us + 12 * HOUR_US
    times_us = [noon_us - HOUR_US, *[noon_us] * 1100, noon_us + HOUR_US]
    sandbox.put(export.name, [item(export, us, number) for number, us in enumerate(times_us)])
    reports = fetch(export, DAYS[:1], clients, lake, endpoint=endpoint)
    [footer] = footers(export, DAYS[:1], lake)
    assert footer.complete
    assert footer.skipped == (noon_us,)
    assert footer.items == 1002
    notices = [report.message for report in reports if isinstance(report, Notice)]
    assert any("nothing_skipped" in notice for notice in notices)


@over([road(TICKETS, Pagination.TIME), road(TICKET_METRIC_EVENTS, Pagination.TIME)])
def test_where_there_is_another_endpoint_such_a_second_is_fetched_by_that(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few(sandbox, seeded=False, second_cap=1000)
    noon_us = DAYS[0].start_us + 12 * HOUR_US
    times_us = [noon_us - HOUR_US, *[noon_us] * 1100, noon_us + HOUR_US]
    sandbox.put(export.name, [item(export, us, number) for number, us in enumerate(times_us)])
    fetch(export, DAYS[:1], clients, lake, endpoint=endpoint)
    assert footers(export, DAYS[:1], lake)[0].skipped == ()
    assert_lake_is_true(sandbox, lake, export, DAYS[:1])
