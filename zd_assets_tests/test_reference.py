"""Reference lists: fetched over HTTP, kept in one file each, materialized by real runs."""

import json
from collections.abc import Callable
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow.parquet as pq
import pytest

from zd_assets import scan
from zd_assets.catalog.chat import CHATS, DEPARTMENT_EVENTS
from zd_assets.catalog.export import Api
from zd_assets.catalog.reference import (
    BRANDS,
    DEPARTMENTS,
    GROUPS,
    REFERENCE_LISTS,
    TICKET_FIELDS,
    ReferenceList,
)
from zd_assets.catalog.support import TICKETS
from zd_assets.defs.exports.assets import export_asset
from zd_assets.defs.exports.reference import reference_asset
from zd_assets.extract.reference import NotListedError, fetch_list
from zd_assets.lake.errors import LakeError
from zd_assets.lake.lake import Lake
from zd_assets.lake.reference import read_reference_footer, reference_file
from zd_assets.sandbox import Running
from zd_assets.schema.arrow import arrow_schema
from zd_assets.schema.privacy import Privacy
from zd_assets.zendesk.client import Client
from zd_assets.zendesk.errors import (
    AuthenticationError,
    ForeignUrlError,
    RefusedError,
    StuckCursorError,
    UnavailableError,
)
from zd_assets_tests.helpers.dagster_runs import SITE, api_resource, lake_resources
from zd_assets_tests.helpers.local_server import Answer, serving

every_list = pytest.mark.parametrize("table", REFERENCE_LISTS, ids=lambda table: table.name)


def run(
    table: ReferenceList,
    sandbox: Running,
    lake: Lake,
    instance: dg.DagsterInstance | None = None,
    **settings: Any,
) -> dg.ExecuteInProcessResult:
    """Materialize a list in a run."""
    return dg.materialize(
        [reference_asset(table, SITE)],
        instance=instance,
        resources={
            table.api.value: api_resource(table.api, sandbox, **settings),
            **lake_resources(lake),
        },
        raise_on_error=False,
    )


def rows(lake: Lake, table: ReferenceList) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = pq.read_table(
        reference_file(lake, table), partitioning=None
    ).to_pylist()
    return found


def names(lake: Lake, table: ReferenceList) -> dict[int, str]:
    return {one["id"]: one.get("name") or one.get("title") for one in rows(lake, table)}


def warnings_of(instance: dg.DagsterInstance, result: dg.ExecuteInProcessResult) -> list[str]:
    logs = instance.all_logs(result.run_id)
    return [one.user_message for one in logs if one.level == 30]


@every_list
def test_a_run_makes_one_file_with_the_lists_columns(
    table: ReferenceList, sandbox: Running, lake: Lake
) -> None:
    result = run(table, sandbox, lake)
    assert result.success
    file = pq.ParquetFile(reference_file(lake, table))
    assert file.schema_arrow.equals(arrow_schema(table.all_columns))
    folder = lake.root.joinpath(*table.path)
    assert [path.name for path in folder.iterdir()] == ["part-0.parquet"]
    footer = read_reference_footer(lake, table)
    assert footer
    assert (footer.table, footer.items, footer.requests) == (table.name, len(rows(lake, table)), 1)
    assert (footer.run_id, footer.drift) == (result.run_id, {})
    [event] = result.get_asset_materialization_events()
    assert event.asset_key == dg.AssetKey(list(table.path))
    assert event.partition is None
    assert event.materialization.metadata["dagster/row_count"].value == footer.items


def test_the_ids_are_those_that_tickets_and_chats_of_the_sandbox_use(
    sandbox: Running, lake: Lake
) -> None:
    for table in REFERENCE_LISTS:
        assert run(table, sandbox, lake).success
    span = {"start": 1_767_225_600, "end": 1_767_312_000}
    tickets = [json.loads(one) for _, one in sandbox.truth(TICKETS.name, **span)]
    chats = [json.loads(one) for _, one in sandbox.truth(CHATS.name, **span)]
    assert tickets
    assert chats
    assert {one["group_id"] for one in tickets} <= names(lake, GROUPS).keys()
    assert {one["brand_id"] for one in tickets} <= names(lake, BRANDS).keys()
    fields = {field["id"] for one in tickets for field in one["custom_fields"]}
    assert fields <= names(lake, TICKET_FIELDS).keys()
    # Odd chats have a text there.
    departments = {
        one["department_id"]: one["department_name"]
        for one in chats
        if isinstance(one.get("department_id"), int)
    }
    assert len(departments) > 1
    assert departments.items() <= names(lake, DEPARTMENTS).items()


def test_a_long_list_comes_in_pages_of_a_hundred(
    sandbox: Running, clients: dict[Api, Client]
) -> None:
    sandbox.put("groups", [{"id": 1000 + number, "name": f"g{number}"} for number in range(210)])
    sandbox.forget_requests()
    listing = fetch_list(GROUPS, clients[Api.SUPPORT], Privacy())
    assert listing.requests == 3
    assert [one["page[size]"] for one in (each["query"] for each in sandbox.requests())] == [
        "100"
    ] * 3
    ids = listing.rows["id"].to_pylist()
    assert len(ids) == len(set(ids)) == 214
    assert ids == sorted(ids)


def test_a_list_that_changed_is_replaced_and_says_whether_names_did(
    sandbox: Running, lake: Lake
) -> None:
    def changed() -> bool:
        [event] = run(GROUPS, sandbox, lake).get_asset_materialization_events()
        return bool(event.materialization.metadata["names_changed"].value)

    assert changed()
    assert not changed()
    sandbox.put("groups", [{"id": 48810, "name": "Sales", "description": "All that sell"}])
    assert not changed()
    assert rows(lake, GROUPS)[0]["description"] == "All that sell"
    sandbox.put("groups", [{"id": 48810, "name": "Selling"}])
    assert changed()
    assert names(lake, GROUPS)[48810] == "Selling"


def test_what_the_schema_doesnt_know_is_kept_and_told(sandbox: Running, lake: Lake) -> None:
    sandbox.put("brands", [{"id": 5, "name": ["odd"], "colour": "blue"}])
    with dg.DagsterInstance.ephemeral() as instance:
        result = run(BRANDS, sandbox, lake, instance)
        assert result.success
        told = warnings_of(instance, result)
    assert any("colour" in one and "name" in one for one in told)
    odd = next(one for one in rows(lake, BRANDS) if one["id"] == 5)
    assert json.loads(odd["_extra"]) == {"name": ["odd"], "colour": "blue"}


@pytest.mark.parametrize("status", [403, 404])
def test_a_refused_list_is_one_warning_and_what_is_there_stays(
    status: int, sandbox: Running, lake: Lake
) -> None:
    assert run(BRANDS, sandbox, lake).success
    before = reference_file(lake, BRANDS).read_bytes()
    sandbox.faults([{"kind": "status", "status": status, "export": "brands", "times": -1}])
    with dg.DagsterInstance.ephemeral() as instance:
        result = run(BRANDS, sandbox, lake, instance)
        assert result.success
        assert result.get_asset_materialization_events() == []
        [told] = warnings_of(instance, result)
        [observed] = instance.fetch_observations(dg.AssetKey(list(BRANDS.path)), limit=5).records
    assert f"answered {status}" in told
    assert "stays" in told
    assert (
        observed.event_log_entry.dagster_event.event_specific_data.asset_observation.metadata[
            "refused"
        ].value
        == told
    )
    assert reference_file(lake, BRANDS).read_bytes() == before


def test_a_list_refused_from_the_first_makes_no_file(sandbox: Running, lake: Lake) -> None:
    sandbox.faults([{"kind": "status", "status": 404, "export": "departments", "times": -1}])
    assert run(DEPARTMENTS, sandbox, lake).success
    assert not reference_file(lake, DEPARTMENTS).exists()


def test_a_wrong_token_is_no_refusal_of_the_list(
    sandbox: Running, make_client: Callable[..., Client], lake: Lake
) -> None:
    with pytest.raises(AuthenticationError, match="401"):
        fetch_list(GROUPS, make_client(Api.SUPPORT, token="wrong"), Privacy())
    result = run(GROUPS, sandbox, lake, api_token="wrong")
    assert not result.success


@pytest.mark.parametrize(
    ("fault", "error"),
    [
        ({"kind": "status", "status": 422}, RefusedError),
        ({"kind": "status", "status": 503}, UnavailableError),
        ({"kind": "html"}, UnavailableError),
        ({"kind": "redirect"}, ForeignUrlError),
    ],
)
def test_any_other_failure_fails_and_leaves_the_file(
    fault: dict[str, Any],
    error: type[Exception],
    sandbox: Running,
    lake: Lake,
    clients: dict[Api, Client],
) -> None:
    assert run(GROUPS, sandbox, lake).success
    before = reference_file(lake, GROUPS).read_bytes()
    sandbox.faults([{**fault, "export": "groups", "times": -1}])
    with pytest.raises(error):
        fetch_list(GROUPS, clients[Api.SUPPORT], Privacy())
    assert not run(GROUPS, sandbox, lake).success
    assert reference_file(lake, GROUPS).read_bytes() == before


def test_a_failure_that_passes_costs_a_retry(sandbox: Running, clients: dict[Api, Client]) -> None:
    sandbox.faults([{"kind": "status", "status": 503, "export": "ticket_fields", "times": 2}])
    told: list[str] = []
    listing = fetch_list(TICKET_FIELDS, clients[Api.SUPPORT], Privacy(), told.append)
    assert (len(listing.rows), len(told)) == (5, 2)


def answering(table: ReferenceList, make_client: Callable[..., Client], *bodies: Any) -> list[int]:
    """The ids that are read of a server that answers so, one body after the other."""

    def answer(path: str, number: int) -> Answer:
        body = bodies[min(number, len(bodies) - 1)]
        text = body.replace("URL", local[0]) if isinstance(body, str) else json.dumps(body)
        return Answer(text.encode(), headers={"Content-Type": "application/json"})

    local: list[str] = []
    with serving(answer) as server:
        local.append(server.url)
        client = make_client(table.api, base_url=server.url, attempts=2)
        ids: list[int] = fetch_list(table, client, Privacy()).rows["id"].to_pylist()
        return ids


def page(ids: list[int], **beside: Any) -> str:
    return json.dumps({"groups": [{"id": id} for id in ids], **beside})


def test_a_list_without_cursors_is_followed_by_its_next_page(
    make_client: Callable[..., Client],
) -> None:
    bodies = page([2], next_page="URL/groups.json?page=2"), page([1], next_page=None)
    assert answering(GROUPS, make_client, *bodies) == [1, 2]


def test_an_item_that_comes_twice_is_kept_as_it_came_last(
    make_client: Callable[..., Client],
) -> None:
    more = {"meta": {"has_more": True}, "links": {"next": "URL/groups.json?page[after]=x"}}
    last = {"meta": {"has_more": False}, "links": {"next": "URL/groups.json?page[after]=y"}}
    assert answering(GROUPS, make_client, page([1, 2], **more), page([2, 3], **last)) == [1, 2, 3]


def test_items_without_an_id_stay(make_client: Callable[..., Client]) -> None:
    assert answering(DEPARTMENTS, make_client, [{"name": "a"}, {"id": 1}, {"id": None}]) == [
        1,
        None,
        None,
    ]


def test_a_page_that_leads_back_fails_instead_of_going_round(
    make_client: Callable[..., Client],
) -> None:
    more = {"meta": {"has_more": True}, "links": {"next": "URL/groups.json?page[after]=x"}}
    with pytest.raises(StuckCursorError, match="groups"):
        answering(GROUPS, make_client, page([1], **more))


@pytest.mark.parametrize(
    ("table", "body"),
    [
        (GROUPS, "[]"),
        (GROUPS, {"groups": {}}),
        (GROUPS, {"brands": []}),
        (GROUPS, "nothing"),
        (GROUPS, {"groups": [], "meta": {"has_more": True}, "links": {}}),
        (GROUPS, {"groups": [], "meta": "more"}),
        (DEPARTMENTS, {"departments": []}),
        (DEPARTMENTS, "[1"),
    ],
)
def test_what_is_no_list_is_asked_for_again_and_then_fails(
    table: ReferenceList, body: Any, make_client: Callable[..., Client]
) -> None:
    with pytest.raises(UnavailableError, match="asked 2 times"):
        answering(table, make_client, body)


def test_a_token_never_leaves_for_another_host(make_client: Callable[..., Client]) -> None:
    more = {"meta": {"has_more": True}, "links": {"next": "https://elsewhere.example/groups"}}
    with pytest.raises(ForeignUrlError):
        answering(GROUPS, make_client, page([1], **more))


def test_refusals_are_told_apart_from_wrong_tokens(
    clients: dict[Api, Client], sandbox: Running
) -> None:
    sandbox.faults([{"kind": "status", "status": 403, "export": "groups", "times": -1}])
    with pytest.raises(NotListedError, match="answered 403"):
        fetch_list(GROUPS, clients[Api.SUPPORT], Privacy())


def test_what_privacy_drops_or_hashes_isnt_in_the_file(sandbox: Running, lake: Lake) -> None:
    secret = {"id": 7, "title": "Secret", "description": "Secret", "agent_description": "Secret"}
    sandbox.put("ticket_fields", [secret])
    rules = {
        "drop": ["ticket_fields.description", "ticket_fields.agent_description"],
        "hash": ["ticket_fields.title"],
        "hash_key": "key",
    }
    assert run(TICKET_FIELDS, sandbox, lake, **rules).success
    kept = rows(lake, TICKET_FIELDS)[0]
    assert (kept["id"], len(kept["title"]), kept["description"]) == (7, 64, None)
    assert b"Secret" not in reference_file(lake, TICKET_FIELDS).read_bytes()


def test_a_foreign_file_is_named(lake: Lake, sandbox: Running) -> None:
    path = reference_file(lake, GROUPS)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no Parquet")
    with pytest.raises(LakeError, match="groups"):
        read_reference_footer(lake, GROUPS)
    assert not run(GROUPS, sandbox, lake).success


def test_lists_are_assets_of_their_api_fetched_daily_once_switched_on() -> None:
    from zd_assets.definitions import defs

    specs = {spec.key: spec for spec in defs.resolve_all_asset_specs()}
    for table in REFERENCE_LISTS:
        spec = specs[dg.AssetKey(list(table.path))]
        assert (spec.group_name, spec.partitions_def) == (table.api.value, None)
        assert spec.kinds == {"zendesk", "parquet"}
    for api in Api:
        schedule = defs.resolve_schedule_def(f"{api.value}_reference_lists")
        assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
        assert schedule.cron_schedule == "50 4 * * *"


@every_list
def test_every_column_of_a_list_says_what_it_is(table: ReferenceList) -> None:
    assert {*table.key, *table.names} <= {column.name for column in table.columns}
    assert all(column.description.endswith((".", "...", ").")) for column in table.columns)


def test_a_list_is_read_in_any_frame(sandbox: Running, lake: Lake) -> None:
    assert scan("groups", lake=lake).missing == ("the list",)
    assert run(GROUPS, sandbox, lake).success
    found = scan("zendesk_support/groups", lake=lake)
    assert (found.complete, found.rows) == (True, 4)
    assert found.pandas()["name"].tolist()[:2] == ["Sales", "Support"]
    assert found.arrow().column_names == [column.name for column in GROUPS.all_columns]
    with pytest.raises(LakeError, match="no partitions"):
        scan("groups", "2026-01-01", lake=lake)


def test_an_asset_downstream_loads_a_list_as_it_is_annotated(sandbox: Running, lake: Lake) -> None:
    seen: list[int] = []

    @dg.asset(ins={"groups": dg.AssetIn(key=dg.AssetKey(list(GROUPS.path)))})
    def mine(groups: pd.DataFrame) -> None:
        seen.extend(groups["id"].tolist())

    result = dg.materialize(
        [reference_asset(GROUPS, SITE), mine],
        resources={
            "zendesk_support": api_resource(Api.SUPPORT, sandbox),
            **lake_resources(lake),
        },
        raise_on_error=False,
    )
    assert result.success
    assert seen == [48810, 48811, 48812, 48813]


def test_a_group_with_its_lists_is_fetched_for_a_partition_and_for_a_range(
    sandbox: Running, lake: Lake
) -> None:
    assets = [export_asset(DEPARTMENT_EVENTS, SITE), reference_asset(DEPARTMENTS, SITE)]
    resources = {"zendesk_chat": api_resource(Api.CHAT, sandbox), **lake_resources(lake)}
    span = {"start": "2026-02-01", "end": "2026-02-03"}
    tags = {f"dagster/asset_partition_range_{end}": key for end, key in span.items()}
    for asked in ({"partition_key": "2026-02-01"}, {"tags": tags}):
        result = dg.materialize(assets, resources=resources, raise_on_error=False, **asked)
        assert result.success
        events = result.get_asset_materialization_events()
        listed = [one for one in events if one.asset_key.path[-1] == "departments"]
        # Dagster tells of the one file under each partition of a range.
        assert len(listed) >= 1
        assert len(events) > len(listed)
    assert len(rows(lake, DEPARTMENTS)) == 4
