"""What a check found, as Dagster records it."""

import dagster as dg

from zd_assets.checks.finding import Finding, Severity

_SEVERITIES = {
    Severity.ERROR: dg.AssetCheckSeverity.ERROR,
    Severity.WARN: dg.AssetCheckSeverity.WARN,
}


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
