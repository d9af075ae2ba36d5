"""The analytics assets: the current state of each export that has one."""

import dagster as dg

from zd_assets.analytics.current.tables import GROUP, LATEST, Latest
from zd_assets.analytics.current.update import MEMORY_MB, Report, update
from zd_assets.defs.metadata import column_schema
from zd_assets.defs.states import asset_key
from zd_assets.lake.errors import LakeError

AUTOMATION = f"{GROUP}_automation"

_EVERY_S = 30
_SAFETY_NET = "45 0 * * *"


class LatestConfig(dg.Config):
    """Run config of a table of current state."""

    memory_mb: int = MEMORY_MB
    """MiB that DuckDB keeps in memory; the rest is spilled beside the table."""


def after_changes() -> dg.AutomationCondition[dg.AssetKey]:
    """Once for each change of the partitions, when none is being fetched; and every night.

    A change that comes while the asset is being made counts until it is asked for again; so it
    isn't `eager()`, for which the end of that run would settle it.
    """
    changed = dg.AutomationCondition.any_deps_updated()
    night = dg.AutomationCondition.cron_tick_passed(_SAFETY_NET, "UTC")
    asked_for = dg.AutomationCondition.newly_requested()
    return (
        (changed | night).since(asked_for)
        & ~dg.AutomationCondition.any_deps_in_progress()
        & ~dg.AutomationCondition.in_progress()
    ).with_label("after changes of the partitions")


def latest_asset(table: Latest) -> dg.AssetsDefinition:
    """The asset of a table of current state."""
    export = table.export

    @dg.asset(
        key=list(table.path),
        group_name=GROUP,
        description=f"The newest version of each of the {export.name}, over all partitions.",
        deps=[dg.AssetDep(asset_key(export), partition_mapping=dg.AllPartitionMapping())],
        required_resource_keys={"lake"},
        metadata={
            "dagster/column_schema": column_schema(table.columns),
            "key": ", ".join(export.key),
        },
        kinds={"duckdb", "parquet"},
        owners=["team:data"],
        automation_condition=after_changes(),
        pool="_".join(table.path),
    )
    def _latest(
        context: dg.AssetExecutionContext, config: LatestConfig
    ) -> dg.MaterializeResult[None]:
        lake = context.resources.lake.open()
        try:
            report = update(table, lake, memory_mb=config.memory_mb, tell=context.log.info)
        except LakeError as error:
            raise dg.Failure(description=str(error)) from error
        if report.items_without_key:
            context.log.warning(f"{report.items_without_key} items without a key are left out")
        path = dg.MetadataValue.path(str(lake.root.joinpath(*table.path)))
        return dg.MaterializeResult(metadata={"path": path, **_metadata(report)})

    return _latest


def latest_assets() -> list[dg.AssetsDefinition]:
    """All tables of current state."""
    return [latest_asset(table) for table in LATEST]


def automation_sensor() -> dg.AutomationConditionSensorDefinition:
    """Brings analytics up to date after changes; ships switched off."""
    return dg.AutomationConditionSensorDefinition(
        AUTOMATION,
        target=dg.AssetSelection.groups(GROUP),
        minimum_interval_seconds=_EVERY_S,
        default_status=dg.DefaultSensorStatus.STOPPED,
        description="Brings the analytics up to date once the exports' partitions changed.",
    )


def _metadata(report: Report) -> dict[str, int | float]:
    return {
        "dagster/row_count": report.items,
        "deleted": report.deleted,
        "partitions_read": report.partitions,
        "months_written": report.months,
        "items_without_key": report.items_without_key,
        "seconds": round(report.seconds, 3),
    }
