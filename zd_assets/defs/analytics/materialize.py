"""What a run of a model does: make its days, check them, and tell of each."""

import base64
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from zd_assets.defs.analytics.days import days_def
from zd_assets.defs.check_result import check_result
from zd_assets.defs.exports.metadata import column_lineage
from zd_assets.defs.namespace import Namespace
from zd_assets.defs.partitions import asked_for
from zd_assets.engine.assertions import check
from zd_assets.engine.day import Day, up_to
from zd_assets.engine.lineage import daily_origins
from zd_assets.engine.make import DayReport, make
from zd_assets.extras import missing_extra
from zd_assets.lake.lake import Lake
from zd_assets.lake.location import nbytes
from zd_assets.models.model import Model
from zd_assets.models.registry import REPORTED

_CHART_DAYS = 28


def materialize(
    context: dg.AssetExecutionContext, table: Model, namespace: Namespace, memory_mb: int
) -> dg.MaterializeResult[None]:
    """Make the days that a run was asked for; DuckDB keeps `memory_mb` MiB.

    Raises:
        LakeError: the days made until then are reported first.
    """
    lake = namespace.lake(context.resources)
    days = [Day(one, lake.time_zone) for one in asked_for(context, days_def(namespace))]
    made: list[DayReport] = []
    try:
        for report in make(table, lake, days, run_id=context.run.run_id, memory_mb=memory_mb):
            made.append(report)
        findings = check(table, lake, made, memory_mb)
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
        from zd_assets.engine.read import read_days
        from zd_assets.report.charts import CHARTS

        rows = read_days(lake, table, up_to(last, _CHART_DAYS))
        png = base64.b64encode(CHARTS[table.name](rows)).decode()
    except ModuleNotFoundError as error:
        context.log.info(f"No chart: {missing_extra(error, 'it')}")
        return {}
    except Exception:
        context.log.warning(f"{table.name} can't be drawn; its days are made", exc_info=True)
        return {}
    return {"chart": dg.MetadataValue.md(f"![{table.name}](data:image/png;base64,{png})")}
