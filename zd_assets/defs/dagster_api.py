"""What this project uses of Dagster beyond its public, stable interface.

Nothing else imports a private module or an unmarked attribute of Dagster's. Each part has a test
of its contract, so that an upgrade which changes one says so by name.
"""

from collections.abc import Callable, Iterable

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
    "selected_assets",
    "subset_of",
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
    """Whether a failed run is going to be retried by the instance."""
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
