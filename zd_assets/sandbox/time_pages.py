"""The rows of Support's time-based pages, as recordings show them and as they were read before.

Recorded: a page over several seconds ends in the second of its last item, so that the next page
repeats it, and a page of one second alone holds that second whole and ends one second later.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import chain, groupby, islice

from zd_assets.sandbox.seeded.stream import Row

Page = tuple[list[Row], int | None, bool]
"""Rows, `end_time` (None without rows) and whether the page is the last."""


def take_overlapping(rows: Iterator[Row], size: int, cap: int | None) -> Page:
    """Return a page of `size` rows that ends in its last row's second.

    A page of one second alone holds all of it, however many, and ends a second later; with more
    than `cap` it holds so many, and ends in that second: the next page is the same.
    """
    rows = _mingled(rows)
    page = list(islice(rows, size))
    if not page:
        return page, None, True
    last = page[-1].time
    further = next(rows, None)
    if page[0].time != last:
        return page, last, further is None
    while further and further.time == last:
        page.append(further)
        further = next(rows, None)
    if cap is not None and len(page) > cap:
        return page[:cap], last, False
    return page, last + 1, further is None


def take_whole_seconds(rows: Iterator[Row], size: int, overflow: int) -> Page:
    """Return a page that keeps its last second whole, so that the next starts a second later.

    Where that took more than `overflow` further rows, it is cut, and the next page starts in the
    same second: the pages overlap. A page of one second only is never cut, or the next one were
    the same.
    """
    page = list(islice(rows, size))
    if not page:
        return page, None, True
    last = page[-1].time
    further = next(rows, None)
    room = None if overflow and page[0].time == last else size + overflow
    while further and further.time == last and (room is None or len(page) < room):
        page.append(further)
        further = next(rows, None)
    if further and further.time == last:
        return page[:size], last, False
    return page, last + 1, further is None


def _mingled(rows: Iterator[Row]) -> Iterator[Row]:
    """Order each second's rows otherwise than by id, the same way each time."""
    seconds = groupby(rows, key=lambda row: row.time)
    return chain.from_iterable(sorted(second, key=_lot) for _, second in seconds)


def _lot(row: Row) -> int:
    return zlib.crc32(row.id.encode())
