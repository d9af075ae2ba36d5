"""JSON items to rows and back: whatever the API sends, nothing is lost and the schema stays."""

import io
import json
import subprocess
import sys
from collections import Counter
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zd_assets.catalog.chat import AGENT_TIMELINE, CHATS, DEPARTMENT_EVENTS
from zd_assets.catalog.columns import Column, List, Struct, Type
from zd_assets.catalog.export import Table
from zd_assets.catalog.registry import EXPORTS
from zd_assets.catalog.support import TICKETS, USERS
from zd_assets.schema.arrow import arrow_schema
from zd_assets.schema.convert import convert
from zd_assets.schema.drift import drift_of
from zd_assets.schema.rebuild import rebuild
from zd_assets_tests.helpers.odd_items import (
    IDS,
    LITERALS,
    NAMES,
    NUMBERS,
    PATIENT,
    TIMESTAMPS,
    items_that_fit,
    meaning,
    odd_items,
    read,
)

# By what they hold: sideloaded users have the columns of users.
TABLES: dict[str, Table] = {
    **{one.table.item_type: one.table for export in EXPORTS for one in export.sideloads},
    **{export.name: export for export in EXPORTS},
}
EVERY_TABLE = pytest.mark.parametrize("table", TABLES.values(), ids=TABLES)
# Between them, every way in which columns nest.
NESTED_EVERY_WAY = pytest.mark.parametrize(
    "table",
    [CHATS, AGENT_TIMELINE, DEPARTMENT_EVENTS, TICKETS, USERS],
    ids=lambda table: table.name,
)
IMPOSSIBLE_DATE = '{"%s":"2026-02-30T00:00:00Z"}'
UNKNOWN_ATTRIBUTE = '{"brand_new":1}'


def array(items: list[str]) -> bytes:
    return f"[{','.join(items)}]".encode()


def through_parquet(rows: pa.Table) -> pa.Table:
    file = io.BytesIO()
    pq.write_table(rows, file)
    return pq.read_table(file)


def rebuilt(table: Table, rows: pa.Table) -> list[Any]:
    return [rebuild(table, row) for row in rows.to_pylist()]


def assert_nothing_lost(table: Table, items: list[str]) -> None:
    converted = convert(table, array(items))
    converted.validate(full=True)
    assert converted.schema.equals(arrow_schema(table.all_columns), check_metadata=True)
    back = rebuilt(table, through_parquet(converted))
    assert [meaning(table, item) for item in back] == [meaning(table, read(item)) for item in items]
    extras = [json.loads(text) for text in converted["_extra"].to_pylist() if text]
    assert drift_of(converted).total() == sum(map(len, extras))


@NESTED_EVERY_WAY
@settings(PATIENT, max_examples=30)
@given(data=st.data())
def test_whatever_the_api_sends_is_rebuilt_from_its_row_in_the_same_order(
    table: Table, data: st.DataObject
) -> None:
    assert_nothing_lost(table, data.draw(st.lists(odd_items(table), max_size=4)))


@NESTED_EVERY_WAY
@settings(PATIENT, max_examples=20)
@given(data=st.data())
def test_items_that_fit_give_the_same_rows_whatever_stands_beside_them(
    table: Table, data: st.DataObject
) -> None:
    items = data.draw(st.lists(items_that_fit(table), min_size=1, max_size=4))
    alone = convert(table, array(items))
    assert alone["_extra"].null_count == len(items)
    assert not drift_of(alone)
    for companion in (UNKNOWN_ATTRIBUTE, IMPOSSIBLE_DATE % table.time.column, "17"):
        beside = convert(table, array([*items, companion]))
        assert beside.slice(0, len(items)).equals(alone)
        assert drift_of(beside).total() == 1
    assert_nothing_lost(table, items)


def scalar_places(table: Table) -> list[str]:
    """An item for each column and depth where a value can be, `%s` in its place."""
    places: list[str] = ["%s", '{"id":"a","brand_new":%s}']

    def descend(columns: tuple[Column, ...], around: str) -> None:
        for column in columns:
            place = around % f'{{"{column.name}":%s}}'
            kind: Type = column.type
            places.append(place)
            if isinstance(kind, List):
                place, kind = place % "[null,%s,null]", kind.of
                places.append(place)
            if isinstance(kind, Struct):
                descend(kind.columns, place)

    descend(table.columns, "%s")
    return places


@EVERY_TABLE
def test_every_odd_value_survives_in_every_place_of_the_schema(table: Table) -> None:
    values = [*LITERALS, *NUMBERS, *(json.dumps(text) for text in (*TIMESTAMPS, *IDS))]
    items = [place % value for place in scalar_places(table) for value in values]
    for start in range(0, len(items), 500):
        assert_nothing_lost(table, items[start : start + 500])


@EVERY_TABLE
def test_unknown_attributes_of_every_name_survive_at_every_level(table: Table) -> None:
    objects = [place % '{%s:[1,{"a":null}]}' for place in scalar_places(table)]
    assert_nothing_lost(table, [place % name for place in objects for name in NAMES])


def test_an_item_that_fits_is_in_its_columns_and_nowhere_else() -> None:
    item = {
        "id": "2602.1.a",
        "timestamp": "2026-01-01T10:00:00Z",
        "update_timestamp": "2026-01-01T12:00:00.25+02:00",
        "duration": 5,
        "department_id": "48811",
        "agent_ids": ["1730415", 7, None],
        "tags": ["vip", None],
        "visitor": {},
        "session": None,
        "count": {"agent": 2**63 - 1},
        "engagements": [None, {"agent_id": "7", "skills_requested": [1]}],
        "history": [{"msg": "grüezi", "n": 1.5}],
        "webpath": None,
    }
    converted = convert(CHATS, json.dumps([item], ensure_ascii=False).encode())
    (row,) = converted.to_pylist()
    row = {name: value for name, value in row.items() if value is not None}
    assert row.pop("timestamp").isoformat() == "2026-01-01T10:00:00+00:00"
    assert row.pop("update_timestamp").isoformat() == "2026-01-01T10:00:00.250000+00:00"
    (nothing, engagement) = row.pop("engagements")
    assert nothing is None
    assert {k: v for k, v in engagement.items() if v is not None} == {
        "agent_id": 7,
        "skills_requested": "[1]",
    }
    assert row.pop("count") == {"agent": 2**63 - 1, "total": None, "visitor": None}
    assert row.pop("visitor") == dict.fromkeys(("id", "name", "email", "phone", "notes"))
    assert row == {
        "id": "2602.1.a",
        "duration": 5.0,
        "department_id": 48811,
        "agent_ids": [1730415, 7, None],
        "tags": ["vip", None],
        "history": '[{"msg": "grüezi", "n": 1.5}]',
    }


@pytest.mark.parametrize(
    ("item", "extra"),
    [
        ('{"brand_new":1}', {"brand_new": 1}),
        ('{"brand_new":null}', {"brand_new": None}),
        ('{"visitor":{"twitter":"@a"}}', {"visitor.twitter": "@a"}),
        ('{"visitor":[1]}', {"visitor": [1]}),
        ('{"visitor":"gone"}', {"visitor": "gone"}),
        ('{"tags":["a",5,null]}', {"tags[1]": 5}),
        ('{"tags":"vip"}', {"tags": "vip"}),
        ('{"tags":{"0":"vip"}}', {"tags": {"0": "vip"}}),
        ('{"engagements":[{},{"mood":1},3]}', {"engagements[1].mood": 1, "engagements[2]": 3}),
        ('{"duration":"5"}', {"duration": "5"}),
        ('{"duration":true}', {"duration": True}),
        ('{"duration":9007199254740993}', {"duration": 9007199254740993}),
        ('{"duration":9007199254740994}', {"duration": 9007199254740994}),
        ('{"duration":1e999}', {"duration": "1e999"}),
        ('{"count":{"agent":1.5}}', {"count.agent": 1.5}),
        ('{"count":{"agent":9223372036854775808}}', {"count.agent": 2**63}),
        ('{"department_id":"007"}', {"department_id": "007"}),
        ('{"department_id":"7\\n"}', {"department_id": "7\n"}),
        ('{"agent_ids":[7,"x"]}', {"agent_ids[1]": "x"}),
        ('{"deleted":0}', {"deleted": 0}),
        ('{"timestamp":1735689600}', {"timestamp": 1735689600}),
        ('{"timestamp":"2026-02-30T00:00:00Z"}', {"timestamp": "2026-02-30T00:00:00Z"}),
        ('{"timestamp":"9999-12-31T23:00:00-05:00"}', {"timestamp": "9999-12-31T23:00:00-05:00"}),
        (r'{"comment":"\ud83d"}', {"comment": "\ud83d"}),
        ('{"a.b":{"c":1}}', {'["a.b"]': {"c": 1}}),
        ('{"visitor":{"":1}}', {'visitor[""]': 1}),
        ("17", {"[0]": 17}),
        ("null", {"[0]": None}),
    ],
)
def test_what_does_not_fit_stands_in_extra_under_its_path(item: str, extra: Any) -> None:
    converted = convert(CHATS, array([item]))
    assert json.loads(converted["_extra"][0].as_py()) == extra


@pytest.mark.parametrize(
    ("item", "extra"),
    [
        ('{"id":"35436"}', None),
        ('{"custom_fields":[{"id":"27642","value":"745"},{"id":1,"value":null}]}', None),
        ('{"custom_fields":[{"id":1,"value":[true,{"a":1.50}]}]}', None),
        ('{"custom_fields":[{"id":1,"name":"x"}]}', {"custom_fields[0].name": "x"}),
        ('{"via":{"channel":"web"}}', None),
        ('{"via":7}', None),
        ('{"via":1,"satisfaction_rating":{"reason":"x"}}', {"satisfaction_rating.reason": "x"}),
        ('{"generated_timestamp":1304553600}', None),
        ('{"generated_timestamp":"1304553600"}', {"generated_timestamp": "1304553600"}),
        ('{"generated_timestamp":1304553600.0}', {"generated_timestamp": 1304553600.0}),
        ('{"collaborator_ids":["35334",234]}', None),
        ('{"follower_ids":[{"id":1}]}', {"follower_ids[0]": {"id": 1}}),
        ('{"encoded_id":"X"}', {"encoded_id": "X"}),
    ],
)  # fmt: skip
def test_of_a_ticket_too_only_what_does_not_fit_stands_in_extra(item: str, extra: Any) -> None:
    text = convert(TICKETS, array([item]))["_extra"][0].as_py()
    assert (json.loads(text) if text else None) == extra
    assert_nothing_lost(TICKETS, [item])


def test_drift_counts_by_path_without_indices() -> None:
    items = [
        '{"id":"a","mood":1,"tags":[1,"b",2]}',
        '{"id":"b","mood":null,"a[0]":1,"engagements":[{"x":1},{"x":[1,2]}]}',
        '{"id":"c"}',
        "17",
    ]
    assert drift_of(convert(CHATS, array(items))) == Counter(
        {"mood": 2, "tags[]": 2, "engagements[].x": 2, '["a[0]"]': 1, "[]": 1}
    )


def test_one_odd_item_among_a_thousand_changes_nothing_for_the_others() -> None:
    items = [f'{{"id":"{number}"}}' for number in range(1000)]
    items[617] = '{"id":"617","timestamp":"2026-02-30T00:00:00Z"}'
    table = convert(DEPARTMENT_EVENTS, array(items))
    assert table["id"].to_pylist() == [str(number) for number in range(1000)]
    assert [row for row, text in enumerate(table["_extra"].to_pylist()) if text] == [617]


@EVERY_TABLE
def test_an_empty_page_is_an_empty_table_of_the_same_schema(table: Table) -> None:
    rows = convert(table, b"[]")
    assert rows.num_rows == 0
    assert rows.schema.equals(arrow_schema(table.all_columns), check_metadata=True)


@pytest.mark.parametrize("body", [b'{"id":"a"}', b"null", b"[1,", b"", b"[{]"])
def test_what_is_no_json_array_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        convert(AGENT_TIMELINE, body)


def test_json_columns_keep_what_fits_to_the_letter() -> None:
    text = '{ "n" : 1.50e0 , "big":123456789012345678901234567890 , "u":"\\u00e9", "x":1e999 }'
    table = convert(DEPARTMENT_EVENTS, array([f'{{"id":"a","value": {text} }}']))
    assert table["value"][0].as_py() == text


def test_what_holds_the_same_has_the_same_columns() -> None:
    for export in EXPORTS:
        for one in export.sideloads:
            assert one.table.columns == TABLES[one.name].columns


def test_columns_carry_their_descriptions() -> None:
    def described(field: pa.Field) -> bool:
        return bool((field.metadata or {}).get(b"description"))

    for table in TABLES.values():
        assert all(map(described, convert(table, b"[]").schema))
    session = convert(CHATS, b"[]").schema.field("session").type
    assert all(map(described, session))


_THREADS_AT_ONCE = """
import os, sys, threading
from zd_assets.catalog.chat import CHATS
from zd_assets.schema.convert import convert
sys.setswitchinterval(1e-6)
item = b'[{"id": "1", "engagements": [{"count": {"agent": 1}}], "visitor": {"id": "a"}}]'
def first_pages():
    barrier.wait()
    for _ in range(5):
        convert(CHATS, item)
for _ in range(8):  # What is made once is made again in each child.
    if child := os.fork():
        assert os.waitpid(child, 0)[1] == 0
        continue
    barrier = threading.Barrier(16)
    threads = [threading.Thread(target=first_pages) for _ in range(16)]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    os._exit(0)
"""


def test_windows_that_convert_their_first_pages_at_once_dont_crash_the_process() -> None:
    # Without the lock around the making of decoders, one in three of the children died of SIGSEGV.
    subprocess.run([sys.executable, "-c", _THREADS_AT_ONCE], check=True)
