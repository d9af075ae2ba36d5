"""Reading days of a daily table back, as one frame."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from zd_assets.engine.day import Day, DayFooter, day_file
from zd_assets.engine.inputs import Finder
from zd_assets.lake.lake import Lake, reading
from zd_assets.lake.location import readable
from zd_assets.models.model import Model
from zd_assets.schema.arrow import arrow_schema


@dataclass(frozen=True)
class Rows:
    """The rows of some days of a table.

    `frame` has the table's columns and `date`, such as `2026-01-28`; integers may be null there.
    `footers` has what each day's file says of itself, by `date`, also of a day without rows.
    """

    days: tuple[str, ...]
    frame: pd.DataFrame
    footers: Mapping[str, DayFooter]

    @property
    def missing(self) -> tuple[str, ...]:
        """The days that have no file."""
        return tuple(day for day in self.days if day not in self.footers)

    @property
    def incomplete(self) -> tuple[str, ...]:
        """The days that have a file which isn't complete; the last one is mostly today."""
        return tuple(day for day, footer in self.footers.items() if not footer.complete)

    def of(self, days: Sequence[Day]) -> "Rows":
        """Those of some of the days."""
        keys = tuple(day.key for day in days)
        footers = {key: self.footers[key] for key in keys if key in self.footers}
        return Rows(keys, self.frame[self.frame["date"].isin(keys)], footers)


def read_days(lake: Lake, table: Model, days: Sequence[Day]) -> Rows:
    """Return the rows of these days, in their order; days without a file have none.

    Raises:
        LakeError: a file can't be read.
    """
    # Of no days, and of files from before a column was added, all columns are there.
    schema = arrow_schema(table.columns)
    footers = {}
    parts = [schema.append(pa.field("date", pa.string())).empty_table()]
    finder = Finder(lake)
    for day in days:
        footer, path = finder.footer(table, day), day_file(lake, table, day)
        if footer is None:
            continue
        footers[day.key] = footer
        with reading(path), pq.ParquetFile(readable(path)) as file:
            part = file.read()
        parts.append(part.append_column("date", pa.array([day.key] * len(part), pa.string())))
    rows = pa.concat_tables(parts, promote_options="permissive").select([*schema.names, "date"])
    # Integers with nulls would become floats, which can't hold every id.
    frame = rows.to_pandas(types_mapper={pa.int64(): pd.Int64Dtype()}.get)
    return Rows(tuple(day.key for day in days), frame, footers)
