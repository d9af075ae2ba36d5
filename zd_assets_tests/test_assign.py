"""Rows to partitions: each goes where its time says, or is provably another window's."""

import numpy as np
import pyarrow as pa
from hypothesis import given
from hypothesis import strategies as st

from zd_assets.extract.assign import Assigned, Span, assign_to_partitions, is_ordered
from zd_assets.lake.partition import Partition

WIDTH_US = 40
COUNT = 4
END_US = WIDTH_US * COUNT
PARTITIONS = [Partition(str(i), i * WIDTH_US, (i + 1) * WIDTH_US) for i in range(COUNT)]

units = st.sampled_from([1, 10])
instants = st.integers(-30, END_US + 30)


def table_of(count: int) -> pa.Table:
    return pa.table({"row": pa.array(range(count), pa.int64())})


def own_rows(assigned: Assigned) -> dict[int, int]:
    """The partition of each own row, by the row's number; none is there twice."""
    found = [(row, part.number) for part in assigned.own for row in part.rows["row"].to_pylist()]
    assert len(dict(found)) == len(found)
    return dict(found)


def other_rows(assigned: Assigned) -> set[int]:
    return set(assigned.other["row"].to_pylist())


@st.composite
def ordered_pages(draw: st.DrawFn) -> tuple[list[int], Span]:
    unit_us = draw(units)
    before_us = draw(instants) // unit_us * unit_us
    after_us = before_us + draw(st.integers(0, 12)) * unit_us
    times = draw(st.lists(st.integers(before_us, after_us + unit_us - 1), max_size=12))
    # The server orders by units: within one, any order.
    times.sort(key=lambda us: us // unit_us)
    from_us, until_us = (draw(instants) // unit_us * unit_us for _ in range(2))
    return times, Span(before_us, after_us, unit_us, from_us, min(END_US, until_us))


@given(ordered_pages())
def test_of_an_ordered_page_each_wanted_row_goes_to_its_time_and_no_other(
    page: tuple[list[int], Span],
) -> None:
    times, span = page
    times_us, has_time = np.array(times, np.int64), np.ones(len(times), np.bool_)
    assert is_ordered(times_us, has_time, span)
    rows = table_of(len(times))
    assigned = assign_to_partitions(rows, times_us, has_time, True, False, span, PARTITIONS, 0)
    wanted = {
        row: us
        for row, us in enumerate(times)
        if span.from_us <= us // span.unit_us * span.unit_us < span.until_us
    }
    inside = {row: us // WIDTH_US for row, us in wanted.items() if 0 <= us < END_US}
    assert own_rows(assigned) == inside
    assert other_rows(assigned) == wanted.keys() - inside.keys()


@st.composite
def any_pages(draw: st.DrawFn) -> tuple[list[tuple[int, bool]], Span, int]:
    unit_us = draw(units)
    ends = [draw(instants) // unit_us * unit_us for _ in range(4)]
    rows = draw(st.lists(st.tuples(instants, st.booleans()), max_size=12))
    return rows, Span(ends[0], ends[1], unit_us, ends[2], ends[3]), draw(st.integers(0, COUNT - 1))


@given(any_pages(), st.booleans())
def test_of_any_other_page_every_row_is_kept_at_its_own_time(
    page: tuple[list[tuple[int, bool]], Span, int], by_arrival: bool
) -> None:
    rows, span, first_open = page
    times_us = np.array([us if known else 0 for us, known in rows], np.int64)
    has_time = np.array([known for _, known in rows], np.bool_)
    assigned = assign_to_partitions(
        table_of(len(rows)), times_us, has_time, False, by_arrival, span, PARTITIONS, first_open
    )
    own, other = own_rows(assigned), other_rows(assigned)
    begins = min(max(span.before_us // WIDTH_US, first_open), COUNT - 1)
    for row, (us, known) in enumerate(rows):
        if not known:
            assert own[row] == begins
            assert row not in other
            continue
        is_open = 0 <= us < END_US and us // WIDTH_US >= first_open
        assert own.get(row) == (us // WIDTH_US if is_open else None)
        # What a crash could lose is to be in the lake at once.
        sent_again = is_open and (by_arrival or us // WIDTH_US == begins)
        assert (row in other) is not sent_again


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
