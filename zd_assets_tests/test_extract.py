"""The lake equals the truth: whole extractions over real HTTP against the sandbox."""

from collections import Counter
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zd_assets.exports.catalogue import CATALOGUE
from zd_assets.exports.chat import AGENT_TIMELINE, CHATS, CONVERSIONS
from zd_assets.exports.export import Export
from zd_assets.extract.report import Action
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.sandbox import Running
from zd_assets.zendesk.client import Client
from zd_assets.zendesk.follow_up import Policy
from zd_assets_tests.runs import (
    HOUR_US,
    about,
    at_us,
    fetch,
    fetch_until_complete,
    few,
    fewest_pages,
    footers,
    hours,
    item,
    statuses,
)
from zd_assets_tests.truth import (
    assert_lake_is_true,
    canonical_text,
    day,
    days,
    lake_items,
    true_items,
)

every_export = pytest.mark.parametrize("export", CATALOGUE, ids=lambda export: export.name)


@every_export
@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("pages", ["full", "documented"])
@pytest.mark.parametrize(("page_size", "windows"), [(40, 1), (67, 4)])
def test_under_every_reading_of_the_document_the_lake_ends_in_the_truth(
    export: Export,
    policy: Policy,
    pages: str,
    page_size: int,
    windows: int,
    sandbox: Running,
    client: Client,
    lake: Lake,
) -> None:
    few(sandbox, 60, pages=pages)
    partitions = days("2026-02-01", 3)
    fetch_until_complete(
        export,
        partitions,
        client,
        lake,
        policy=policy,
        page_size=page_size,
        max_parallel_windows=windows,
    )
    assert_lake_is_true(sandbox, lake, export, partitions)


@every_export
def test_hours_as_partitions_hold_the_truth_as_well(
    export: Export, sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, 300)
    partitions = hours("2026-01-31T20:00:00", 30)
    reports = fetch(export, partitions, client, lake, page_size=30, max_parallel_windows=3)
    assert list(about(reports)) != []
    assert {report.action for report in about(reports).values()} == {Action.FETCHED}
    assert_lake_is_true(sandbox, lake, export, partitions)


@every_export
def test_seeded_oddities_survive_large_pages(
    export: Export, sandbox: Running, client: Client, lake: Lake
) -> None:
    # About one item in 250 drifted or carries more than the document knows.
    few(sandbox, 600)
    partitions = days("2026-02-01", 2)
    fetch(export, partitions, client, lake)
    assert_lake_is_true(sandbox, lake, export, partitions)


EDGES_US = [at_us("2026-02-01T22:00:00") + number * HOUR_US for number in range(4)]
NEAR_AN_EDGE_US = [-1_000_001, -1_000_000, -500_000, -1, 0, 1, 400_000, 999_999, 1_000_000]

instants = st.one_of(
    st.builds(
        lambda edge, by: edge + by, st.sampled_from(EDGES_US), st.sampled_from(NEAR_AN_EDGE_US)
    ),
    st.integers(EDGES_US[0] - 5_000_000, EDGES_US[-1] + 5_000_000),
)


@every_export
@given(data=st.data())
@settings(
    max_examples=20,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_stands_near_the_edges_of_windows_is_in_its_partition(
    export: Export,
    data: st.DataObject,
    sandbox: Running,
    client: Client,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    times = data.draw(st.lists(instants, max_size=30), label="times")
    # Without ids no page may be filled by one microsecond: nothing could follow it.
    ties = max(Counter(times).values(), default=0) + 3 if not export.cursor.has_id else 1
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
        client,
        lake,
        policy=policy,
        page_size=page_size,
        max_parallel_windows=windows,
    )
    assert_lake_is_true(sandbox, lake, export, partitions)
    assert set(statuses(sandbox)) == {200}


@pytest.mark.parametrize(
    "export", [one for one in CATALOGUE if one.cursor.has_id], ids=lambda export: export.name
)
@pytest.mark.parametrize(
    "at", ["2026-01-31T23:59:59", "2026-02-01T00:00:00", "2026-02-01T13:00:00"]
)
@pytest.mark.parametrize("pages", ["full", "documented"])
def test_a_burst_in_one_second_longer_than_a_page_is_kept_whole(
    export: Export, at: str, pages: str, sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, seeded=False, pages=pages)
    burst_us = [at_us(at) + 1_000 * (n * 37 % 900) for n in range(40)]
    sandbox.put(export.name, [item(export, us, n) for n, us in enumerate(burst_us)])
    partitions = days("2026-01-31", 3)
    fetch(export, partitions, client, lake, page_size=7, max_parallel_windows=3)
    assert_lake_is_true(sandbox, lake, export, partitions)
    assert sum(footer.items for footer in footers(export, partitions, lake)) == 40


def test_timespans_that_end_in_one_microsecond_are_all_kept(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    ends_us = [at_us("2026-02-01T00:00:00") + second for second in (-1, 0, 1) for _ in range(5)]
    items = [item(AGENT_TIMELINE, us, number) for number, us in enumerate(ends_us)]
    sandbox.put("agent_timeline", items)
    partitions = days("2026-01-31", 2)
    fetch(AGENT_TIMELINE, partitions, client, lake, page_size=8, max_parallel_windows=1)
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
    odd: str, sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    us = at_us("2026-02-01T10:00:00")
    chats = [item(CHATS, us + n * 1_000_000, n) for n in range(9)]
    chats[4] |= ODD_CHATS[odd]
    sandbox.put("chats", chats)
    fetch(CHATS, [day("2026-02-01")], client, lake, page_size=4)
    assert_lake_is_true(sandbox, lake, CHATS, [day("2026-02-01")])


@pytest.mark.parametrize("times", [1, 3])
@every_export
def test_of_unordered_pages_nothing_is_lost(
    export: Export, times: int, sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, 60)
    partitions = days("2026-02-01", 3)
    sandbox.faults([{"kind": "unordered", "after": 1, "times": times}])
    fetch(export, partitions, client, lake, page_size=25, max_parallel_windows=1)
    have = Counter(canonical_text(one) for p in partitions for one in lake_items(lake, export, p))
    want = Counter(
        canonical_text(one) for p in partitions for one in true_items(sandbox, export, p)
    )
    assert not want - have
    # Such a page isn't trimmed: at most its own rows stand in the lake beside the truth.
    assert (have - want).total() <= 25 * times
    assert sum(footer.unordered_pages for footer in footers(export, partitions, lake)) >= 1


@pytest.mark.parametrize(
    "clock", [{"clock": "running"}, {"advance_per_request": 250.0}], ids=["runs", "jumps"]
)
def test_chats_that_are_updated_during_the_walk_are_in_the_lake_in_their_newest_version(
    clock: dict[str, Any], sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, 60, **clock)
    partitions = days("2026-02-27", 3)
    fetch(CHATS, partitions, client, lake, page_size=9, max_parallel_windows=1)
    later = "2026-03-06T12:00:00Z"
    sandbox.settings(clock="frozen", now=later)
    partitions = [*partitions, *days("2026-03-02", 3)]
    rest = [p for p in partitions if not (f := lake.footer(CHATS, p)) or not f.complete]
    assert day("2026-03-01") in rest
    fetch(CHATS, rest, client, lake, page_size=40, max_parallel_windows=1, now=later)
    newest: dict[str, Any] = {}
    for partition in partitions:
        have = lake_items(lake, CHATS, partition)
        assert len({chat["id"] for chat in have}) == len(have)
        want = {canonical_text(chat) for chat in true_items(sandbox, CHATS, partition)}
        assert want <= {canonical_text(chat) for chat in have}
        newest |= {chat["id"]: chat for chat in have}
    truth = [chat for p in partitions for chat in true_items(sandbox, CHATS, p)]
    # An older version stands only where a later partition, or time, holds the newer one.
    for chat in truth:
        assert canonical_text(newest[chat["id"]]) == canonical_text(chat)


def test_a_chat_updated_while_it_is_walked_moves_on_and_is_met_again(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    us = at_us("2026-02-01T10:00:00")
    sandbox.put("chats", [item(CHATS, us + n * 1_000_000, n) for n in range(10)])
    partitions = days("2026-02-01", 2)
    fetch(CHATS, partitions, client, lake, page_size=4, max_pages=1)
    moved = item(CHATS, at_us("2026-02-02T10:00:00"), 1, comment="new")
    sandbox.put("chats", [moved])
    fetch(CHATS, partitions, client, lake, page_size=4)
    first, second = (lake_items(lake, CHATS, partition) for partition in partitions)
    assert [chat.get("comment") for chat in first if chat["id"] == "c0001"] == [None]
    assert [chat.get("comment") for chat in second] == ["new"]
    assert len(first) == 10


@every_export
@pytest.mark.parametrize("page_size", [25, 90])
def test_a_stretch_costs_its_full_pages_and_two_requests_however_many_partitions_it_fills(
    export: Export, page_size: int, sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, 100)
    partitions = hours("2026-02-03T00:00:00", 60)
    fetch(export, partitions, client, lake, page_size=page_size, max_parallel_windows=1)
    asked = len(sandbox.requests())
    assert_lake_is_true(sandbox, lake, export, partitions)
    items = sum(footer.items for footer in footers(export, partitions, lake))
    assert items > 20
    assert asked <= fewest_pages(export, items, page_size) + 2


@every_export
def test_years_without_items_cost_one_request(
    export: Export, sandbox: Running, client: Client, lake: Lake
) -> None:
    firsts = [day(f"{year}-{month:02d}-01") for year in (2021, 2022) for month in range(1, 13)]
    years = [replace(month, end_us=following.start_us) for month, following in pairwise(firsts)]
    few(sandbox, seeded=False)
    fetch(export, years, client, lake, max_parallel_windows=1)
    assert len(sandbox.requests()) == 1
    assert all(footer.complete and not footer.items for footer in footers(export, years, lake))


def test_partitions_of_which_nothing_is_settled_cost_no_request(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    partitions = days("2026-03-02", 2)
    reports = fetch(CONVERSIONS, partitions, client, lake)
    assert [report.action for report in about(reports).values()] == [Action.UNSETTLED] * 2
    assert not any(
        footer.complete or footer.items for footer in footers(CONVERSIONS, partitions, lake)
    )
    assert sandbox.requests() == []
