"""The export assets: one for each record of the catalogue."""

import time
from collections.abc import Callable
from contextlib import closing
from dataclasses import replace

import dagster as dg

from zd_assets.catalog.export import Export
from zd_assets.defs.errors import expected_errors
from zd_assets.defs.exports.checks import check_results, check_specs
from zd_assets.defs.exports.freshness import freshness_policy
from zd_assets.defs.exports.metadata import definition_metadata, partition_metadata
from zd_assets.defs.exports.progress import Progress
from zd_assets.defs.namespace import LAKE, Namespace
from zd_assets.defs.partitions import asked_for, first_us, partitions
from zd_assets.extract.events import Action, Notice, PageReport, PartitionReport
from zd_assets.extract.run import CLOCK_MARGIN_S, extract
from zd_assets.lake.footer import Footer
from zd_assets.lake.partition import Partition


class ExportConfig(dg.Config):
    """Run config of an export."""

    full_refresh: bool = False
    """Fetch whole what could be resumed or adopted."""

    second_look: bool = False
    """Read complete partitions again, and add what they lack."""


def export_asset(export: Export, namespace: Namespace) -> dg.AssetsDefinition:
    """The asset of an export: a run fills any range of its partitions, one event for each."""

    @dg.asset(
        key=namespace.key(export.path),
        group_name=namespace.name(export.api.value),
        description=export.description,
        partitions_def=namespace.partitions_def,
        backfill_policy=dg.BackfillPolicy.single_run(),
        required_resource_keys={namespace.name(export.api.value), namespace.name(LAKE)},
        metadata=definition_metadata(export),
        kinds={"zendesk", "parquet"},
        tags={"zendesk/api": export.api.value.removeprefix("zendesk_")},
        owners=["team:data"],
        # One run of an export at a time, where the instance limits pools to one (see README).
        pool=namespace.name(*export.path),
        check_specs=check_specs(export, namespace),
        freshness_policy=freshness_policy(namespace.partitions_def),
    )
    def _export(context: dg.AssetExecutionContext, config: ExportConfig) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster takes it bare beside checks.
        with expected_errors(context):
            results = _materialize(context, export, namespace, config)
        return dg.MaterializeResult(check_results=results)

    return _export


def _materialize(
    context: dg.AssetExecutionContext,
    export: Export,
    namespace: Namespace,
    config: ExportConfig,
) -> list[dg.AssetCheckResult]:
    api = namespace.api(context.resources, export.api)
    export = api.tuned(export)
    client = api.client()
    options = replace(
        api.options(export, full_refresh=config.full_refresh),
        second_look=config.second_look,
        first_us=first_us(namespace.partitions_def),
    )
    progress = Progress(client.budget)
    lake = namespace.lake(context.resources)
    windows = partitions(namespace.partitions_def, asked_for(context, namespace.partitions_def))
    done: dict[Partition, PartitionReport] = {}
    settled_us = int((time.time() - export.settle_s - CLOCK_MARGIN_S) * 1_000_000)
    reports = extract(
        export,
        windows,
        client,
        lake,
        options,
        run_id=context.run.run_id,
        should_adopt=_unreported(context),
    )
    try:
        with closing(reports):
            for report in reports:
                match report:
                    case PartitionReport():
                        done[report.partition] = report
                    case PageReport():
                        if line := progress.take(report):
                            context.log.info(line)
                    case Notice(message):
                        context.log.warning(message)
        results = check_results(export, lake, [*done.values()], settled_us)
    except BaseException:
        # No result will carry their events: the committed partitions are reported here. What is
        # committed while the run is being stopped, the next run reports.
        for report in done.values():
            _log_event(context, namespace, report)
        raise
    for report in done.values():
        if report.partition in windows:
            metadata = partition_metadata(report)
            context.add_asset_metadata(metadata, partition_key=report.partition.key)
        else:
            _log_event(context, namespace, report)
    if left := [r.partition.key for r in done.values() if r.action is Action.NOT_REACHED]:
        context.log.warning(
            f"max_pages_per_run is spent; {len(left)} partitions, from {left[0]} on, were not "
            "reached. The sensor or the nightly schedule goes on there, or launch the range again."
        )
    context.log.info(progress.line())
    return results


def _log_event(
    context: dg.AssetExecutionContext, namespace: Namespace, report: PartitionReport
) -> None:
    """Tell of a partition that the run's own result doesn't: only a whole one is materialized."""
    if not namespace.partitions_def.has_partition_key(report.partition.key):
        context.log.warning(f"{report.path} belongs to no partition: {report.action}")
        return
    kind = dg.AssetMaterialization if report.footer.complete else dg.AssetObservation
    context.log_event(
        kind(
            context.asset_key,
            partition=report.partition.key,
            metadata=partition_metadata(report),
        )
    )


def _unreported(context: dg.AssetExecutionContext) -> Callable[[Footer], bool]:
    """Tells whether a file was committed by a run that couldn't report it, as a killed one can't.

    Such a file is adopted: a backfill that is launched again goes on where it was. It counts as
    reported if that run succeeded, or if the partition's last materialization tells of it and
    comes from a run that did.
    """

    def succeeded(run_id: str) -> bool | None:
        run = context.instance.get_run_by_id(run_id)
        return None if run is None else run.is_success

    def unreported(footer: Footer) -> bool:
        if succeeded(footer.run_id):
            return False
        records = context.instance.fetch_materializations(
            dg.AssetRecordsFilter(asset_key=context.asset_key, asset_partitions=[footer.partition]),
            limit=1,
        ).records
        event = records[0].asset_materialization if records else None
        fetched_by = event.metadata.get("fetched_by_run") if event else None
        if fetched_by is None or fetched_by.value != footer.run_id:
            return True
        # One that was deleted from the history succeeded, as far as is known.
        return succeeded(records[0].run_id) is False

    return unreported
