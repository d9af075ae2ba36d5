"""Which partition a row belongs to: that of its own time, whichever page brought it."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zd_assets.lake.partition import Partition
from zd_assets.schema.keys import Mask, Times


@dataclass(frozen=True)
class Span:
    """What one page covers of the server's order, in microseconds.

    The page went from `before_us` to `after_us`, in steps of `unit_us`; of an ordered page rows
    are wanted from `from_us` on and before `until_us`.
    """

    before_us: int
    after_us: int
    unit_us: int
    from_us: int
    until_us: int


@dataclass(frozen=True)
class PartitionRows:
    """Rows of one page for one partition, by the partition's number in the segment."""

    number: int
    rows: pa.Table
    times_us: Times


@dataclass(frozen=True)
class Assigned:
    """A page's rows for open partitions of the segment, and those to be added to files at once."""

    own: list[PartitionRows]
    other: pa.Table
    other_us: Times


def is_ordered(times_us: Times, has_time: Mask, span: Span) -> bool:
    """Return whether the page's rows are in the server's order, so that trimming is provably right.

    They are if their times don't decrease and lie within the page's span.
    """
    if not has_time.all():
        return False
    units_us = _floor(times_us, span.unit_us)
    return len(units_us) == 0 or bool(
        (np.diff(units_us) >= 0).all()
        and units_us[0] >= span.before_us
        and units_us[-1] <= span.after_us
    )


def assign_to_partitions(
    table: pa.Table,
    times_us: Times,
    has_time: Mask,
    ordered: bool,
    by_arrival: bool,
    span: Span,
    partitions: Sequence[Partition],
    first_open: int,
) -> Assigned:
    """Distribute a page's rows by their times, over contiguous partitions and beyond.

    Of an ordered page, rows outside [from_us, until_us) are dropped: another window's pages hold
    them. Of any other page every row is kept. There a row of a later partition of the segment is
    among the others, too, to be in the lake at once: a run that begins again at that partition
    isn't sent this page again, unless the stream is read from its beginning in any case
    (`by_arrival`). A row without a time goes where the page begins.
    """
    starts = np.array([partition.start_us for partition in partitions])
    end_us = partitions[-1].end_us
    if ordered:
        low, high = np.searchsorted(
            _floor(times_us, span.unit_us), [span.from_us, span.until_us]
        ).tolist()
        table, times_us, has_time = table.slice(low, high - low), times_us[low:high], has_time[:0]
        has_time = np.ones(len(times_us), dtype=np.bool_)
    numbers = np.searchsorted(starts, times_us, side="right") - 1
    begins = int(np.searchsorted(starts, span.before_us, side="right")) - 1
    begins = min(max(begins, first_open), len(partitions) - 1)
    numbers[~has_time] = begins
    own = (numbers >= first_open) & ((times_us < end_us) | ~has_time)
    other = ~own if ordered or by_arrival else ~own | (numbers != begins)
    return Assigned(
        own=[
            PartitionRows(int(number), table.filter(pa.array(mine)), times_us[mine])
            for number in np.unique(numbers[own])
            for mine in [own & (numbers == number)]
        ],
        other=table.filter(pa.array(other)),
        other_us=times_us[other],
    )


def _floor(times_us: Times, unit_us: int) -> npt.NDArray[np.int64]:
    return times_us // unit_us * unit_us
