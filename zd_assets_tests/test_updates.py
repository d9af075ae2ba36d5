"""Items that are updated while they are walked, or between two runs: the latest is somewhere."""

from typing import Any

import pytest

from zd_assets.catalog.chat import CHATS
from zd_assets.catalog.export import Endpoint, Export, Pagination
from zd_assets.catalog.support import ORGANIZATIONS, TICKETS, USERS
from zd_assets.lake.lake import Lake
from zd_assets.sandbox import Running
from zd_assets_tests.helpers.runs import (
    Clients,
    at_us,
    fetch,
    few,
    few_of,
    incomplete,
    item,
    over,
    road,
    statuses,
)
from zd_assets_tests.helpers.truth import canonical_text, day, days, lake_items, true_items

#: Exports of items that move on, by each pagination.
MOVING = [
    road(CHATS, Pagination.CHAT),
    road(TICKETS, Pagination.CURSOR),
    road(TICKETS, Pagination.TIME),
    road(USERS, Pagination.CURSOR),
    road(ORGANIZATIONS, Pagination.TIME),
]


RUNS, JUMPS = {"clock": "running"}, {"advance_per_request": 250.0}


@pytest.mark.parametrize(
    ("export", "endpoint", "clock"),
    [
        pytest.param(*one, clock, id=f"{one[0].name} by {one[1].pagination}, {name}")
        for one in MOVING
        for name, clock in (("clock runs", RUNS), ("clock jumps", JUMPS))
        if clock is JUMPS or one[0] is CHATS
    ],
)
def test_items_that_are_updated_during_the_walk_are_in_the_lake_in_their_newest_version(
    export: Export,
    endpoint: Endpoint,
    clock: dict[str, Any],
    sandbox: Running,
    clients: Clients,
    lake: Lake,
) -> None:
    few_of(sandbox, export, 20 if export is TICKETS else 60, **clock)
    partitions = days("2026-02-27", 3)
    options: dict[str, Any] = {"endpoint": endpoint, "max_parallel_windows": 1}
    fetch(export, partitions, clients, lake, page_size=9, **options)
    later = "2026-03-06T12:00:00Z"
    sandbox.settings(clock="frozen", now=later)
    partitions = [*partitions, *days("2026-03-02", 3)]
    rest = incomplete(export, partitions, lake)
    assert day("2026-03-01") in rest
    fetch(export, rest, clients, lake, page_size=40, now=later, **options)
    newest: dict[Any, Any] = {}
    for partition in partitions:
        have = lake_items(lake, export, partition)
        assert len({one["id"] for one in have}) == len(have)
        want = {canonical_text(one) for one in true_items(sandbox, export, partition)}
        assert want <= {canonical_text(one) for one in have}
        newest |= {one["id"]: one for one in have}
    truth = [one for p in partitions for one in true_items(sandbox, export, p)]
    # An older version is there only where a later partition, or time, holds the newer one.
    for one in truth:
        assert canonical_text(newest[one["id"]]) == canonical_text(one)
    assert set(statuses(sandbox)) == {200}


@over(MOVING)
def test_an_item_updated_while_it_is_walked_moves_on_and_is_met_again(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    us = at_us("2026-02-01T10:00:00")
    sandbox.put(export.name, [item(export, us + n * 1_000_000, n) for n in range(10)])
    partitions = days("2026-02-01", 2)
    options: dict[str, Any] = {"endpoint": endpoint, "page_size": 4}
    fetch(export, partitions, clients, lake, max_pages=1, **options)
    moved = item(export, at_us("2026-02-02T10:00:00"), 1, comment="new")
    sandbox.put(export.name, [moved])
    fetch(export, partitions, clients, lake, **options)
    first, second = (lake_items(lake, export, partition) for partition in partitions)
    assert [one.get("comment") for one in first if one["id"] == moved["id"]] == [None]
    assert [one.get("comment") for one in second] == ["new"]
    assert len(first) == 10


@over(MOVING)
def test_an_item_updated_within_the_window_that_is_walked_stays_in_its_newest_version(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    us = at_us("2026-02-01T10:00:00")
    sandbox.put(export.name, [item(export, us + n * 1_000_000, n) for n in range(10)])
    partition = day("2026-02-01")
    options: dict[str, Any] = {"endpoint": endpoint, "page_size": 4}
    fetch(export, [partition], clients, lake, max_pages=1, **options)
    moved = item(export, us + 3_600_000_000, 1, comment="new")
    sandbox.put(export.name, [moved])
    fetch(export, [partition], clients, lake, **options)
    have = lake_items(lake, export, partition)
    assert [one.get("comment") for one in have if one["id"] == moved["id"]] == ["new"]
    assert len(have) == 10
