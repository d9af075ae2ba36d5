"""What only the instance knows of an export: its runs in flight, and the failed ones.

How far partitions are complete, the lake says.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import dagster as dg

from zd_assets.defs.alerts.failures import failure_reason
from zd_assets.defs.partitions import ends_of_run

FOLLOW_UP_TAG = "zd_assets/follow_up"

_IN_FLIGHT = [
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
_RUNS_AT_ONCE = 200
_MOST_BACKFILLS = 25
_MOST_FAILURES = 8


@dataclass(frozen=True)
class Failures:
    """The follow-up runs that failed one after the other until now, `last_s` the last's end.

    `last_run_id` is the newest follow-up run's, however it ended; empty if there is none. `error`
    is what the last failure says, in one line.
    """

    count: int
    last_s: float
    last_run_id: str = ""
    error: str = ""


def runs_in_flight(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    """Every run that is running or queued, read a page of the instance's storage at a time."""
    runs: list[dg.DagsterRun] = []
    cursor = None
    while page := instance.get_runs(dg.RunsFilter(statuses=_IN_FLIGHT), cursor, _RUNS_AT_ONCE):
        runs += page
        cursor = page[-1].run_id
    return runs


def run_in_flight(instance: dg.DagsterInstance, key: dg.AssetKey, job: str) -> str | None:
    """Return what is running, queued or asked for on an export of this job, in words, or None."""
    for run in runs_in_flight(instance):
        if _is_of(run, key, job):
            return f"run {run.run_id[:8]} is {run.status.value.lower().replace('_', ' ')}"
    for backfill in instance.get_backfills(limit=_MOST_BACKFILLS):
        if backfill.status.value == "REQUESTED" and key in (backfill.asset_selection or ()):
            return f"backfill {backfill.backfill_id} is in progress"
    return None


def partitions_in_flight(
    runs: Sequence[dg.DagsterRun], key: dg.AssetKey, job: str
) -> list[tuple[str, str]]:
    """Return the first and the last partition key of each of these runs that is on the export."""
    return [ends_of_run(run) for run in runs if _is_of(run, key, job)]


def _is_of(run: dg.DagsterRun, key: dg.AssetKey, job: str) -> bool:
    # A run of a whole job names no assets.
    return key in run.asset_selection if run.asset_selection else run.job_name == job


def follow_up_failures(instance: dg.DagsterInstance, key: dg.AssetKey) -> Failures:
    """Return how many of the newest follow-up runs failed without a success after them.

    An old one that somebody executes again has its tags, but says nothing of today's following.
    """
    found = instance.get_run_records(
        dg.RunsFilter(tags={FOLLOW_UP_TAG: key.to_user_string()}), limit=2 * _MOST_FAILURES
    )
    records = [record for record in found if record.dagster_run.parent_run_id is None]
    records = records[:_MOST_FAILURES]
    count, last_s = 0, 0.0
    for record in records:
        if record.dagster_run.status != dg.DagsterRunStatus.FAILURE:
            break
        count += 1
        last_s = max(last_s, record.end_time or _seconds(record.update_timestamp))
    last_run_id = records[0].dagster_run.run_id if records else ""
    error = failure_reason(instance, last_run_id) if count else ""
    return Failures(count, last_s, last_run_id, error)


def _seconds(at: datetime) -> float:
    return at.timestamp()
