"""The settled horizon, resuming what a run left open, and a run's own budget of pages."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from zd_assets.exports.catalogue import CATALOGUE
from zd_assets.exports.chat import AGENT_TIMELINE, CHATS, CONVERSIONS, DEPARTMENT_EVENTS
from zd_assets.exports.columns import Column, Scalar
from zd_assets.exports.export import Export
from zd_assets.extract.report import Action, PageReport
from zd_assets.lake.footer import Footer
from zd_assets.lake.lake import Lake
from zd_assets.lake.privacy import Privacy
from zd_assets.sandbox import Running
from zd_assets.zendesk.client import Client
from zd_assets.zendesk.drain import Ending
from zd_assets.zendesk.follow_up import Policy
from zd_assets_tests.runs import (
    about,
    asked_from,
    at_us,
    fetch,
    fetch_until_complete,
    few,
    footers,
    hours,
    incomplete,
    item,
    rows,
    statuses,
)
from zd_assets_tests.truth import (
    assert_lake_is_true,
    assert_same,
    canonical_text,
    day,
    days,
    lake_items,
    true_items,
)

TODAY = day("2026-03-01")
HORIZON_US = at_us("2026-03-01T11:55:00")
NEXT_DAY = "2026-03-02T00:10:00Z"

every_export = pytest.mark.parametrize("export", CATALOGUE, ids=lambda export: export.name)


@every_export
@pytest.mark.parametrize("policy", Policy)
def test_todays_partition_ends_at_the_horizon_and_a_later_run_completes_it(
    export: Export, policy: Policy, sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, 300)
    for _ in range(60):
        fetch(export, [TODAY], client, lake, page_size=30, policy=policy)
        footer = footers(export, [TODAY], lake)[0]
        if footer.complete_until_us == HORIZON_US:
            break
    assert not footer.complete
    assert footer.complete_until_us == HORIZON_US
    assert_same(lake_items(lake, export, TODAY), true_items(sandbox, export, TODAY, HORIZON_US))
    sandbox.settings(now=NEXT_DAY)
    sandbox.forget_requests()
    fetch_until_complete(export, [TODAY], client, lake, page_size=30, policy=policy, now=NEXT_DAY)
    late = late_versions(export, sandbox, lake)
    have = [one for one in lake_items(lake, export, TODAY) if canonical_text(one) not in late]
    assert_same(have, true_items(sandbox, export, TODAY))
    assert min(asked_from(sandbox)) >= (HORIZON_US - 3_600_000_000) // export.cursor.unit_us
    assert set(statuses(sandbox)) == {200}


def late_versions(export: Export, sandbox: Running, lake: Lake) -> set[str]:
    """Versions in today's file that an update after its first run replaced."""
    if export is not CHATS:
        return set()
    truth = {chat["id"]: chat for p in days(TODAY.key, 2) for chat in true_items(sandbox, CHATS, p)}
    return {
        canonical_text(chat)
        for chat in lake_items(lake, CHATS, TODAY)
        if chat["update_timestamp"] < truth[chat["id"]]["update_timestamp"]
    }


@every_export
def test_an_hour_that_ended_within_the_unsettled_minutes_loses_nothing(
    export: Export, sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, seeded=False, now="2026-03-01T12:02:00Z")
    hour = hours("2026-03-01T11:00:00", 1)[0]
    # Settled, not settled, and beyond the hour, all there when it is first asked.
    at = ["11:30:00", "11:56:59", "11:58:00", "11:59:59", "12:00:00", "12:01:00"]
    times_us = [at_us(f"2026-03-01T{time}") for time in at]
    sandbox.put(export.name, [item(export, us, number) for number, us in enumerate(times_us)])
    fetch(export, [hour], client, lake, now="2026-03-01T12:02:00Z")
    footer = footers(export, [hour], lake)[0]
    assert not footer.complete
    assert footer.complete_until_us == at_us("2026-03-01T11:57:00")
    assert len(rows(lake, export, hour)) == 2
    sandbox.settings(now="2026-03-01T12:30:00Z")
    fetch(export, [hour], client, lake, now="2026-03-01T12:30:00Z")
    assert_lake_is_true(sandbox, lake, export, [hour])
    assert set(statuses(sandbox)) == {200}


@every_export
def test_polling_every_minute_is_never_refused_and_keeps_what_comes_late(
    export: Export, sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    start_us = at_us("2026-03-01T12:00:00")
    for minute in range(12):
        now_us = start_us + minute * 60_000_000
        now = f"2026-03-01T12:{minute:02d}:00Z"
        sandbox.settings(now=now)
        # Up to four minutes late: before the last poll's newest item, after its horizon.
        new = [item(export, now_us - late * 60_000_000, minute * 5 + late) for late in range(5)]
        sandbox.put(export.name, new)
        fetch(export, [TODAY], client, lake, page_size=6, now=now)
    footer = footers(export, [TODAY], lake)[0]
    assert footer.complete_until_us == start_us + 6 * 60_000_000
    expected = true_items(sandbox, export, TODAY, footer.complete_until_us)
    assert_same(lake_items(lake, export, TODAY), expected)
    assert set(statuses(sandbox)) == {200}


def test_a_run_that_ended_by_itself_is_resumed_at_the_servers_next_page(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, 100)
    fetch(CHATS, [TODAY], client, lake, page_size=10, max_pages=2)
    footer = footers(CHATS, [TODAY], lake)[0]
    assert footer.resume_url
    assert footer.last_page
    assert (footer.last_page.ending, footer.last_page.follow_up_now) == (Ending.PAGES_SPENT, True)
    sandbox.forget_requests()
    reports = fetch(CHATS, [TODAY], client, lake, page_size=10)
    assert about(reports)[TODAY.key].action is Action.RESUMED
    wanted = parse_qs(urlsplit(footer.resume_url).query)
    assert sandbox.requests()[0]["query"] == {name: value[0] for name, value in wanted.items()}


def test_an_item_that_comes_later_than_it_should_is_kept_where_the_server_sends_it(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    sandbox.put("chats", [item(CHATS, at_us("2026-03-01T11:00:00"), 1)])
    fetch(CHATS, [TODAY], client, lake)
    assert footers(CHATS, [TODAY], lake)[0].complete_until_us == HORIZON_US
    sandbox.put("chats", [item(CHATS, at_us("2026-03-01T11:30:00"), 2)])
    fetch(CHATS, [TODAY], client, lake)
    assert_same(lake_items(lake, CHATS, TODAY), true_items(sandbox, CHATS, TODAY))


def half_fetched(sandbox: Running, client: Client, lake: Lake) -> Footer:
    few(sandbox, 100)
    fetch(CHATS, [TODAY], client, lake, page_size=10, max_pages=2)
    sandbox.forget_requests()
    return footers(CHATS, [TODAY], lake)[0]


OTHER_REQUESTS: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "another origin": ({"host": "localhost"}, {"page_size": 10}),
    "another page size": ({}, {"page_size": 11}),
    "other fields": ({}, {"page_size": 10, "privacy": Privacy(leave_out=("chats.session",))}),
}


@pytest.mark.parametrize("case", OTHER_REQUESTS)
def test_the_servers_next_page_is_ignored_where_it_asks_for_something_else(
    case: str,
    sandbox: Running,
    client: Client,
    make_client: Callable[..., Client],
    lake: Lake,
) -> None:
    change, options = OTHER_REQUESTS[case]
    footer = half_fetched(sandbox, client, lake)
    if "host" in change:
        client = make_client(base_url=client.base_url.replace("127.0.0.1", change["host"]))
    reports = fetch(CHATS, [TODAY], client, lake, **options)
    assert about(reports)[TODAY.key].action is Action.RESUMED
    first = sandbox.requests()[0]["query"]
    assert "start_id" not in first
    assert int(first["start_time"]) == footer.complete_until_us // 1_000_000 - 1
    ids = [row["id"] for row in rows(lake, CHATS, TODAY)]
    assert sorted(ids) == sorted(one["id"] for one in true_items(sandbox, CHATS, TODAY, HORIZON_US))


def test_a_partition_of_another_schema_is_fetched_whole(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    half_fetched(sandbox, client, lake)
    wider = replace(CHATS, columns=(*CHATS.columns, Column("mood", Scalar.TEXT, "A mood.")))
    reports = fetch(wider, [TODAY], client, lake, page_size=10)
    assert about(reports)[TODAY.key].action is Action.FETCHED
    assert asked_from(sandbox)[0] == TODAY.start_us // 1_000_000 - 1
    expected = true_items(sandbox, CHATS, TODAY, HORIZON_US)
    assert_same(lake_items(lake, wider, TODAY), expected)


@every_export
@pytest.mark.parametrize("windows", [1, 4])
def test_a_budget_of_one_page_asks_one_page_a_run_and_ends_in_the_truth(
    export: Export, windows: int, sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, 60)
    partitions = days("2026-02-01", 3)
    for run in range(1, 100):
        todo = incomplete(export, partitions, lake)
        if not todo:
            break
        reports = fetch(
            export,
            todo,
            client,
            lake,
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


def test_a_partition_left_open_says_how_to_go_on(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, 60)
    partitions = days("2026-02-01", 3)
    reports = fetch(DEPARTMENT_EVENTS, partitions, client, lake, page_size=60, max_pages=1)
    actions = [report.action for report in about(reports).values()]
    first, *others = footers(DEPARTMENT_EVENTS, partitions, lake)
    assert actions[-1] is Action.NOT_REACHED
    assert not others[-1].complete
    assert others[-1].resume_url is None
    open_one = next(footer for footer in (first, *others) if not footer.complete)
    assert open_one.resume_url
    assert open_one.resume_url.startswith(sandbox.url)


@every_export
def test_a_refetch_under_a_small_budget_loses_no_row_on_the_way(
    export: Export, sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, 150)
    partition = day("2026-02-01")
    fetch(export, [partition], client, lake)
    before = [canonical_text(one) for one in lake_items(lake, export, partition)]
    fetch(export, [partition], client, lake, page_size=9, max_pages=1, refetch=True)
    assert not footers(export, [partition], lake)[0].complete
    assert sorted(before) == sorted(map(canonical_text, lake_items(lake, export, partition)))
    fetch_until_complete(export, [partition], client, lake, page_size=9, max_pages=3)
    assert_lake_is_true(sandbox, lake, export, [partition])


def test_a_complete_partition_is_fetched_whole_again_and_replaced(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    us = at_us("2026-02-01T10:00:00")
    sandbox.put("chats", [item(CHATS, us + n * 1_000_000, n) for n in range(9)])
    partition = day("2026-02-01")
    fetch(CHATS, [partition], client, lake, run_id="first")
    sandbox.put("chats", [item(CHATS, at_us("2026-02-03T00:00:00"), 4)])
    reports = fetch(CHATS, [partition], client, lake, run_id="second")
    assert about(reports)[partition.key].action is Action.FETCHED
    assert_lake_is_true(sandbox, lake, CHATS, [partition])
    assert footers(CHATS, [partition], lake)[0].run_id == "second"


def test_what_a_run_committed_but_could_not_report_is_adopted_without_a_request(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, 60)
    partitions = days("2026-02-01", 4)
    fetch(CONVERSIONS, partitions[1:3], client, lake, run_id="killed")
    sandbox.forget_requests()
    reports = fetch(
        CONVERSIONS,
        partitions,
        client,
        lake,
        run_id="again",
        adopts=lambda footer: footer.run_id == "killed",
    )
    assert {key: report.action for key, report in about(reports).items()} == {
        partition.key: Action.ADOPTED if number in (1, 2) else Action.FETCHED
        for number, partition in enumerate(partitions)
    }
    begins = {p.start_us // 1_000_000 - 1 for p in (partitions[0], partitions[3])}
    assert begins <= set(asked_from(sandbox))
    assert partitions[1].start_us // 1_000_000 - 1 not in asked_from(sandbox)
    assert_lake_is_true(sandbox, lake, CONVERSIONS, partitions)


def test_a_clock_of_ours_that_runs_ahead_asks_nothing_from_beyond_the_servers_horizon(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    sandbox.put("chats", [item(CHATS, at_us("2026-03-01T11:59:00"), 1)])
    fetch(CHATS, [TODAY], client, lake, now="2026-03-01T12:03:00Z")
    assert footers(CHATS, [TODAY], lake)[0].complete_until_us == HORIZON_US
    assert set(statuses(sandbox)) == {200}


def test_progress_is_told_in_order_and_within_the_stretch(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, 60)
    partitions = days("2026-02-01", 2)
    reports = fetch(AGENT_TIMELINE, partitions, client, lake, page_size=50, max_parallel_windows=1)
    pages = [report for report in reports if isinstance(report, PageReport)]
    reached = [page.position_us for page in pages]
    assert reached == sorted(reached)
    assert reached[-1] == pages[-1].until_us == partitions[-1].end_us
    assert {page.from_us for page in pages} == {partitions[0].start_us}
    total = sum(footer.items for footer in footers(AGENT_TIMELINE, partitions, lake))
    assert sum(page.items for page in pages) >= total
