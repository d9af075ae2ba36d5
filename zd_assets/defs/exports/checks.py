"""The checks that each materialization of an export makes of the partitions it filled."""

from collections.abc import Sequence

import dagster as dg

from zd_assets.catalog.export import Export
from zd_assets.checks.contents import contents
from zd_assets.checks.earlier import earlier_footers
from zd_assets.checks.finding import Finding, Severity
from zd_assets.checks.rules import DESCRIPTIONS, check
from zd_assets.defs.namespace import Namespace
from zd_assets.extract.events import PartitionReport
from zd_assets.lake.lake import Lake

_SEVERITIES = {
    Severity.ERROR: dg.AssetCheckSeverity.ERROR,
    Severity.WARN: dg.AssetCheckSeverity.WARN,
}


def check_specs(export: Export, namespace: Namespace) -> list[dg.AssetCheckSpec]:
    """The checks of an export."""
    return [
        dg.AssetCheckSpec(name, asset=namespace.key(export.path), description=description)
        for name, description in DESCRIPTIONS.items()
    ]


def check_keys(export: Export, namespace: Namespace) -> list[dg.AssetCheckKey]:
    """Their keys: Dagster wants every run of the export to select them."""
    return [spec.key for spec in check_specs(export, namespace)]


def check_results(
    export: Export, lake: Lake, reports: Sequence[PartitionReport], settled_us: int
) -> list[dg.AssetCheckResult]:
    """One evaluation of each check, over all partitions of the run."""
    ordered = sorted(reports, key=lambda report: report.partition.start_us)
    found = [contents(export, report.footer, report.path) for report in ordered]
    earlier = earlier_footers(lake, export, (report.footer for report in ordered))
    findings = check(export, found, earlier, settled_us)
    return [check_result(finding, len(found)) for finding in findings]


def check_result(finding: Finding, partitions: int) -> dg.AssetCheckResult:
    """One evaluation of a check, over so many partitions."""
    return dg.AssetCheckResult(
        check_name=finding.name,
        passed=finding.passed,
        severity=_SEVERITIES[finding.severity],
        description=finding.description,
        metadata={
            "partitions_checked": partitions,
            **{
                kind: dg.MetadataValue.json(facts) if isinstance(facts, dict) else facts
                for kind, facts in finding.metadata.items()
            },
        },
    )
