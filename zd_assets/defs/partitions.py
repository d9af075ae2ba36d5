"""Partitions of the exports: days or hours of server time, UTC, up to and including now's."""

import os
from collections.abc import Sequence
from datetime import UTC, datetime

import dagster as dg

from zd_assets.lake.partition import Partition
from zd_assets.zendesk.errors import ConfigurationError

Partitions = dg.DailyPartitionsDefinition | dg.HourlyPartitionsDefinition

_RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")


def partitions_from_env() -> Partitions:
    """Return the partitions that `ZD_PARTITION` and `ZD_START_DATE` describe.

    Raises:
        ConfigurationError: one of them is unusable.
    """
    return partitions_of()


def partitions_of(kind: str | None = None, start_date: str | None = None) -> Partitions:
    """Partitions of a kind, `day` or `hour`, from a date on, `YYYY-MM-DD`.

    What isn't given is as the environment says.

    Raises:
        ConfigurationError: one of them is unusable.
    """
    kind = kind or os.environ.get("ZD_PARTITION") or "day"
    start = (
        _start_date("start_date", start_date)
        if start_date
        else _start_date("ZD_START_DATE", os.environ.get("ZD_START_DATE") or "2025-01-01")
    )
    # end_offset: the window that is still open is a partition too.
    if kind == "day":
        return dg.DailyPartitionsDefinition(start_date=start, end_offset=1)
    if kind == "hour":
        return dg.HourlyPartitionsDefinition(start_date=start, end_offset=1)
    raise ConfigurationError(f"ZD_PARTITION is {kind!r}; set it to day or hour")


def partition(partitions_def: Partitions, key: str) -> Partition:
    """Return the window of a partition key."""
    window = partitions_def.time_window_for_partition_key(key)
    return Partition(key, _us(window.start), _us(window.end))


def partitions(partitions_def: Partitions, keys: Sequence[str]) -> list[Partition]:
    """Return the windows of partition keys, in order of time."""
    return sorted(
        (partition(partitions_def, key) for key in keys), key=lambda window: window.start_us
    )


def asked_for(context: dg.AssetExecutionContext, partitions_def: Partitions) -> list[str]:
    """Return the partition keys that a run was asked for.

    Raises:
        ConfigurationError: it was launched before the partitions became others.
    """
    first, last = ends_of_run(context.run)
    if all(map(partitions_def.has_partition_key, filter(None, (first, last)))):
        return list(context.partition_keys)
    asked = first if first == last else f"{first} to {last}"
    known = partitions_def.get_first_partition_key(), partitions_def.get_last_partition_key()
    raise ConfigurationError(
        f"this run was asked for {asked}, but partitions are now {known[0]} to {known[1]}: "
        "ZD_START_DATE or ZD_PARTITION has changed since. Launch it again for partitions of these"
    )


def ends_of_run(run: dg.DagsterRun) -> tuple[str, str]:
    """Return the first and last partition key that a run was asked for; empty for none."""
    only = run.tags.get("dagster/partition", "")
    first, last = (run.tags.get(tag, only) for tag in _RANGE)
    return first, last


def first_us(partitions_def: Partitions) -> int:
    """Return when the first partition begins, in microseconds."""
    return _us(partitions_def.start)


def last_partitions(partitions_def: Partitions, now_s: float, count: int) -> list[Partition]:
    """Return the last partitions up to the open one at `now_s` (epoch seconds), in order."""
    current = partition(partitions_def, partitions_def.get_partition_key_for_timestamp(now_s))
    length_us = current.end_us - current.start_us
    first_us = max(current.start_us - (count - 1) * length_us, _us(partitions_def.start))
    return _every(partitions_def, first_us, current)


def partitions_since(partitions_def: Partitions, first: Partition, now_s: float) -> list[Partition]:
    """Return the partitions from `first` to the open one at `now_s` (epoch seconds)."""
    [current] = last_partitions(partitions_def, now_s, 1)
    return _every(partitions_def, first.start_us, current)


def _every(partitions_def: Partitions, first_us: int, last: Partition) -> list[Partition]:
    length_us = last.end_us - last.start_us
    return [
        Partition(
            partitions_def.get_partition_key_for_timestamp(start_us / 1_000_000),
            start_us,
            start_us + length_us,
        )
        for start_us in range(first_us, last.end_us, length_us)
    ]


def _start_date(name: str, text: str) -> datetime:
    try:
        start = datetime.strptime(text, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        raise ConfigurationError(
            f"{name} is {text!r}; set it to a date such as 2025-01-01"
        ) from None
    if start > datetime.now(UTC):
        raise ConfigurationError(
            f"{name} is {text}, which is in the future; set it to the first day to export"
        )
    return start


def _us(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)
