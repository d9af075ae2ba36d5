"""Partitions: windows of server time, and where each one's file is."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

from zd_assets.catalog.export import Table

FILE_NAME = "part-0.parquet"
HOUR_US = 3_600_000_000
DAY_US = 24 * HOUR_US


@dataclass(frozen=True)
class Partition:
    """The half-open window [start_us, end_us), in microseconds since 1970, UTC.

    `key` is Dagster's: `2026-01-28`, or `2026-01-28-13:00` for an hour.
    """

    key: str
    start_us: int
    end_us: int

    @property
    def folder(self) -> PurePosixPath:
        """Hive-style: `date=2026-01-28`, and `hour=13` below it for an hour."""
        start = datetime.fromtimestamp(self.start_us / 1_000_000, UTC)
        date = PurePosixPath(f"date={start:%Y-%m-%d}")
        return date / f"hour={start:%H}" if self.hourly else date

    @property
    def hourly(self) -> bool:
        """Whether it is an hour."""
        return len(self.key) > len("2026-01-28")


def file_path(table: Table, partition: Partition) -> PurePosixPath:
    """Return where a partition's file is below the lake's root."""
    return PurePosixPath(*table.path) / partition.folder / FILE_NAME


def partition_at(time_us: int, *, hourly: bool) -> Partition:
    """Return the day or the hour that holds a time, in microseconds.

    >>> partition_at(1_769_904_000_000_000, hourly=False).key
    '2026-02-01'
    """
    length_us = HOUR_US if hourly else DAY_US
    start_us = time_us // length_us * length_us
    start = datetime.fromtimestamp(start_us / 1_000_000, UTC)
    key = f"{start:%Y-%m-%d-%H:%M}" if hourly else f"{start:%Y-%m-%d}"
    return Partition(key, start_us, start_us + length_us)
