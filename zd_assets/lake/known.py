"""Whether a partition's file has given rows already, without reading all of it."""

from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from zd_assets.catalog.export import Table
from zd_assets.lake.errors import GoneError
from zd_assets.lake.lake import Lake, reading
from zd_assets.lake.location import readable
from zd_assets.lake.partition import Partition
from zd_assets.schema.keys import KeyIndex, Times, item_times_us, key_digests


def lacks(lake: Lake, table: Table, partition: Partition, rows: pa.Table, times_us: Times) -> bool:
    """Return whether the partition's file lacks any of the rows, or has an older version.

    `times_us` are the rows' times in microseconds; there is one row at least. Only keys and times
    are read, of the row groups that reach so far. Without a file nothing is missing: whoever
    fetches that window gets it.

    Raises:
        LakeError: the file can't be read.
    """
    path, known = lake.path(table, partition), KeyIndex()
    times = [table.time.column, *filter(None, [table.time.plus_seconds])]
    columns = list(dict.fromkeys([*table.key, *times])) if table.key else None
    since_us = int(times_us.min())
    try:
        with reading(path), pq.ParquetFile(readable(path)) as file:
            for number in range(file.num_row_groups):
                if not _may_reach(table, file.metadata.row_group(number), since_us):
                    continue
                group = file.read_row_group(number, columns=columns)
                known.add(key_digests(table, group), item_times_us(table, group)[0])
    except GoneError:
        return False
    there, there_us = known.find(key_digests(table, rows))
    return bool((~there | (times_us > there_us)).any())


def _may_reach(table: Table, group: Any, since_us: int) -> bool:
    """Return whether a row group may hold rows from a time on; without statistics it may."""
    if table.time.plus_seconds:
        return True
    for number in range(group.num_columns):
        column = group.column(number)
        if column.path_in_schema == table.time.column:
            if not column.is_stats_set or not column.statistics.has_min_max:
                return True
            latest = column.statistics.max
            latest_us = (
                latest * table.time.unit_us
                if isinstance(latest, int)
                else round(latest.timestamp() * 1_000_000)
            )
            return bool(latest_us >= since_us)
    return True
