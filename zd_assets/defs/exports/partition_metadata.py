"""What the UI shows of each partition of an export."""

from datetime import UTC, datetime
from typing import Any

import dagster as dg

from zd_assets.extract.events import PartitionReport
from zd_assets.lake.footer import Footer
from zd_assets.lake.location import nbytes


def partition_metadata(report: PartitionReport) -> dict[str, Any]:
    """Return what a partition holds, how far it is complete, and from which requests."""
    footer, last = report.footer, report.footer.last_page
    metadata: dict[str, Any] = {
        "complete": footer.complete,
        "complete_until": _timestamp(footer.complete_until_us),
        "dagster/partition_row_count": footer.items,
        "path": dg.MetadataValue.path(str(report.path)),
        "file_size_bytes": nbytes(report.path),
        "action": report.action.value,
        "window_start": _timestamp(footer.start_us),
        "window_end": _timestamp(footer.end_us),
        "pages": footer.pages,
        "fetched_at": dg.MetadataValue.timestamp(datetime.fromisoformat(footer.fetched_at)),
        "fetched_by_run": dg.MetadataValue.dagster_run(footer.run_id),
        "schema_fingerprint": footer.schema,
        "package_version": footer.package_version,
    }
    if footer.resume_url:
        metadata["resume_url"] = dg.MetadataValue.text(footer.resume_url)
    if last:
        metadata |= {
            "last_page": f"count {last.count}, limit {last.limit}",
            "end_time": last.end_time,
            "policy": last.policy,
            "stop_reason": last.stop_reason or "an error",
            "follow_up": said(footer),
        }
    if last and last.end_id:
        metadata["end_id"] = last.end_id
    if last and last.cursor:
        metadata["cursor"] = last.cursor
    if footer.parameters:
        metadata["parameters"] = dg.MetadataValue.json(dict(footer.parameters))
    for name, items in footer.sideloads.items():
        metadata[f"items_of_{name}"] = items
    if footer.late_items:
        metadata["late_items"] = footer.late_items
        metadata["lateness_s"] = footer.lateness_s
    if report.added:
        metadata["rows_added_now"] = report.added
    if footer.skipped:
        metadata["skipped"] = dg.MetadataValue.json([*map(_utc, footer.skipped)])
    if footer.drift:
        metadata["drift"] = dg.MetadataValue.json(dict(footer.drift))
    for name in (
        "added_rows",
        "unordered_pages",
        "items_without_key",
        "items_without_time",
        "items_before_first",
        "system_updates",
        "system_updates_kept",
    ):
        if count := getattr(footer, name):
            metadata[name] = count
    return metadata


def said(footer: Footer) -> str:
    """Return when a partition is followed up, and the row of the rule that says so."""
    last = footer.last_page
    if footer.complete:
        return "none: the partition is complete"
    if last is None:
        return "no page was read yet"
    when = "at once" if last.follow_up_now else "after the polling interval"
    page = f"the last page had count {last.count}, limit {last.limit}, end_time {last.end_time}"
    rule = f"{last.row} under the policy {last.policy}"
    return f"{when}: {page}; {rule}; {last.stop_reason or 'an error'}"


def _utc(us: int) -> str:
    return datetime.fromtimestamp(us / 1_000_000, UTC).isoformat()


def _timestamp(us: int) -> dg.TimestampMetadataValue:
    return dg.MetadataValue.timestamp(datetime.fromtimestamp(us / 1_000_000, UTC))
