"""The settled horizon, resuming what a run left open, and a run's own budget of pages."""

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from zd_assets.catalog.chat import CHATS
from zd_assets.catalog.columns import Column, Scalar
from zd_assets.catalog.export import SECOND_US, Api, Endpoint, Export, Pagination
from zd_assets.catalog.support import TICKET_EVENTS, TICKET_METRIC_EVENTS, TICKETS
from zd_assets.extract.events import Action
from zd_assets.lake.lake import Lake
from zd_assets.sandbox import Running
from zd_assets.schema.privacy import Privacy
from zd_assets.zendesk.client import Client
from zd_assets.zendesk.follow_up import Policy
from zd_assets.zendesk.iter_pages import StopReason
from zd_assets_tests.helpers.runs import (
    HOUR_US,
    ROADS,
    Clients,
    about,
    asked_from,
    at_us,
    every_road,
    fetch,
    fetch_until_complete,
    few,
    few_of,
    footers,
    hours,
    iso,
    item,
    over,
    query_of,
    road,
    rows,
    statuses,
)
from zd_assets_tests.helpers.truth import (
    assert_lake_is_true,
    assert_same,
    canonical_text,
    day,
    days,
    lake_items,
    true_items,
)

TODAY = day("2026-03-01")
NOON_US = at_us("2026-03-01T12:00:00")
HORIZON_US = at_us("2026-03-01T11:55:00")
NEXT_DAY = "2026-03-02T00:10:00Z"

#: One of each pagination, but for routing (see test_routing).
KINDS = [
    road(CHATS, Pagination.CHAT),
    road(TICKETS, Pagination.CURSOR),
    road(TICKETS, Pagination.TIME),
    road(TICKET_METRIC_EVENTS, Pagination.PAGES),
]


def at(us: int) -> str:
    """A time as the sandbox's clock is set."""
    return iso(us, fraction=False)


def horizon_us(export: Export, now_us: int = NOON_US) -> int:
    return now_us - export.settle_s * SECOND_US


@pytest.mark.parametrize(
    ("export", "endpoint", "policy"),
    [
        pytest.param(*one, policy, id=f"{one[0].name} by {one[1].pagination}, {policy}")
        for one in ROADS
        for policy in Policy
        if policy is Policy.PROGRESS or one[0].api is Api.CHAT
    ],
)
def test_todays_partition_ends_at_the_horizon_and_a_later_run_completes_it(
    export: Export,
    endpoint: Endpoint,
    policy: Policy,
    sandbox: Running,
    clients: Clients,
    lake: Lake,
) -> None:
    few_of(sandbox, export, 300 if export.api is Api.CHAT else 120)
    options: dict[str, Any] = {"endpoint": endpoint, "page_size": 30, "policy": policy}
    for _ in range(60):
        fetch(export, [TODAY], clients, lake, **options)
        footer = footers(export, [TODAY], lake)[0]
        if footer.complete_until_us == horizon_us(export):
            break
    assert not footer.complete
    assert footer.complete_until_us == horizon_us(export)
    expected = true_items(sandbox, export, TODAY, horizon_us(export))
    assert_same(lake_items(lake, export, TODAY), expected)
    sandbox.settings(now=NEXT_DAY)
    sandbox.forget_requests()
    fetch_until_complete(export, [TODAY], clients, lake, now=NEXT_DAY, **options)
    late = late_versions(export, sandbox, lake)
    have = [one for one in lake_items(lake, export, TODAY) if canonical_text(one) not in late]
    assert_same(have, true_items(sandbox, export, TODAY))
    earliest_us = (horizon_us(export) - HOUR_US) // endpoint.unit_us
    assert all(start >= earliest_us for start in asked_from(sandbox))
    assert set(statuses(sandbox)) == {200}


def late_versions(export: Export, sandbox: Running, lake: Lake) -> set[str]:
    """Versions in today's file that an update after its first run replaced."""
    if export.key != ("id",):
        return set()
    newest = {one["id"]: one for p in days(TODAY.key, 2) for one in true_items(sandbox, export, p)}
    column = export.time.column
    return {
        canonical_text(one)
        for one in lake_items(lake, export, TODAY)
        if one[column] < newest[one["id"]][column]
    }


@every_road
def test_an_hour_that_ended_within_the_unsettled_time_loses_nothing(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    # Chat's horizon is three minutes before noon then, Support's half a minute.
    now_us = NOON_US + export.settle_s * SECOND_US * 2 // 5
    few(sandbox, seeded=False, now=at(now_us))
    hour = hours("2026-03-01T11:00:00", 1)[0]
    horizon = horizon_us(export, now_us)
    # Settled, not settled, and beyond the hour, all there when it is first asked.
    settled = [at_us("2026-03-01T11:30:00"), horizon - SECOND_US]
    unsettled = [horizon, horizon + 12 * SECOND_US, NOON_US - SECOND_US]
    times_us = [*settled, *unsettled, NOON_US, now_us - SECOND_US]
    sandbox.put(export.name, [item(export, us, number) for number, us in enumerate(times_us)])
    fetch(export, [hour], clients, lake, now=at(now_us), endpoint=endpoint)
    footer = footers(export, [hour], lake)[0]
    assert not footer.complete
    assert footer.complete_until_us == horizon
    if not endpoint.by_arrival:  # Such a stream doesn't send again what it has sent.
        assert len(rows(lake, export, hour)) == 2
    later = "2026-03-01T12:30:00Z"
    sandbox.settings(now=later)
    fetch(export, [hour], clients, lake, now=later, endpoint=endpoint)
    assert_lake_is_true(sandbox, lake, export, [hour])
    assert set(statuses(sandbox)) == {200}


@every_road
def test_polling_often_is_never_refused_and_keeps_what_comes_late(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    # Five times until what is new has settled: each minute of Chat.
    step_us = export.settle_s * SECOND_US // 5
    for poll in range(12):
        now_us = NOON_US + poll * step_us
        sandbox.settings(now=at(now_us))
        # Up to four polls late: before the last poll's newest item, after its horizon.
        new = [item(export, now_us - late * step_us, poll * 5 + late) for late in range(5)]
        sandbox.put(export.name, new)
        fetch(export, [TODAY], clients, lake, page_size=6, now=at(now_us), endpoint=endpoint)
    footer = footers(export, [TODAY], lake)[0]
    assert footer.complete_until_us == NOON_US + 6 * step_us
    # A stream by arrival doesn't send again what it has sent: so younger rows are there, too.
    until_us = None if endpoint.by_arrival else footer.complete_until_us
    assert_same(lake_items(lake, export, TODAY), true_items(sandbox, export, TODAY, until_us))
    assert set(statuses(sandbox)) == {200}


@over(KINDS)
def test_a_run_that_ended_by_itself_is_resumed_at_the_servers_next_page(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few_of(sandbox, export, 100)
    options: dict[str, Any] = {"endpoint": endpoint, "page_size": 5}
    fetch(export, [TODAY], clients, lake, max_pages=2, **options)
    footer = footers(export, [TODAY], lake)[0]
    assert footer.resume_url
    assert footer.last_page
    assert (footer.last_page.stop_reason, footer.last_page.follow_up_now) == (
        StopReason.PAGES_SPENT,
        True,
    )
    sandbox.forget_requests()
    reports = fetch(export, [TODAY], clients, lake, **options)
    assert about(reports)[TODAY.key].action is Action.RESUMED
    assert sandbox.requests()[0]["query"] == query_of(footer.resume_url)
    expected = true_items(sandbox, export, TODAY, horizon_us(export))
    assert_same(lake_items(lake, export, TODAY), expected)


@over(KINDS[:3])
def test_an_item_that_comes_later_than_it_should_is_kept_where_the_server_sends_it(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    sandbox.put(export.name, [item(export, at_us("2026-03-01T11:00:00"), 1)])
    fetch(export, [TODAY], clients, lake, endpoint=endpoint)
    assert footers(export, [TODAY], lake)[0].complete_until_us == horizon_us(export)
    sandbox.put(export.name, [item(export, at_us("2026-03-01T11:30:00"), 2)])
    fetch(export, [TODAY], clients, lake, endpoint=endpoint)
    assert_same(lake_items(lake, export, TODAY), true_items(sandbox, export, TODAY))


@over(KINDS)
def test_a_next_page_of_another_origin_is_ignored(
    export: Export,
    endpoint: Endpoint,
    sandbox: Running,
    clients: Clients,
    make_client: Callable[..., Client],
    lake: Lake,
) -> None:
    few_of(sandbox, export, 100)
    fetch(export, [TODAY], clients, lake, endpoint=endpoint, page_size=5, max_pages=2)
    footer = footers(export, [TODAY], lake)[0]
    sandbox.forget_requests()
    elsewhere = clients[export.api].base_url.replace("127.0.0.1", "localhost")
    client = make_client(export.api, base_url=elsewhere)
    reports = fetch(export, [TODAY], client, lake, endpoint=endpoint, page_size=30)
    assert about(reports)[TODAY.key].action is Action.RESUMED
    assert asked_from(sandbox)[0] == footer.complete_until_us // SECOND_US - 1
    assert not sandbox.requests()[0]["query"].keys() & {"start_id", "cursor", "page[after]"}
    expected = true_items(sandbox, export, TODAY, horizon_us(export))
    assert_same(lake_items(lake, export, TODAY), expected)


OTHERWISE_ASKED: dict[str, tuple[Export, dict[str, Any]]] = {
    "fields": (CHATS, {"privacy": Privacy(exclude_fields=("chats.session",))}),
    "drop": (CHATS, {"privacy": Privacy(drop=("chats.session",))}),
    "include": (TICKETS, {"include": ("users",)}),
    "comment_events": (TICKET_EVENTS, {"include": ("comment_events",)}),
    "include_changes": (TICKET_METRIC_EVENTS, {"include_changes": True}),
    "exclude_system_updates": (TICKETS, {"exclude_system_updates": True}),
}


@pytest.mark.parametrize("case", OTHERWISE_ASKED)
def test_a_partition_that_was_asked_for_otherwise_is_fetched_whole(
    case: str, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    export, options = OTHERWISE_ASKED[case]
    few_of(sandbox, export, 100)
    fetch(export, [TODAY], clients, lake, page_size=5, max_pages=2)
    assert footers(export, [TODAY], lake)[0].items
    sandbox.forget_requests()
    reports = fetch(export, [TODAY], clients, lake, page_size=50, **options)
    assert about(reports)[TODAY.key].action is Action.FETCHED
    assert asked_from(sandbox)[0] == TODAY.start_us // SECOND_US - 1


def test_a_partition_of_another_schema_is_fetched_whole(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, 100)
    fetch(CHATS, [TODAY], client, lake, page_size=10, max_pages=2)
    sandbox.forget_requests()
    wider = replace(CHATS, columns=(*CHATS.columns, Column("mood", Scalar.TEXT, "A mood.")))
    reports = fetch(wider, [TODAY], client, lake, page_size=10)
    assert about(reports)[TODAY.key].action is Action.FETCHED
    assert asked_from(sandbox)[0] == TODAY.start_us // SECOND_US - 1
    expected = true_items(sandbox, CHATS, TODAY, horizon_us(CHATS))
    assert_same(lake_items(lake, wider, TODAY), expected)


@over(KINDS)
def test_with_another_page_size_the_servers_next_page_is_asked_for_in_that_size(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few_of(sandbox, export, 100)
    options: dict[str, Any] = {"endpoint": endpoint}
    fetch(export, [TODAY], clients, lake, page_size=5, max_pages=2, **options)
    left = query_of(footers(export, [TODAY], lake)[0].resume_url)
    sandbox.forget_requests()
    fetch(export, [TODAY], clients, lake, page_size=8, **options)
    first = sandbox.requests()[0]["query"]
    changed = {name for name in first.keys() | left.keys() if first.get(name) != left.get(name)}
    assert {first[name] for name in changed} == {"8"}
    expected = true_items(sandbox, export, TODAY, horizon_us(export))
    assert_same(lake_items(lake, export, TODAY), expected)


OTHER_WAYS = [
    (TICKETS, Pagination.CURSOR, Pagination.TIME),
    (TICKETS, Pagination.TIME, Pagination.CURSOR),
    (TICKET_METRIC_EVENTS, Pagination.PAGES, Pagination.TIME),
    (TICKET_METRIC_EVENTS, Pagination.TIME, Pagination.PAGES),
]


@pytest.mark.parametrize(
    ("export", "first", "then"),
    [pytest.param(*way, id=f"{way[0].name} by {way[1]}, by {way[2]}") for way in OTHER_WAYS],
)
@pytest.mark.parametrize("max_pages", [2, 500])
def test_a_partition_begun_by_one_pagination_is_completed_by_the_other(
    export: Export,
    first: Pagination,
    then: Pagination,
    max_pages: int,
    sandbox: Running,
    clients: Clients,
    lake: Lake,
) -> None:
    few_of(sandbox, export, 40)
    one, other = road(export, first)[1], road(export, then)[1]
    fetch(export, [TODAY], clients, lake, endpoint=one, page_size=7, max_pages=max_pages)
    half = footers(export, [TODAY], lake)[0]
    assert not half.complete
    sandbox.settings(now=NEXT_DAY)
    sandbox.forget_requests()
    reports = fetch(export, [TODAY], clients, lake, endpoint=other, page_size=7, now=NEXT_DAY)
    assert about(reports)[TODAY.key].action is Action.RESUMED
    # Until then, and what could still be late.
    from_us = min(half.complete_until_us, half.look_again_us or half.complete_until_us)
    assert asked_from(sandbox)[0] == from_us // SECOND_US - 1
    late = late_versions(export, sandbox, lake)
    have = [one for one in lake_items(lake, export, TODAY) if canonical_text(one) not in late]
    assert_same(have, true_items(sandbox, export, TODAY))
    assert footers(export, [TODAY], lake)[0].complete
