"""Writing small partition files in tests, and reading them back."""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from zd_assets.catalog.chat import CONVERSIONS
from zd_assets.catalog.export import Export
from zd_assets.lake.errors import ChangedError
from zd_assets.lake.footer import FOOTER_KEY, Footer, empty_footer
from zd_assets.lake.lake import Lake
from zd_assets.lake.partition import Partition
from zd_assets.lake.writer import Keep, PartitionWriter, base_of
from zd_assets.schema.convert import convert
from zd_assets.schema.keys import item_times_us
from zd_assets_tests.helpers.truth import day

DAY = day("2026-01-01")


def conversion(id: str | None, second: int = 0, version: str = "") -> dict[str, Any]:
    """A conversion whose version is told by the name of its goal."""
    return {"id": id, "timestamp": f"2026-01-01T00:00:{second:02}Z", "goal_name": version}


def table_of(export: Export, items: Iterable[Any]) -> pa.Table:
    """The items' rows."""
    return convert(export, json.dumps(list(items)).encode())


def add(writer: PartitionWriter, export: Export, items: Iterable[Any]) -> None:
    """Add items as one page, under their own times."""
    table = table_of(export, items)
    writer.add(table, item_times_us(export, table)[0])


def write(
    lake: Lake,
    batches: Iterable[Iterable[Any]],
    *,
    export: Export = CONVERSIONS,
    partition: Partition = DAY,
    merge: bool = False,
) -> Footer:
    """Write a partition's file from pages of items."""
    writer = PartitionWriter(lake, export, partition)
    try:
        for items in batches:
            add(writer, export, items)
        return commit(writer, lake, export, partition, Keep.ALL if merge else Keep.NOTHING)
    finally:
        writer.discard()


def commit(
    writer: PartitionWriter,
    lake: Lake,
    export: Export = CONVERSIONS,
    partition: Partition = DAY,
    keep: Keep = Keep.NOTHING,
) -> Footer:
    """Commit over what is there at that moment."""
    while True:
        try:
            base = base_of(lake, export, partition)
            return writer.commit(empty_footer(export, partition, "run"), base, keep)
        except ChangedError:
            continue


def goals(path: Path) -> list[str]:
    """The names of the goals of a file of conversions, in the file's order."""
    names: list[str] = pq.read_table(path, partitioning=None)["goal_name"].to_pylist()
    return names


def footer_json(path: Path) -> dict[str, Any]:
    """What anyone with a Parquet reader finds in the footer."""
    facts: dict[str, Any] = json.loads(pq.read_metadata(path).metadata[FOOTER_KEY])
    return facts


def duck(query: str) -> list[tuple[Any, ...]]:
    """What DuckDB answers."""
    return duckdb.connect().execute(query).fetchall()


def leftovers(path: Path) -> list[Path]:
    """What is next to a partition's file."""
    return [file for file in path.parent.iterdir() if file != path]
