"""Writing one partition's file: rows come in page by page, each key once, committed in one step."""

from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zd_assets.exports.export import Table
from zd_assets.lake.arrow import parquet_writer
from zd_assets.lake.footer import FOOTER_KEY, Footer
from zd_assets.lake.keys import Digests, KeyIndex, Mask, Times, key_digests
from zd_assets.lake.lake import Lake, reading, writing
from zd_assets.lake.location import Location, readable
from zd_assets.lake.partition import Partition
from zd_assets.lake.temporary import TemporaryFile, create, sweep

_ROW_GROUP_BYTES = 32 * 1024 * 1024
_ROW_GROUP_ROWS = 256 * 1024


class PartitionWriter:
    """Collects a partition's rows and commits them as its file, or discards them.

    Memory holds a row group and 24 bytes a key. Where a key comes again, its newest version
    stays; of two with one time, the one that came later.
    """

    def __init__(self, lake: Lake, table: Table, partition: Partition) -> None:
        """Start anew; what crashed runs left of this partition is swept."""
        self._table = table
        self._path = lake.path(table, partition)
        self._index = KeyIndex()
        self._rows = 0
        self._newest: dict[bytes, int] = {}  # Of keys that came twice: the row that stays.
        self._pending = _RowGroup()
        self._file: _ParquetFile | None = None
        with writing(self._path):
            sweep(self._path)

    def add(self, rows: pa.Table, times_us: Times) -> Mask:
        """Add rows and their times, in the server's order.

        Returns which of them are new, and not the same again or older than what was added before.
        """
        digests = key_digests(self._table, rows)
        seen, seen_us = self._index.find(digests)
        new = ~seen | (times_us > seen_us)
        stays = self._settle_repeated(digests, times_us, seen, seen_us)
        if not stays.all():
            rows, digests, times_us = rows.filter(pa.array(stays)), digests[stays], times_us[stays]
        self._index.add(digests, times_us)
        self._rows += rows.num_rows
        self._pending.add(rows)
        if self._pending.is_full:
            self._flush()
        return new

    def commit(self, footer: Footer, *, merge: bool) -> Footer:
        """Write the file in one step, over the rows that are there now if `merge`.

        Of a key that is there already, the new row stays. Returns the footer with the number
        of items in the file.

        Raises:
            LakeError: it can't be written; the old file stays.
        """
        base = self._path if merge and self._path.exists() else None
        with writing(self._path):
            if base or self._newest:
                footer = self._commit_filtered(footer, base)
            else:
                self._flush()
                footer = replace(footer, items=self._rows)
                self._opened().commit(footer)
                self._file = None
        return footer

    def discard(self) -> None:
        """Give it up: the old file stays as it was."""
        if self._file:
            self._file.discard()
            self._file = None

    def _settle_repeated(
        self, digests: Digests, times_us: Times, seen: Mask, seen_us: Times
    ) -> Mask:
        """Which rows to write, and, of keys that were written before, which row stays."""
        stays = np.ones(len(digests), dtype=np.bool_)
        _, key_of_row, rows_of_key = np.unique(digests, return_inverse=True, return_counts=True)
        newest: dict[bytes, int] = {}
        for row in np.flatnonzero(seen | (rows_of_key[key_of_row] > 1)).tolist():
            digest = bytes(digests[row])
            rival = newest.get(digest)
            rival_us = times_us[rival] if rival is not None else seen_us[row] if seen[row] else None
            if rival_us is not None and (not self._table.key or times_us[row] < rival_us):
                stays[row] = False  # Older; or, where the whole row is the key, the same again.
                continue
            if rival is not None:
                stays[rival] = False
            newest[digest] = row
        numbers = self._rows + np.cumsum(stays) - 1
        self._newest |= {d: int(numbers[row]) for d, row in newest.items() if seen[row]}
        return stays

    def _opened(self) -> "_ParquetFile":
        if self._file is None:
            self._file = _ParquetFile(self._table, self._path)
        return self._file

    def _flush(self) -> None:
        if self._pending.rows:
            with writing(self._path):
                self._opened().write(self._pending)
            self._pending = _RowGroup()

    def _commit_filtered(self, footer: Footer, base: Location | None) -> Footer:
        whole = _ParquetFile(self._table, self._path)
        try:
            items, group = 0, _RowGroup()
            for rows in self._surviving(base):
                items += rows.num_rows
                group.add(rows)
                if group.is_full:
                    whole.write(group)
                    group = _RowGroup()
            whole.write(group)
            footer = replace(footer, items=items)
            whole.commit(footer)
        except BaseException:
            whole.discard()
            raise
        self.discard()
        return footer

    def _surviving(self, base: Location | None) -> Iterator[pa.Table]:
        if base:
            for rows in row_groups(base):
                repeated, _ = self._index.find(key_digests(self._table, rows))
                yield rows.filter(pa.array(~repeated))
        written = row_groups(self._file.finish()) if self._file else iter(())
        start = 0
        for rows in chain(written, self._pending.tables):
            digests = enumerate(key_digests(self._table, rows), start)
            stays = [self._newest.get(bytes(digest), row) == row for row, digest in digests]
            start += rows.num_rows
            yield rows.filter(pa.array(stays, pa.bool_()))


def row_groups(path: Location, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """A file's row groups, one after the other, whole or of these columns alone.

    Raises:
        LakeError: it can't be read.
    """
    with reading(path), pq.ParquetFile(readable(path)) as file:
        for number in range(file.num_row_groups):
            yield file.read_row_group(number, columns=columns)


@dataclass
class _RowGroup:
    """Tables that are to be written as one row group."""

    tables: list[pa.Table] = field(default_factory=list)
    rows: int = 0
    nbytes: int = 0

    def add(self, rows: pa.Table) -> None:
        self.tables.append(rows)
        self.rows += rows.num_rows
        self.nbytes += rows.nbytes

    @property
    def is_full(self) -> bool:
        return self.nbytes >= _ROW_GROUP_BYTES or self.rows >= _ROW_GROUP_ROWS


class _ParquetFile:
    """One Parquet file on its way to being committed."""

    def __init__(self, table: Table, target: Location) -> None:
        self._temporary: TemporaryFile = create(target)
        try:
            self._parquet = parquet_writer(self._temporary.path, table.all_columns)
        except BaseException:
            self._temporary.discard()
            raise

    def write(self, group: _RowGroup) -> None:
        """Write a row group, if it holds any row."""
        if group.rows:
            self._parquet.write_table(pa.concat_tables(group.tables), row_group_size=group.rows)

    def finish(self) -> Path:
        """End it without committing, to be read again."""
        self._parquet.close()
        return self._temporary.path

    def commit(self, footer: Footer) -> None:
        self._parquet.add_key_value_metadata({FOOTER_KEY: footer.encode()})
        self._parquet.close()
        self._temporary.commit()

    def discard(self) -> None:
        with suppress(OSError):  # It ends the file with a footer, for which there may be no room.
            self._parquet.close()
        self._temporary.discard()
