"""The assets of current state: one for each export that has one."""

from typing import TYPE_CHECKING

import dagster as dg

from zd_assets.defs.errors import expected_errors
from zd_assets.defs.exports.metadata import column_lineage, column_schema
from zd_assets.defs.namespace import LAKE, LAKE_IO, Namespace
from zd_assets.engine.memory import LATEST_MB
from zd_assets.models.latest import GROUP, Latest

if TYPE_CHECKING:
    from zd_assets.engine.latest.update import Report


class LatestConfig(dg.Config):
    """Run config of a table of current state."""

    full_refresh: bool = False
    """Rebuild the table from what the partitions hold now; what none holds any more leaves it."""
    memory_mb: int = LATEST_MB
    """MiB that DuckDB keeps in memory; the rest is spilled next to the table."""


def latest_asset(
    table: Latest, namespace: Namespace, condition: dg.AutomationCondition[dg.AssetKey]
) -> dg.AssetsDefinition:
    """Return the asset of a table of current state."""
    export = table.export

    @dg.asset(
        key=namespace.key(table.path),
        group_name=namespace.name(GROUP),
        description=f"The newest version of each of the {export.name}, over all partitions.",
        deps=[dg.AssetDep(namespace.key(export.path), partition_mapping=dg.AllPartitionMapping())],
        required_resource_keys={namespace.name(LAKE)},
        io_manager_key=namespace.name(LAKE_IO),
        metadata={
            "dagster/column_schema": column_schema(table.columns),
            "key": ", ".join(export.key),
        },
        kinds={"duckdb", "parquet"},
        # So that a range of days can be made along with it in one run.
        backfill_policy=dg.BackfillPolicy.single_run(),
        automation_condition=condition,
        pool=namespace.name(*table.path),
    )
    def _latest(
        context: dg.AssetExecutionContext, config: LatestConfig
    ) -> dg.MaterializeResult[None]:
        # Only in a run: who loads the definitions needs neither Arrow nor DuckDB.
        from zd_assets.engine.latest.update import update
        from zd_assets.engine.lineage import latest_origins

        with expected_errors(context):
            lake = namespace.lake(context.resources)
            report = update(
                table,
                lake,
                full_refresh=config.full_refresh,
                memory_mb=config.memory_mb,
                tell=context.log.info,
            )
        if report.items_without_key:
            context.log.warning(f"{report.items_without_key} items without a key are left out")
        path = dg.MetadataValue.path(str(lake.root.joinpath(*table.path)))
        lineage = column_lineage(latest_origins(table), namespace)
        return dg.MaterializeResult(metadata={"path": path, **_metadata(report), **lineage})

    return _latest


def keys_check(table: Latest, namespace: Namespace) -> dg.AssetChecksDefinition:
    """Return the check that no item stands twice, in whatever months; it reads the keys of all."""

    @dg.asset_check(
        name="keys_unique",
        asset=namespace.key(table.path),
        description="No item stands twice, in one month or in two.",
        required_resource_keys={namespace.name(LAKE)},
    )
    def _keys_unique(context: dg.AssetCheckExecutionContext) -> dg.AssetCheckResult:
        from zd_assets.engine.assertions import repeated_keys

        repeated = repeated_keys(table, namespace.lake(context.resources))
        text = (
            f"{repeated:,} rows repeat a key: of these items, readers of a day get an older "
            "version, too."
            if repeated
            else "Each key is there once."
        )
        return dg.AssetCheckResult(
            passed=not repeated, description=text, metadata={"repeated": repeated}
        )

    return _keys_unique


def _metadata(report: "Report") -> dict[str, int | float]:
    return {
        "dagster/row_count": report.items,
        "deleted": report.deleted,
        "partitions_read": report.partitions,
        "months_written": report.months,
        "items_without_key": report.items_without_key,
        "seconds": round(report.seconds, 3),
    }
