"""Partitions: windows of server time, and where each one's file stands."""

from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import PurePosixPath

from zd_assets.exports.export import Table

FILE_NAME = "part-0.parquet"


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
        return date if len(self.key) == len("2026-01-28") else date / f"hour={start:%H}"


def file_path(table: Table, partition: Partition) -> PurePosixPath:
    """Where a partition's file stands below the lake's root."""
    return PurePosixPath(*table.path) / partition.folder / FILE_NAME
