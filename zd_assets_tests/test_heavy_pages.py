"""A page that is too heavy for the server: it is asked for smaller, then larger again."""

from typing import Any

import pytest

from zd_assets.catalog.chat import CHATS
from zd_assets.catalog.export import Endpoint, Export, Pagination
from zd_assets.catalog.support import ROUTING_INSTANCE_VALUES, TICKET_METRIC_EVENTS, TICKETS
from zd_assets.lake.lake import Lake
from zd_assets.sandbox import Running
from zd_assets_tests.helpers.runs import (
    Clients,
    at_us,
    attempt,
    fetch,
    few,
    incomplete,
    item,
    over,
    road,
    statuses,
)
from zd_assets_tests.helpers.truth import assert_lake_is_true, day

DAY = day("2026-02-01")
KINDS = [
    road(CHATS, Pagination.CHAT),
    road(TICKETS, Pagination.CURSOR),
    road(TICKETS, Pagination.TIME),
    road(TICKET_METRIC_EVENTS, Pagination.PAGES),
]
TOO_HEAVY = {"kind": "status", "status": 504}


def put(sandbox: Running, export: Export, count: int) -> None:
    """Begin again with so many items in `DAY`."""
    few(sandbox, seeded=False)
    us = at_us("2026-02-01T10:00:00")
    sandbox.put(export.name, [item(export, us + n * 1_000_000, n) for n in range(count)])


def sizes(sandbox: Running) -> list[int]:
    """How large a page each request asked for."""
    names = ("limit", "per_page", "page[size]")
    queries = [entry["query"] for entry in sandbox.requests()]
    return [int(query[name]) for query in queries for name in names if name in query]


@over(KINDS)
@pytest.mark.parametrize(
    ("fault", "asked"),
    [
        ({"times": 1}, [80, 40, 80, 80]),
        ({"times": 2, "after": 1}, [80, 80, 40, 20, 40, 80]),
        # Every page over 20 is too heavy: one larger is tried less and less often.
        (
            {"times": -1, "min_page_size": 20, "after": 2},
            [80, 80, 80, 40, 20, 40, *[20] * 3, 40, *[20] * 3],
        ),
    ],
    ids=["at first", "in the middle", "from there on"],
)
def test_it_gets_smaller_and_then_larger_again(
    fault: dict[str, Any],
    asked: list[int],
    export: Export,
    endpoint: Endpoint,
    sandbox: Running,
    clients: Clients,
    lake: Lake,
) -> None:
    put(sandbox, export, 300)
    sandbox.faults([TOO_HEAVY | fault])
    options: dict[str, Any] = {"endpoint": endpoint, "page_size": 80, "max_parallel_windows": 1}
    fetch(export, [DAY], clients, lake, **options)
    assert sizes(sandbox)[: len(asked)] == asked
    # By time, a page repeats the last second of the one before.
    repeated = sum(entry["count"] or 0 for entry in sandbox.requests()) - 300
    assert 0 <= repeated <= len(sandbox.requests()) * endpoint.repeats_boundary * 4
    assert_lake_is_true(sandbox, lake, export, [DAY])


@over(KINDS)
def test_the_next_run_begins_with_pages_of_full_size(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    put(sandbox, export, 100)
    sandbox.faults([TOO_HEAVY | {"times": 2}])
    options: dict[str, Any] = {"endpoint": endpoint, "page_size": 40}
    fetch(export, [DAY], clients, lake, max_pages=1, **options)
    assert sizes(sandbox) == [40, 20, 10]
    assert incomplete(export, [DAY], lake)
    sandbox.forget_requests()
    fetch(export, [DAY], clients, lake, **options)
    assert set(sizes(sandbox)) == {40}
    assert_lake_is_true(sandbox, lake, export, [DAY])


@over([road(ROUTING_INSTANCE_VALUES, Pagination.ROUTING)])
def test_a_page_without_a_size_is_asked_for_again_as_it_is(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    put(sandbox, export, 10)
    sandbox.faults([TOO_HEAVY | {"times": 2}])
    _, error = attempt(export, [DAY], clients, lake, endpoint=endpoint)
    assert error is None
    assert statuses(sandbox)[:3] == [504, 504, 200]
    assert_lake_is_true(sandbox, lake, export, [DAY])
