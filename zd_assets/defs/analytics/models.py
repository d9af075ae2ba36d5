"""The assets of facts and answers: one for each daily table, partitioned by day."""

import base64
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from zd_assets.defs.errors import expected_errors
from zd_assets.defs.exports.checks import check_result
from zd_assets.defs.exports.metadata import column_lineage, column_schema
from zd_assets.defs.namespace import LAKE, Namespace
from zd_assets.defs.partitions import Partitions, asked_for
from zd_assets.engine.assertions import DESCRIPTIONS, check, checks_of
from zd_assets.engine.day import Day, up_to
from zd_assets.engine.lineage import daily_origins
from zd_assets.engine.make import MEMORY_MB, DayReport, make
from zd_assets.engine.read import read_days
from zd_assets.lake.lake import Lake
from zd_assets.lake.location import nbytes
from zd_assets.models.latest import GROUP
from zd_assets.models.model import Model
from zd_assets.models.registry import REPORTED

_CHART_DAYS = 28


class DailyConfig(dg.Config):
    """Run config of a daily table."""

    memory_mb: int = MEMORY_MB
    """MiB that DuckDB keeps in memory; the rest is spilled beside the table."""


def days_def(partitions_def: Partitions) -> dg.DailyPartitionsDefinition:
    """Days of UTC from the exports' first partition to today."""
    if isinstance(partitions_def, dg.DailyPartitionsDefinition):
        return partitions_def
    return dg.DailyPartitionsDefinition(start_date=partitions_def.start, end_offset=1)


def daily_asset(
    table: Model, namespace: Namespace, condition: dg.AutomationCondition[dg.AssetKey]
) -> dg.AssetsDefinition:
    """The asset of a daily table: a run makes any range of its days, one event for each."""
    key = namespace.key(table.path)

    @dg.asset(
        key=key,
        group_name=namespace.name(GROUP),
        description=table.description,
        partitions_def=days_def(namespace.partitions_def),
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=_deps(table, namespace),
        required_resource_keys={namespace.name(LAKE)},
        metadata={
            "dagster/column_schema": column_schema(table.columns),
            "key": ", ".join(table.key),
        },
        kinds={"duckdb", "parquet"},
        owners=["team:data"],
        automation_condition=condition,
        pool=namespace.name(*table.path),
        check_specs=[
            dg.AssetCheckSpec(name, asset=key, description=DESCRIPTIONS[name])
            for name in checks_of(table)
        ],
    )
    def _daily(context: dg.AssetExecutionContext, config: DailyConfig) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster takes it bare beside checks.
        with expected_errors(context):
            return _materialize(context, table, namespace, config)

    return _daily


def _materialize(
    context: dg.AssetExecutionContext, table: Model, namespace: Namespace, config: DailyConfig
) -> dg.MaterializeResult[None]:
    lake = namespace.lake(context.resources)
    days = [Day(one) for one in asked_for(context, days_def(namespace.partitions_def))]
    made: list[DayReport] = []
    try:
        for report in make(
            table, lake, days, run_id=context.run.run_id, memory_mb=config.memory_mb
        ):
            made.append(report)
        findings = check(table, lake, made, config.memory_mb)
        newest = {
            **_chart(context, table, lake, made[-1].day),
            **column_lineage(daily_origins(table), namespace),
        }
    except BaseException:
        # No result will carry their events: the committed days are reported here.
        for report in made:
            context.log_event(
                dg.AssetMaterialization(
                    context.asset_key, partition=report.day.key, metadata=_metadata(report)
                )
            )
        raise
    for report in made:
        metadata = _metadata(report) | (newest if report is made[-1] else {})
        context.add_asset_metadata(metadata, partition_key=report.day.key)
    return dg.MaterializeResult(
        check_results=[check_result(finding, len(made)) for finding in findings]
    )


def _deps(table: Model, namespace: Namespace) -> list[dg.AssetDep]:
    """What it is made of, and what its checks look up."""
    deps = {}
    for source in table.sources:
        reaches_on = dg.TimeWindowPartitionMapping(
            end_offset=1, allow_nonexistent_upstream_partitions=True
        )
        mapping = reaches_on if source.lookback_column else None
        deps[source.table.path] = dg.AssetDep(
            namespace.key(source.table.path), partition_mapping=mapping
        )
    for reference in table.relationships:
        deps[reference.to.path] = dg.AssetDep(namespace.key(reference.to.path))
    return list(deps.values())


def _metadata(report: DayReport) -> dict[str, Any]:
    footer = report.footer
    metadata: dict[str, Any] = {
        "complete": footer.complete,
        "known_until": dg.MetadataValue.timestamp(
            datetime.fromtimestamp(footer.known_until_us / 1_000_000, UTC)
        ),
        "dagster/partition_row_count": footer.items,
        "path": dg.MetadataValue.path(str(report.path)),
        "file_size_bytes": nbytes(report.path),
        "package_version": footer.package_version,
    }
    if footer.carried_since:
        metadata["carried_since"] = footer.carried_since
    return metadata


def _chart(
    context: dg.AssetExecutionContext, table: Model, lake: Lake, last: Day
) -> dict[str, Any]:
    """Of what the report shows, a picture of the days up to the last that was made.

    The days are there, whether they can be drawn or not: what fails is a warning in the log.
    """
    if table not in REPORTED:
        return {}
    try:
        # Only here: it takes longer to load than all the rest.
        from zd_assets.report.charts import CHARTS

        rows = read_days(lake, table, up_to(last, _CHART_DAYS))
        png = base64.b64encode(CHARTS[table.name](rows.frame, rows.incomplete)).decode()
    except Exception:
        context.log.warning(f"{table.name} can't be drawn; its days are made", exc_info=True)
        return {}
    return {"chart": dg.MetadataValue.md(f"![{table.name}](data:image/png;base64,{png})")}
