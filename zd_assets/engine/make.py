"""Making days: the table's SQL over what each is made of, one file for each."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import duckdb
import pyarrow as pa

from zd_assets.engine.day import Day, DayFooter, day_file
from zd_assets.engine.duck import casts, connect, digest, names
from zd_assets.engine.inputs import Finder
from zd_assets.engine.local_cache import LocalCache
from zd_assets.engine.memory import MODEL_MB
from zd_assets.engine.scratch import scratch
from zd_assets.engine.views import prepare
from zd_assets.lake.footer import FOOTER_KEY
from zd_assets.lake.lake import Lake, writing
from zd_assets.lake.location import Location
from zd_assets.lake.temporary import replacing
from zd_assets.models.model import Model
from zd_assets.schema.arrow import parquet_writer


@dataclass(frozen=True)
class DayReport:
    """What was made of a day."""

    day: Day
    footer: DayFooter
    path: Location


def make(
    table: Model, lake: Lake, days: Sequence[Day], *, run_id: str, memory_mb: int = MODEL_MB
) -> Iterator[DayReport]:
    """Make days of a table, in order of time, and commit each as soon as it is made.

    DuckDB keeps `memory_mb` MiB. A table that carries goes on from the day before, if there is one.

    Raises:
        LakeError: something can't be read or written; the days made so far stay.
    """
    finder = Finder(lake)
    place = lake.root.joinpath(*table.path)
    with scratch(place) as folder, connect(folder, memory_mb) as connection:
        copies = LocalCache(folder / "copies")
        for day in sorted(days, key=lambda day: day.key):
            yield _make(connection, copies, finder, table, lake, day, run_id)


def _make(
    connection: duckdb.DuckDBPyConnection,
    copies: LocalCache,
    finder: Finder,
    table: Model,
    lake: Lake,
    day: Day,
    run_id: str,
) -> DayReport:
    inputs = finder.inputs(table, day)
    prepare(connection, copies, table, lake, day, inputs)
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
        input_version=inputs.input_version,
        # A day without rows differs from a day that isn't there.
        data_version=content or "empty",
        complete=inputs.complete,
        known_until_us=inputs.known_until_us,
        items=items,
        time_zone=day.time_zone,
        run_id=run_id,
        carried_since=(yesterday.carried_since if yesterday else day.key)
        if table.depends_on_past
        else None,
    )
    path = day_file(lake, table, day)
    _write(table, rows, footer, path)
    finder.made(table, day)
    return DayReport(day, footer, path)


def _write(table: Model, rows: pa.Table, footer: DayFooter, path: Location) -> None:
    with (
        writing(path),
        replacing(path) as temporary,
        parquet_writer(temporary, table.columns) as file,
    ):
        file.write_table(rows.cast(file.schema))
        file.add_key_value_metadata({FOOTER_KEY: footer.encode()})
