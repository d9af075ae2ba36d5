"""Pruning: the UI shows the same before and after, on SQLite and on Postgres."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster_graphql.test.utils import define_out_of_process_context, execute_dagster_graphql

from zd_assets.definitions import defs as ours
from zd_assets.defs.maintenance.history import prune

DAYS = dg.DailyPartitionsDefinition("2026-02-01", end_date="2026-02-05")
DAILY, WHOLE, FOREIGN = dg.AssetKey("daily"), dg.AssetKey("whole"), dg.AssetKey("foreign")
FIRST, SECOND, THIRD, FOURTH = DAYS.get_partition_keys()
_UI = """
{ assetNodes { assetKey { path }
    assetMaterializations(limit: 1) { runId partition timestamp }
    latestMaterializationByPartition { runId partition timestamp }
    partitionStats { numMaterialized numFailed numPartitions }
    assetPartitionStatuses { ... on TimePartitionStatuses {
      ranges { startKey endKey status } } }
    assetChecksOrError { ... on AssetChecks { checks { name
      executionForLatestMaterialization { runId status evaluation { success } } } } } } }
"""


class Failing(dg.Config):
    fails: bool = False


@dg.asset(
    partitions_def=DAYS,
    backfill_policy=dg.BackfillPolicy.single_run(),
    check_specs=[dg.AssetCheckSpec("right", asset="daily")],
)
def daily(context: dg.AssetExecutionContext, config: Failing) -> dg.MaterializeResult:  # type: ignore[type-arg]
    if config.fails:
        raise dg.Failure("as it was told")
    return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True)])


@dg.asset
def whole() -> None: ...


@dg.asset
def foreign() -> None: ...


def definitions() -> dg.Definitions:
    return dg.Definitions([daily, whole, foreign])


@pytest.fixture(params=["sqlite", "postgres"])
def instance(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    storage: dict[str, Any] = {}
    if request.param == "postgres":
        url = request.getfixturevalue("postgres")
        url = url.replace("postgresql://", "postgresql+psycopg2://")
        storage = {"storage": {"postgres": {"postgres_url": url, "should_autocreate_tables": True}}}
    (home := tmp_path / "dagster").mkdir()
    with dg.instance_for_test(temp_dir=str(home), overrides=storage) as made:
        yield made


def run(
    instance: dg.DagsterInstance,
    asset: dg.AssetsDefinition,
    first: str | None = None,
    last: str | None = None,
    fails: bool = False,
) -> str:
    """Materialize an asset, or a range of its partitions; returns the run's id."""
    ends = {"start": first, "end": last or first}
    tags = {f"dagster/asset_partition_range_{end}": key for end, key in ends.items() if key}
    config = {"ops": {"daily": {"config": {"fails": fails}}}} if asset is daily else None
    made = dg.materialize(
        [asset], instance=instance, tags=tags, run_config=config, raise_on_error=False
    )
    assert made.success is not fails
    return made.run_id


def seen(instance: dg.DagsterInstance) -> Any:
    """What the UI asks for."""
    with define_out_of_process_context(__file__, "definitions", instance) as context:
        answer = execute_dagster_graphql(context, _UI)
    assert not answer.errors
    return answer.data


def left(instance: dg.DagsterInstance) -> set[str]:
    return {found.run_id for found in instance.get_runs()}


def later(days: float) -> datetime:
    return datetime.now(UTC) + timedelta(days=days)


def test_the_ui_shows_the_same_after_superseded_runs_are_gone(
    instance: dg.DagsterInstance,
) -> None:
    gone = {run(instance, daily, FIRST), run(instance, whole), run(instance, daily, THIRD)}
    gone.add(run(instance, daily, FOURTH, fails=True))
    kept = {run(instance, daily, FIRST, SECOND), run(instance, whole), run(instance, foreign)}
    kept |= {run(instance, daily, FOURTH), run(instance, daily, THIRD, fails=True)}
    before = seen(instance)
    assert prune(instance, {DAILY, WHOLE}, (), 7, later(6)) == 0, "they ended less than 7 days ago"
    assert left(instance) == gone | kept
    prune(instance, {DAILY, WHOLE}, (), 7, later(8))
    # The third partition's failure came after: it is shown, and so is what was made before.
    made_before = _last_of(instance, THIRD)
    assert left(instance) == {*kept, made_before}
    assert seen(instance) == before
    assert prune(instance, {DAILY, WHOLE}, (), 7, later(8)) == 0


def _last_of(instance: dg.DagsterInstance, partition: str) -> str:
    asked = dg.AssetRecordsFilter(DAILY, asset_partitions=[partition])
    [last] = instance.fetch_materializations(asked, limit=1).records
    return last.run_id


def test_runs_of_other_projects_stay(instance: dg.DagsterInstance) -> None:
    both = {run(instance, foreign), run(instance, foreign)}
    assert prune(instance, {DAILY, WHOLE}, (), 7, later(8)) == 0
    assert left(instance) == both


def test_what_a_run_left_on_the_disk_goes_with_it(tmp_path: Path) -> None:
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        old, new = run(instance, whole), run(instance, whole)
        prune(instance, {WHOLE}, (), 7, later(8))
        names = {path.stem for path in tmp_path.rglob("*") if old in str(path)}
        assert not names
        assert [path for path in tmp_path.rglob("*") if new in str(path)]


def test_the_job_prunes_ours_and_its_own_runs_and_ships_switched_off(tmp_path: Path) -> None:
    job = ours.get_job_def("prune_history")
    schedule = ours.get_schedule_def("prune_history_daily")
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    with dg.instance_for_test(temp_dir=str(tmp_path)) as instance:
        done = [job.execute_in_process(instance=instance).run_id for _ in range(2)]
        assert left(instance) == set(done)
        assert prune(instance, (), {"prune_history"}, 7, later(8)) == 2
