"""Small lakes for tables of current state: chats into partitions, and what is made of them."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pyarrow.parquet as pq
import pytest

from zd_assets.catalog.chat import CHATS
from zd_assets.catalog.export import Export
from zd_assets.lake.footer import empty_footer
from zd_assets.lake.lake import Lake
from zd_assets.lake.partition import Partition
from zd_assets.lake.temporary import TemporaryFile
from zd_assets.lake.writer import PartitionWriter, base_of
from zd_assets.models.latest import CHATS_LATEST, Latest
from zd_assets_tests.helpers.files import add
from zd_assets_tests.helpers.truth import days

JAN_31, FEB_1, FEB_2 = days("2026-01-31", 3)


def chat(id: str | None, created: str | None, updated: str, **attributes: Any) -> dict[str, Any]:
    """A chat created and updated at `31 09:00` of January or `01 09:00` of February."""
    return {"id": id, "timestamp": _at(created), "update_timestamp": _at(updated), **attributes}


def _at(text: str | None) -> str | None:
    if text is None:
        return None
    date, time = text.split()
    return f"2026-{'01' if date == '31' else '02'}-{date}T{time}:00Z"


def put(
    lake: Lake,
    partition: Partition,
    items: Iterable[Any],
    export: Export = CHATS,
    fetched_at: str = "2026-03-01T00:00:00+00:00",
) -> None:
    """Write a partition's file, in place of the one before."""
    writer = PartitionWriter(lake, export, partition)
    add(writer, export, items)
    footer = replace(empty_footer(export, partition, "run"), fetched_at=fetched_at)
    without = sum(item["id"] is None for item in items)
    footer = replace(footer, items_without_key=without)
    writer.commit(footer, base_of(lake, export, partition))


@contextmanager
def broken_off(after: int) -> Iterator[None]:
    """Let what runs here commit so many files, and break it off at the next one."""
    commit, left = TemporaryFile.commit, after

    def few(temporary: TemporaryFile) -> None:
        nonlocal left
        if not left:
            raise KeyboardInterrupt
        left -= 1
        commit(temporary)

    with pytest.MonkeyPatch.context() as broken:
        broken.setattr(TemporaryFile, "commit", few)
        with pytest.raises(KeyboardInterrupt):
            yield
    assert left == 0


def rows(lake: Lake, table: Latest = CHATS_LATEST) -> list[dict[str, Any]]:
    """What any reader finds: the rows of all months, each with its month."""
    return [
        {**row, "month": path.parent.name.removeprefix("month=")}
        for path in sorted(lake.root.joinpath(*table.path).glob("month=*/*.parquet"))
        for row in pq.read_table(path, partitioning=None).to_pylist()
    ]


def brief(lake: Lake, *columns: str) -> list[tuple[Any, ...]]:
    """Some columns of the chats, by id."""
    return sorted(tuple(row[column] for column in ("id", *columns)) for row in rows(lake))
