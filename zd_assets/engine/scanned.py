"""Partitions of a table as one table, in the frames of Arrow, pandas, Polars and DuckDB."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
from pyarrow import fs

from zd_assets.catalog.export import Table
from zd_assets.catalog.reference import ReferenceList
from zd_assets.engine.tables import AnyTable
from zd_assets.lake.errors import IncompleteError, LakeError
from zd_assets.lake.lake import reading
from zd_assets.lake.layout import is_hourly
from zd_assets.lake.location import Location
from zd_assets.lake.objects import ObjectPath
from zd_assets.models.latest import Latest
from zd_assets.schema.arrow import arrow_schema

if TYPE_CHECKING:
    import duckdb
    import pandas as pd
    import polars as pl

_DATE = pa.field("date", pa.date32())
_HOUR = pa.field("hour", pa.int32())
_MONTH = pa.field("month", pa.string())


@dataclass(frozen=True)
class ScannedPartition:
    """A file that is read, and what it says of itself.

    `key` is Dagster's, `2026-01-28` or `2026-01-28-13:00`; of current state a month, `2026-01`;
    of a list, which is one file, it is empty.
    `identity` changes whenever the file is replaced. Of current state, `complete_until` is None; of
    a list, which is one file, `key` is empty, too.
    """

    key: str
    path: Location
    identity: str
    complete: bool
    complete_until: datetime | None
    rows: int


@dataclass(frozen=True)
class Scan:
    """Partitions of a table, to be read as one; nothing but what is committed is read.

    The columns are the table's own and then those of the folders, as any reader of Hive-style
    folders has them: `date`, `hour` where partitions are hours, `month` of current state.
    `partitions` have a file, in order of time; `missing` are the keys that were asked for and
    aren't here, since they have no file or are left out.
    """

    table: AnyTable
    partitions: tuple[ScannedPartition, ...]
    missing: tuple[str, ...] = ()

    @property
    def incomplete(self) -> tuple[str, ...]:
        """The keys of the partitions that aren't complete yet."""
        return tuple(one.key for one in self.partitions if not one.complete)

    @property
    def complete(self) -> bool:
        """Whether all that was asked for is there, and complete."""
        return not (self.missing or self.incomplete)

    @property
    def rows(self) -> int:
        """How many rows there are."""
        return sum(one.rows for one in self.partitions)

    @property
    def files(self) -> list[str]:
        """Paths or URIs of the files, for any other reader of Parquet."""
        return [str(one.path) for one in self.partitions]

    @property
    def schema(self) -> pa.Schema:
        """The columns, also where there are no files."""
        table = self.table
        columns = table.all_columns if isinstance(table, Table) else table.columns
        folders: list[pa.Field] = []
        folders = []
        if isinstance(table, Latest):
            folders = [_MONTH]
        elif isinstance(table, ReferenceList):
            pass
        elif not isinstance(table, ReferenceList):
            hourly = any(is_hourly(one.path) for one in self.partitions)
            folders = [_DATE, _HOUR] if hourly else [_DATE]
        return pa.schema([*arrow_schema(columns), *folders])

    def require_complete(self) -> "Scan":
        """Give this scan where it is complete.

        Raises:
            IncompleteError: a partition is missing or incomplete; the message names the first.
        """
        if self.complete:
            return self
        raise IncompleteError(f"{self.shortfall()}; wait until they are, or materialize them")

    def shortfall(self) -> str:
        """Return what is missing or incomplete, in a few words; empty where nothing is."""
        path = "/".join(self.table.path)
        said = [
            f"{len(keys)} {word} ({_some(keys)})"
            for keys, word in (
                (self._open(), "not complete yet"),
                (self.missing, "not there"),
            )
            if keys
        ]
        return f"{path}: of its partitions {' and '.join(said)}" if said else ""

    def dataset(self) -> ds.FileSystemDataset:
        """As a dataset of Arrow's, which reads what is asked of it."""
        schema = self.schema
        format = ds.ParquetFileFormat()
        paths = [one.path for one in self.partitions]
        stores = [path.store for path in paths if isinstance(path, ObjectPath)]
        system = stores[0] if stores else fs.LocalFileSystem()
        fragments = [
            format.make_fragment(_key(one.path), system, partition_expression=_folders(one))
            for one in self.partitions
        ]
        return ds.FileSystemDataset(fragments, schema, format, system)

    def arrow(
        self, columns: Sequence[str] | None = None, filter: ds.Expression | None = None
    ) -> pa.Table:
        """As a table of Arrow's, in order of partitions.

        Raises:
            LakeError: a file can't be read, or there is no such column.
        """
        return self._reading(lambda: self._dataset(columns).to_table(columns, filter=filter))

    def batches(
        self, columns: Sequence[str] | None = None, filter: ds.Expression | None = None
    ) -> pa.RecordBatchReader:
        """As batches, one after the other: memory holds a few of them."""
        return self._dataset(columns).scanner(columns, filter=filter).to_reader()

    def pandas(self, columns: Sequence[str] | None = None) -> "pd.DataFrame":
        """As a frame of pandas; whole numbers are `Int64`, so that nulls don't round ids.

        Raises:
            LakeError: a file can't be read, or there is no such column.
        """
        import pandas as pd

        numbers = {pa.int64(): pd.Int64Dtype()}
        frame: pd.DataFrame = self.arrow(columns).to_pandas(types_mapper=numbers.get)
        return frame

    def polars(self, columns: Sequence[str] | None = None) -> "pl.DataFrame":
        """As a frame of Polars, which must be installed.

        Raises:
            LakeError: a file can't be read, or there is no such column.
        """
        import polars as pl

        frame = pl.from_arrow(self.arrow(columns))
        assert isinstance(frame, pl.DataFrame)
        return frame

    def lazy(self, columns: Sequence[str] | None = None) -> "pl.LazyFrame":
        """As a lazy frame of Polars, which reads the columns and rows that are asked of it."""
        import polars as pl

        frame = pl.scan_pyarrow_dataset(self._dataset(columns))
        return frame.select(*columns) if columns else frame

    def duckdb(
        self,
        columns: Sequence[str] | None = None,
        connection: "duckdb.DuckDBPyConnection | None" = None,
    ) -> "duckdb.DuckDBPyRelation":
        """As a relation of DuckDB's, on its default connection, so that `duckdb.sql` finds it."""
        import duckdb

        rows = (connection or duckdb.default_connection()).from_arrow(self._dataset(columns))
        return rows.select(*(duckdb.ColumnExpression(one) for one in columns)) if columns else rows

    def _open(self) -> list[str]:
        return [
            f"{one.key} until {one.complete_until:%Y-%m-%d %H:%M:%S} UTC"
            if one.complete_until
            else one.key
            for one in self.partitions
            if not one.complete
        ]

    def _dataset(self, columns: Sequence[str] | None) -> ds.FileSystemDataset:
        names = self.schema.names
        if unknown := [column for column in columns or () if column not in names]:
            raise LakeError(
                f"{'/'.join(self.table.path)} has no column {unknown[0]!r}; "
                f"it has {', '.join(names)}"
            )
        return self.dataset()

    def _reading(self, read: Callable[[], pa.Table]) -> pa.Table:
        first = self.partitions[0].path if self.partitions else Path()
        with reading(first):
            return read()


def _folders(one: ScannedPartition) -> ds.Expression:
    """Return the columns that a file's folders say."""
    if not one.key:
        return pc.scalar(True)
    if not one.key:
        return pc.scalar(True)
    if not one.complete_until:
        return pc.field("month") == one.key
    day = pc.field("date") == pa.scalar(date.fromisoformat(one.key[:10]), pa.date32())
    if not is_hourly(one.path):
        return day
    return day & (pc.field("hour") == pa.scalar(int(one.key[11:13]), pa.int32()))


def _key(path: Location) -> str:
    return str(path.key if isinstance(path, ObjectPath) else path)


def _some(keys: Sequence[str]) -> str:
    return ", ".join(keys[:3]) + (", ..." if len(keys) > 3 else "")
