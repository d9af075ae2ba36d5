"""The assets of facts and answers: one for each daily table, partitioned by day."""

import dagster as dg

from zd_assets.catalog.export import Export
from zd_assets.defs.analytics.days import days_def
from zd_assets.defs.errors import expected_errors
from zd_assets.defs.exports.metadata import column_schema
from zd_assets.defs.namespace import LAKE, LAKE_IO, Namespace
from zd_assets.engine.memory import MODEL_MB
from zd_assets.models.checks import DESCRIPTIONS, checks_of
from zd_assets.models.latest import GROUP
from zd_assets.models.model import Model


class DailyConfig(dg.Config):
    """Run config of a daily table."""

    memory_mb: int = MODEL_MB
    """MiB that DuckDB keeps in memory; the rest is spilled next to the table."""


def daily_asset(
    table: Model, namespace: Namespace, condition: dg.AutomationCondition[dg.AssetKey]
) -> dg.AssetsDefinition:
    """Return the asset of a daily table: a run makes any range of its days, one event for each."""
    key = namespace.key(table.path)

    @dg.asset(
        key=key,
        group_name=namespace.name(GROUP),
        description=table.description,
        partitions_def=days_def(namespace),
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=_deps(table, namespace),
        required_resource_keys={namespace.name(LAKE)},
        io_manager_key=namespace.name(LAKE_IO),
        metadata={
            "dagster/column_schema": column_schema(table.columns),
            "key": ", ".join(table.key),
        },
        kinds={"duckdb", "parquet"},
        code_version=table.code_version,
        automation_condition=condition,
        pool=namespace.name(*table.path),
        check_specs=[
            dg.AssetCheckSpec(name, asset=key, description=DESCRIPTIONS[name])
            for name in checks_of(table)
        ],
    )
    def _daily(context: dg.AssetExecutionContext, config: DailyConfig) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster takes it bare beside checks.
        # Only in a run: who loads the definitions needs neither Arrow nor DuckDB.
        from zd_assets.defs.analytics.materialize import materialize

        with expected_errors(context):
            return materialize(context, table, namespace, config.memory_mb)

    return _daily


def _deps(table: Model, namespace: Namespace) -> list[dg.AssetDep]:
    """Return what it is made of, and what its checks look up."""
    deps = {}
    for source in table.sources:
        mapping: dg.PartitionMapping | None = None
        if source.lookback_column:
            mapping = dg.TimeWindowPartitionMapping(
                end_offset=1, allow_nonexistent_upstream_partitions=True
            )
        # Dagster maps no windows of one zone to those of another.
        if isinstance(source.table, Export) and namespace.time_zone != "UTC":
            mapping = dg.AllPartitionMapping()
        deps[source.table.path] = dg.AssetDep(
            namespace.key(source.table.path), partition_mapping=mapping
        )
    for reference in table.relationships:
        deps[reference.to.path] = dg.AssetDep(namespace.key(reference.to.path))
    return list(deps.values())
