"""Writing one partition's file: rows come in page by page, each key once, committed in one step."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from enum import Enum
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from zd_assets.catalog.export import Table
from zd_assets.lake.errors import ChangedError
from zd_assets.lake.footer import FOOTER_KEY, Footer
from zd_assets.lake.lake import Lake, reading, writing
from zd_assets.lake.location import Location, readable, version
from zd_assets.lake.partition import Partition
from zd_assets.lake.temporary import TemporaryFile, create, sweep
from zd_assets.schema.arrow import parquet_writer
from zd_assets.schema.keys import (
    Digests,
    KeyIndex,
    Mask,
    Times,
    has_keys,
    item_times_us,
    key_digests,
)

_ROW_GROUP_BYTES = 32 * 1024 * 1024
_ROW_GROUP_ROWS = 256 * 1024


class Keep(Enum):
    """What stays of the file that a commit replaces."""

    NOTHING = "nothing"
    ADDED = "the rows that came with pages of other partitions"
    ALL = "all rows"


@dataclass(frozen=True)
class Base:
    """The file that a partition has at a moment: where, what it says, and which version it is."""

    path: Location
    footer: Footer
    version: str | None


def base_of(lake: Lake, table: Table, partition: Partition) -> Base | None:
    """Look at a partition's file; None where there is none.

    Raises:
        LakeError: it is none of ours.
    """
    path = lake.path(table, partition)
    # The version first: what replaces the file between the two looks lets the commit fail.
    seen = version(path)
    footer = lake.footer(table, partition)
    return Base(path, footer, seen) if footer else None


class PartitionWriter:
    """Collects a partition's rows and commits them as its file, or discards them.

    Memory holds a row group and 24 bytes a key. Where a key comes again, its newest version
    stays; of two with one time, the one that came later.
    """

    def __init__(self, lake: Lake, table: Table, partition: Partition) -> None:
        """Begin without rows; what crashed runs left of this partition is swept."""
        self._table = table
        self._path = lake.path(table, partition)
        self._index = KeyIndex()
        self._rows = 0
        self._newest: dict[bytes, int] = {}  # Of keys that came twice: the row that stays.
        self._pending = _RowGroup()
        self._file: _ParquetFile | None = None
        self._ended = False
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

    def brings_new(self, base: Base) -> bool:
        """Return whether any row isn't in the base, or is newer than there."""
        known, _ = _read_keys(self._table, base)
        return bool(self._unknown(known)[0].any())

    def commit(
        self,
        footer: Footer,
        base: Base | None,
        keep: Keep = Keep.NOTHING,
        *,
        revise: Callable[[pa.Table], pa.Table] = lambda rows: rows,
        added: bool = False,
    ) -> Footer:
        """Write the file in one step, in place of `base`, of which stays what `keep` says.

        Of a key in both the newer row stays; of two with one time, ours. Rows that came with
        pages of other partitions are the last ones of a file: those of the base, which `revise`
        brings into today's form, and ours if `added`. Returns the footer with the numbers of
        items, of added rows, and of those that are late: they belong before what the base holds
        completely, and it doesn't have them.

        Raises:
            ChangedError: the file that is there isn't `base` any more; look again, and commit
                again.
            LakeError: it can't be written; the old file stays.
        """
        seen = base.version if base else None
        if base and (keep is Keep.NOTHING or (keep is Keep.ADDED and not base.footer.added_rows)):
            base = None
        with writing(self._path):
            if base or self._newest or self._ended:
                return self._rewrite(footer, base, keep, revise, added, seen)
            self._flush()
            footer = replace(footer, items=self._rows, added_rows=self._rows if added else 0)
            self._ended = True
            self._opened().commit(footer, seen)
            self._file = None
            return footer

    def discard(self) -> None:
        """Give it up: the old file stays as it was."""
        if self._file:
            self._file.discard()
            self._file = None

    def _rewrite(
        self,
        footer: Footer,
        base: Base | None,
        keep: Keep,
        revise: Callable[[pa.Table], pa.Table],
        added: bool,
        seen: str | None,
    ) -> Footer:
        known, groups = KeyIndex(), list[Digests]()
        if base:
            only = None if keep is Keep.ALL else base.footer.added_rows
            known, groups = _read_keys(self._table, base, last=only)
        whole = _ParquetFile(self._table, self._path)
        try:
            items, added_rows, group = 0, 0, _RowGroup()
            for rows, is_added in self._merged(base, known, groups, keep, revise, added):
                items += rows.num_rows
                added_rows += rows.num_rows * is_added
                group.add(rows)
                if group.is_full:
                    whole.write(group)
                    group = _RowGroup()
            whole.write(group)
            late, lateness_s = self._late(base, known, keep)
            footer = replace(
                footer,
                items=items,
                added_rows=added_rows,
                late_items=footer.late_items + late,
                lateness_s=max(footer.lateness_s, lateness_s),
            )
            whole.commit(footer, seen)
        except BaseException:
            whole.discard()
            raise
        self.discard()
        return footer

    def _merged(
        self,
        base: Base | None,
        known: KeyIndex,
        groups: list[Digests],
        keep: Keep,
        revise: Callable[[pa.Table], pa.Table],
        added: bool,
    ) -> Iterator[tuple[pa.Table, bool]]:
        """Yield the base's rows and ours, and whether they came with pages of other partitions."""
        tails = []
        for rows, is_added in self._surviving(base, groups, keep) if base else ():
            if is_added:
                tails.append((revise(rows), True))
            else:
                yield rows, False
        own = ((rows, added) for rows in self._own(known))
        yield from chain(tails, own) if added else chain(own, tails)

    def _late(self, base: Base | None, known: KeyIndex, keep: Keep) -> tuple[int, float]:
        """Return how many of our rows are late, and how late at least, in seconds."""
        if base is None or keep is not Keep.ALL:
            return 0, 0.0
        unknown, times_us = self._unknown(known)
        late_us = times_us[unknown & (times_us < base.footer.complete_until_us)]
        if not len(late_us):
            return 0, 0.0
        read_us = base.footer.read_at_us or int(late_us.min())
        return len(late_us), max(0.0, (read_us - int(late_us.min())) / 1_000_000)

    def _unknown(self, known: KeyIndex) -> tuple[Mask, Times]:
        """Of each of our keys, whether an index lacks this version, and the version's time."""
        digests, times_us = self._index.newest()
        there, there_us = known.find(digests)
        return ~there | (times_us > there_us), times_us

    def _settle_repeated(
        self, digests: Digests, times_us: Times, seen: Mask, seen_us: Times
    ) -> Mask:
        """Return which rows to write, and, of keys that were written before, which row stays."""
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

    def _surviving(
        self, base: Base, groups: list[Digests], keep: Keep
    ) -> Iterator[tuple[pa.Table, bool]]:
        """Yield the base's rows that stay, and whether they came with pages of other partitions."""
        first_added = base.footer.items - base.footer.added_rows
        start = 0
        for rows, digests in zip(row_groups(base.path), groups, strict=True):
            own_us, _ = item_times_us(self._table, rows)
            ours, ours_us = self._index.find(digests) if len(digests) else (None, None)
            stays = np.ones(rows.num_rows, dtype=np.bool_)
            cut = min(max(first_added - start, 0), rows.num_rows)
            if ours is not None and ours_us is not None:
                skipped = rows.num_rows - len(digests)  # Keys were read of the last rows alone.
                stays[skipped:] = ~ours | (own_us[skipped:] > ours_us)
            if keep is Keep.ALL:
                yield rows.slice(0, cut).filter(pa.array(stays[:cut])), False
            if cut < rows.num_rows:
                yield rows.slice(cut).filter(pa.array(stays[cut:])), True
            start += rows.num_rows

    def _own(self, known: KeyIndex) -> Iterator[pa.Table]:
        """Our rows, each key once, but for those of which `known` has a newer version."""
        written = row_groups(self._file.finish()) if self._file else iter(())
        start = 0
        for rows in chain(written, self._pending.tables):
            digests = key_digests(self._table, rows)
            there, there_us = known.find(digests)
            times_us, _ = item_times_us(self._table, rows)
            stays = ~there | (times_us >= there_us)
            if self._newest:
                newest = [
                    self._newest.get(bytes(digest), row) == row
                    for row, digest in enumerate(digests, start)
                ]
                stays &= np.array(newest, dtype=np.bool_)
            start += rows.num_rows
            yield rows.filter(pa.array(stays, pa.bool_()))


def add_late(
    lake: Lake, table: Table, partition: Partition, rows: pa.Table, times_us: Times, begun: Footer
) -> tuple[Footer | None, int]:
    """Add rows to a partition's file that came with pages of other partitions.

    Those that it has in this version or a newer one change nothing. Where there is no file, they
    begin one under the footer `begun`. Returns the footer of what is there then, and how many
    rows were added; (None, 0) where there is no file and no row.

    Raises:
        LakeError: it can't be read or written.
    """
    while True:
        base = base_of(lake, table, partition)
        known = _read_keys(table, base)[0] if base else KeyIndex()
        digests = key_digests(table, rows)
        there, there_us = known.find(digests)
        unknown = ~there | (times_us > there_us)
        if not unknown.any():
            return (base.footer if base else None), 0
        writer = PartitionWriter(lake, table, partition)
        writer.add(rows.filter(pa.array(unknown)), times_us[unknown])
        before = base.footer if base else begun
        try:
            footer = writer.commit(before, base, Keep.ALL, added=True)
        except ChangedError:
            continue
        finally:
            writer.discard()
        # Pages that overlap bring a row twice.
        return footer, len(np.unique(digests[unknown]))


def _read_keys(
    table: Table, base: Base, last: int | None = None, *, whole: bool = False
) -> tuple[KeyIndex, list[Digests]]:
    """Read the keys of a file's rows (of the `last` ones alone), also by row group."""
    index, groups = KeyIndex(), list[Digests]()
    times = [table.time.column, *filter(None, [table.time.plus_seconds])]
    columns = None if whole or not table.key else list(dict.fromkeys([*table.key, *times]))
    skip = 0 if last is None else base.footer.items - last
    for rows in row_groups(base.path, columns):
        wanted = rows.slice(min(skip, rows.num_rows))
        skip -= rows.num_rows - wanted.num_rows
        if columns and not has_keys(table, wanted).all():
            # A row without a key is one itself, with all of its columns.
            return _read_keys(table, base, last, whole=True)
        digests = key_digests(table, wanted)
        index.add(digests, item_times_us(table, wanted)[0])
        groups.append(digests)
    return index, groups


def row_groups(path: Location, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Yield a file's row groups, one after the other, whole or of these columns alone.

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

    def commit(self, footer: Footer, seen: str | None) -> None:
        self._parquet.add_key_value_metadata({FOOTER_KEY: footer.encode()})
        self._parquet.close()
        self._temporary.commit_if_unchanged(seen)

    def discard(self) -> None:
        with suppress(OSError):  # It ends the file with a footer, for which there may be no room.
            self._parquet.close()
        self._temporary.discard()
