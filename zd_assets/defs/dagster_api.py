"""What this project uses of Dagster beyond its public, stable interface.

Nothing else imports a private module or an unmarked attribute of Dagster's. Each part has a test
of its contract, so that an upgrade which changes one says so by name.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import dagster as dg
from dagster._core.errors import DagsterUserCodeProcessError
from dagster._core.launcher import CheckRunHealthResult, WorkerStatus
from dagster.components.resolved.errors import ResolutionException
from dagster_shared.check import CheckError
from dagster_shared.error import SerializableErrorInfo

__all__ = [
    "CheckRunHealthResult",
    "ResolutionException",
    "TracelessError",
    "WorkerStatus",
    "at_attribute",
    "backfill_in_progress",
    "candidates",
    "evaluated_checks",
    "forget_run",
    "latest_check_run",
    "selected_assets",
    "subset_of",
    "targets",
    "waits_for_retry",
    "with_variables",
]

_Condition = dg.AutomationContext[dg.AssetKey]
_Result = dg.AutomationResult[dg.AssetKey]


class TracelessError(dg.Failure, DagsterUserCodeProcessError):
    """A failure that is shown by its message alone.

    Dagster prints the stack of whatever fails a step, its own frames first, and twice. An error
    that comes with an error info of its own, as those of other processes do, is shown by that.
    """

    def __init__(self, message: str, allow_retries: bool) -> None:
        """Fail with this message; the instance may retry the run if `allow_retries`."""
        info = SerializableErrorInfo(f"{message}\n", [], dg.Failure.__name__)
        DagsterUserCodeProcessError.__init__(self, message, user_code_process_error_infos=[info])  # type: ignore[no-untyped-call]
        self.description = message
        self.metadata = {}
        self.allow_retries = allow_retries


def selected_assets(context: dg.AssetCheckExecutionContext) -> Iterable[dg.AssetKey]:
    """Return the assets that the run of a check materializes as well."""
    return context.job_def.asset_layer.selected_asset_keys


def waits_for_retry(run: dg.DagsterRun) -> bool:
    """Return whether a failed run is going to be retried by the instance."""
    return bool(run.is_complete_and_waiting_to_retry)


def candidates(context: _Condition) -> Iterable[str]:
    """Return the partition keys that an automation condition is asked about."""
    return (key for key in context.candidate_subset.expensively_compute_partition_keys() if key)


def subset_of(context: _Condition, keys: set[str] | None) -> _Result:
    """Answer for these partitions; for the whole of an unpartitioned asset if `keys` is None."""
    if keys is None:
        return dg.AutomationResult(context, context.candidate_subset)
    if not keys or context.partitions_def is None:
        return dg.AutomationResult(context, context.get_empty_subset())
    view = context.asset_graph_view
    return dg.AutomationResult(
        context, view.get_subset_from_partition_keys(context.key, context.partitions_def, keys)
    )


async def backfill_in_progress(context: _Condition) -> _Result:
    """Answer for the partitions that a backfill is at.

    Dagster's own condition fails the tick for a backfill of partitions that are gone. Such a
    backfill counts as none: the runs that it launched are seen.
    """
    try:
        found = await context.asset_graph_view.compute_backfill_in_progress_subset(
            key=context.key, from_subset=context.candidate_subset
        )
    except CheckError:
        found = context.get_empty_subset()
    return dg.AutomationResult(context, found)


def with_variables(
    context: dg.ResolutionContext, env: Callable[..., object]
) -> dg.ResolutionContext:
    """Let templates below a component's attribute call `env`."""
    scoped: dg.ResolutionContext = context.with_scope(env=env)
    return scoped


def at_attribute(context: dg.ResolutionContext, name: str) -> dg.ResolutionContext:
    """Go down to an attribute, so that errors name its path."""
    below: dg.ResolutionContext = context.at_path(name)
    return below


def targets(
    instance: dg.DagsterInstance, run_id: str
) -> Iterator[tuple[dg.AssetKey, str | None, float]]:
    """Yield each asset and partition that a run was to make or made, and when it was noted.

    Times are epoch seconds; the partition is None of an asset without any.
    """
    types = {
        dg.DagsterEventType.ASSET_MATERIALIZATION,
        dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED,
    }
    for event, at_s in _events(instance, run_id, types):
        if event.event_type is dg.DagsterEventType.ASSET_MATERIALIZATION:
            materialization = event.step_materialization_data.materialization
            yield materialization.asset_key, materialization.partition, at_s
            continue
        planned = event.asset_materialization_planned_data
        if planned.partitions_subset is None:
            yield planned.asset_key, planned.partition, at_s
        else:
            for key in planned.partitions_subset.get_partition_keys():
                yield planned.asset_key, key, at_s


def evaluated_checks(instance: dg.DagsterInstance, run_id: str) -> Iterator[dg.AssetCheckKey]:
    """Yield the checks that a run evaluated."""
    for event, _ in _events(instance, run_id, {dg.DagsterEventType.ASSET_CHECK_EVALUATION}):
        evaluation = event.asset_check_evaluation_data
        yield dg.AssetCheckKey(evaluation.asset_key, evaluation.check_name)


def _events(
    instance: dg.DagsterInstance, run_id: str, types: set[dg.DagsterEventType]
) -> Iterator[tuple[dg.DagsterEvent, float]]:
    for record in instance.get_records_for_run(run_id, of_type=types).records:
        event = record.event_log_entry.dagster_event
        assert event
        yield event, record.timestamp


def latest_check_run(instance: dg.DagsterInstance, check: dg.AssetCheckKey) -> str | None:
    """Return the run of a check's last evaluation."""
    found = instance.event_log_storage.get_latest_asset_check_execution_by_key([check])
    return found[check].run_id if check in found else None


def forget_run(instance: dg.DagsterInstance, run_id: str) -> None:
    """Delete a run, and what Dagster's own deletion leaves of it.

    That is its logs, its evaluations of checks, and SQLite's file of its events.
    """
    # Only here: they bring SQLAlchemy, which nobody needs to load the definitions.
    from dagster._core.storage.event_log import SqlEventLogStorage, SqliteEventLogStorage
    from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable

    instance.delete_run(run_id)
    instance.compute_log_manager.delete_logs(prefix=[run_id])
    storage = instance.event_log_storage
    if isinstance(storage, SqlEventLogStorage):
        with storage.index_connection() as connection:
            rows = AssetCheckExecutionsTable
            connection.execute(rows.delete().where(rows.c.run_id == run_id))
    if isinstance(storage, SqliteEventLogStorage):
        for end in ("", "-wal", "-shm"):
            Path(storage.path_for_shard(run_id) + end).unlink(missing_ok=True)
