"""A partition's file holds each key once, in its newest version, and reads as any lake does."""

import json
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zd_assets.catalog.chat import AGENT_TIMELINE, CHATS, CONVERSIONS
from zd_assets.catalog.columns import Column, List, Scalar, Struct, Type
from zd_assets.catalog.export import Export, Table
from zd_assets.catalog.registry import EXPORTS
from zd_assets.catalog.support import ROUTING_ATTRIBUTES, TICKETS
from zd_assets.lake import writer as writer_module
from zd_assets.lake.footer import empty_footer
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.lake.partition import Partition
from zd_assets.lake.writer import PartitionWriter
from zd_assets.schema.arrow import arrow_schema
from zd_assets.schema.convert import convert
from zd_assets.schema.keys import item_times_us
from zd_assets.schema.rebuild import rebuild
from zd_assets_tests.helpers.files import (
    DAY,
    add,
    conversion,
    duck,
    footer_json,
    goals,
    leftovers,
    table_of,
    write,
)
from zd_assets_tests.helpers.odd_items import PATIENT
from zd_assets_tests.helpers.truth import days

Items = list[dict[str, Any]]
Batches = list[Items]


def in_microseconds(item: dict[str, Any]) -> tuple[Any, ...]:
    """The time of a generated item, comparable: a timestamp, or its start plus duration."""
    names = ("timestamp", "time", "start_time", "duration")
    return tuple(item.get(name) for name in names)


def newest_once(export: Export, batches: Batches) -> Items:
    """What the writer promises, with a dict: each key's newest version, where that came."""
    newest: dict[Any, dict[str, Any]] = {}
    for item in (item for batch in batches for item in batch):
        key = key_of(export, item)
        if key in newest and (
            not export.key or in_microseconds(item) < in_microseconds(newest[key])
        ):
            continue
        newest.pop(key, None)
        newest[key] = item
    return list(newest.values())


def merged(export: Export, old: Items, new: Items) -> Items:
    """The newer version of each key; of two with one time, the new one."""
    had = {key_of(export, item): in_microseconds(item) for item in old}
    wins = [
        item
        for item in new
        if key_of(export, item) not in had or had[key_of(export, item)] <= in_microseconds(item)
    ]
    replaced = {key_of(export, item) for item in wins}
    return [item for item in old if key_of(export, item) not in replaced] + wins


def key_of(export: Export, item: dict[str, Any]) -> Any:
    if export.key and item["id"] is not None:
        return tuple(item[column] for column in export.key)
    return tuple(sorted(item.items(), key=str))


CONVERSION_BATCHES = st.lists(
    st.lists(
        st.builds(
            conversion,
            id=st.sampled_from(["a", "b", "c", "d", None]),
            second=st.integers(0, 3),
            version=st.sampled_from("stuvwxyz"),
        ),
        max_size=5,
    ),
    max_size=6,
)
SPAN_BATCHES = st.lists(
    st.lists(
        st.fixed_dictionaries(
            {
                "agent_id": st.sampled_from([1, 2]),
                "start_time": st.sampled_from(
                    [f"2026-01-01T00:00:00.00000{digit}Z" for digit in range(3)]
                ),
                "duration": st.sampled_from([1.0, 1.000001]),
                "status": st.sampled_from(["away", "online"]),
            }
        ),
        max_size=5,
    ),
    max_size=6,
)
ROUTING_BATCHES = st.lists(
    st.lists(
        st.fixed_dictionaries(
            {
                "id": st.sampled_from(["a", "b", None]),
                "name": st.sampled_from("xyz"),
                "type": st.sampled_from(["create", "update"]),
                "time": st.sampled_from([f"2026-01-01T00:00:0{digit}Z" for digit in range(2)]),
            }
        ),
        max_size=5,
    ),
    max_size=6,
)


@pytest.mark.parametrize(
    ("export", "pages"),
    [
        (CONVERSIONS, CONVERSION_BATCHES),
        (AGENT_TIMELINE, SPAN_BATCHES),
        (ROUTING_ATTRIBUTES, ROUTING_BATCHES),
    ],
    ids=["by id", "by the whole row", "by id, type and time"],
)
@settings(PATIENT, max_examples=40)
@given(data=st.data())
def test_a_file_holds_what_a_dict_would(
    export: Export, pages: st.SearchStrategy[Batches], data: st.DataObject
) -> None:
    old, new = data.draw(st.none() | pages), data.draw(pages)
    merge = data.draw(st.booleans())
    rows_of_a_group = data.draw(st.sampled_from([1, 2, 3, 1000]))
    root = Path(tempfile.mkdtemp())
    try:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(writer_module, "_ROW_GROUP_ROWS", rows_of_a_group)
            lake = open_lake(str(root))
            expected = newest_once(export, new)
            if old is not None:
                write(lake, old, export=export)
                if merge:
                    expected = merged(export, newest_once(export, old), expected)
            footer = write(lake, new, export=export, merge=merge)
        path = lake.path(export, DAY)
        assert pq.read_table(path, partitioning=None).equals(table_of(export, expected))
        assert footer.items == len(expected) == footer_json(path)["items"]
        assert leftovers(path) == []
    finally:
        shutil.rmtree(root)


@pytest.mark.parametrize(
    ("batches", "expected"),
    [
        ([[("a", 1, "x")], [("a", 2, "y")]], ["y"]),
        ([[("a", 2, "x")], [("a", 1, "y")]], ["x"]),
        ([[("a", 1, "x")], [("a", 1, "y")]], ["y"]),
        ([[("a", 1, "x"), ("a", 1, "y")]], ["y"]),
        ([[("a", 2, "x"), ("a", 1, "y"), ("a", 2, "z")]], ["z"]),
        ([[("a", 1, "x"), ("b", 1, "y")], [("a", 2, "z")]], ["y", "z"]),
        ([[("a", 1, "x")], [("a", 3, "y"), ("a", 2, "z")], [("b", 1, "w")]], ["y", "w"]),
        ([[("a", 1, "x"), ("b", 1, "y")], [("a", 0, "z")], [("c", 1, "w")]], ["x", "y", "w"]),
        ([[(None, 1, "x"), (None, 1, "x"), (None, 1, "y")]], ["x", "y"]),
        ([[], [("a", 1, "x")], []], ["x"]),
    ],
)
def test_of_a_key_that_comes_again_the_newest_stays(
    lake: Lake, batches: list[list[Any]], expected: list[str]
) -> None:
    write(lake, [[conversion(*item) for item in batch] for batch in batches])
    assert goals(lake.path(CONVERSIONS, DAY)) == expected


def test_merged_rows_follow_those_that_stay_and_replace_those_of_their_keys(lake: Lake) -> None:
    path = lake.path(CONVERSIONS, DAY)
    write(lake, [[conversion(id, 5, f"old {id}") for id in "abc"]])
    new = [conversion("a", 4, "older a"), conversion("b", 5, "new b"), conversion("d", 6, "new d")]
    footer = write(lake, [new], merge=True)
    assert goals(path) == ["old a", "old c", "new b", "new d"]
    assert footer.items == 4
    write(lake, [], merge=True)
    assert len(goals(path)) == 4
    write(lake, [], merge=False)
    assert goals(path) == []


def test_a_row_whose_every_value_came_before_is_written_once(lake: Lake) -> None:
    span = {"agent_id": 1, "start_time": "2026-01-01T00:00:00.000001Z", "duration": 1}
    other = {**span, "start_time": "2026-01-01T00:00:00.000002Z"}
    pages = [[span, other], [other], [other], [span, other]]
    assert write(lake, pages, export=AGENT_TIMELINE).items == 2
    assert write(lake, pages, export=AGENT_TIMELINE, merge=True).items == 2


def test_pages_become_row_groups_of_the_intended_size(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "_ROW_GROUP_ROWS", 100)
    pages = [[conversion(f"{page}-{row}") for row in range(30)] for page in range(10)]
    write(lake, pages)
    assert row_groups(lake.path(CONVERSIONS, DAY)) == [120, 120, 60]


def test_many_small_additions_leave_no_row_group_each(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "_ROW_GROUP_ROWS", 8)
    for number in range(20):
        write(lake, [[conversion(str(number), version=str(number))]], merge=True)
    path = lake.path(CONVERSIONS, DAY)
    assert goals(path) == [str(number) for number in range(20)]
    assert len(row_groups(path)) <= 4


def row_groups(path: Path) -> list[int]:
    file = pq.read_metadata(path)
    return [file.row_group(number).num_rows for number in range(file.num_row_groups)]


@pytest.mark.parametrize("merge", [False, True])
def test_memory_holds_a_few_row_groups_however_many_are_written(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, merge: bool
) -> None:
    group_bytes = 256 * 1024
    monkeypatch.setattr(writer_module, "_ROW_GROUP_BYTES", group_bytes)
    text = "x" * 1000
    held: list[int] = []

    def pages(*numbers: int) -> Iterator[Items]:
        for page in numbers:
            held.append(pa.total_allocated_bytes())
            yield [{"id": f"{page}-{row}", "goal_name": f"{row}{text}"} for row in range(50)]

    def row_groups(path: Path, columns: list[str] | None = None) -> Iterator[pa.Table]:
        for table in read_row_groups(path, columns):
            held.append(pa.total_allocated_bytes())
            yield table

    read_row_groups = writer_module.row_groups
    monkeypatch.setattr(writer_module, "row_groups", row_groups)
    if merge:
        write(lake, pages(*range(100)))
    held.clear()
    # The first page comes twice, so that every row is read again at the commit.
    write(lake, pages(100, *range(100, 200)), merge=merge)
    assert len(held) > 100 + 18
    assert max(held) - held[0] < 6 * group_bytes
    written = pq.read_table(lake.path(CONVERSIONS, DAY), partitioning=None)
    assert written.num_rows == (10_000 if merge else 5_000)
    assert written.nbytes > 18 * group_bytes


def test_a_discarded_writer_leaves_the_old_file_and_nothing_else(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "_ROW_GROUP_ROWS", 1)
    write(lake, [[conversion("a", version="old")]])
    path = lake.path(CONVERSIONS, DAY)
    writer = PartitionWriter(lake, CONVERSIONS, DAY)
    add(writer, CONVERSIONS, [conversion("b", version="new")])
    assert len(leftovers(path)) == 1
    writer.discard()
    writer.discard()
    assert leftovers(path) == []
    assert goals(path) == ["old"]


# --- The lake as others read it -----------------------------------------------------------------


def hours(date: str) -> list[Partition]:
    (whole,) = days(date, 1)
    hour_us = 3600 * 10**6
    return [
        Partition(f"{date}-{hour:02}:00", start, start + hour_us)
        for hour, start in enumerate(range(whole.start_us, whole.end_us, hour_us))
    ]


@pytest.mark.parametrize(
    ("partitions", "folders"),
    [
        (days("2026-01-31", 2), ["date=2026-01-31", "date=2026-02-01"]),
        (hours("2026-01-31")[:2], ["date=2026-01-31/hour=00", "date=2026-01-31/hour=01"]),
    ],
    ids=["days", "hours"],
)
def test_the_lake_reads_with_hive_partitioning(
    lake: Lake, partitions: Sequence[Partition], folders: list[str]
) -> None:
    for partition in partitions:
        write(lake, [[conversion(partition.key, version="x")]], partition=partition)
    root = lake.root / "zendesk_chat" / "conversions"
    files = [root / folder / "part-0.parquet" for folder in folders]
    assert sorted(root.rglob("*.parquet")) == files
    keys = [partition.key for partition in partitions]
    table = ds.dataset(root, partitioning="hive").to_table()
    assert table["id"].to_pylist() == keys
    assert {str(date) for date in table["date"].to_pylist()} == {f[5:15] for f in folders}
    assert pd.read_parquet(root)["id"].tolist() == keys
    query = f"select id, date::varchar from read_parquet('{root}/**/*.parquet') order by id"
    assert duck(query) == [(key, key[:10]) for key in keys]


def test_every_tool_sees_the_same_values(lake: Lake) -> None:
    chat = {
        "id": "a",
        "update_timestamp": "2026-01-01T00:00:00.123456Z",
        "department_id": "48811",
        "tags": ["vip", None],
        "visitor": {"name": "Ada"},
        "engagements": [{"agent_id": 7, "response_time": {"avg": 1.5}}],
        "history": [{"msg": "hi"}],
        "brand_new": 1,
    }
    write(lake, [[chat]], export=CHATS)
    path = lake.path(CHATS, DAY)
    (row,) = duck(
        "select id, epoch_us(update_timestamp), department_id, tags, visitor.name,"
        " engagements[1].response_time.avg, history->>'$[0].msg', _extra->>'$.brand_new'"
        f" from read_parquet('{path}')"
    )
    assert row == ("a", 1767225600123456, 48811, ["vip", None], "Ada", 1.5, "hi", "1")
    (arrow_row,) = ds.dataset(path).to_table().to_pylist()
    assert rebuild(CHATS, arrow_row) == {**chat, "department_id": 48811}
    assert pd.read_parquet(path)["update_timestamp"][0] == pd.Timestamp(
        "2026-01-01T00:00:00.123456Z"
    )


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)
def test_a_files_schema_is_the_exports_with_its_descriptions(lake: Lake, export: Export) -> None:
    write(lake, [], export=export)
    schema = pq.read_schema(lake.path(export, DAY))
    assert schema.equals(arrow_schema(export.all_columns))
    assert [schema.field(column.name).metadata[b"description"] for column in export.columns] == [
        column.description.encode() for column in export.columns
    ]


def leaves(column: Column) -> int:
    def count(kind: Type) -> int:
        if isinstance(kind, Struct):
            return sum(count(inner.type) for inner in kind.columns)
        return count(kind.of) if isinstance(kind, List) else 1

    return count(column.type)


def test_only_columns_whose_values_recur_have_dictionaries_and_only_zstd_is_used(
    lake: Lake,
) -> None:
    session = dict.fromkeys(("id", "browser", "city", "ip"), "x")
    chats = [
        {
            **{c.name: "x" for c in CHATS.columns if c.type is Scalar.TEXT},
            **{c.name: [1] for c in CHATS.columns if c.type is Scalar.JSON},
            "id": str(number),
            "department_id": 7,
            "agent_ids": [1],
            "agent_names": ["Grace"],
            "tags": ["vip"],
            "session": session,
            "visitor": session,
        }
        for number in range(50)
    ]
    write(lake, [chats], export=CHATS)
    group = pq.read_metadata(lake.path(CHATS, DAY)).row_group(0)
    columns = [group.column(number) for number in range(group.num_columns)]
    assert {column.compression for column in columns} == {"ZSTD"}
    with_dictionary = {c.path_in_schema.split(".")[0] for c in columns if c.has_dictionary_page}
    repeating = {column.name for column in CHATS.columns if column.repeats}
    assert with_dictionary == repeating
    assert sum(map(leaves, CHATS.all_columns)) == len(columns)


def test_readers_can_skip_by_the_time_of_items(lake: Lake) -> None:
    write(lake, [[conversion("a", 1), conversion("b", 9)]])
    group = pq.read_metadata(lake.path(CONVERSIONS, DAY)).row_group(0)
    by_path = {group.column(n).path_in_schema: group.column(n) for n in range(group.num_columns)}
    statistics = by_path["timestamp"].statistics
    assert [statistics.min.second, statistics.max.second] == [1, 9]
    assert by_path["_extra"].statistics is None
    found = ds.dataset(lake.path(CONVERSIONS, DAY)).to_table(filter=pc.field("id") == "b")
    assert found["id"].to_pylist() == ["b"]


def test_a_partition_is_written_where_its_export_and_key_say() -> None:
    lake = Lake(Path("/lake"))
    (hour,) = hours("2026-01-31")[13:14]
    assert str(lake.path(CHATS, hour)) == (
        "/lake/zendesk_chat/chats/date=2026-01-31/hour=13/part-0.parquet"
    )
    assert empty_footer(CHATS, hour, "run").partition == "2026-01-31-13:00"
    users = TICKETS.sideloads[0].table
    assert str(lake.path(users, DAY)) == (
        "/lake/zendesk_support/tickets__users/date=2026-01-01/part-0.parquet"
    )


def test_rows_beside_an_export_are_a_table_of_their_own(lake: Lake) -> None:
    users: Table = TICKETS.sideloads[0].table
    old = {"id": 1, "name": "Ada", "updated_at": "2026-01-01T00:00:01Z"}
    new = {"id": 1, "name": "Ada L.", "updated_at": "2026-01-01T00:00:02Z"}
    other = {"id": 2, "name": "Grace", "updated_at": "2026-01-01T00:00:01Z"}
    writer = PartitionWriter(lake, users, DAY)
    for page in ([new, other], [old]):
        rows = convert(users, json.dumps(page).encode())
        writer.add(rows, item_times_us(users, rows)[0])
    footer = writer.commit(empty_footer(users, DAY, "run"), None)
    assert (footer.export, footer.items) == ("tickets__users", 2)
    assert lake.footer(users, DAY) == footer
    assert lake.footer(TICKETS, DAY) is None
    found = pq.read_table(lake.path(users, DAY), partitioning=None)["name"].to_pylist()
    assert found == ["Ada L.", "Grace"]
