"""How much an export has of a range of time, estimated from a few of its pages."""

import math
import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from zd_assets.catalog.export import Endpoint, Export
from zd_assets.lake.partition import DAY_US, HOUR_US
from zd_assets.schema.arrow import parquet_writer
from zd_assets.schema.convert import convert_items
from zd_assets.schema.keys import item_times_us
from zd_assets.zendesk.client import Body, Client
from zd_assets.zendesk.page import Page, read_page
from zd_assets.zendesk.paginators import first_url

# Student's t, two-sided at 90 %, by degrees of freedom.
_T = {1: 6.31, 2: 2.92, 3: 2.35, 4: 2.13, 5: 2.02, 6: 1.94, 7: 1.89, 8: 1.86, 9: 1.83}
_LEAST_ERROR = 0.15
_MORE_REQUESTS = 2
_HOURS = 24
# Rounds until a weekend's share of items is settled, and the least it is taken for.
_ROUNDS, _LEAST_SHARE = 20, 0.01

Figures = npt.NDArray[np.float64]
Window = tuple[int, int, list[int]]
"""From and until, and the times of the items in between, in microseconds."""


@dataclass(frozen=True)
class Asked:
    """What is asked of an export: its endpoint, its parameters, and how many items a page."""

    export: Export
    endpoint: Endpoint
    query: Mapping[str, str]
    page_size: int


@dataclass(frozen=True)
class Estimate:
    """What a range holds: `items`, which 9 times in 10 is between `low` and `high`.

    `high` is None where nothing tells how many there are at most. `is_exact` says that the samples
    were the range itself. `stream_items` are those that a backfill reads: without a `start_time`
    that is the stream from its beginning.
    `lake_bytes` are of all files of the range, `json_bytes` of an item; `page_s` are the seconds
    that a page took.
    """

    items: float
    low: float
    high: float | None
    stream_items: float
    is_exact: bool
    sample_requests: int
    json_bytes: float
    lake_bytes: float
    page_s: float


@dataclass
class _Samples:
    """What the sampled pages held."""

    tables: list[pa.Table] = field(default_factory=list)
    json_bytes: int = 0
    seconds: list[float] = field(default_factory=list)
    windows: list[Window] = field(default_factory=list)
    requests: int = 0


def estimate(
    asked: Asked,
    client: Client,
    from_us: int,
    until_us: int,
    partitions: int,
    samples: int,
    notice: Callable[[str], None],
) -> Estimate:
    """Estimate what an export has in [from_us, until_us), in microseconds, by so many requests.

    The range is one of so many partitions.

    The first page begins where the range does; if that is all of it, it is known exactly. The
    others begin all over the rest, at different times of day. Each tells how many items there are
    in the hours that it covers. What lies between them has as many as those hours of workdays and
    of weekends have in the samples; hours that none covers lie between those that some do. The
    error is how badly each sample is foretold by the others, and some for trends.

    Raises:
        ZendeskError: a page can't be had.
    """
    found = _Samples()
    high: float | None
    if asked.endpoint.has_start_time:
        _sample_range(asked, client, found, from_us, until_us, samples, notice)
        items, error = _items(found.windows, from_us, until_us)
        low, high, stream = items - error, items + error, items
    else:
        inside, stream, is_all = _sample_stream(
            asked, client, found, from_us, until_us, samples, notice
        )
        items, low, high = inside, inside, inside if is_all else None
    rows = sum(table.num_rows for table in found.tables)
    return Estimate(
        items=items,
        low=low,
        high=high,
        stream_items=stream,
        is_exact=low == high,
        sample_requests=found.requests,
        json_bytes=found.json_bytes / rows if rows else 0.0,
        lake_bytes=partitions * _file_bytes(asked.export, found.tables, items / partitions),
        page_s=statistics.mean(found.seconds) if found.seconds else 0.0,
    )


def requests_needed(made: Estimate, page_size: int, segments: int) -> int:
    """Return how many requests a backfill in so many segments takes at most."""
    return math.ceil(made.stream_items / page_size) + _MORE_REQUESTS * segments


def minutes_needed(requests: int, per_minute: int, page_s: float, side_by_side: int) -> float:
    """Minutes of a backfill: by its budget, of which one minute is free at first, or by its pages.

    >>> minutes_needed(100, 10, 0.5, 1)
    9.0
    """
    by_budget = max(0, requests - per_minute) / per_minute
    return max(by_budget, requests * page_s / 60 / side_by_side)


def _sample_range(
    asked: Asked,
    client: Client,
    found: _Samples,
    from_us: int,
    until_us: int,
    samples: int,
    notice: Callable[[str], None],
) -> None:
    """Take pages from all over a range into the samples, as windows that don't overlap."""
    for start_us in _starts(found.windows, from_us, until_us, samples):
        url = first_url(client.base_url, asked.endpoint, start_us, asked.page_size, asked.query)
        page, times_us = _ask(asked, client, url, found, notice)
        end_us = _end_us(asked.endpoint, page, times_us, start_us, until_us)
        inside = [one for one in times_us if start_us <= one < end_us]
        found.windows.append((start_us, end_us, inside))


def _starts(windows: Sequence[Window], from_us: int, until_us: int, samples: int) -> Iterator[int]:
    """Yield where sampled pages begin: never in what `windows` cover, which grow meanwhile."""
    yield from_us
    rest_us = windows[-1][1]
    width_us = (until_us - rest_us) // max(1, samples - 1)
    for number in range(samples - 1):
        start_us = rest_us + number * width_us + width_us // 2
        if width_us >= DAY_US:
            # Nights differ from days: so each begins at another time of its day.
            share = (number + 0.5) / (samples - 1)
            start_us = start_us // DAY_US * DAY_US + round(share * DAY_US)
        start_us = max(start_us, windows[-1][1])
        if start_us >= until_us:
            return
        yield start_us


def _sample_stream(
    asked: Asked,
    client: Client,
    found: _Samples,
    from_us: int,
    until_us: int,
    samples: int,
    notice: Callable[[str], None],
) -> tuple[int, int, bool]:
    """Take the first pages of a stream that has no `start_time`.

    Returns how many of their items are in the range, how many there are in all, and whether that
    is the whole stream.
    """
    url: str | None = first_url(
        client.base_url, asked.endpoint, from_us, asked.page_size, asked.query
    )
    inside = every = 0
    while url and found.requests < samples:
        page, times_us = _ask(asked, client, url, found, notice)
        inside += sum(from_us <= one < until_us for one in times_us)
        every += page.count
        if page.last or page.count < page.limit:
            return inside, every, True
        url = page.next_url
    return inside, every, False


def _ask(
    asked: Asked, client: Client, url: str, found: _Samples, notice: Callable[[str], None]
) -> tuple[Page, list[int]]:
    """One page, taken into the samples; and the times of its items, in microseconds."""
    waits: list[str] = []

    def tell(message: str) -> None:
        waits.append(message)
        notice(message)

    def read(body: Body) -> tuple[Page, int]:
        return read_page(asked.export, asked.endpoint, body), len(body.content)

    began_s = time.monotonic()
    page, nbytes = client.get(url, read, notice=tell)
    table = convert_items(asked.export, list(page.items))
    if not waits:
        found.seconds.append(time.monotonic() - began_s)
    found.requests += 1
    found.json_bytes += nbytes
    found.tables.append(table)
    times_us, has_time = item_times_us(asked.export, table)
    return page, times_us[has_time].tolist()


def _end_us(
    endpoint: Endpoint, page: Page, times_us: Sequence[int], start_us: int, until_us: int
) -> int:
    """Up to when a page holds everything, at most to the end of the range."""
    if page.last or not page.items:
        return until_us
    if endpoint.names_end_time and page.position:
        reached_us = page.position.end_time * endpoint.unit_us
    else:
        reached_us = max(times_us, default=start_us)
    return min(max(reached_us, start_us + endpoint.unit_us), until_us)


def _items(windows: Sequence[Window], from_us: int, until_us: int) -> tuple[float, float]:
    """Return how many items the range has, and by how many that may be wrong."""
    known = sum(len(times_us) for _, _, times_us in windows)
    unseen_us = _by_hour(from_us, until_us) - sum(_by_hour(a, b) for a, b, _ in windows)
    unseen_us = unseen_us.clip(min=0)
    if not unseen_us.sum():
        return known, 0.0
    unseen = float(_rates(windows) @ unseen_us)
    if len(windows) == 1:
        return known + unseen, unseen
    missed = []
    for one in windows:
        others = [other for other in windows if other is not one]
        length_us = _by_hour(one[0], one[1])
        foretold = float(_rates(others) @ length_us)
        missed.append((len(one[2]) - foretold) / float(length_us.sum()))
    typical = math.sqrt(statistics.mean(miss**2 for miss in missed) / len(missed))
    error = _T[len(missed) - 1] * typical * float(unseen_us.sum())
    return known + unseen, min(unseen, max(error, _LEAST_ERROR * unseen))


def _rates(windows: Sequence[Window]) -> Figures:
    """Items a microsecond in each hour of workdays, then of weekends.

    A weekend has a share of a workday's items, told by the hours that the windows have of both
    (else as many). Between the hours that are in the windows, rates lie in a straight line.
    """
    length_us = sum((_by_hour(a, b) for a, b, _ in windows), np.zeros(2 * _HOURS))
    times_us = np.concatenate([np.array(times, np.int64) for _, _, times in windows])
    items = np.bincount(_hours_of(times_us), minlength=2 * _HOURS)
    (work_us, free_us), (work, free) = np.split(length_us, 2), np.split(items, 2)
    of_both = (work_us > 0) & (free_us > 0)
    covered = np.flatnonzero(work_us + free_us)
    share = 1.0
    for _ in range(_ROUNDS):
        rates = (work + free)[covered] / (work_us + share * free_us)[covered]
        rate = np.interp(np.arange(_HOURS), covered, rates, period=_HOURS)
        foretold = float((rate * free_us)[of_both].sum())
        if not foretold:
            break
        share = max(_LEAST_SHARE, float(free[of_both].sum()) / foretold)
    return np.concatenate([rate, share * rate])


def _by_hour(from_us: int, until_us: int) -> Figures:
    """Return how many microseconds of each hour of workdays, then of weekends, lie in a window."""
    edges = np.arange(from_us // HOUR_US, -(-until_us // HOUR_US) + 1) * HOUR_US
    edges = edges.clip(from_us, until_us)
    lengths = np.bincount(_hours_of(edges[:-1]), np.diff(edges), 2 * _HOURS)
    return lengths.astype(np.float64)


def _hours_of(times_us: npt.NDArray[np.int64]) -> npt.NDArray[np.int64]:
    """Return the hour of the day of each time; 24 more on Saturdays and Sundays, UTC."""
    # 1970 began with a Thursday.
    weekend = (times_us // DAY_US + 3) % 7 >= 5
    return times_us // HOUR_US % _HOURS + _HOURS * weekend


def _file_bytes(export: Export, tables: Sequence[pa.Table], rows: float) -> float:
    """Return how large a file of so many rows is: small ones of few rows hold relatively more."""
    sampled = pa.concat_tables(tables)
    some = min(sampled.num_rows, round(rows))
    with TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        with parquet_writer(path, export.all_columns) as writer:
            if some:
                writer.write_table(sampled.slice(0, some))
        return path.stat().st_size * max(1.0, rows / some if some else 1.0)
