"""Rows to partitions: each is placed, or provably another window's."""

import json
from importlib import resources

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zd_assets.exports.chat import CHATS
from zd_assets.extract.place import Placed, Span, is_ordered, place
from zd_assets.lake.convert import convert
from zd_assets.lake.keys import item_times_us
from zd_assets.lake.partition import Partition

WIDTH_US = 40
COUNT = 4
END_US = WIDTH_US * COUNT
PARTITIONS = [Partition(str(i), i * WIDTH_US, (i + 1) * WIDTH_US) for i in range(COUNT)]

units = st.sampled_from([1, 10])
instants = st.integers(-30, END_US + 30)


def placed_rows(placed: list[Placed]) -> dict[int, int]:
    """The partition of each row, by the row's number; none stands twice."""
    found = [(row, part.number) for part in placed for row in part.rows["row"].to_pylist()]
    assert len(dict(found)) == len(found)
    return dict(found)


def table_of(count: int) -> pa.Table:
    return pa.table({"row": pa.array(range(count), pa.int64())})


@st.composite
def ordered_pages(draw: st.DrawFn) -> tuple[list[int], Span]:
    unit_us = draw(units)
    before_us = draw(instants) // unit_us * unit_us
    after_us = before_us + draw(st.integers(0, 12)) * unit_us
    times = draw(st.lists(st.integers(before_us, after_us + unit_us - 1), max_size=12))
    # The server orders by units: within one, any order.
    times.sort(key=lambda us: us // unit_us)
    from_us, until_us = (draw(instants) // unit_us * unit_us for _ in range(2))
    return times, Span(before_us, after_us, unit_us, max(0, from_us), min(END_US, until_us))


@given(ordered_pages())
def test_of_an_ordered_page_every_row_of_the_window_is_placed_and_no_other(
    page: tuple[list[int], Span],
) -> None:
    times, span = page
    times_us, has_time = np.array(times, np.int64), np.ones(len(times), np.bool_)
    assert is_ordered(times_us, has_time, span)
    placed = place(table_of(len(times)), times_us, True, has_time, span, PARTITIONS, 0)
    assert placed_rows(placed) == {
        row: us // WIDTH_US
        for row, us in enumerate(times)
        if span.from_us <= us // span.unit_us * span.unit_us < span.until_us
    }
    assert [us for part in placed for us in part.times_us.tolist()] == [
        us for row, us in enumerate(times) if row in placed_rows(placed)
    ]


@st.composite
def any_pages(draw: st.DrawFn) -> tuple[list[tuple[int, bool]], Span, int]:
    unit_us = draw(units)
    ends = [draw(instants) // unit_us * unit_us for _ in range(4)]
    rows = draw(st.lists(st.tuples(instants, st.booleans()), max_size=12))
    return rows, Span(ends[0], ends[1], unit_us, ends[2], ends[3]), draw(st.integers(0, COUNT - 1))


@given(any_pages())
def test_of_an_unordered_page_every_row_is_kept_but_those_provably_before_the_window(
    page: tuple[list[tuple[int, bool]], Span, int],
) -> None:
    rows, span, first_open = page
    times_us = np.array([us if known else 0 for us, known in rows], np.int64)
    has_time = np.array([known for _, known in rows], np.bool_)
    placed = place(table_of(len(rows)), times_us, False, has_time, span, PARTITIONS, first_open)
    where = placed_rows(placed)
    # Neither the page nor their own time has come to where rows are wanted.
    passed = span.after_us < span.from_us
    assert set(where) == {
        row for row, (us, known) in enumerate(rows) if not (passed and known and us < span.from_us)
    }
    assert all(first_open <= number < COUNT for number in where.values())
    for row, (us, known) in enumerate(rows):
        within = known and span.before_us <= us <= span.after_us
        if row in where and within and 0 <= us < END_US and us // WIDTH_US >= first_open:
            assert where[row] == us // WIDTH_US, "a row that the page covers stands at its time"


@given(any_pages())
def test_a_page_is_ordered_only_if_times_rise_within_its_span(
    page: tuple[list[tuple[int, bool]], Span, int],
) -> None:
    rows, span, _ = page
    units_of_rows = [us // span.unit_us for us, _ in rows]
    expected = (
        all(known for _, known in rows)
        and units_of_rows == sorted(units_of_rows)
        and all(
            span.before_us // span.unit_us <= unit <= span.after_us // span.unit_us
            for unit in units_of_rows
        )
    )
    times_us = np.array([us for us, _ in rows], np.int64)
    has_time = np.array([known for _, known in rows], np.bool_)
    assert is_ordered(times_us, has_time, span) == expected


@pytest.mark.parametrize(
    ("times", "after_us", "kept"),
    [
        # Pages of a stream from its beginning, on the way to a window from 80 on.
        ([5, 3, 12], 20, []),
        ([5, None, 12], 20, [1]),
        ([5, 85, 12], 20, [1]),
        ([5, 85, 12], 80, [0, 1, 2]),
        ([75, 70, None], 79, [2]),
    ],
)
def test_rows_before_the_window_are_dropped_while_the_page_is_before_it_too(
    times: list[int | None], after_us: int, kept: list[int]
) -> None:
    span = Span(before_us=0, after_us=after_us, unit_us=1, from_us=80, until_us=END_US)
    times_us = np.array([us or 0 for us in times], np.int64)
    has_time = np.array([us is not None for us in times], np.bool_)
    placed = place(table_of(len(times)), times_us, False, has_time, span, PARTITIONS, 2)
    assert sorted(placed_rows(placed)) == kept


def test_the_documents_own_chats_example_is_no_ordered_page_and_is_kept_whole() -> None:
    # Its end_time, 1608613496, is a chat's `timestamp`, before both `update_timestamp`s.
    examples = (resources.files("zd_assets.sandbox") / "chat_examples.json").read_text()
    items = json.dumps(json.loads(examples)["chats"]).encode()
    table = convert(CHATS, items)
    times_us, has_time = item_times_us(CHATS, table)
    day = Partition("2020-12-22", 1608595200_000_000, 1608681600_000_000)
    span = Span(
        before_us=day.start_us - 1_000_000,
        after_us=1608613496_000_000,
        unit_us=1_000_000,
        from_us=day.start_us,
        until_us=day.end_us,
    )
    ordered = is_ordered(times_us, has_time, span)
    assert not ordered
    placed = place(table, times_us, ordered, has_time, span, [day], 0)
    assert [part.rows.num_rows for part in placed] == [2]
