"""Small lakes for daily tables: items into partitions by their own time, days made, rows read.

Moments are written `05 09:00`, which is in January 2026, UTC.
"""

import json
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from zd_assets.catalog.export import Export
from zd_assets.engine.day import Day, DayFooter, day_file
from zd_assets.engine.inputs import Finder
from zd_assets.engine.latest.update import update
from zd_assets.engine.make import make
from zd_assets.lake.footer import empty_footer
from zd_assets.lake.lake import Lake
from zd_assets.lake.partition import Partition
from zd_assets.lake.writer import PartitionWriter, base_of
from zd_assets.models.latest import LATEST, Latest
from zd_assets.models.model import Model
from zd_assets.models.registry import MODELS
from zd_assets.schema.convert import convert
from zd_assets.schema.keys import Times, item_times_us
from zd_assets_tests.helpers.truth import day as partition_of

Item = dict[str, Any]


def when(text: str) -> datetime:
    """`05 09:00` or `05 09:00:00.5`."""
    date, time = text.split()
    return datetime.fromisoformat(f"2026-01-{date}T{time}").replace(tzinfo=UTC)


def iso(text: str) -> str:
    """A moment as the API sends it."""
    return when(text).isoformat().replace("+00:00", "Z")


def epoch(text: str) -> int:
    """A moment in whole seconds since 1970."""
    return int(when(text).timestamp())


def us(text: str) -> int:
    """A moment in microseconds since 1970."""
    return round(when(text).timestamp() * 1_000_000)


def key(number: int) -> str:
    """A day's key."""
    return f"2026-01-{number:02}"


def hour(number: int, hour: int) -> Partition:
    """The partition of an hour."""
    start_us = us(f"{number:02} {hour:02}:00")
    return Partition(f"{key(number)}-{hour:02}:00", start_us, start_us + 3_600_000_000)


def put(
    lake: Lake,
    export: Export,
    items: Iterable[Item | str],
    *windows: int | Partition,
    until: str | None = None,
) -> None:
    """Write these days' or hours' files, each with the items whose time is in it.

    Items are objects or JSON texts. A partition is complete, or as far as `until`.
    """
    table, times = _converted(export, items)
    for window in windows:
        partition = partition_of(key(window)) if isinstance(window, int) else window
        inside = (times >= partition.start_us) & (times < partition.end_us)
        _write(lake, export, table.filter(pa.array(inside)), times[inside], partition, until)


def put_all(lake: Lake, export: Export, items: Iterable[Item | str], number: int) -> None:
    """Write a day's file with all items, also those of other times or none."""
    table, times = _converted(export, items)
    _write(lake, export, table, times, partition_of(key(number)), None)


def _converted(export: Export, items: Iterable[Item | str]) -> tuple[pa.Table, Times]:
    texts = [one if isinstance(one, str) else json.dumps(one) for one in items]
    table = convert(export, f"[{','.join(texts)}]".encode())
    return table, item_times_us(export, table)[0]


def _write(
    lake: Lake,
    export: Export,
    rows: pa.Table,
    times: Times,
    partition: Partition,
    until: str | None,
) -> None:
    reached = min(partition.end_us, us(until)) if until else partition.end_us
    writer = PartitionWriter(lake, export, partition)
    writer.add(rows, times)
    footer = empty_footer(export, partition, "run")
    complete = reached >= partition.end_us
    footer = replace(footer, complete=complete, complete_until_us=reached)
    writer.commit(footer, base_of(lake, export, partition))


def refresh(lake: Lake) -> None:
    """Bring all tables of current state up to date."""
    for table in LATEST:
        update(table, lake, memory_mb=256)


def make_days(lake: Lake, table: Model, *numbers: int) -> None:
    """Make days, after what they are made of."""
    for source in table.sources:
        if isinstance(source.table, Model):
            make_days(lake, source.table, *numbers)
        elif isinstance(source.table, Latest):
            update(source.table, lake, memory_mb=256)
    days = [Day(key(number), lake.time_zone) for number in numbers]
    for _ in make(table, lake, days, run_id="run", memory_mb=256):
        pass


def rows(lake: Lake, table: Model, number: int) -> list[Item]:
    """A day's rows, in order of their keys."""
    path = day_file(lake, table, Day(key(number), lake.time_zone))
    found: list[Item] = pq.read_table(path, partitioning=None).to_pylist()
    return found


def row(lake: Lake, table: Model, number: int) -> Item:
    """A day's only row."""
    [only] = rows(lake, table, number)
    return only


def values(lake: Lake, table: Model, number: int, *columns: str) -> list[tuple[Any, ...]]:
    """Some columns of a day's rows, in order of their keys."""
    return [tuple(one[column] for column in columns) for one in rows(lake, table, number)]


def footer(lake: Lake, table: Model, number: int) -> DayFooter:
    """What a day's file says of itself."""
    found = Finder(lake).footer(table, Day(key(number), lake.time_zone))
    assert found
    return found


def due(
    lake: Lake, numbers: Iterable[int], tables: Sequence[Model] = MODELS
) -> list[tuple[Model, int]]:
    """Which days of which tables are due, tables in the order in which they are made."""
    finder, numbers = Finder(lake), list(numbers)
    return [
        (table, number)
        for table in tables
        for number in numbers
        if finder.is_due(table, Day(key(number), lake.time_zone))
    ]


def settle(
    lake: Lake, numbers: Iterable[int], tables: Sequence[Model] = MODELS
) -> set[tuple[str, int]]:
    """Make whatever is due, until nothing is; returns what was made, tables by their names."""
    numbers, made = list(numbers), set()
    while found := due(lake, numbers, tables):
        made |= {(table.name, number) for table, number in found}
        for table, number in found:
            for _ in make(
                table, lake, [Day(key(number), lake.time_zone)], run_id="run", memory_mb=256
            ):
                pass
    return made
