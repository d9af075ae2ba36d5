"""The asset of the support report: a page for each day, of the week that ends with it."""

from collections.abc import Sequence
from typing import Any

import dagster as dg
from pydantic import Field

from zd_assets.defs.analytics.days import days_def
from zd_assets.defs.errors import expected_errors
from zd_assets.defs.namespace import LAKE, Namespace
from zd_assets.defs.partitions import asked_for
from zd_assets.extras import missing_extra
from zd_assets.models.latest import GROUP
from zd_assets.models.model import Model
from zd_assets.models.registry import REPORT_SOURCES
from zd_assets.report.name import NAME

DAYS = 7
PATH = (GROUP, NAME)


class ReportConfig(dg.Config):
    """Run config of the report."""

    days: int = Field(default=DAYS, ge=1, le=366)
    """Of how many days it is, up to and including the partition's: 1 of a day, 7 of a week."""

    period: str = Field(default="days", pattern="^(days|week|month)$")
    """`week`, the ISO week of the partition's day up to it, or `month`, likewise, not `days`."""


def report_asset(
    namespace: Namespace,
    condition: dg.AutomationCondition[dg.AssetKey],
    tables: Sequence[Model] = REPORT_SOURCES,
) -> dg.AssetsDefinition:
    """The asset of the report, downstream of those of its tables that there are."""
    asset_key = namespace.key(PATH)
    week = dg.TimeWindowPartitionMapping(
        start_offset=1 - DAYS, allow_nonexistent_upstream_partitions=True
    )

    @dg.asset(
        key=asset_key,
        group_name=namespace.name(GROUP),
        description=(
            "One page for the people who run a support team: charts, tables and what each figure "
            f"means, of the {DAYS} days up to the partition's (run config `days`), or of its ISO "
            "week or month so far (run config `period`), compared with the days before. It needs "
            "no network, and can be sent as it is."
        ),
        partitions_def=days_def(namespace),
        backfill_policy=dg.BackfillPolicy.single_run(),
        deps=[dg.AssetDep(namespace.key(table.path), partition_mapping=week) for table in tables],
        required_resource_keys={namespace.name(LAKE)},
        kinds={"html"},
        automation_condition=condition,
        pool=namespace.name(*PATH),
    )
    def _report(context: dg.AssetExecutionContext, config: ReportConfig) -> None:
        with expected_errors(context):
            _write(context, namespace, config)

    return _report


def _write(context: dg.AssetExecutionContext, namespace: Namespace, config: ReportConfig) -> None:
    # Only in a run: who loads the definitions needs neither Arrow nor charts.
    from zd_assets.engine.day import Day
    from zd_assets.lake.location import nbytes

    try:
        from zd_assets.report.digest import digest
        from zd_assets.report.page import save
        from zd_assets.report.span import NAMED
        from zd_assets.report.summary import summary
    except ModuleNotFoundError as error:
        raise missing_extra(error, "the report") from None

    lake = namespace.lake(context.resources)
    period = NAMED.get(config.period, config.days)
    written: dict[str, dict[str, Any]] = {}
    try:
        for key in asked_for(context, days_def(namespace)):
            told = summary(lake, Day(key, lake.time_zone), period)
            path = save(lake, told)
            written[key] = {
                "report": dg.MetadataValue.md(digest(told)),
                # A browser follows no link from here to a file: to be copied.
                "path": dg.MetadataValue.path(str(path)),
                "days": len(told.span.days),
                "file_size_bytes": nbytes(path),
            }
    except BaseException:
        # No result will carry their events: the pages written so far are reported here.
        for key, metadata in written.items():
            context.log_event(
                dg.AssetMaterialization(context.asset_key, partition=key, metadata=metadata)
            )
        raise
    for key, metadata in written.items():
        context.add_asset_metadata(metadata, partition_key=key)
