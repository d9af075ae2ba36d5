"""What a partition's file holds, counted from its key and time columns alone."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zd_assets.catalog.export import Table
from zd_assets.lake.errors import LakeError
from zd_assets.lake.footer import Footer
from zd_assets.lake.location import Location
from zd_assets.lake.writer import row_groups
from zd_assets.schema.keys import has_keys, item_times_us, key_digests

_Hashes = npt.NDArray[np.int64]


@dataclass(frozen=True)
class Contents:
    """A partition as it is: its footer, and what was counted in its file.

    `repeated` are the rows whose key is in an earlier row, too, `outside` those whose time isn't
    in the window. `unread` says why the file couldn't be read; then both are 0.
    """

    footer: Footer
    repeated: int = 0
    outside: int = 0
    unread: str = ""


def contents(table: Table, footer: Footer, path: Location) -> Contents:
    """Read a partition's keys and times, a row group at a time: 8 bytes a key stay in memory."""
    if not footer.items:
        return Contents(footer)
    try:
        hashes, outside = _scan(table, footer, path)
        return Contents(footer, _repeated(table, path, hashes), outside)
    except (LakeError, OSError) as error:
        return Contents(footer, unread=type(error).__name__)


def _scan(table: Table, footer: Footer, path: Location) -> tuple[_Hashes, int]:
    """Return the hashes of the file's keys, and how many rows' times are outside the window."""
    hashes, outside = [np.zeros(0, dtype=np.int64)], 0
    times = [table.time.column, *filter(None, [table.time.plus_seconds])]
    columns = list(dict.fromkeys([*table.key, *times])) if table.key else None
    for rows in row_groups(path, columns):
        times_us, has_time = item_times_us(table, rows)
        within = (times_us >= footer.start_us) & (times_us < footer.end_us)
        outside += int((has_time & ~within).sum())
        hashes.append(_hashes(_keys(table, rows)))
    return np.concatenate(hashes), outside


def _repeated(table: Table, path: Location, hashes: _Hashes) -> int:
    """Return how many rows repeat a key; where hashes say so, the keys themselves decide."""
    once, times = np.unique(hashes, return_counts=True)
    suspects = once[times > 1]
    if not len(suspects):
        return 0
    digests = np.concatenate([key_digests(table, rows) for rows in _bearing(table, path, suspects)])
    return len(digests) - len(np.unique(digests))


def _bearing(table: Table, path: Location, suspects: _Hashes) -> Iterator[pa.Table]:
    for rows in row_groups(path, list(table.key) or None):
        keys = _keys(table, rows)
        yield keys.filter(pa.array(np.isin(_hashes(keys), suspects)))


def _keys(table: Table, rows: pa.Table) -> pa.Table:
    """Return the key columns of the rows that have a key."""
    rows = rows.filter(pa.array(has_keys(table, rows)))
    return rows.select(list(table.key)) if table.key else rows


def _hashes(keys: pa.Table) -> _Hashes:
    """Return each row's hash: equal keys have equal ones, as far as this process goes."""
    columns = [
        column.cast(pa.int64()) if pa.types.is_timestamp(column.type) else column
        for column in keys.columns
    ]
    rows = zip(*(column.to_pylist() for column in columns), strict=True)
    return np.fromiter(map(hash, rows), dtype=np.int64, count=keys.num_rows)
