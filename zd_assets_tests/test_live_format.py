"""The checks of the live format: what they find, what they ask for, and when they run."""

import json
import tempfile
import threading
import time
from collections import ChainMap
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import time_machine
from hypothesis import given
from hypothesis import strategies as st

from zd_assets.catalog.columns import Column, List, Scalar, Struct
from zd_assets.catalog.export import Api, Export
from zd_assets.catalog.registry import EXPORTS
from zd_assets.catalog.support import ORGANIZATIONS, TICKET_EVENTS, TICKETS, USERS
from zd_assets.defs.build import build_definitions
from zd_assets.defs.exports import schedules
from zd_assets.defs.exports.assets import export_asset
from zd_assets.defs.exports.format_checks import CHECK, FORMAT_JOB, format_check
from zd_assets.defs.exports.reference import lists_for
from zd_assets.defs.exports.run_requests import range_request
from zd_assets.defs.partitions import last_partitions
from zd_assets.defs.resources import LakeFolder, ZendeskChat, ZendeskSupport
from zd_assets.lake.format import compare
from zd_assets.lake.lake import Lake
from zd_assets.sandbox import Running
from zd_assets.schema.convert import convert
from zd_assets.schema.drift import drift_of
from zd_assets.zendesk import buckets
from zd_assets_tests.conftest import NO_LIMITS, NOW
from zd_assets_tests.helpers.dagster_runs import (
    PARTITIONS,
    SITE,
    cli_env,
    dagster,
    lake_resources,
    support_resource,
)
from zd_assets_tests.helpers.odd_items import PATIENT, odd_items

SAMPLED = [TICKETS, TICKET_EVENTS, USERS, ORGANIZATIONS]
WEEK = timedelta(days=7)
SECRETS = ("sandbox-api-token", "YWdlbnRAZXhhbXBsZS5jb20vdG9rZW46")
PERSONAL = "ada.lovelace"

Item = dict[str, Any]

PICTURE = (Column("size", Scalar.INTEGER, ""), Column("url", Scalar.TEXT, ""))
COLUMNS = (
    Column("id", Scalar.ID, ""),
    Column("tags", List(Scalar.TEXT), ""),
    Column("via", Scalar.JSON, ""),
    Column("photo", Struct((*PICTURE, Column("thumbnails", List(Struct(PICTURE)), ""))), ""),
)
PHOTO: Item = {"size": 1, "url": "", "thumbnails": [{"size": 1, "url": ""}]}
WHOLE: Item = {"id": 1, "tags": [], "via": {"channel": "web"}, "photo": PHOTO}


@pytest.fixture(autouse=True)
def unspent(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Nothing of any budget is spent: its file is the machine's, and remembers other tests."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    buckets._open.clear()
    yield
    buckets._open.clear()


@pytest.fixture
def clock() -> Iterator[time_machine.Traveller]:
    """This process lives at the sandbox's `NOW`."""
    with time_machine.travel(NOW, tick=True) as traveller:
        yield traveller


@pytest.fixture
def instance(clock: time_machine.Traveller) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture
def empty(sandbox: Running) -> Running:
    """A sandbox with nothing in it but what is put there (and what the document shows)."""
    sandbox.reset(**NO_LIMITS, seeded=False, now=NOW, clock="frozen")
    return sandbox


def run_checks(
    instance: dg.DagsterInstance, support: ZendeskSupport, *exports: Export
) -> tuple[dg.ExecuteInProcessResult, dict[str, dg.AssetCheckEvaluation]]:
    """Run the checks of exports; gives the evaluations by export."""
    checks = [format_check(export, export.sample, SITE) for export in exports if export.sample]
    definitions = dg.Definitions(
        asset_checks=checks,
        jobs=[dg.define_asset_job("checks", dg.AssetSelection.checks(*checks))],
        resources={"zendesk_support": support},
    )
    job = definitions.resolve_job_def("checks")
    result = job.execute_in_process(instance=instance, raise_on_error=False)
    evaluations = result.get_asset_check_evaluations()
    return result, {one.asset_key.path[-1]: one for one in evaluations}


def differences(evaluation: dg.AssetCheckEvaluation) -> Item:
    """What it found new, drifted and missing."""
    kinds = ("new", "drifted", "missing")
    return {kind: evaluation.metadata[kind].value for kind in kinds if kind in evaluation.metadata}


def ticket(number: int, at: datetime, **attributes: Any) -> Item:
    """A ticket with every attribute that has a column."""
    whole: Item = {column.name: None for column in TICKETS.columns}
    second = int(at.timestamp())
    return whole | {"id": number, "generated_timestamp": second} | attributes


def user(number: int, at: datetime, **attributes: Any) -> Item:
    """A user with every attribute that has a column."""
    whole: Item = {column.name: None for column in USERS.columns}
    return whole | {"id": number, "updated_at": f"{at:%Y-%m-%dT%H:%M:%SZ}"} | attributes


def now() -> datetime:
    return datetime.now(UTC)


# --- Comparing ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changed", "new", "drifted", "missing"),
    [
        ({}, {}, {}, {}),
        ({"x": 1, "first name": 2}, {"x": 1, '["first name"]': 1}, {}, {}),
        ({"photo": PHOTO | {"x": {"y": 1}}}, {"photo.x": 1}, {}, {}),
        ({"id": "vip", "tags": "vip"}, {}, {"id": 1, "tags": 1}, {}),
        ({"tags": ["a", 1, None, 2]}, {}, {"tags[]": 2}, {}),
        ({"photo": "none"}, {}, {"photo": 1}, {}),
        ({"photo": None}, {}, {}, {}),
        ({"photo": {"size": None, "url": ""}}, {}, {}, {"photo.thumbnails": 1}),
        (
            {"photo": {"size": 1.5, "url": "", "thumbnails": [{"url": ""}, {"url": "", "x": 1}]}},
            {"photo.thumbnails[].x": 1},
            {"photo.size": 1},
            {"photo.thumbnails[].size": 2},
        ),
        ({"photo": {"size": 1, "url": "", "thumbnails": []}}, {}, {}, {}),
        ({"via": {"whatever": [1]}}, {}, {}, {}),
    ],
)
def test_each_difference_is_found_by_its_path(
    changed: Item,
    new: Mapping[str, int],
    drifted: Mapping[str, int],
    missing: Mapping[str, int],
) -> None:
    found = compare(COLUMNS, [json.dumps(WHOLE | changed).encode()])
    assert (found.new, found.drifted, found.missing) == (new, drifted, missing)
    assert found.fits is not bool(new or drifted or missing)


def test_what_one_item_bears_isnt_missing_and_null_is_borne() -> None:
    found = compare(COLUMNS, [b'{"id": null}', b'{"photo": {}}', b'{"tags": []}', b"{}"])
    assert found.missing == {
        "via": 4,
        "photo.size": 1,
        "photo.url": 1,
        "photo.thumbnails": 1,
    }
    assert compare(COLUMNS, [b"{}"], ("photo", "tags")).missing == {"id": 1, "via": 1}


def test_an_item_that_is_no_object_drifted_and_nothing_is_missing() -> None:
    found = compare(COLUMNS, [b"7", b"[{}]", b"null"])
    assert (found.items, found.new, found.drifted, found.missing) == (3, {}, {"[]": 3}, {})
    assert compare(COLUMNS, []).fits


@PATIENT
@given(st.data())
def test_new_and_drifted_is_exactly_what_the_lake_keeps_in_extra(data: st.DataObject) -> None:
    export = data.draw(st.sampled_from(SAMPLED))
    items = [item.encode() for item in data.draw(st.lists(odd_items(export), max_size=3))]
    found = compare(export.columns, items)
    assert found.new.keys().isdisjoint(found.drifted)
    kept = drift_of(convert(export, b"[%s]" % b",".join(items)))
    assert {**found.new, **found.drifted} == kept


# --- One check ----------------------------------------------------------------------------------


def test_an_ordinary_account_passes_but_for_the_odd_items_it_has(
    sandbox: Running, instance: dg.DagsterInstance
) -> None:
    sandbox.reset(**NO_LIMITS, tickets_per_day=50, start="2026-01-26", now=NOW, clock="frozen")
    result, found = run_checks(instance, support_resource(sandbox), *SAMPLED)
    assert result.success
    for export in SAMPLED:
        evaluation = found[export.name]
        since = evaluation.metadata["since"].value
        assert isinstance(since, float)
        items = [item for _, item in sandbox.truth(export.name, since)][:50]
        assert evaluation.metadata["items"].value == len(items) > 1
        odd = drift_of(convert(export, b"[%s]" % b",".join(items)))
        assert "missing" not in differences(evaluation)
        assert dict(ChainMap(*differences(evaluation).values())) == odd
        assert evaluation.passed is not bool(odd)
        if not odd:
            assert evaluation.description == (
                f"All {len(items)} items have the attributes that the columns expect."
            )
    assert any(evaluation.passed for evaluation in found.values())


def test_one_request_for_each_asks_for_50_items_of_the_last_seven_days(
    sandbox: Running, instance: dg.DagsterInstance
) -> None:
    sandbox.reset(**NO_LIMITS, tickets_per_day=50, start="2026-01-26", now=NOW, clock="frozen")
    before = int(now().timestamp())
    _, found = run_checks(instance, support_resource(sandbox), *SAMPLED)
    log = sandbox.requests()
    assert {entry["path"] for entry in log} == {
        f"/api/v2/incremental/{export.name}/sample" for export in SAMPLED
    }
    assert len(log) == 4
    for entry in log:
        since_s = int(entry["query"].pop("start_time"))
        assert entry["query"] == {"per_page": "50"}
        assert 0 <= since_s - (before - WEEK.total_seconds()) < 60
        metadata = found[entry["export"]].metadata
        assert metadata["since"].value == since_s
        assert metadata["items"].value == entry["count"]


def test_what_differs_is_a_warning_that_names_the_paths_and_no_value(
    empty: Running, instance: dg.DagsterInstance
) -> None:
    yesterday = now() - timedelta(days=1)
    picture = {"content_type": "", "content_url": "", "id": 1, "name": PERSONAL, "size": 1}
    photo = picture | {"crop": PERSONAL, "thumbnails": [picture | {"size": PERSONAL}]}
    users = [
        user(1, yesterday, email=PERSONAL, shoe_size=44, photo=photo),
        user(2, yesterday, email=PERSONAL, verified=PERSONAL, shoe_size=PERSONAL, tags=[7]),
    ]
    for one in users:
        del one["alias"]
    empty.put("users", users)
    result, found = run_checks(instance, support_resource(empty), USERS)
    evaluation = found["users"]
    assert result.success
    assert not evaluation.passed
    assert evaluation.severity is dg.AssetCheckSeverity.WARN
    assert differences(evaluation)["new"] == {"photo.crop": 1, "shoe_size": 2}
    assert differences(evaluation)["drifted"] == {
        "photo.thumbnails[].size": 1,
        "tags[]": 1,
        "verified": 1,
    }
    assert differences(evaluation)["missing"]["alias"] == 2
    assert evaluation.metadata["items"].value == 2
    assert (evaluation.description or "").startswith(
        "Attributes of 2 items: 2 new (`photo.crop`, `shoe_size`), kept in `_extra`; 3 drifted "
        "(`photo.thumbnails[].size`, `tags[]`, `verified`), whose values are kept in `_extra`; "
    )
    missing = differences(evaluation)["missing"]
    assert f"; {len(missing)} missing (`" in (evaluation.description or "")
    assert f", {len(missing) - 5} more), whose columns stay null." in (evaluation.description or "")
    logged = " ".join(str(entry) for entry in instance.all_logs(result.run_id))
    assert "photo.thumbnails[].size" in logged
    for hidden in (PERSONAL, *SECRETS):
        assert hidden not in logged


def test_what_not_every_item_bears_isnt_missing(
    empty: Running, instance: dg.DagsterInstance
) -> None:
    yesterday = now() - timedelta(days=1)
    empty.put("tickets", [ticket(1, yesterday, satisfaction_rating={"score": "unoffered"})])
    _, found = run_checks(instance, support_resource(empty), TICKETS)
    assert found["tickets"].passed
    empty.put("tickets", [ticket(1, yesterday, satisfaction_rating={"comment": None})])
    _, found = run_checks(instance, support_resource(empty), TICKETS)
    assert differences(found["tickets"]) == {"missing": {"satisfaction_rating.score": 1}}


def test_a_week_in_which_nothing_changed_passes_and_says_so(
    empty: Running, instance: dg.DagsterInstance
) -> None:
    empty.put("organizations", [{"id": 1, "updated_at": f"{now() - WEEK * 2:%Y-%m-%dT%H:%M:%SZ}"}])
    _, found = run_checks(instance, support_resource(empty), ORGANIZATIONS)
    evaluation = found["organizations"]
    assert evaluation.passed
    assert evaluation.metadata["items"].value == 0
    assert evaluation.description == (
        "Nothing changed in the last 7 days: there was nothing to compare."
    )


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"api_token": "not-the-token"}, "check ZENDESK_EMAIL and ZENDESK_API_TOKEN"),
        ({"api_token": None}, "ZENDESK_API_TOKEN is not set"),
        ({"url": "http://zendesk.example/api/v2"}, "is plain http"),
    ],
)
def test_a_setting_that_doesnt_work_fails_the_check_with_its_message(
    settings: Mapping[str, Any], message: str, empty: Running, instance: dg.DagsterInstance
) -> None:
    result, found = run_checks(instance, support_resource(empty, **settings), USERS)
    assert result.success
    assert not found["users"].passed
    assert message in (found["users"].description or "")
    logged = " ".join(str(entry) for entry in instance.all_logs(result.run_id))
    for hidden in ("not-the-token", *SECRETS):
        assert hidden not in logged


def test_a_passing_fault_is_asked_again_and_a_lasting_one_fails(
    empty: Running, instance: dg.DagsterInstance
) -> None:
    support = support_resource(empty)
    empty.faults([{"kind": "status", "status": 503}, {"kind": "cut"}])
    result, found = run_checks(instance, support, USERS)
    assert result.success
    assert found["users"].passed
    assert len(empty.requests()) == 3
    assert support.sample_client().budget.left() == 10 - 3, "each attempt is a request"
    empty.faults([{"kind": "status", "status": 503, "times": -1}])
    result, found = run_checks(instance, support, USERS)
    assert result.success
    assert not found["users"].passed
    assert "answered 503; asked 3 times" in (found["users"].description or "")


# --- The budget ---------------------------------------------------------------------------------


def test_the_11th_sample_of_20_minutes_waits_and_costs_the_exports_nothing(
    empty: Running, instance: dg.DagsterInstance, clock: time_machine.Traveller
) -> None:
    support = support_resource(empty, requests_per_minute=7)
    for _ in range(5):
        run_checks(instance, support, USERS, TICKETS)
    assert [entry["endpoint"] for entry in empty.requests()] == ["sample"] * 10
    assert support.client().budget.left() == 7
    # The sandbox itself would refuse an 11th: it counts in real time. It may forget.
    empty.reset(**NO_LIMITS, seeded=False, now=NOW, clock="frozen")
    done: list[bool] = []
    waiting = threading.Thread(
        target=lambda: done.append(run_checks(instance, support, USERS)[0].success)
    )
    waiting.start()
    while not said(instance, "waiting: the 10 samples of the last twenty minutes are spent"):
        time.sleep(0.05)
    clock.shift(20 * 60 - 30)
    time.sleep(0.5)
    assert empty.requests() == []
    clock.shift(60)
    waiting.join()
    assert done == [True]
    assert [entry["status"] for entry in empty.requests()] == [200]


def said(instance: dg.DagsterInstance, message: str) -> bool:
    [newest] = instance.get_runs(limit=1)
    return any(message in entry.message for entry in instance.all_logs(newest.run_id))


def test_the_samples_have_the_client_of_the_exports_but_a_budget_of_their_own() -> None:
    support = ZendeskSupport(
        url="https://acme.zendesk.com/api/v2", oauth_token="sesame", attempts=2, first_wait_s=3.0
    )
    client, samples = support.client(), support.sample_client()
    assert (samples.base_url, samples.auth) == (client.base_url, client.auth)
    assert (samples.attempts, samples.first_wait_s) == (2, 3.0)
    assert (client.budget.requests, samples.budget.requests) == (10, 10)
    samples.budget.spend(threading.Event())
    assert (client.budget.left(), samples.budget.left()) == (10, 9)
    # Another resource of the same account shares it.
    again = ZendeskSupport(url="https://acme.zendesk.com/api/v2", oauth_token="sesame")
    assert again.sample_client().budget.left() == 9


# --- When they run ------------------------------------------------------------------------------


@pytest.fixture
def definitions(empty: Running, lake: Lake) -> dg.Definitions:
    lake_folder = LakeFolder(location=str(lake.root))
    return build_definitions(PARTITIONS, ZendeskChat(), support_resource(empty), lake_folder)


def test_exactly_the_exports_that_have_samples_have_the_check(definitions: dg.Definitions) -> None:
    graph = definitions.resolve_asset_graph()
    keys = [key for key in graph.asset_check_keys if key.name == CHECK]
    assert sorted(key.to_user_string() for key in keys) == sorted(
        f"{'/'.join(export.path)}:{CHECK}" for export in SAMPLED
    )
    assert [export for export in EXPORTS if export.sample] == SAMPLED


def test_the_daily_job_runs_the_four_checks_and_nothing_else(
    sandbox: Running, lake: Lake, tmp_path: Path
) -> None:
    # The command lives now, and so must the sandbox.
    start = f"{now() - timedelta(days=30):%Y-%m-%d}"
    sandbox.reset(**NO_LIMITS, tickets_per_day=50, start=start, now=None, clock="running")
    home = tmp_path / "dagster"
    env = cli_env(sandbox, home, lake, TMPDIR=str(tmp_path))
    process = dagster(["job", "execute", "-m", "zd_assets.definitions", "-j", FORMAT_JOB], env)
    output, _ = process.communicate()
    assert process.returncode == 0, output
    log = sandbox.requests()
    assert {(entry["export"], entry["endpoint"], entry["status"]) for entry in log} == {
        (export.name, "sample", 200) for export in SAMPLED
    }
    assert len(log) == 4
    with dg.DagsterInstance.from_config(str(home)) as instance:
        [run] = instance.get_runs()
        events = [entry.dagster_event for entry in instance.all_logs(run.run_id)]
        kinds = [event.event_type for event in events if event]
        assert kinds.count(dg.DagsterEventType.ASSET_CHECK_EVALUATION) == 4
        assert dg.DagsterEventType.ASSET_MATERIALIZATION not in kinds
    assert not lake.root.exists()


def test_the_daily_schedule_asks_for_that_job(definitions: dg.Definitions) -> None:
    schedule = definitions.resolve_schedule_def(f"{FORMAT_JOB}_daily")
    assert schedule.job_name == FORMAT_JOB
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 4 * * *", "UTC")
    assert definitions.resolve_job_def(FORMAT_JOB).partitions_def is None


def steps(job: dg.JobDefinition, request: dg.RunRequest | None = None) -> set[str]:
    """What a run of a job would execute, all of it or what a sensor or schedule asks for."""
    if request:
        assert request.asset_check_keys is not None
        job = job.get_subset(
            asset_selection=set(request.asset_selection or ()),
            asset_check_selection=set(request.asset_check_keys),
        )
    return {node.name for node in job.nodes}


def live_format(result: dg.ExecuteInProcessResult) -> list[dg.AssetCheckEvaluation]:
    return [one for one in result.get_asset_check_evaluations() if one.check_name == CHECK]


def test_no_job_sensor_or_schedule_that_materializes_runs_the_check(
    definitions: dg.Definitions, clock: time_machine.Traveller, lake: Lake
) -> None:
    repository = definitions.get_repository_def()
    with dg.DagsterInstance.ephemeral() as instance:
        for api in Api:
            exports = [export for export in EXPORTS if export.api is api]
            mine = {"__".join(export.path) for export in exports}
            lists = {"__".join(table.path) for table in lists_for(api, exports)}
            assert steps(repository.get_job(api.value)) == mine | lists
            requests = schedules.evaluate(instance, lake, exports, SITE, now())
            assert isinstance(requests, list)
            nightly = repository.get_schedule_def(f"{api.value}_nightly")
            assert nightly.job_name
            job = repository.get_job(nightly.job_name)
            assert set.union(*(steps(job, request) for request in requests)) == mine
        for export in EXPORTS:
            [window] = last_partitions(SITE.partitions_def, now().timestamp(), 1)
            request = range_request(export, SITE, window, window, "key", {})
            sensor = repository.get_sensor_def(f"{export.name}_follow_up")
            assert sensor.job_name
            assert steps(repository.get_job(sensor.job_name), request) == {"__".join(export.path)}


def test_along_with_a_materialization_the_check_runs_once_for_the_whole_range(
    empty: Running, lake: Lake, instance: dg.DagsterInstance
) -> None:
    yesterday = now() - timedelta(days=1)
    empty.put("tickets", [ticket(1, yesterday, satisfaction_rating={"score": "good"})])
    assert TICKETS.sample
    result = dg.materialize(
        [export_asset(TICKETS, SITE), format_check(TICKETS, TICKETS.sample, SITE)],
        instance=instance,
        tags={
            "dagster/asset_partition_range_start": "2026-02-26",
            "dagster/asset_partition_range_end": "2026-02-28",
        },
        resources={
            "zendesk_support": support_resource(empty),
            **lake_resources(lake),
        },
    )
    assert [one.passed for one in live_format(result)] == [True]
    assert len(result.asset_materializations_for_node("__".join(TICKETS.path))) == 3
    assert [entry["endpoint"] for entry in empty.requests()].count("sample") == 1


def test_along_with_a_materialization_the_check_is_left_out_rather_than_waited_for(
    empty: Running, lake: Lake, instance: dg.DagsterInstance
) -> None:
    assert TICKETS.sample
    support = support_resource(empty)
    for _ in range(10):
        support.sample_client().budget.spend(threading.Event())
    result = dg.materialize(
        [export_asset(TICKETS, SITE), format_check(TICKETS, TICKETS.sample, SITE)],
        instance=instance,
        partition_key="2026-02-26",
        resources={"zendesk_support": support, **lake_resources(lake)},
    )
    assert result.success
    assert len(result.asset_materializations_for_node("__".join(TICKETS.path))) == 1
    assert live_format(result) == []
    assert said(instance, "not checked: the 10 samples of the last twenty minutes are spent")
