"""The lake equals the truth: whole extractions over real HTTP against the sandbox."""

from collections import Counter
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zd_assets.catalog.chat import AGENT_TIMELINE, CHATS
from zd_assets.catalog.export import Api, Endpoint, Export, Pagination
from zd_assets.catalog.support import TICKET_METRIC_EVENTS, TICKETS
from zd_assets.extract.events import Action
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.sandbox import Running
from zd_assets.zendesk.follow_up import Policy
from zd_assets_tests.helpers.runs import (
    HOUR_US,
    ROADS,
    Clients,
    about,
    at_us,
    every_export,
    every_road,
    fetch,
    fetch_until_complete,
    few,
    few_of,
    footers,
    hours,
    item,
    over,
    road,
    statuses,
)
from zd_assets_tests.helpers.truth import (
    assert_lake_is_true,
    day,
    days,
)


def over_readings(roads: list[tuple[Export, Endpoint]]) -> pytest.MarkDecorator:
    """Roads, by each reading of the document: it leaves open how full Chat's pages are."""
    readings = [(*one, "full") for one in roads]
    readings += [(*one, "documented") for one in roads if one[0].api is Api.CHAT]
    ids = [
        f"{export.name} by {endpoint.pagination}, {pages}" for export, endpoint, pages in readings
    ]
    return pytest.mark.parametrize(("export", "endpoint", "pages"), readings, ids=ids)


@over_readings(ROADS)
@pytest.mark.parametrize(
    ("policy", "page_size", "windows"),
    [
        (Policy.PROGRESS, 67, 4),
        (Policy.PROGRESS, 25, 1),
        (Policy.DOCUMENTED, 40, 1),
        (Policy.FULL_PAGE, 40, 4),
    ],
)
def test_under_every_reading_of_the_document_the_lake_ends_in_the_truth(
    export: Export,
    endpoint: Endpoint,
    pages: str,
    policy: Policy,
    page_size: int,
    windows: int,
    sandbox: Running,
    clients: Clients,
    lake: Lake,
) -> None:
    few_of(sandbox, export, 60 if export.api is Api.CHAT else 40, pages=pages)
    partitions = days("2026-02-01", 3)
    fetch_until_complete(
        export,
        partitions,
        clients,
        lake,
        endpoint=endpoint,
        policy=policy,
        page_size=page_size,
        max_parallel_windows=windows,
    )
    assert_lake_is_true(sandbox, lake, export, partitions)


@every_road
def test_hours_as_partitions_hold_the_truth_as_well(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few_of(sandbox, export, 100)
    partitions = hours("2026-01-31T20:00:00", 30)
    options: dict[str, Any] = {"endpoint": endpoint, "page_size": 20, "max_parallel_windows": 3}
    reports = fetch(export, partitions, clients, lake, **options)
    assert list(about(reports)) != []
    assert {report.action for report in about(reports).values()} == {Action.FETCHED}
    assert_lake_is_true(sandbox, lake, export, partitions)


@every_export
def test_seeded_oddities_survive_large_pages(
    export: Export, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    # About one item in 250 drifted or carries more than the document knows.
    few_of(sandbox, export, 600 if export.api is Api.CHAT else 250)
    partitions = days("2026-02-01", 2)
    fetch(export, partitions, clients, lake)
    assert_lake_is_true(sandbox, lake, export, partitions)


EDGES_US = [at_us("2026-02-01T22:00:00") + number * HOUR_US for number in range(4)]
NEAR_AN_EDGE_US = [-1_000_001, -1_000_000, -500_000, -1, 0, 1, 400_000, 999_999, 1_000_000]

instants = st.one_of(
    st.builds(
        lambda edge, by: edge + by, st.sampled_from(EDGES_US), st.sampled_from(NEAR_AN_EDGE_US)
    ),
    st.integers(EDGES_US[0] - 5_000_000, EDGES_US[-1] + 5_000_000),
)


@every_road
@given(data=st.data())
@settings(
    max_examples=10,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_stands_near_the_edges_of_windows_is_in_its_partition(
    export: Export,
    endpoint: Endpoint,
    data: st.DataObject,
    sandbox: Running,
    clients: Clients,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    times = data.draw(st.lists(instants, max_size=30), label="times")
    # Without ids no page may be filled by one microsecond: nothing could follow it.
    ties = max(Counter(times).values(), default=0) + 3 if not export.key else 1
    page_size = data.draw(st.integers(ties, ties + 8), label="page size")
    pages = data.draw(st.sampled_from(["full", "documented"]), label="pages")
    policy = data.draw(st.sampled_from(Policy), label="policy")
    windows = data.draw(st.sampled_from([1, 4]), label="windows")
    few(sandbox, seeded=False, pages=pages)
    sandbox.put(export.name, [item(export, us, number) for number, us in enumerate(times)])
    lake = open_lake(str(tmp_path_factory.mktemp("lake")))
    partitions = hours("2026-02-01T22:00:00", 3)
    fetch_until_complete(
        export,
        partitions,
        clients,
        lake,
        endpoint=endpoint,
        policy=policy,
        page_size=page_size,
        max_parallel_windows=windows,
    )
    assert_lake_is_true(sandbox, lake, export, partitions)
    assert set(statuses(sandbox)) == {200}


@over_readings([one for one in ROADS if one[0].key])
@pytest.mark.parametrize("at", ["2026-01-31T23:59:59", "2026-02-01T00:00:00"])
def test_a_burst_in_one_second_longer_than_a_page_is_kept_whole(
    export: Export,
    endpoint: Endpoint,
    at: str,
    pages: str,
    sandbox: Running,
    clients: Clients,
    lake: Lake,
) -> None:
    few(sandbox, seeded=False, pages=pages)
    burst_us = [at_us(at) + 1_000 * (n * 37 % 900) for n in range(40)]
    sandbox.put(export.name, [item(export, us, n) for n, us in enumerate(burst_us)])
    partitions = days("2026-01-31", 3)
    options: dict[str, Any] = {"endpoint": endpoint, "page_size": 7, "max_parallel_windows": 3}
    fetch(export, partitions, clients, lake, **options)
    assert_lake_is_true(sandbox, lake, export, partitions)
    assert sum(footer.items for footer in footers(export, partitions, lake)) == 40


@over(
    [
        road(TICKETS, Pagination.TIME),
        road(TICKETS, Pagination.CURSOR),
        road(TICKET_METRIC_EVENTS, Pagination.TIME),
    ]
)
@pytest.mark.parametrize("at", ["2026-01-31T23:59:59", "2026-02-01T00:00:00"])
def test_a_burst_for_which_no_page_has_room_comes_on_pages_that_overlap(
    export: Export, endpoint: Endpoint, at: str, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    # A time-based page takes up to 1,000 further items to keep its last second whole.
    times_us = [at_us(at) - 2_000_000, *[at_us(at)] * 1200, at_us(at) + 2_000_000]
    sandbox.put(export.name, [item(export, us, n) for n, us in enumerate(times_us)])
    partitions = days("2026-01-31", 2)
    options: dict[str, Any] = {"endpoint": endpoint, "max_parallel_windows": 1}
    fetch(export, partitions, clients, lake, page_size=100, **options)
    assert_lake_is_true(sandbox, lake, export, partitions)
    counts = [entry["count"] for entry in sandbox.requests()]
    assert (1200 in counts) is (endpoint.pagination is Pagination.TIME)


def test_timespans_that_end_in_one_microsecond_are_all_kept(
    sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    ends_us = [at_us("2026-02-01T00:00:00") + second for second in (-1, 0, 1) for _ in range(5)]
    items = [item(AGENT_TIMELINE, us, number) for number, us in enumerate(ends_us)]
    sandbox.put("agent_timeline", items)
    partitions = days("2026-01-31", 2)
    fetch(AGENT_TIMELINE, partitions, clients, lake, page_size=8, max_parallel_windows=1)
    assert_lake_is_true(sandbox, lake, AGENT_TIMELINE, partitions)


ODD_CHATS: dict[str, dict[str, Any]] = {
    "deleted": {"deleted": True},
    "unknown attributes": {"mood": {"label": "glad"}, "visitor": {"id": "v", "twitter": "@x"}},
    "ids as text, as integer, as word": {"agent_ids": ["12", 13, "vip"], "department_id": "vip"},
    "a number too many": {"duration": "12", "rating": 4.5, "zendesk_ticket_id": 2**70},
    "lists and objects swapped": {"tags": "vip", "session": [], "visitor": "me"},
    "no date": {"end_timestamp": "yesterday", "timestamp": 1770000000},
    "all null": {"tags": None, "history": None, "session": None, "agent_ids": None},
}


@pytest.mark.parametrize("odd", ODD_CHATS)
def test_a_chat_that_isnt_as_documented_is_kept_with_every_value(
    odd: str, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    us = at_us("2026-02-01T10:00:00")
    chats = [item(CHATS, us + n * 1_000_000, n) for n in range(9)]
    chats[4] |= ODD_CHATS[odd]
    sandbox.put("chats", chats)
    fetch(CHATS, [day("2026-02-01")], clients, lake, page_size=4)
    assert_lake_is_true(sandbox, lake, CHATS, [day("2026-02-01")])


@every_road
def test_of_unordered_pages_nothing_is_lost(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few_of(sandbox, export, 60)
    partitions = days("2026-02-01", 3)
    # A page of routing holds the whole stream.
    page_size, after = (3000, 0) if endpoint.pagination is Pagination.ROUTING else (25, 1)
    sandbox.faults([{"kind": "unordered", "after": after, "times": 2}])
    fetch(
        export,
        partitions,
        clients,
        lake,
        endpoint=endpoint,
        page_size=page_size,
        max_parallel_windows=1,
    )
    assert_lake_is_true(sandbox, lake, export, partitions)
    unordered = sum(footer.unordered_pages for footer in footers(export, partitions, lake))
    # A stream by arrival has no order that a page could break.
    assert (unordered >= 1) is not endpoint.by_arrival
