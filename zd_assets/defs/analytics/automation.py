"""When analytics are brought up to date: the lake tells what is, so no event can be missed."""

from functools import cached_property
from typing import TYPE_CHECKING

import dagster as dg

from zd_assets.defs.analytics.report import PATH
from zd_assets.defs.dagster_api import backfill_in_progress, candidates, subset_of
from zd_assets.defs.namespace import Namespace
from zd_assets.defs.resources import LakeFolder, filled
from zd_assets.models.latest import GROUP, LATEST
from zd_assets.models.registry import MODELS

if TYPE_CHECKING:
    from zd_assets.defs.analytics.due import Due

_EVERY_S = 30
_AGAIN_AFTER_FAILURE = "45 * * * *"


class OutOfDate(dg.AutomationCondition[dg.AssetKey]):
    """Of analytics, the tables and days that would be different if they were made now."""

    def __init__(self, folder: LakeFolder, namespace: Namespace) -> None:
        """Look in this lake for the tables of this namespace."""
        self._folder, self._prefix = folder, namespace.prefix
        self._latest = {namespace.key(table.path): table for table in LATEST}
        self._models = {namespace.key(table.path): table for table in MODELS}
        self._report = namespace.key(PATH)

    @cached_property
    def _due(self) -> "Due":
        # Only in a tick: to load the definitions needs neither Arrow nor DuckDB.
        from zd_assets.defs.analytics.due import Due

        folder = filled(self._folder)
        return Due(folder.open(self._prefix), folder.analytics_every())

    @property
    def description(self) -> str:
        """What the UI says of it."""
        return "the lake has changed since it was made"

    def evaluate(self, context: dg.AutomationContext[dg.AssetKey]) -> dg.AutomationResult:  # type: ignore[type-arg]
        """Find the due partitions among those in question.

        What can't be read is due, too: the run says what is wrong.
        """
        key, at = context.key, context.evaluation_time
        if table := self._latest.get(key):
            return subset_of(context, None if self._due.is_latest_due(table, at) else set())
        if model := self._models.get(key):
            return subset_of(context, self._due.days_of(model, candidates(context), at))
        if key == self._report:
            return subset_of(context, self._due.reports(candidates(context), at))
        return subset_of(context, set())


class BackfillInProgress(dg.AutomationCondition[dg.AssetKey]):
    """As Dagster's own, whose tick fails on a backfill of partitions that there aren't any more."""

    @property
    def description(self) -> str:
        """What the UI says of it."""
        return "part of a backfill that is in progress"

    async def evaluate(self, context: dg.AutomationContext[dg.AssetKey]) -> dg.AutomationResult:  # type: ignore[type-arg,override]
        """Find them; such a backfill is passed over, for the runs that it launched are seen."""
        return await backfill_in_progress(context)


def when_out_of_date(
    folder: LakeFolder, namespace: Namespace
) -> dg.AutomationCondition[dg.AssetKey]:
    """Once what it is made of is up to date itself, and nobody is at it.

    What failed is asked for again within the hour.
    """
    due = OutOfDate(folder, namespace)
    in_progress = dg.AutomationCondition.run_in_progress() | BackfillInProgress()
    waits = dg.AutomationCondition.any_deps_match(due | in_progress)
    again = dg.AutomationCondition.cron_tick_passed(_AGAIN_AFTER_FAILURE, "UTC")
    return (
        due & ~waits & ~in_progress & (~dg.AutomationCondition.execution_failed() | again)
    ).with_label("when out of date")


def automation_sensor(namespace: Namespace) -> dg.AutomationConditionSensorDefinition:
    """Brings analytics up to date after changes; ships switched off."""
    return dg.AutomationConditionSensorDefinition(
        namespace.name(GROUP, "automation"),
        target=dg.AssetSelection.groups(namespace.name(GROUP)),
        minimum_interval_seconds=_EVERY_S,
        default_status=dg.DefaultSensorStatus.STOPPED,
        use_user_code_server=True,
        description="Brings the analytics up to date once the exports' partitions changed.",
    )
