"""Which partition a page's rows belong to, and which of them are left for another window."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zd_assets.lake.keys import Mask, Times
from zd_assets.lake.partition import Partition


@dataclass(frozen=True)
class Span:
    """What one page covers of the server's order, in microseconds.

    The page went from `before_us` to `after_us`, in steps of `unit_us`; rows are wanted from
    `from_us` on and before `until_us`.
    """

    before_us: int
    after_us: int
    unit_us: int
    from_us: int
    until_us: int


@dataclass(frozen=True)
class Placed:
    """Rows of one page for one partition, by the partition's number in the stretch."""

    number: int
    rows: pa.Table
    times_us: Times


def is_ordered(times_us: Times, has_time: Mask, span: Span) -> bool:
    """Whether the page's rows stand in the server's order, so that trimming is provably right.

    They do if their times don't decrease and lie within the page's span.
    """
    if not has_time.all():
        return False
    units_us = _floor(times_us, span.unit_us)
    return len(units_us) == 0 or bool(
        (np.diff(units_us) >= 0).all()
        and units_us[0] >= span.before_us
        and units_us[-1] <= span.after_us
    )


def place(
    table: pa.Table,
    times_us: Times,
    ordered: bool,
    has_time: Mask,
    span: Span,
    partitions: Sequence[Partition],
    first_open: int,
) -> list[Placed]:
    """Distribute a page's rows over contiguous partitions.

    Of an ordered page, rows outside [from_us, until_us) are dropped: another window holds them.
    Of any other page every row is kept, at its own time or at the nearest the page covers, but
    for those that come before `from_us` by both. No row goes to a partition before `first_open`:
    those are committed.
    """
    starts = np.array([partition.start_us for partition in partitions[first_open:]])
    if ordered:
        low, high = np.searchsorted(
            _floor(times_us, span.unit_us), [span.from_us, span.until_us]
        ).tolist()
        table, times_us = table.slice(low, high - low), times_us[low:high]
        cuts = [0, *np.searchsorted(times_us, starts[1:]).tolist(), len(times_us)]
        return [
            Placed(number, table.slice(a, b - a), times_us[a:b])
            for number, (a, b) in enumerate(pairwise(cuts), first_open)
            if b > a
        ]
    if span.after_us < span.from_us:
        later = ~has_time | (times_us >= span.from_us)
        table, times_us, has_time = table.filter(pa.array(later)), times_us[later], has_time[later]
    within = np.clip(np.where(has_time, times_us, span.before_us), span.before_us, span.after_us)
    numbers = first_open + np.maximum(np.searchsorted(starts, within, side="right") - 1, 0)
    return [
        Placed(int(number), table.filter(pa.array(numbers == number)), times_us[numbers == number])
        for number in np.unique(numbers)
    ]


def _floor(times_us: Times, unit_us: int) -> npt.NDArray[np.int64]:
    return times_us // unit_us * unit_us
