"""Which assets fail for good, as the instance knows it, and when that is over."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import dagster as dg

from zd_assets.defs.dagster_api import waits_for_retry

# The tag that says whether a run is tried again comes a moment after the run's end.
_SETTLED_S = 20.0
_MOST_RUNS = 200
_MOST_NAMED = 5
_EVENTS_AT_ONCE = 1000
_MOST_CHARACTERS = 400
_RETRY_TAG = "dagster/auto_retry_run_id"
_RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
_NO_ERROR = "no step says why: its process died, or never began"

Assets = Mapping[dg.AssetKey, dg.PartitionsDefinition[Any] | None]


@dataclass(frozen=True)
class Failing:
    """What of an asset failed until `at_s`: partitions from `first` to `last`, empty without."""

    at_s: float
    first: str = ""
    last: str = ""


@dataclass(frozen=True)
class Known:
    """What was told: of runs that ended up to `until_s` (epoch seconds), and what fails by them.

    `waiting` are failed runs that the instance is to try again.
    """

    until_s: float
    waiting: tuple[str, ...] = ()
    failing: Mapping[str, Failing] = field(default_factory=dict)


@dataclass(frozen=True)
class News:
    """Assets that fail and runs by which they do, by error; and assets that recovered."""

    failed: Mapping[str, Sequence[tuple[str, str]]]
    over: Sequence[str]

    @property
    def lines(self) -> list[str]:
        """The news in words."""
        lines = [
            f"FAILED: {', '.join(dict.fromkeys(name for name, _ in of))}: {error} "
            f"(run {_few(dict.fromkeys(run_id[:8] for _, run_id in of))})"
            for error, of in self.failed.items()
        ]
        return lines + ([f"OVER: {', '.join(self.over)}: made since"] if self.over else [])


def look(
    instance: dg.DagsterInstance, assets: Assets, known: Known, now_s: float
) -> tuple[News, Known]:
    """Read the runs that ended since. An asset that is known to fail is news when it recovers."""
    runs, until_s = _failed_runs(instance, known, max(known.until_s, now_s - _SETTLED_S))
    names = {key.to_user_string(): key for key in assets}
    over = [
        name
        for name, one in known.failing.items()
        if name in names and _is_over(instance, names[name], assets[names[name]], one)
    ]
    failing = {n: one for n, one in known.failing.items() if n in names and n not in over}
    failed: dict[str, list[tuple[str, str]]] = {}
    waiting = []
    for record in runs:
        run = record.dagster_run
        if waits_for_retry(run):
            waiting.append(run.run_id)
        elif _RETRY_TAG not in run.tags:
            for key, error in _failed_assets(instance, run, assets):
                name = key.to_user_string()
                if name not in failing:
                    failed.setdefault(error, []).append((name, run.run_id))
                failing[name] = _joined(failing.get(name), run, record.end_time or until_s)
    return News(failed, over), Known(until_s, tuple(waiting), failing)


def failure_reason(instance: dg.DagsterInstance, run_id: str) -> str:
    """Why a run failed, in one line: what its first failed step says."""
    failure = next(_events(instance, run_id, dg.DagsterEventType.STEP_FAILURE), None)
    return _reason(failure) if failure else _NO_ERROR


def _failed_runs(
    instance: dg.DagsterInstance, known: Known, until_s: float
) -> tuple[list[dg.RunRecord], float]:
    """Those that waited for another try, and the runs that failed since; up to when that is."""
    statuses = [dg.DagsterRunStatus.FAILURE]
    waiting = (
        instance.get_run_records(dg.RunsFilter(statuses=statuses, run_ids=list(known.waiting)))
        if known.waiting
        else ()
    )
    since = datetime.fromtimestamp(known.until_s, UTC)
    ended = instance.get_run_records(
        dg.RunsFilter(statuses=statuses, updated_after=since),
        limit=_MOST_RUNS,
        order_by="update_timestamp",
        ascending=True,
    )
    # By their end, which stays: tags are added later and count as updates.
    new = [one for one in ended if known.until_s < (one.end_time or 0) <= until_s]
    if new and len(ended) == _MOST_RUNS:
        # The next tick goes on there.
        until_s = max(one.end_time or 0 for one in new)
    return [*waiting, *new], until_s


def _failed_assets(
    instance: dg.DagsterInstance, run: dg.DagsterRun, assets: Assets
) -> list[tuple[dg.AssetKey, str]]:
    """The assets whose steps failed, and why; of a run that died, those that it didn't make."""

    def events(kind: dg.DagsterEventType) -> list[dg.DagsterEvent]:
        return list(_events(instance, run.run_id, kind))

    steps = {"__".join(key.path): key for key in assets}
    failures = events(dg.DagsterEventType.STEP_FAILURE)
    if failures:
        return [
            (steps[event.step_key], _reason(event)) for event in failures if event.step_key in steps
        ]
    planned = events(dg.DagsterEventType.ASSET_MATERIALIZATION_PLANNED)
    keys = {event.asset_key for event in planned if event.asset_key}
    made = {steps.get(event.step_key or "") for event in events(dg.DagsterEventType.STEP_SUCCESS)}
    return [(key, _NO_ERROR) for key in sorted((keys & assets.keys()) - made)]


def _events(
    instance: dg.DagsterInstance, run_id: str, kind: dg.DagsterEventType
) -> Iterator[dg.DagsterEvent]:
    """All of a run's events of a kind, a page of the instance's storage after the other."""
    cursor, more = None, True
    while more:
        found = instance.get_records_for_run(run_id, cursor, kind, limit=_EVENTS_AT_ONCE)
        yield from (record.event_log_entry.get_dagster_event() for record in found.records)
        cursor, more = found.cursor, found.has_more


def _few(run_ids: Mapping[str, None]) -> str:
    first, more = [*run_ids][:_MOST_NAMED], len(run_ids) - _MOST_NAMED
    return ", ".join(first) + (f" and {more} more" if more > 0 else "")


def _reason(event: dg.DagsterEvent) -> str:
    """What our own failures say; of others their type alone, for who knows what they say."""
    data = event.step_failure_data
    if data.user_failure_data and data.user_failure_data.description:
        return " ".join(data.user_failure_data.description.split())[:_MOST_CHARACTERS]
    error = data.error
    while error and error.cause:
        error = error.cause
    return (error and error.cls_name) or _NO_ERROR


def _joined(before: Failing | None, run: dg.DagsterRun, at_s: float) -> Failing:
    only = run.tags.get("dagster/partition", "")
    first, last = (run.tags.get(tag, only) for tag in _RANGE)
    if before:
        first, last = min(before.first or first, first), max(before.last, last)
    return Failing(at_s, first, last)


def _is_over(
    instance: dg.DagsterInstance,
    key: dg.AssetKey,
    partitions_def: dg.PartitionsDefinition[Any] | None,
    failing: Failing,
) -> bool:
    """Whether all that failed was made since; of partitions Dagster itself says so."""
    ends = (failing.first, failing.last)
    # The partitions may have become others since, by another start date or kind.
    if not (partitions_def and all(map(partitions_def.has_partition_key, ends))):
        last = instance.get_latest_materialization_event(key)
        return bool(last and last.timestamp > failing.at_s)
    keys = partitions_def.get_partition_keys_in_range(dg.PartitionKeyRange(*ends))
    statuses = instance.get_status_by_partition(key, keys, partitions_def) or {}
    unmade = (dg.AssetPartitionStatus.FAILED, dg.AssetPartitionStatus.IN_PROGRESS)
    return not any(status in unmade for status in statuses.values())
