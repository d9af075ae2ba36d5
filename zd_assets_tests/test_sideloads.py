"""What `include` and `include_changes` add: sideloaded tables, and more in its items."""

from typing import Any

import pytest

from zd_assets.catalog.export import SECOND_US, Api, Endpoint, Export, Pagination
from zd_assets.catalog.support import (
    ORGANIZATIONS,
    TICKET_EVENTS,
    TICKET_METRIC_EVENTS,
    TICKETS,
    USERS,
)
from zd_assets.lake.lake import Lake
from zd_assets.sandbox import Running
from zd_assets.zendesk.client import Client
from zd_assets_tests.helpers.runs import (
    Clients,
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
)
from zd_assets_tests.helpers.truth import (
    assert_beside_is_true,
    assert_lake_is_true,
    assert_same,
    day,
    days,
    lake_items,
    true_items,
)

SIDELOADED = [
    road(TICKETS, Pagination.CURSOR),
    road(TICKETS, Pagination.TIME),
    road(USERS, Pagination.CURSOR),
    road(USERS, Pagination.TIME),
    road(ORGANIZATIONS, Pagination.TIME),
]
DAYS = days("2026-02-01", 3)
TODAY = day("2026-03-01")


@pytest.fixture
def client(clients: Clients) -> Client:
    return clients[Api.SUPPORT]


def all_of(export: Export) -> tuple[str, ...]:
    return tuple(sideload.name for sideload in export.sideloads)


def put_colleagues(sandbox: Running) -> None:
    """Agents of groups and roles, and organizations of groups, on each of `DAYS`."""
    for number, partition in enumerate(DAYS):
        us = partition.start_us + 9 * 3_600 * SECOND_US
        group, role = {"default_group_id": 48810 + number}, {"custom_role_id": 9373643 + number % 2}
        sandbox.put("users", [item(USERS, us + SECOND_US, 2 * number, **group, **role)])
        sandbox.put("users", [item(USERS, us, 2 * number + 1, default_group_id=48810)])
        sandbox.put("organizations", [item(ORGANIZATIONS, us, number, group_id=48812)])


@over(SIDELOADED)
def test_each_partition_has_the_newest_version_of_what_its_items_refer_to(
    export: Export, endpoint: Endpoint, sandbox: Running, client: Client, lake: Lake
) -> None:
    few_of(sandbox, export, 30)
    put_colleagues(sandbox)
    options: dict[str, Any] = {"include": all_of(export), "max_parallel_windows": 1}
    fetch(export, DAYS, client, lake, endpoint=endpoint, **options)
    asked = [entry["query"].get("include") for entry in sandbox.requests()]
    assert set(asked) == {",".join(all_of(export))}
    assert_lake_is_true(sandbox, lake, export, DAYS)
    assert_beside_is_true(sandbox, client, lake, export, DAYS)
    for sideload in export.sideloads:
        assert any(lake_items(lake, sideload.table, partition) for partition in DAYS)


@over(SIDELOADED[:2])
@pytest.mark.parametrize("names", [("users",), ("groups", "organizations")])
def test_only_what_was_asked_for_becomes_a_table(
    export: Export,
    endpoint: Endpoint,
    names: tuple[str, ...],
    sandbox: Running,
    client: Client,
    lake: Lake,
) -> None:
    few_of(sandbox, export, 20)
    fetch(export, DAYS, client, lake, endpoint=endpoint, include=names)
    assert_beside_is_true(sandbox, client, lake, export, DAYS, names)
    folders = {folder.name for folder in (lake.root / "zendesk_support").iterdir()}
    assert folders == {"tickets", *(f"tickets__{name}" for name in names)}
    assert set(footers(export, DAYS, lake)[0].sideloads) == folders - {"tickets"}


def test_a_day_without_items_has_empty_tables(sandbox: Running, client: Client, lake: Lake) -> None:
    few(sandbox, seeded=False)
    fetch(TICKETS, DAYS, client, lake, include=all_of(TICKETS))
    for sideload in TICKETS.sideloads:
        assert all(lake_items(lake, sideload.table, partition) == [] for partition in DAYS)


def test_a_table_beside_says_what_it_is_and_how_far_it_goes(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    few_of(sandbox, TICKETS, 20)
    fetch(TICKETS, [*DAYS, TODAY], client, lake, include=all_of(TICKETS))
    for sideload in TICKETS.sideloads:
        for partition in (*DAYS, TODAY):
            mine, its = (lake.footer(table, partition) for table in (TICKETS, sideload.table))
            assert mine
            assert its
            assert (its.export, its.run_id) == (sideload.table.name, mine.run_id)
            assert its.items == mine.sideloads[sideload.table.name]
            for fact in ("partition", "complete", "complete_until_us", "start_us", "end_us"):
                assert getattr(its, fact) == getattr(mine, fact)


@over(SIDELOADED)
def test_after_run_by_run_each_key_stands_once(
    export: Export, endpoint: Endpoint, sandbox: Running, client: Client, lake: Lake
) -> None:
    few_of(sandbox, export, 20)
    put_colleagues(sandbox)
    options: dict[str, Any] = {"include": all_of(export), "page_size": 6, "max_pages": 3}
    runs = fetch_until_complete(export, DAYS, client, lake, endpoint=endpoint, **options)
    assert runs > 1
    assert_lake_is_true(sandbox, lake, export, DAYS)
    assert_beside_is_true(sandbox, client, lake, export, DAYS)


@over(SIDELOADED[:2])
def test_beside_what_is_cut_at_the_horizon_stands_only_what_it_refers_to(
    export: Export, endpoint: Endpoint, sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    people = [item(USERS, at_us("2026-02-01T00:00:00"), n, name=f"user {n}") for n in range(4)]
    sandbox.put("users", people)
    for number, at in enumerate(["11:00:00", "11:58:59", "11:59:00", "11:59:30"]):
        us = at_us(f"2026-03-01T{at}")
        sandbox.put("tickets", [item(TICKETS, us, number, requester_id=number + 1)])
    options: dict[str, Any] = {"endpoint": endpoint, "include": ("users",)}
    fetch(export, [TODAY], client, lake, **options)
    users = export.sideloads[0].table
    assert [user["id"] for user in lake_items(lake, users, TODAY)] == [1, 2]
    later = "2026-03-02T00:10:00Z"
    sandbox.settings(now=later)
    fetch(export, [TODAY], client, lake, now=later, **options)
    assert not incomplete(export, [TODAY], lake)
    assert_same(lake_items(lake, users, TODAY), people)


@over(SIDELOADED[:2])
def test_of_a_user_who_changes_between_two_runs_the_newest_version_stays(
    export: Export, endpoint: Endpoint, sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    us = DAYS[0].start_us
    tickets = [item(TICKETS, us + n * SECOND_US, n, requester_id=1 + n % 2) for n in range(8)]
    sandbox.put("tickets", tickets)
    sandbox.put("users", [item(USERS, us, n, name="old") for n in range(2)])
    options: dict[str, Any] = {"endpoint": endpoint, "include": ("users",), "page_size": 4}
    fetch(export, DAYS[:1], client, lake, max_pages=1, **options)
    users = export.sideloads[0].table
    assert [user["name"] for user in lake_items(lake, users, DAYS[0])] == ["old", "old"]
    sandbox.put("users", [item(USERS, us + SECOND_US, 1, name="new")])
    fetch(export, DAYS[:1], client, lake, **options)
    names = {user["id"]: user["name"] for user in lake_items(lake, users, DAYS[0])}
    assert names == {1: "old", 2: "new"}
    assert footers(export, DAYS[:1], lake)[0].sideloads == {users.name: 2}


def test_what_drifts_beside_is_counted_in_the_partitions_it_stands_in(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    us = DAYS[0].start_us
    tickets = [item(TICKETS, us + n * SECOND_US, n, requester_id=1) for n in range(8)]
    sandbox.put("tickets", tickets)
    sandbox.put("users", [item(USERS, us, 0, mood="glad", name=7)])
    fetch(TICKETS, DAYS[:1], client, lake, include=("users",), page_size=4)
    assert footers(TICKETS, DAYS[:1], lake)[0].drift == {"users[].mood": 1, "users[].name": 1}


@pytest.mark.parametrize("include", [(), ("comment_events",)])
def test_comments_stand_in_the_events_where_they_are_asked_for(
    include: tuple[str, ...], sandbox: Running, client: Client, lake: Lake
) -> None:
    few_of(sandbox, TICKET_EVENTS, 60)
    fetch(TICKET_EVENTS, DAYS, client, lake, include=include, page_size=50)
    asked = {entry["query"].get("include") for entry in sandbox.requests()}
    assert asked == {include[0] if include else None}
    bodies = 0
    for partition in DAYS:
        have = lake_items(lake, TICKET_EVENTS, partition)
        want = true_items(
            sandbox, TICKET_EVENTS, partition, include=include[0] if include else None
        )
        assert_same(have, want)
        bodies += sum("body" in child for one in have for child in one["child_events"])
    assert (bodies > 20) is bool(include)
    assert footers(TICKET_EVENTS, DAYS, lake)[0].sideloads == {}


@over([road(TICKET_METRIC_EVENTS, one) for one in (Pagination.TIME, Pagination.PAGES)])
@pytest.mark.parametrize("changes", [False, True])
def test_changes_are_asked_for_on_every_page_where_they_are_wanted(
    export: Export,
    endpoint: Endpoint,
    changes: bool,
    sandbox: Running,
    client: Client,
    lake: Lake,
) -> None:
    few_of(sandbox, export, 60)
    options: dict[str, Any] = {"endpoint": endpoint, "include_changes": changes}
    fetch(export, DAYS, client, lake, page_size=20, **options)
    asked = {entry["query"].get("include_changes") for entry in sandbox.requests()}
    assert asked == {"true" if changes else None}
    wanted = {"include_changes": "true"} if changes else {}
    assert all(footer.parameters == wanted for footer in footers(export, DAYS, lake))
    assert_lake_is_true(sandbox, lake, export, DAYS)
