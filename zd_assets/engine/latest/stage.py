"""Sorting rows of partitions into files by month: each partition is read once, in passing."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zd_assets.lake.footer import Footer
from zd_assets.lake.location import Location
from zd_assets.lake.writer import row_groups
from zd_assets.models.latest import FETCHED_AT, FROM_PARTITION, Latest
from zd_assets.schema.arrow import arrow_type
from zd_assets.schema.keys import has_keys

_PENDING_BYTES = 128 * 1024 * 1024

# What is staged is read once: it is quick to write, at the cost of room.
_STAGED = {"compression": "lz4", "use_dictionary": False}
# Small ones, in order, so that a reader who wants some days can pass over the rest.
_ROW_GROUP_ROWS = 4096


class Stage:
    """Files `month=.../{schema}.staged` below a folder, each of rows with one schema.

    Memory holds 128 MiB of rows and one row group of a partition.
    """

    def __init__(self, table: Latest, folder: Path, no_month: str) -> None:
        """Nothing is written yet; `no_month` is for rows without a time of creation."""
        self._table = table
        self._folder = folder
        self._no_month = no_month
        self._pending: defaultdict[tuple[str, str], list[pa.Table]] = defaultdict(list)
        self._nbytes = 0
        self._files: dict[tuple[str, str], pq.ParquetWriter] = {}

    def add(self, path: Location, footer: Footer) -> None:
        """Take in a partition's rows, but those without a key.

        Raises:
            LakeError: it can't be read.
        """
        for rows in row_groups(path):
            keyed = has_keys(self._table.export, rows)
            rows = rows if keyed.all() else rows.filter(pa.array(keyed))
            rows = rows.replace_schema_metadata(None)
            for column, value in (
                (FROM_PARTITION, footer.partition),
                (FETCHED_AT, datetime.fromisoformat(footer.fetched_at)),
            ):
                values = pa.repeat(pa.scalar(value, arrow_type(column.type)), rows.num_rows)
                rows = rows.append_column(column.name, values)
            for month, part in self._by_month(rows):
                self._pending[month, footer.schema].append(part)
                self._nbytes += part.nbytes
            if self._nbytes >= _PENDING_BYTES:
                self._flush()

    def close(self) -> None:
        """Write what is left, and end the files."""
        try:
            self._flush()
        finally:
            for file in self._files.values():
                file.close()

    def _by_month(self, rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
        if self._table.created not in rows.column_names:
            yield self._no_month, rows
            return
        # The same instants without a zone, which then need no time zones to be told apart.
        created = rows[self._table.created].cast(pa.timestamp("us"))
        numbers = pc.add(pc.multiply(pc.year(created), 12), pc.subtract(pc.month(created), 1))
        number_of_row = pc.fill_null(numbers, -1).to_numpy()
        for number in np.unique(number_of_row).tolist():
            month = self._no_month if number < 0 else f"{number // 12:04}-{number % 12 + 1:02}"
            yield month, rows.filter(pa.array(number_of_row == number))

    def _flush(self) -> None:
        for place, tables in self._pending.items():
            rows = self._in_order(pa.concat_tables(tables))
            if place not in self._files:
                month, schema = place
                path = self._folder / f"month={month}" / f"{schema}.staged"
                path.parent.mkdir(parents=True, exist_ok=True)
                self._files[place] = pq.ParquetWriter(
                    path, rows.schema, write_statistics=[self._table.created], **_STAGED
                )
            self._files[place].write_table(rows, row_group_size=_ROW_GROUP_ROWS)
        self._pending.clear()
        self._nbytes = 0

    def _in_order(self, rows: pa.Table) -> pa.Table:
        created = self._table.created
        return rows.sort_by(created) if created in rows.column_names else rows
