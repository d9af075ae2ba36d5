"""The job that prunes the history of runs, and its schedule."""

from collections.abc import Collection

import dagster as dg
from pydantic import Field

from zd_assets.defs.namespace import Namespace
from zd_assets.zendesk.errors import ConfigurationError

PRUNE_JOB = "prune_history"

_VARIABLE = "ZD_HISTORY_DAYS"
_DAYS = 7


class PruneConfig(dg.Config):
    """Run config of the pruning."""

    days: int | None = Field(default=None, ge=1)
    """How many days of history stay in any case (ZD_HISTORY_DAYS, else 7)."""


def maintenance(namespace: Namespace, assets: Collection[dg.AssetKey]) -> dg.Definitions:
    """Make the job that prunes the runs of these assets, and its schedule, stopped."""
    name = namespace.name(PRUNE_JOB)

    @dg.op(name=namespace.name(PRUNE_JOB, "op"))
    def _prune(context: dg.OpExecutionContext, config: PruneConfig) -> None:
        # Only in a run: it reads the tables of Dagster's own storage.
        from zd_assets.defs.maintenance.history import prune

        days = config.days or _days()
        forgotten = prune(context.instance, assets, {name}, days)
        context.log.info(f"{forgotten} runs that ended more than {days} days ago were deleted.")

    @dg.job(
        name=name,
        description="Deletes runs, with their events and logs, that nothing depends on any more: "
        "never a partition's last materialization, a failure that nothing made good, or a check's "
        "last evaluation.",
        executor_def=dg.in_process_executor,
    )
    def _job() -> None:
        _prune()

    schedule = dg.ScheduleDefinition(
        name=namespace.name(PRUNE_JOB, "daily"),
        job=_job,
        cron_schedule="10 5 * * *",
        execution_timezone="UTC",
        description="Prunes the history of runs every day at ten past five, UTC.",
    )
    return dg.Definitions(jobs=[_job], schedules=[schedule])


def _days() -> int:
    text = dg.EnvVar(_VARIABLE).get_value() or str(_DAYS)
    if not text.isdecimal() or int(text) < 1:
        raise ConfigurationError(f"{_VARIABLE} is {text!r}; set it to a whole number, 1 or more")
    return int(text)
