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
from zd_assets.defs.partitions import asked_for, asked_for_still, first_us, partitions
from zd_assets.extract.events import Action, Notice, PageReport, PartitionReport
from zd_assets.extract.run import CLOCK_MARGIN_S, extract
from zd_assets.lake.footer import Footer
from zd_assets.lake.lake import Lake
from zd_assets.lake.partition import Partition
from zd_assets.zendesk.errors import ConfigurationError


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
    windows = _windows(context, export, namespace, lake)
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
        # No result will carry their events: the committed partitions are reported here.
        for report in done.values():
            _log_event(context, namespace, report)
        for report in _unheard(export, windows, lake, context.run.run_id, [*done.values()]):
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


def _windows(
    context: dg.AssetExecutionContext, export: Export, namespace: Namespace, lake: Lake
) -> list[Partition]:
    """The partitions to fetch; where they became others, what is complete is told before it fails.

    Else it would count as failed, together with what there isn't any more.
    """
    try:
        return partitions(namespace.partitions_def, asked_for(context, namespace.partitions_def))
    except ConfigurationError:
        for window in partitions(
            namespace.partitions_def, asked_for_still(context, namespace.partitions_def)
        ):
            footer = lake.footer(export, window)
            if footer and footer.complete:
                path = lake.path(export, window)
                _log_event(context, namespace, PartitionReport(window, Action.KEPT, footer, path))
        raise


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


def _unheard(
    export: Export,
    windows: list[Partition],
    lake: Lake,
    run_id: str,
    done: list[PartitionReport],
) -> list[PartitionReport]:
    """What this run committed after it was told to stop: the files know."""
    heard = {report.partition for report in done}
    footers = {window: lake.footer(export, window) for window in windows if window not in heard}
    return [
        PartitionReport(window, Action.CUT_SHORT, footer, lake.path(export, window))
        for window, footer in footers.items()
        if footer and footer.run_id == run_id
    ]


def _unreported(context: dg.AssetExecutionContext) -> Callable[[Footer], bool]:
    """Tells whether a file was committed by a run that this instance has no report of.

    That is so if the run didn't succeed, and no later run has adopted the file and succeeded; or if
    neither the run nor the partition is known here, as after the event log was lost.
    """

    def succeeded(run_id: str) -> bool | None:
        run = context.instance.get_run_by_id(run_id)
        return None if run is None else run.is_success

    def unreported(footer: Footer) -> bool:
        success = succeeded(footer.run_id)
        if success:
            return False
        records = context.instance.fetch_materializations(
            dg.AssetRecordsFilter(asset_key=context.asset_key, asset_partitions=[footer.partition]),
            limit=1,
        ).records
        if not records or not (event := records[0].asset_materialization):
            return True
        if success is None:
            return False
        fetched_by = event.metadata.get("fetched_by_run")
        adopted = fetched_by is not None and fetched_by.value == footer.run_id
        adopter = records[0].run_id
        return not (adopted and adopter != footer.run_id and succeeded(adopter))

    return unreported
