"""What the instance knows of an export's partitions and runs; each reads a bounded number."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

import dagster as dg

from zd_assets.defs.alerts.failures import failure_reason
from zd_assets.defs.partitions import Partitions, partition
from zd_assets.lake.partition import Partition

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
class Materialization:
    """A partition's last materialization, as its metadata tells it; `at_s` is epoch seconds."""

    storage_id: int
    at_s: float
    complete: bool
    follow_up_at_once: bool
    follow_up: str


@dataclass(frozen=True)
class PartitionState:
    """A partition, and its last materialization if it has one."""

    partition: Partition
    last: Materialization | None

    @property
    def open(self) -> bool:
        """Whether anything of it is still to be fetched."""
        return self.last is None or not self.last.complete


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


def partition_state(
    instance: dg.DagsterInstance, key: dg.AssetKey, window: Partition
) -> PartitionState:
    """Read one partition's last materialization."""
    records = instance.fetch_materializations(
        dg.AssetRecordsFilter(key, asset_partitions=[window.key]), limit=1
    ).records
    if not records or not (event := records[0].asset_materialization):
        return PartitionState(window, None)

    def value(name: str) -> object:
        return event.metadata[name].value if name in event.metadata else None

    return PartitionState(
        window,
        Materialization(
            storage_id=records[0].storage_id,
            at_s=records[0].timestamp,
            complete=value("complete") is True,
            follow_up_at_once=value("follow_up_at_once") is True,
            follow_up=str(value("follow_up") or "no page was read yet"),
        ),
    )


def newest_materialized(
    instance: dg.DagsterInstance, key: dg.AssetKey, partitions_def: Partitions
) -> Partition | None:
    """The newest partition that was ever materialized."""
    keys = instance.get_materialized_partitions(key)
    # Their names sort by time.
    known = (one for one in sorted(keys, reverse=True) if partitions_def.has_partition_key(one))
    newest = next(known, None)
    return partition(partitions_def, newest) if newest else None


def run_in_flight(instance: dg.DagsterInstance, key: dg.AssetKey, job: str) -> str | None:
    """What is running, queued or asked for on an export of this job, in words, or None."""
    for run in _runs_in_flight(instance):
        # A run of a whole job names no assets.
        mine = key in run.asset_selection if run.asset_selection else run.job_name == job
        if mine:
            return f"run {run.run_id[:8]} is {run.status.value.lower().replace('_', ' ')}"
    for backfill in instance.get_backfills(limit=_MOST_BACKFILLS):
        if backfill.status.value == "REQUESTED" and key in (backfill.asset_selection or ()):
            return f"backfill {backfill.backfill_id} is in progress"
    return None


def _runs_in_flight(instance: dg.DagsterInstance) -> Iterator[dg.DagsterRun]:
    """All of them, a page of the instance's storage after the other."""
    cursor = None
    while runs := instance.get_runs(dg.RunsFilter(statuses=_IN_FLIGHT), cursor, _RUNS_AT_ONCE):
        yield from runs
        cursor = runs[-1].run_id


def follow_up_failures(instance: dg.DagsterInstance, key: dg.AssetKey) -> Failures:
    """How many of the newest follow-up runs failed without a success after them.

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
