"""What a run of an export does: fetch its partitions, and tell of each."""

import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace

import dagster as dg

from zd_assets.catalog.export import CLOCK_MARGIN_S, Export
from zd_assets.checks.contents import contents
from zd_assets.checks.earlier import earlier_footers
from zd_assets.checks.rules import check
from zd_assets.defs.check_result import check_result
from zd_assets.defs.exports.partition_metadata import partition_metadata
from zd_assets.defs.exports.progress import Progress
from zd_assets.defs.namespace import Namespace
from zd_assets.defs.partitions import asked_for, first_us, partitions
from zd_assets.extract.events import Action, Notice, PageReport, PartitionReport
from zd_assets.extract.run import extract
from zd_assets.lake.footer import Footer
from zd_assets.lake.lake import Lake
from zd_assets.lake.partition import Partition


def materialize(
    context: dg.AssetExecutionContext,
    export: Export,
    namespace: Namespace,
    *,
    full_refresh: bool,
    second_look: bool,
) -> list[dg.AssetCheckResult]:
    """Fetch the partitions that a run was asked for; return one evaluation of each check.

    Raises:
        ZendeskError: what was committed until then is reported first.
        LakeError: likewise.
    """
    api = namespace.api(context.resources, export.api)
    export = api.tuned(export)
    client = api.client()
    options = replace(
        api.options(export, full_refresh=full_refresh),
        second_look=second_look,
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
        results = _check_results(export, lake, [*done.values()], settled_us)
    except BaseException:
        # No result will carry their events: the committed partitions are reported here.
        for report in done.values():
            _log_event(context, namespace, report)
        for window in windows:
            footer = None if window in done else lake.footer(export, window)
            if footer and footer.run_id == context.run.run_id:
                path = lake.path(export, window)
                _log_event(
                    context, namespace, PartitionReport(window, Action.STOPPED, footer, path)
                )
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


def _check_results(
    export: Export, lake: Lake, reports: Sequence[PartitionReport], settled_us: int
) -> list[dg.AssetCheckResult]:
    """One evaluation of each check, over all partitions of the run."""
    ordered = sorted(reports, key=lambda report: report.partition.start_us)
    found = [contents(export, report.footer, report.path) for report in ordered]
    earlier = earlier_footers(lake, export, (report.footer for report in ordered))
    findings = check(export, found, earlier, settled_us)
    return [check_result(finding, len(found)) for finding in findings]


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
