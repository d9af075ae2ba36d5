"""Checks of partitions: on files made right and wrong on purpose, and in a Dagster instance."""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zd_assets.catalog.chat import AGENT_TIMELINE, CHATS, CONVERSIONS
from zd_assets.catalog.export import Api, Export
from zd_assets.catalog.registry import EXPORTS
from zd_assets.catalog.support import TICKETS
from zd_assets.checks import contents as contents_module
from zd_assets.checks.contents import Contents, contents
from zd_assets.checks.descriptions import DESCRIPTIONS
from zd_assets.checks.earlier import earlier_footers
from zd_assets.checks.finding import Finding, Severity
from zd_assets.checks.rules import check
from zd_assets.defs.build import build_definitions
from zd_assets.defs.exports import follow_up_tick, schedules
from zd_assets.defs.exports.checks import check_keys
from zd_assets.defs.exports.follow_up_policy import Poll
from zd_assets.defs.exports.freshness import freshness_policy
from zd_assets.defs.exports.reference import lists_for
from zd_assets.defs.resources import LakeFolder, ZendeskSupport
from zd_assets.lake.footer import FOOTER_KEY, Footer, empty_footer
from zd_assets.lake.lake import Lake
from zd_assets.lake.partition import Partition
from zd_assets.sandbox import Running
from zd_assets_tests.conftest import NO_LIMITS, NOW
from zd_assets_tests.helpers.dagster_runs import (
    PARTITIONS,
    SITE,
    chat_resource,
    materialize,
    partition_events,
    support_resource,
)
from zd_assets_tests.helpers.files import DAY, conversion, table_of, write
from zd_assets_tests.helpers.runs import at_us
from zd_assets_tests.helpers.truth import day, days

SETTLED_US = at_us("2026-03-01T00:00:00")
SECRET = "ada.lovelace@example.com"


def findings(
    export: Export,
    partitions: Sequence[Contents],
    earlier: Sequence[Footer] = (),
    settled_us: int = SETTLED_US,
) -> dict[str, Finding]:
    """What each check finds."""
    found = check(export, partitions, lambda footer: earlier, settled_us)
    for finding in found:
        assert SECRET not in finding.description + json.dumps(dict(finding.metadata))
    return {finding.name: finding for finding in found}


def failed(found: Mapping[str, Finding]) -> list[str]:
    return [name for name, finding in found.items() if not finding.passed]


def good(items: int = 0, partition: Partition = DAY, **facts: Any) -> Footer:
    """The footer of a complete partition."""
    footer = empty_footer(CONVERSIONS, partition, "run")
    whole = {"complete": True, "complete_until_us": partition.end_us, "items": items}
    return replace(footer, **(whole | facts))


def written(
    lake: Lake, items: list[Any], export: Export = CONVERSIONS, groups: int = 1, **facts: Any
) -> Contents:
    """What is counted in a file that holds exactly these items, whatever a writer would do."""
    path = lake.path(export, DAY)
    path.parent.mkdir(parents=True, exist_ok=True)
    rows = table_of(export, items)
    pq.write_table(rows, path, row_group_size=max(1, len(rows) // groups))
    return contents(export, good(len(rows), **facts), path)


def test_a_file_that_the_writer_made_passes_every_check(lake: Lake) -> None:
    footer = write(lake, [[conversion("a"), conversion("b", 1)], [conversion("a", 2)]])
    footer = replace(footer, complete=True)
    found = findings(CONVERSIONS, [contents(CONVERSIONS, footer, lake.path(CONVERSIONS, DAY))])
    assert list(found) == list(DESCRIPTIONS)
    assert failed(found) == []
    assert all(not finding.metadata for finding in found.values())


@pytest.mark.parametrize("groups", [1, 4])
def test_a_key_that_stands_twice_is_an_error_with_the_partition_and_the_count(
    groups: int, lake: Lake
) -> None:
    items = [conversion(name, 1) for name in ("a", SECRET, "b", SECRET, "c", SECRET, "d", "e")]
    found = findings(CONVERSIONS, [written(lake, items, groups=groups)])
    assert failed(found) == ["keys_unique"]
    assert found["keys_unique"].severity is Severity.ERROR
    assert found["keys_unique"].metadata == {"repeated": {DAY.key: 2}}


def test_where_the_whole_row_is_the_key_one_that_differs_at_all_is_another(lake: Lake) -> None:
    row = {"agent_id": 1, "start_time": "2026-01-01T00:00:00Z", "duration": 1.5, "status": "away"}
    once = written(lake, [row, row | {"status": "online"}, row | {"duration": 2}], AGENT_TIMELINE)
    assert once.repeated == 0
    assert written(lake, [row, row | {"x": 1}, row], AGENT_TIMELINE).repeated == 1


def test_equal_hashes_of_different_keys_are_no_repetition(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        contents_module, "_hashes", lambda keys: np.zeros(keys.num_rows, dtype=np.uint64)
    )
    assert written(lake, [conversion("a"), conversion("b")]).repeated == 0
    assert written(lake, [conversion("a"), conversion("b"), conversion("a")]).repeated == 1


def test_items_without_a_key_dont_repeat_one_another(lake: Lake) -> None:
    assert written(lake, [conversion(None), conversion(None)]).repeated == 0


@pytest.mark.parametrize(
    ("timestamp", "outside"),
    [
        ("2025-12-31T23:59:59.999999Z", 1),
        ("2026-01-01T00:00:00Z", 0),
        ("2026-01-01T23:59:59.999999Z", 0),
        ("2026-01-02T00:00:00Z", 1),
        (None, 0),
    ],
)
def test_the_window_is_half_open_and_an_item_without_a_time_isnt_outside(
    timestamp: str | None, outside: int, lake: Lake
) -> None:
    one = written(lake, [conversion("a"), conversion("b") | {"timestamp": timestamp}])
    assert one.outside == outside
    found = findings(CONVERSIONS, [one])
    assert failed(found) == ["items_in_window"] * outside
    assert found["items_in_window"].severity is Severity.ERROR


def test_items_outside_are_an_error_whichever_page_brought_them(lake: Lake) -> None:
    items = [conversion("a") | {"timestamp": "2026-01-05T00:00:00Z"}]
    finding = findings(CONVERSIONS, [written(lake, items, unordered_pages=1)])["items_in_window"]
    assert (finding.passed, finding.severity) == (False, Severity.ERROR)
    assert finding.metadata == {"outside": {DAY.key: 1}}


def test_items_later_than_the_overlap_are_warned_of_with_the_value_to_set() -> None:
    within, beyond = good(lateness_s=900.0, late_items=3), good(lateness_s=900.1, late_items=1)
    assert findings(CONVERSIONS, [Contents(within)])["late_items"].passed
    finding = findings(CONVERSIONS, [Contents(beyond)])["late_items"]
    assert (finding.passed, finding.severity) == (False, Severity.WARN)
    assert "Set overlap_s of conversions to 960 or more" in finding.description


def test_a_second_that_was_skipped_is_an_error_that_names_it() -> None:
    finding = findings(CONVERSIONS, [Contents(good(skipped=(DAY.start_us,)))])["nothing_skipped"]
    assert (finding.passed, finding.severity) == (False, Severity.ERROR)
    assert finding.metadata == {"skipped": {DAY.key: {"at": ["2026-01-01T00:00:00+00:00"]}}}


def test_a_file_that_cant_be_read_is_an_error(lake: Lake) -> None:
    one = contents(CONVERSIONS, good(3), lake.path(CONVERSIONS, DAY))
    found = findings(CONVERSIONS, [one])
    assert failed(found) == ["keys_unique", "items_in_window"]
    assert found["items_in_window"].severity is Severity.ERROR
    assert found["keys_unique"].metadata == {"unread": {DAY.key: "GoneError"}}


def test_items_without_a_key_or_a_time_are_warned_of() -> None:
    footers = [good(), good(partition=day("2026-01-02"), items_without_key=2, items_without_time=1)]
    found = findings(CONVERSIONS, [Contents(footer) for footer in footers])
    assert failed(found) == ["keys_and_times_present"]
    assert found["keys_and_times_present"].severity is Severity.WARN
    assert found["keys_and_times_present"].metadata == {
        "without_key": {"2026-01-02": 2},
        "without_time": {"2026-01-02": 1},
    }


def test_unknown_and_drifted_attributes_are_told_apart_by_path_and_counted_over_the_run() -> None:
    drift = {
        "photo.x": 2,
        "tags[]": 1,
        "custom_fields[].mood": 3,
        '["a [] b"]': 4,
        "users[].nick": 5,
        "users[].email": 6,
        "[]": 7,
    }
    footers = [good(drift=drift), good(partition=day("2026-01-02"), drift={"tags[]": 1})]
    found = findings(TICKETS, [Contents(footer) for footer in footers])
    assert failed(found) == ["known_attributes"]
    metadata = found["known_attributes"].metadata
    assert metadata["drifted"] == {"users[].email": 6, "tags[]": 2}
    assert set(metadata["unknown"]) == set(drift) - set(metadata["drifted"])
    assert metadata["partitions"] == {"2026-01-01": 28, "2026-01-02": 1}


WEEKS = [1000, 1100, 900, 1000, 1050, 200, 150] * 2


@pytest.mark.parametrize(
    ("items", "before", "unusual"),
    [
        (1000, WEEKS, False),
        (150, WEEKS, False),  # A Sunday.
        (80, WEEKS, False),
        (70, WEEKS, True),
        (0, WEEKS, True),
        (2500, WEEKS, False),
        (3100, WEEKS, True),
        (0, [1000, 1000, 1000], True),
        (0, [1000, 1000], False),
        (0, [40, 45, 50], False),
        (40, [0, 0, 0], False),
        (5000, [0, 0, 0], True),
    ],
)
def test_volume_warns_of_what_is_far_beyond_all_of_the_days_before(
    items: int, before: list[int], unusual: bool
) -> None:
    found = findings(CONVERSIONS, [Contents(good(items))], [good(one) for one in before])
    assert failed(found) == ["volume"] * unusual


def test_incomplete_partitions_neither_have_a_volume_nor_give_one() -> None:
    part, before = good(0, complete=False), [good(1000)] * 2
    assert failed(findings(CONVERSIONS, [Contents(part)], [*before, good(1000)], 0)) == []
    assert failed(findings(CONVERSIONS, [Contents(good(0))], [*before, replace(part)])) == []


def test_a_volume_is_compared_with_the_run_and_the_lake_and_an_hour_with_the_same_hour(
    lake: Lake,
) -> None:
    first, second, third, fourth = days("2026-01-01", 4)
    write(lake, [[conversion("a")]], partition=first)
    known = good(7, second)
    lake.path(CONVERSIONS, third).parent.mkdir(parents=True)
    lake.path(CONVERSIONS, third).write_text("no file of ours")
    earlier = earlier_footers(lake, CONVERSIONS, [known])
    assert [one.items for one in earlier(good(0, fourth))] == [7, 1]

    hour_us = 3_600_000_000
    starts = [day(f"2026-01-{number:02}").start_us + 13 * hour_us for number in (1, 2)]
    before, hour = (
        Partition(f"2026-01-{number:02}-13:00", start, start + hour_us)
        for number, start in enumerate(starts, 1)
    )
    write(lake, [[conversion("a"), conversion("b")]], partition=before)
    assert [one.items for one in earlier_footers(lake, CONVERSIONS, [])(good(0, hour))] == [2]


def test_a_partition_that_is_over_must_be_complete_and_the_open_one_neednt_be() -> None:
    part = good(complete=False, complete_until_us=DAY.start_us)
    assert failed(findings(CONVERSIONS, [Contents(part)], settled_us=DAY.end_us - 1)) == []
    found = findings(CONVERSIONS, [Contents(part)], settled_us=DAY.end_us)
    assert failed(found) == ["complete"]
    assert found["complete"].metadata == {
        "incomplete": {DAY.key: {"complete_until": "2026-01-01T00:00:00+00:00"}}
    }


def test_of_many_faulty_partitions_the_first_are_shown_and_the_rest_counted() -> None:
    parts = [Contents(good(9, one), repeated=1) for one in days("2026-01-01", 60)]
    metadata = findings(CONVERSIONS, parts)["keys_unique"].metadata
    assert len(metadata["repeated"]) == 50
    assert metadata["repeated_not_shown"] == 10


# --- In Dagster ---------------------------------------------------------------------------------


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture
def small(sandbox: Running) -> Running:
    data = {"chats_per_day": 30, "tickets_per_day": 10, "start": "2026-01-26"}
    sandbox.reset(**NO_LIMITS, **data, now=NOW, clock="frozen")
    return sandbox


def evaluations(result: dg.ExecuteInProcessResult) -> dict[str, dg.AssetCheckEvaluation]:
    """By name; each check is evaluated once."""
    found = result.get_asset_check_evaluations()
    assert sorted(one.check_name for one in found) == sorted(DESCRIPTIONS)
    return {one.check_name: one for one in found}


@pytest.mark.parametrize("keys", ["2026-02-01", ("2026-02-01", "2026-02-04")])
def test_a_run_evaluates_each_check_once_and_reports_each_partition_once(
    keys: str | tuple[str, str], small: Running, lake: Lake, instance: dg.DagsterInstance
) -> None:
    result = materialize(instance, CHATS, keys, chat_resource(small), lake)
    assert result.success
    found = evaluations(result)
    assert all(one.passed for one in found.values())
    partitions = 1 if isinstance(keys, str) else 4
    assert {one.metadata["partitions_checked"].value for one in found.values()} == {partitions}
    assert len(partition_events(instance, CHATS)) == partitions


def test_what_is_wrong_shows_in_the_evaluations_and_the_run_succeeds(
    small: Running, lake: Lake, instance: dg.DagsterInstance
) -> None:
    chat = {"id": "a", "update_timestamp": "2026-02-02T01:00:00Z", "mood": SECRET, "tags": 1}
    small.put("chats", [chat])
    api = chat_resource(small, page_size=10, max_pages_per_run=1, max_parallel_windows=1)
    result = materialize(instance, CHATS, ("2026-02-01", "2026-02-03"), api, lake)
    assert result.success
    assert not evaluations(result)["complete"].passed
    result = materialize(
        instance, CHATS, "2026-02-02", chat_resource(small), lake, full_refresh=True
    )
    assert result.success
    found = evaluations(result)
    assert [name for name, one in found.items() if not one.passed] == ["known_attributes"]
    metadata = found["known_attributes"].metadata
    assert metadata["unknown"].value == {"mood": 1}
    assert metadata["drifted"].value == {"tags": 1}
    assert found["known_attributes"].severity is dg.AssetCheckSeverity.WARN
    assert SECRET not in str(found)


def test_a_repeated_key_in_a_file_that_a_run_adopts_is_an_error_in_dagster(
    small: Running, lake: Lake, instance: dg.DagsterInstance
) -> None:
    small.faults([{"kind": "status", "status": 503, "after": 2, "times": -1}])
    api = chat_resource(small, page_size=20, max_parallel_windows=1)
    crashed = materialize(instance, CHATS, ("2026-02-01", "2026-02-10"), api, lake)
    assert not crashed.success
    assert crashed.get_asset_check_evaluations() == []
    small.faults([])
    path = lake.path(CHATS, day("2026-02-01"))
    _repeat_rows(path)
    result = materialize(instance, CHATS, "2026-02-01", chat_resource(small), lake)
    finding = evaluations(result)["keys_unique"]
    assert (finding.passed, finding.severity) == (False, dg.AssetCheckSeverity.ERROR)
    assert finding.metadata["repeated"].value == {
        "2026-02-01": pq.read_metadata(path).num_rows // 2
    }


def _repeat_rows(path: Path) -> None:
    footer = pq.read_metadata(path).metadata[FOOTER_KEY]
    rows = pq.read_table(path, partitioning=None)
    schema = rows.schema.with_metadata({FOOTER_KEY: footer})
    pq.write_table(pa.concat_tables([rows, rows]).cast(schema), path)


@pytest.fixture
def definitions(small: Running, lake: Lake) -> dg.Definitions:
    folder = LakeFolder(location=str(lake.root))
    support: ZendeskSupport = support_resource(small)
    return build_definitions(PARTITIONS, chat_resource(small), support, folder)


def test_what_sensors_and_schedules_ask_for_runs_these_checks_and_no_others(
    definitions: dg.Definitions, instance: dg.DagsterInstance, small: Running, lake: Lake
) -> None:
    repository = definitions.get_repository_def()
    now_s = at_us("2026-03-01T12:00:00") / 1e6
    sensor = repository.get_sensor_def("chats_follow_up")
    schedule = repository.get_schedule_def("zendesk_support_nightly")
    api = chat_resource(small)
    followed = follow_up_tick.evaluate(instance, lake, CHATS, api, SITE, Poll(), now_s).answer
    now = datetime.fromtimestamp(now_s, UTC)
    nightly = schedules.evaluate(instance, lake, [TICKETS], SITE, now)
    assert isinstance(nightly, list)
    for name, request in ((sensor.job_name, followed), (schedule.job_name, nightly[0])):
        assert isinstance(request, dg.RunRequest)
        assert name
        job = repository.get_job(name).get_subset(
            asset_selection=set(request.asset_selection or ()),
            asset_check_selection=set(request.asset_check_keys or ()),
        )
        result = job.execute_in_process(
            instance=instance, partition_key=request.partition_key, tags=dict(request.tags)
        )
        assert result.success
        evaluations(result)


def test_the_jobs_of_the_exports_run_them_and_a_part_of_them_cant_be_left_out(
    definitions: dg.Definitions,
) -> None:
    for api in Api:
        job = definitions.resolve_job_def(api.value)
        exports = [export for export in EXPORTS if export.api is api]
        expected = {key for export in exports for key in check_keys(export, SITE)}
        assert job.asset_layer.asset_graph.asset_check_keys >= expected
        lists = lists_for(api, exports)
        paths = {"__".join(one.path) for one in (*exports, *lists)}
        assert {node.name for node in job.nodes} == paths


def test_freshness_fails_when_two_nightly_runs_were_missed_and_earlier_for_hours() -> None:
    hours = freshness_policy(dg.HourlyPartitionsDefinition(start_date="2026-01-01-00:00"))
    for policy, fail, warn in ((freshness_policy(PARTITIONS), 54, 30), (hours, 6, 3)):
        facts: Any = policy
        windows = (facts.fail_window, facts.warn_window)
        assert [window.to_timedelta().total_seconds() / 3600 for window in windows] == [fail, warn]
