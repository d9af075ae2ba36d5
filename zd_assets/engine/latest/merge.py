"""Merging changed partitions into the months that their items are from, by DuckDB."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from zd_assets.engine.duck import (
    casts,
    digest,
    literal,
    name,
    names,
    nulls,
    parquet,
    timestamp,
)
from zd_assets.engine.latest.manifest import Month
from zd_assets.engine.latest.stage import Stage
from zd_assets.engine.local_cache import LocalCache
from zd_assets.lake.footer import FOOTER_KEY, Footer
from zd_assets.lake.lake import reading
from zd_assets.lake.location import Location, identity, readable
from zd_assets.lake.partition import FILE_NAME
from zd_assets.lake.temporary import replacing
from zd_assets.models.latest import FETCHED_AT, FROM_PARTITION, IS_DELETED, Latest
from zd_assets.schema.arrow import parquet_writer

#: Text like the others: pandas fails on Hive's own name for a null.
NO_MONTH = "unknown"

_ROW_GROUP_ROWS = 32_768

#: How far from a month's end a creation time may move over it, as it was seen to, by a second.
_NEAR_US = 24 * 3_600_000_000


@dataclass(frozen=True)
class Source:
    """A partition's file that is to be merged, and its footer."""

    path: Location
    key: str
    identity: str
    footer: Footer


@dataclass(frozen=True)
class MonthFooter:
    """What a month's file says of itself: the identity of the one that it took the place of."""

    base: str

    def encode(self) -> bytes:
        """As JSON."""
        return msgspec.json.encode(self)


_DECODE = msgspec.json.Decoder(MonthFooter).decode


class Merge:
    """One batch on its way into the months' files of `folder`, by way of files in `work`."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, table: Latest, folder: Location, work: Path
    ) -> None:
        """Take over an open connection and an empty folder to work in."""
        self._filed = month_files(folder).keys()
        self._copies = LocalCache(work / "copies")
        self._connection = connection
        self._table = table
        self._folder = folder
        self._work = work
        self._keys = names(table.export.key)
        self._columns = (*table.export.all_columns, FROM_PARTITION, FETCHED_AT)
        # Read along with other files, it brings the columns that an older schema lacks.
        self._template = work / "template"
        self._run(
            f"copy (select {nulls(self._columns)} limit 0) to {literal(self._template)} "
            "(format parquet)"
        )
        self._homed = False

    def stage(self, batch: Sequence[Source]) -> None:
        """Sort the batch's rows into folders by month; each partition is read once, here."""
        stage = Stage(self._table, self._work / "rows", NO_MONTH)
        try:
            for source in batch:
                stage.add(source.path, source.footer)
        finally:
            stage.close()

    def find_homes(self) -> None:
        """Find the months of items that have none, and stage these there, too."""
        new, old = self._staged(NO_MONTH), self._base(NO_MONTH)
        lost = parquet([self._template, *old, *new])
        self._run(
            f"create temp table lost as select distinct {self._keys} from {lost}; "
            f"create temp table homes as select *, '' as month from {self._no_keys()}"
        )
        if not self._found("lost"):
            return
        months = {month: self._staged(month) for month in self._staged_months()}
        # What stood without a month before was looked for before: new rows alone can tell.
        if new:
            for month in self._filed:
                months[month] = [*months.get(month, []), *self._base(month)]
        for month in sorted(months.keys() - {NO_MONTH}):
            self._run(
                f"insert into homes select distinct {self._keys}, {literal(month)} from "
                f"{parquet(months[month])} semi join lost using ({self._keys}) "
                f"anti join homes using ({self._keys})"
            )
        self._homed = self._found("homes")
        if self._homed:
            columns = names([column.name for column in self._columns])
            self._run(
                f"copy (select {columns}, month from {lost} join homes using ({self._keys})) "
                f"to {literal(self._work / 'homed')} "
                "(format parquet, partition_by (month), file_extension 'staged')"
            )

    def find_movers(self) -> None:
        """Find items whose time of creation moved over a month's end; the newest version stays."""
        self._run(f"create temp table movers as select *, '' as month from {self._no_keys()}")
        staged = self._staged_months() - {NO_MONTH}
        for first in sorted(staged | {_month(one, -1) for one in staged}):
            second = _month(first, 1)
            if not {first, second} <= staged | self._filed:
                continue
            end_us = _start_us(second)
            end = timestamp(end_us)
            at = name(self._table.created)
            bounds = (timestamp(end_us - _NEAR_US), timestamp(end_us + _NEAR_US))
            near = f"{at} between {bounds[0]} and {bounds[1]}"
            new = [*self._staged(first), *self._staged(second)]
            if not self._found(f"{parquet([self._template, *new])} where {near}"):
                continue
            rows = parquet([self._template, *self._base(first), *self._base(second), *new])
            month = f"case when {at} < {end} then {literal(first)} else {literal(second)} end"
            self._run(
                f"insert into movers select distinct {self._keys}, month from ("
                f"select *, {month} as month, first_value({month}) over ("
                f"partition by {self._keys} order by {self._newest_first()}) as home "
                f"from (select *, file_index, file_row_number from {rows}) where {near}"
                ") where month <> home"
            )

    def months(self) -> set[str]:
        """Return the months whose files are to be written."""
        left = {month for (month,) in self._run("select distinct month from movers").fetchall()}
        return self._staged_months() | left | ({NO_MONTH} if self._homed else set())

    def write(self, month: str) -> Month:
        """Write a month's file in one step, each item in its newest version."""
        base = self._base(month)
        rows = parquet([self._template, *base, *self._staged(month)])
        self._choose_winners(month, rows)
        target = month_file(self._folder, month)
        footer = MonthFooter(identity(target) if base else "")
        with replacing(target) as path:
            with parquet_writer(path, self._table.columns) as file:
                for group in self._row_groups(rows):
                    file.write_table(group.cast(file.schema))
                file.add_key_value_metadata({FOOTER_KEY: footer.encode()})
            days = self._run(
                f"select strftime({name(self._table.created)}, '%Y-%m-%d') as day, count(*), "
                f"count(*) filter ({name(IS_DELETED.name)}), {digest(self._table.content)} "
                f"from {parquet([path])} group by day order by day"
            ).fetchall()
        return Month(
            items=sum(items for _, items, _, _ in days),
            deleted=sum(deleted for _, _, deleted, _ in days),
            identity=identity(target),
            days={day: content for day, _, _, content in days if day},
        )

    def _choose_winners(self, month: str, rows: str) -> None:
        """Find out by narrow columns alone which rows stay, and to which row group each goes.

        Of equal versions the one staged last wins.
        """
        gone = "homes" if month == NO_MONTH else f"(from movers where month = {literal(month)})"
        at_home = f"anti join {gone} using ({self._keys})"
        created = name(self._table.created)
        self._run(
            "create or replace temp table winners as select file_index, file_row_number, "
            f"{created} as created, (row_number() over (order by {created}, {self._keys}) - 1) "
            f"// {_ROW_GROUP_ROWS} as row_group from ("
            f"select *, file_index, file_row_number from {rows} {at_home} "
            f"qualify row_number() over (partition by {self._keys} order by "
            f"{self._newest_first()}) = 1)"
        )

    def _newest_first(self) -> str:
        return (
            f"{name(self._table.export.time.column)} desc nulls last, "
            f"{name(FETCHED_AT.name)} desc, {name(FROM_PARTITION.name)} desc, "
            "file_index desc, file_row_number desc"
        )

    def _row_groups(self, rows: str) -> Iterator[pa.Table]:
        """Yield the rows that stay, in order; memory holds one row group of what is wide."""
        created = name(self._table.created)
        bounds = self._run(
            "select row_group, epoch_us(min(created)), epoch_us(max(created)), "
            "count(*) > count(created) from winners group by row_group order by row_group"
        ).fetchall()
        for row_group, first_us, last_us, any_without in bounds:
            # So that files which are in order aren't read whole for each row group.
            between = f"{created} between {timestamp(first_us or 0)} and {timestamp(last_us or 0)}"
            within = f"({between} or {created} is null)" if any_without else between
            yield self._connection.sql(
                f"select {names([column.name for column in self._table.columns])} from ("
                f"select *, {self._table.deleted} as {name(IS_DELETED.name)} from ("
                f"select {casts(self._columns)} "
                f"from (select *, file_index, file_row_number from {rows}) "
                f"semi join (from winners where row_group = {row_group}) "
                f"using (file_index, file_row_number) where {within})) "
                f"order by {created}, {self._keys}"
            ).to_arrow_table()

    def _no_keys(self) -> str:
        return f"(select {self._keys} from {parquet([self._template])})"

    def _staged_months(self) -> set[str]:
        folders = self._work.glob("*/month=*")
        return {folder.name.removeprefix("month=") for folder in folders}

    def _staged(self, month: str) -> list[Path]:
        return sorted(self._work.glob(f"*/month={month}/*"))

    def _base(self, month: str) -> list[Path]:
        path = month_file(self._folder, month)
        return [self._copies.local(path)] if month in self._filed else []

    def _found(self, table: str) -> bool:
        return bool(self._run(f"select 1 from {table} limit 1").fetchall())

    def _run(self, sql: str) -> duckdb.DuckDBPyConnection:
        return self._connection.execute(sql)


def _month(month: str, later: int) -> str:
    """Return the month so many months later: `2026-01`."""
    year, number = divmod(int(month[:4]) * 12 + int(month[5:]) - 1 + later, 12)
    return f"{year:04}-{number + 1:02}"


def _start_us(month: str) -> int:
    """Its first microsecond since 1970, UTC."""
    start = datetime(int(month[:4]), int(month[5:]), 1, tzinfo=UTC)
    return round(start.timestamp()) * 1_000_000


def month_files(folder: Location) -> dict[str, Location]:
    """Return the months that have a file, and their files."""
    files: Iterable[Location] = folder.glob(f"month=*/{FILE_NAME}")
    return {path.parent.name.removeprefix("month="): path for path in files}


def month_file(folder: Location, month: str) -> Location:
    """Return a month's file."""
    return folder.joinpath(f"month={month}", FILE_NAME)


def month_footer(path: Location) -> MonthFooter:
    """Return what a month's file says of itself.

    Raises:
        LakeError: it is none of ours.
    """
    with reading(path):
        metadata = pq.read_metadata(readable(path)).metadata or {}
        return _DECODE(metadata[FOOTER_KEY])
