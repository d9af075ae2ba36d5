"""What identifies an item and when it happened, read from rows."""

import io
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zd_assets.catalog.chat import AGENT_TIMELINE, CHATS, CONVERSIONS
from zd_assets.catalog.export import Export
from zd_assets.catalog.support import (
    ORGANIZATIONS,
    ROUTING_INSTANCE_VALUES,
    TICKET_EVENTS,
    TICKET_METRIC_EVENTS,
    TICKETS,
    USERS,
)
from zd_assets.schema import keys
from zd_assets.schema.convert import convert
from zd_assets.schema.keys import KeyIndex, has_keys, item_times_us, key_digests
from zd_assets_tests.helpers.files import table_of
from zd_assets_tests.helpers.odd_items import PATIENT, odd_items

# The last item of the document's example; its page ends at `end_time` 1525010407403712.
DOCUMENTS_LAST = {
    "agent_id": 980824,
    "duration": 10654.117251,
    "engagement_count": 0,
    "start_time": "2018-04-29T11:02:33.286461Z",
    "status": "online",
}
DOCUMENTS_END_TIME = 1525010407403712
NOON = "2026-01-01T12:00:00Z"
NOON_US = 1767268800000000


def through_parquet(table: pa.Table) -> pa.Table:
    file = io.BytesIO()
    pq.write_table(table, file, row_group_size=2)
    return pq.read_table(file)


def digests(export: Export, table: pa.Table) -> list[bytes]:
    return [bytes(digest) for digest in key_digests(export, table)]


def test_a_timespan_ends_to_the_microsecond_where_the_document_says() -> None:
    times, has_time = item_times_us(AGENT_TIMELINE, table_of(AGENT_TIMELINE, [DOCUMENTS_LAST]))
    assert times.tolist() == [DOCUMENTS_END_TIME]
    assert has_time.all()


@PATIENT
@given(st.integers(0, 2**40))
def test_a_duration_counts_whole_microseconds_whatever_its_float_noise(duration_us: int) -> None:
    span = {"start_time": NOON, "duration": duration_us / 1e6}
    times, _ = item_times_us(AGENT_TIMELINE, table_of(AGENT_TIMELINE, [span]))
    assert times.tolist() == [NOON_US + duration_us]


@pytest.mark.parametrize(
    ("export", "item", "time"),
    [
        (CHATS, {"update_timestamp": NOON, "timestamp": "2025-01-01T00:00:00Z"}, NOON_US),
        (CHATS, {"timestamp": NOON}, None),
        (CHATS, {"update_timestamp": "yesterday"}, None),
        (CONVERSIONS, {"timestamp": "1969-12-31T23:59:59.999999Z"}, -1),
        (AGENT_TIMELINE, {"start_time": NOON, "duration": 0}, NOON_US),
        (AGENT_TIMELINE, {"start_time": NOON, "duration": 0.29361}, NOON_US + 293610),
        (AGENT_TIMELINE, {"start_time": NOON, "duration": 0.1 + 0.2}, NOON_US + 300000),
        (AGENT_TIMELINE, {"start_time": NOON, "duration": None}, None),
        (AGENT_TIMELINE, {"start_time": NOON, "duration": "5"}, None),
        (AGENT_TIMELINE, {"duration": 5}, None),
        # The server orders tickets by it, not by `updated_at`.
        (TICKETS, {"generated_timestamp": 1767268800, "updated_at": "2025-01-01T00:00Z"}, NOON_US),
        (TICKETS, {"updated_at": NOON}, None),
        (TICKETS, {"generated_timestamp": NOON}, None),
        (TICKETS, {"generated_timestamp": "1767268800"}, None),
        (TICKETS, {"generated_timestamp": 1767268800.5}, None),
        (TICKETS, {"generated_timestamp": True}, None),
        (TICKETS, {"generated_timestamp": 0}, 0),
        (TICKETS, {"generated_timestamp": -1}, -1_000_000),
        (TICKET_EVENTS, {"timestamp": 1767268800, "created_at": "2025-01-01T00:00:00Z"}, NOON_US),
        (TICKET_METRIC_EVENTS, {"time": NOON}, NOON_US),
        (USERS, {"updated_at": NOON, "created_at": "2025-01-01T00:00:00Z"}, NOON_US),
        (USERS, {"updated_at": 1767268800}, None),
        (ORGANIZATIONS, {"updated_at": NOON}, NOON_US),
        (ROUTING_INSTANCE_VALUES, {"time": NOON}, NOON_US),
    ],
)
def test_an_item_has_the_servers_time_or_none(export: Export, item: Any, time: int | None) -> None:
    epoch = export.time.unit_us != 1
    later = {export.time.column: 1767268801 if epoch else NOON, "duration": 1}
    times, has_time = item_times_us(export, table_of(export, [item, later]))
    assert has_time.tolist() == [time is not None, True]
    assert times.tolist()[0] == (time or 0)


LAST_S = 253402300799  # 9999-12-31T23:59:59Z


@pytest.mark.parametrize("export", [TICKETS, TICKET_EVENTS], ids=lambda export: export.name)
@pytest.mark.parametrize(
    "absurd",
    [LAST_S + 1, -LAST_S - 1, 10**13, -(10**13), 10**17, 2**63 - 1, -(2**63), 2**63, 2**62],
)
def test_epoch_seconds_beyond_the_year_9999_are_no_time(export: Export, absurd: int) -> None:
    column = export.time.column
    table = table_of(export, [{column: second} for second in (LAST_S, absurd, -LAST_S)])
    times, has_time = item_times_us(export, table)
    assert times.tolist() == [LAST_S * 10**6, 0, -LAST_S * 10**6]
    assert has_time.tolist() == [True, False, True]


@PATIENT
@given(st.lists(st.integers(-(2**64), 2**64) | st.integers(0, 2**40), max_size=6))
def test_epoch_seconds_are_times_where_python_knows_the_year(seconds: list[int]) -> None:
    table = table_of(TICKETS, [{"generated_timestamp": second} for second in seconds])
    times, has_time = item_times_us(TICKETS, table)
    known = [abs(second) <= LAST_S for second in seconds]
    assert has_time.tolist() == known
    assert times.tolist() == [
        second * 10**6 if is_time else 0 for second, is_time in zip(seconds, known, strict=True)
    ]


@settings(PATIENT, max_examples=50)
@given(st.lists(st.sampled_from(["a", "b", "A", "", "é", None]), max_size=8))
def test_rows_with_ids_have_equal_digests_where_their_ids_are_equal(ids: list[str | None]) -> None:
    table = table_of(CONVERSIONS, [{"id": id, "goal_id": i} for i, id in enumerate(ids)])
    known = has_keys(CONVERSIONS, table)
    assert known.tolist() == [id is not None for id in ids]
    # The whole row takes the place of a key that is missing; here each is another.
    meant = [id if id is not None else row for row, id in enumerate(ids)]
    for file in (table, through_parquet(table)):
        found = digests(CONVERSIONS, file)
        assert [found.index(digest) for digest in found] == [meant.index(key) for key in meant]


SPANS = st.fixed_dictionaries(
    {
        "agent_id": st.sampled_from([1, "1", 2, None]),
        "start_time": st.sampled_from([NOON, "2026-01-01T12:00:00.000001Z", "noon", None]),
        "duration": st.sampled_from([1, 1.0, 1.000001]),
        "status": st.sampled_from(["away", "online", ""]),
    },
    optional={"engagement_count": st.sampled_from([0, None]), "mood": st.sampled_from([0, None])},
)


@settings(PATIENT, max_examples=50)
@given(st.lists(SPANS, max_size=8))
def test_rows_without_ids_have_equal_digests_where_every_value_is_equal(spans: list[Any]) -> None:
    table = table_of(AGENT_TIMELINE, spans)
    rows = table.to_pylist()
    for file in (table, through_parquet(table)):
        found = digests(AGENT_TIMELINE, file)
        assert [found.index(digest) for digest in found] == [rows.index(row) for row in rows]


ROUTED = st.fixed_dictionaries(
    {
        "id": st.sampled_from(["a", "b", None]),
        "type": st.sampled_from(["create", "update"]),
        "time": st.sampled_from([NOON, "2026-01-01T12:00:00.000001Z", "noon"]),
        "instance_id": st.sampled_from([1, "1", 2]),
    }
)


@settings(PATIENT, max_examples=50)
@given(st.lists(ROUTED, max_size=8))
def test_routing_rows_are_one_if_id_type_and_time_are(events: list[Any]) -> None:
    table = table_of(ROUTING_INSTANCE_VALUES, events)
    known = has_keys(ROUTING_INSTANCE_VALUES, table).tolist()
    assert known == [event["id"] is not None and event["time"] != "noon" for event in events]
    meant = [
        (row["id"], row["type"], row["time"]) if has_key else tuple(row.items())
        for row, has_key in zip(table.to_pylist(), known, strict=True)
    ]
    for file in (table, through_parquet(table)):
        found = digests(ROUTING_INSTANCE_VALUES, file)
        assert [found.index(digest) for digest in found] == [meant.index(key) for key in meant]


# One for each kind of key and of time; columns of every type.
@pytest.mark.parametrize(
    "export",
    [CHATS, AGENT_TIMELINE, TICKETS, USERS, ROUTING_INSTANCE_VALUES],
    ids=lambda export: export.name,
)
@settings(PATIENT, max_examples=20)
@given(data=st.data())
def test_every_item_however_odd_has_a_time_or_not_and_a_digest_that_parquet_keeps(
    export: Export, data: st.DataObject
) -> None:
    items = data.draw(st.lists(odd_items(export), max_size=3))
    table = convert(export, f"[{','.join(items)}]".encode())
    stored = through_parquet(table)
    assert digests(export, table) == digests(export, stored)
    for one, other in zip(item_times_us(export, table), item_times_us(export, stored), strict=True):
        assert one.tolist() == other.tolist()


KEYS = [bytes([number]) * 16 for number in (1, 2, 127, 128, 255)] + [b"ab\0" + b"\1" * 13]
ADDED = st.lists(st.tuples(st.sampled_from(KEYS), st.integers(-5, 5)), max_size=6)


@PATIENT
@given(st.lists(ADDED, max_size=8))
def test_the_index_finds_each_key_that_was_added_with_its_newest_time(
    batches: list[list[tuple[bytes, int]]],
) -> None:
    index = KeyIndex()
    model: dict[bytes, int] = {}
    asked = np.array(KEYS, dtype="S16")
    for batch in batches:
        index.add(
            np.array([key for key, _ in batch], dtype="S16"),
            np.array([time for _, time in batch], dtype=np.int64),
        )
        for key, time in batch:
            model[key] = max(time, model.get(key, time))
        found, newest = index.find(asked)
        assert found.tolist() == [key in model for key in KEYS]
        assert newest.tolist() == [model.get(key, 0) for key in KEYS]


def test_the_index_sorts_n_keys_in_n_log_n_steps_even_if_they_come_one_by_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    n, in_all = 1024, 0
    sort = keys._sorted

    def counting(digests: keys.Digests, times: keys.Times) -> tuple[keys.Digests, keys.Times]:
        nonlocal in_all
        in_all += len(digests)
        return sort(digests, times)

    monkeypatch.setattr(keys, "_sorted", counting)
    index = KeyIndex()
    for number in range(n):
        index.add(np.array([f"{number:016}".encode()]), np.array([number]))
    assert in_all == n * (1 + 10)  # Each is sorted once alone and once a doubling.
    assert len(index._runs) == 1
