"""Making days: their sources as views, the table's SQL, one file for each."""

import fcntl
import os
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from zd_assets.analytics.current.tables import Latest
from zd_assets.analytics.daily.day import Day, DayFooter, day_file
from zd_assets.analytics.daily.inputs import Finder, Input, Inputs
from zd_assets.analytics.daily.table import DailyTable
from zd_assets.analytics.duck import (
    casts,
    connect,
    digest,
    name,
    names,
    nulls,
    parquet,
    timestamp,
)
from zd_assets.exports.columns import Column
from zd_assets.exports.export import SECOND_US, Export
from zd_assets.lake.arrow import arrow_schema, dictionary_paths
from zd_assets.lake.footer import FOOTER_KEY
from zd_assets.lake.lake import Lake, writing
from zd_assets.lake.temporary import create, sweep

MEMORY_MB = 1024

_SPILL = ".spill-"


@dataclass(frozen=True)
class DayReport:
    """What was made of a day."""

    day: Day
    footer: DayFooter
    path: Path


def make(
    table: DailyTable, lake: Lake, days: Sequence[Day], *, run_id: str, memory_mb: int = MEMORY_MB
) -> Iterator[DayReport]:
    """Make days of a table anew, in order of time, and commit each as soon as it is made.

    DuckDB keeps `memory_mb` MiB. A table that carries goes on from the day before, if there is one.

    Raises:
        LakeError: something can't be read or written; the days made so far stay.
    """
    finder = Finder(lake)
    with spill(lake, table) as folder, connect(folder, memory_mb) as connection:
        for day in sorted(days, key=lambda day: day.key):
            yield _make(connection, finder, table, lake, day, run_id)


@contextmanager
def spill(lake: Lake, table: DailyTable) -> Iterator[Path]:
    """A hidden folder in the lake, which has room; locked by its process while that lives."""
    parent = lake.root.joinpath(*table.path)
    with writing(parent):
        parent.mkdir(parents=True, exist_ok=True)
        _sweep_spills(parent)
        folder, lock = _claim(parent)
    try:
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        os.close(lock)


def _claim(parent: Path) -> tuple[Path, int]:
    while True:
        folder = Path(tempfile.mkdtemp(prefix=_SPILL, dir=parent))
        # A sweep may take it between its creation and its lock.
        with suppress(FileNotFoundError):
            lock = os.open(folder, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if folder.exists():
                return folder, lock
            os.close(lock)


def _sweep_spills(parent: Path) -> None:
    """Remove what killed runs left; a living one's is locked."""
    for folder in parent.glob(f"{_SPILL}*"):
        try:
            lock = os.open(folder, os.O_RDONLY)
        except FileNotFoundError:
            continue
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(folder, ignore_errors=True)
        except BlockingIOError:
            pass
        finally:
            os.close(lock)


def _make(
    connection: duckdb.DuckDBPyConnection,
    finder: Finder,
    table: DailyTable,
    lake: Lake,
    day: Day,
    run_id: str,
) -> DayReport:
    inputs = finder.inputs(table, day)
    known_until_us = min(one.known_until_us for one in inputs.sources)
    _prepare(connection, table, lake, day, inputs, known_until_us)
    columns = [column.name for column in table.columns]
    connection.execute(
        f"create or replace temp table made as select {casts(table.columns)} from ({table.sql})"
    )
    [(items, content)] = connection.execute(
        f"select count(*), coalesce({digest(columns)}, '') from made"
    ).fetchall()
    rows = connection.sql(f"from made order by {names(table.key)}").to_arrow_table()
    yesterday = inputs.yesterday
    footer = DayFooter(
        table=table.name,
        day=day.key,
        made_of=inputs.made_of,
        # A day without rows differs from a day that isn't there.
        content=content or "empty",
        complete=all(one.complete for one in inputs.sources),
        known_until_us=known_until_us,
        items=items,
        run_id=run_id,
        carried_since=(yesterday.carried_since if yesterday else day.key)
        if table.carries
        else None,
    )
    path = day_file(lake, table, day)
    _write(table, rows, footer, path)
    return DayReport(day, footer, path)


def _prepare(
    connection: duckdb.DuckDBPyConnection,
    table: DailyTable,
    lake: Lake,
    day: Day,
    inputs: Inputs,
    known_until_us: int,
) -> None:
    """Let the SQL find the day's bounds and what it is made of."""
    for macro, us in (
        ("day_start", day.start_us),
        ("day_end", day.end_us),
        ("known_until", known_until_us),
    ):
        connection.execute(f"create or replace temp macro {macro}() as {timestamp(us)}")
    for one in inputs.sources:
        view = one.source.table.name
        _view(connection, view, _columns(one), one.files, _of_the_day(one), _once(one))
    if table.carries:
        files = [day_file(lake, table, day.before)] if inputs.yesterday else []
        _view(connection, "yesterday", table.columns, files, "true")


def _view(
    connection: duckdb.DuckDBPyConnection,
    view: str,
    columns: Sequence[Column],
    files: Sequence[Path],
    condition: str,
    once: str = "",
) -> None:
    """Files as a table with these columns, also where there are no files."""
    none = f"select {nulls(columns)} limit 0"
    rows = f"({none}) union all by name (from {parquet(files)} {once})" if files else none
    connection.execute(
        f"create or replace temp view {name(view)} as "
        f"select {casts(columns)} from ({rows}) where {condition}"
    )


def _columns(one: Input) -> Sequence[Column]:
    table = one.source.table
    return table.all_columns if isinstance(table, Export) else table.columns


def _of_the_day(one: Input) -> str:
    """Which rows of the files are the day's, in SQL."""
    match one.source.table:
        case Latest() as latest:
            at = name(latest.created)
        case Export() as export if not one.source.reaches_back:
            at = name(export.time.column)
            if export.time.unit_us == SECOND_US:
                return f"{at} >= epoch(day_start()) and {at} < epoch(day_end())"
        case _:
            return "true"
    return f"{at} >= day_start() and {at} < day_end()"


def _once(one: Input) -> str:
    """Each key once, in SQL, where a day's own partition stands beside some of its hours."""
    table = one.source.table
    if not isinstance(table, Export) or not table.key:
        return ""
    if len({len(path.parts) for path in one.files}) < 2:
        return ""
    lacking = " or ".join(f"{name(column)} is null" for column in table.key)
    # The day's own file comes last.
    newest = f"partition by {names(table.key)} order by file_index desc"
    return f"qualify {lacking} or row_number() over ({newest}) = 1"


def _write(table: DailyTable, rows: pa.Table, footer: DayFooter, path: Path) -> None:
    schema = arrow_schema(table.columns)
    with writing(path):
        path.parent.mkdir(parents=True, exist_ok=True)
        sweep(path)
        temporary = create(path)
        try:
            with pq.ParquetWriter(
                temporary.path,
                schema,
                compression="zstd",
                compression_level=1,
                use_dictionary=dictionary_paths(table.columns),
            ) as file:
                file.write_table(rows.cast(schema))
                file.add_key_value_metadata({FOOTER_KEY: footer.encode()})
            temporary.commit()
        except BaseException:
            temporary.discard()
            raise
