"""What a day is made of, as views under the names that the table's SQL uses."""

from collections.abc import Sequence
from pathlib import Path

import duckdb

from zd_assets.catalog.columns import Column
from zd_assets.catalog.export import SECOND_US, Export
from zd_assets.catalog.reference import ReferenceList
from zd_assets.engine.day import Day, day_file
from zd_assets.engine.duck import casts, literal, name, names, nulls, parquet, timestamp
from zd_assets.engine.inputs import Input, Inputs
from zd_assets.engine.local_cache import LocalCache
from zd_assets.lake.lake import Lake
from zd_assets.lake.location import Location
from zd_assets.models.latest import Latest
from zd_assets.models.model import Model


def prepare(
    connection: duckdb.DuckDBPyConnection,
    copies: LocalCache,
    table: Model,
    lake: Lake,
    day: Day,
    inputs: Inputs,
) -> None:
    """Let a table's SQL find a day's bounds, and what the day is made of.

    Raises:
        LakeError: a file can't be read.
    """
    begins = table.depends_on_past and inputs.yesterday is None
    for macro, value in (
        ("day_start", timestamp(day.start_us)),
        ("day_end", timestamp(day.end_us)),
        ("known_until", timestamp(inputs.known_until_us)),
        ("begins", str(begins).lower()),
    ):
        connection.execute(f"create or replace temp macro {macro}() as {value}")
    zone = literal(day.time_zone)
    connection.execute(
        f"create or replace temp macro local_hour(moment) as hour(timezone({zone}, moment))"
    )
    connection.execute(f"create or replace temp macro local_weekday() as {day.weekday}")
    for one in inputs.sources:
        view = one.source.table.name
        ahead = [other for other in inputs.ahead if other.source == one.source]
        found = [file for each in (one, *ahead) for file in each.files]
        files = copies.all(found)
        last = day
        for _ in ahead:
            last = last.after
        until = timestamp(last.end_us)
        _view(connection, view, _columns(one), files, _of_the_day(one, until), _once(one, found))
    if table.depends_on_past:
        files = copies.all([day_file(lake, table, day.before)] if inputs.yesterday else [])
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
    if isinstance(table, ReferenceList):
        return table.name_columns
    return table.all_columns if isinstance(table, Export) else table.columns


def _of_the_day(one: Input, until: str) -> str:
    """Return which rows of the files are the day's, or of the days ahead, in SQL."""
    if (only := one.source.only) and isinstance(one.source.table, Latest):
        kinds = ", ".join(map(literal, only.values))
        at = name(one.source.table.created)
        return f"{name(only.column)} in ({kinds}) and coalesce({at} < {until}, true)"
    match one.source.table:
        case Latest() as latest:
            at = name(latest.created)
        case Export() as export if not one.source.lookback_column:
            at = name(export.time.column)
            if export.time.unit_us == SECOND_US:
                return f"{at} >= epoch(day_start()) and {at} < epoch({until})"
        case _:
            return "true"
    return f"{at} >= day_start() and {at} < {until}"


def _once(one: Input, files: Sequence[Location]) -> str:
    """Return each key once, in SQL, where there are a day's partition and some of its hours."""
    table = one.source.table
    if not isinstance(table, Export) or not table.key:
        return ""
    if len({str(path).count("/") for path in files}) < 2:
        return ""
    lacking = " or ".join(f"{name(column)} is null" for column in table.key)
    # The day's own file comes last.
    newest = f"partition by {names(table.key)} order by file_index desc"
    return f"qualify {lacking} or row_number() over ({newest}) = 1"
