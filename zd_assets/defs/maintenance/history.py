"""Which runs of the past nothing depends on any more, and forgetting them.

A run is kept while a partition that it was to make has no newer materialization, and while it
holds the last evaluation of a check. So partitions, materializations and checks look the same
before and after, and so do failures that nothing made good.
"""

from collections.abc import Collection
from datetime import UTC, datetime, timedelta

import dagster as dg

from zd_assets.defs.dagster_api import evaluated_checks, forget_run, latest_check_run, targets

_ENDED = [
    dg.DagsterRunStatus.SUCCESS,
    dg.DagsterRunStatus.FAILURE,
    dg.DagsterRunStatus.CANCELED,
]
_AT_ONCE = 500


def prune(
    instance: dg.DagsterInstance,
    assets: Collection[dg.AssetKey],
    jobs: Collection[str],
    days: float,
    now: datetime | None = None,
) -> int:
    """Forget the runs that ended more than `days` days before `now` and that nothing depends on.

    Looks at runs of some of these `assets` alone, and at runs of these `jobs`, which make none.
    Returns how many were forgotten. It may be stopped at any time.
    """
    before = (now or datetime.now(UTC)) - timedelta(days=days)
    forgotten = 0
    for run_id, job in _ended(instance, before):
        if _is_superseded(instance, run_id, set(assets), job in jobs):
            forget_run(instance, run_id)
            forgotten += 1
    return forgotten


def _ended(instance: dg.DagsterInstance, before: datetime) -> list[tuple[str, str]]:
    """Return the ids and jobs of runs that ended before then."""
    asked = dg.RunsFilter(statuses=_ENDED, updated_before=before)
    found: list[tuple[str, str]] = []
    # All before any is deleted: a page begins after a run that must be there.
    while runs := instance.get_runs(asked, found[-1][0] if found else None, _AT_ONCE):
        found += [(run.run_id, run.job_name) for run in runs]
    return found


def _is_superseded(
    instance: dg.DagsterInstance, run_id: str, assets: set[dg.AssetKey], makes_none: bool
) -> bool:
    """Return whether nothing depends on a run, of these assets alone, any more."""
    made = False
    for key, partition, at_s in targets(instance, run_id):
        made = True
        if key not in assets or not _is_materialized_since(instance, key, partition, run_id, at_s):
            return False
    for check in evaluated_checks(instance, run_id):
        made = True
        if check.asset_key not in assets or latest_check_run(instance, check) == run_id:
            return False
    return made or makes_none


def _is_materialized_since(
    instance: dg.DagsterInstance, key: dg.AssetKey, partition: str | None, run_id: str, at_s: float
) -> bool:
    """Return whether another run materialized a partition, or the asset, after `at_s`."""
    asked = dg.AssetRecordsFilter(key, asset_partitions=[partition] if partition else None)
    records = instance.fetch_materializations(asked, limit=1).records
    return bool(records) and records[0].run_id != run_id and records[0].timestamp > at_s
