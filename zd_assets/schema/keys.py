"""What identifies an item and when the server places it, read from its row."""

from dataclasses import dataclass, field
from hashlib import blake2b

import msgspec
import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from zd_assets.catalog.export import Table

Digests = npt.NDArray[np.bytes_]
Times = npt.NDArray[np.int64]
Mask = npt.NDArray[np.bool_]

_DIGEST_BYTES = 16
_LAST_US = 253_402_300_799 * 1_000_000  # The end of the year 9999; what is later is no time.
_LONGEST_S = 1e9  # A longer duration would leave the range of timestamps; it gives no time.


def item_times_us(table: Table, rows: pa.Table) -> tuple[Times, Mask]:
    """Return each row's time in microseconds, and whether it has one (elsewhere the time is 0)."""
    times = rows[table.time.column].cast(pa.int64())
    if table.time.unit_us != 1:
        last = _LAST_US // table.time.unit_us
        known = pc.and_(pc.less_equal(times, last), pc.greater_equal(times, -last))
        times = pc.multiply(pc.if_else(known, times, None), table.time.unit_us)
    if table.time.plus_seconds:
        seconds = rows[table.time.plus_seconds]
        seconds = pc.if_else(pc.less(pc.abs(seconds), _LONGEST_S), seconds, None)
        duration_us = pc.round(pc.multiply(seconds, 1e6)).cast(pa.int64(), safe=False)
        times = pc.add(times, duration_us)
    return (
        pc.fill_null(times, 0).to_numpy().astype(np.int64, copy=False),
        pc.is_valid(times).to_numpy(),
    )


def key_digests(table: Table, rows: pa.Table) -> Digests:
    """Return a 128-bit digest of each row's key; of the whole row where it has no key."""
    keys = _values(rows.select(list(table.key)) if table.key else rows)
    for row in np.flatnonzero(~has_keys(table, rows)):
        keys[row] = _values(rows.slice(row, 1))[0]
    return np.array([_digest(key) for key in keys], dtype=f"S{_DIGEST_BYTES}")


def has_keys(table: Table, rows: pa.Table) -> Mask:
    """Return which rows have all their key columns."""
    valid = np.ones(rows.num_rows, dtype=np.bool_)
    for column in table.key:
        valid &= pc.is_valid(rows[column]).to_numpy()
    return valid


def _values(rows: pa.Table) -> list[tuple[object, ...]]:
    return [tuple(row.values()) for row in rows.to_pylist()]


def _digest(key: tuple[object, ...]) -> bytes:
    return blake2b(msgspec.json.encode(key), digest_size=_DIGEST_BYTES).digest()


@dataclass
class KeyIndex:
    """The keys written so far and their newest times: 24 bytes a key.

    Sorted runs that are merged as they grow alike, so that n keys cost n log n.
    """

    _runs: list[tuple[Digests, Times]] = field(default_factory=list)

    def add(self, digests: Digests, times: Times) -> None:
        """Add keys with their times; a key may be added again with a later time."""
        if not len(digests):
            return
        run = _sorted(digests, times)
        while self._runs and len(self._runs[-1][0]) <= len(run[0]):
            other = self._runs.pop()
            run = _sorted(np.concatenate([other[0], run[0]]), np.concatenate([other[1], run[1]]))
        self._runs.append(run)

    def newest(self) -> tuple[Digests, Times]:
        """Return each key once, with its newest time."""
        if not self._runs:
            return np.zeros(0, dtype=f"S{_DIGEST_BYTES}"), np.zeros(0, dtype=np.int64)
        keys, times_of_keys = zip(*self._runs, strict=True)
        digests, times = _sorted(np.concatenate(keys), np.concatenate(times_of_keys))
        last = np.append(digests[1:] != digests[:-1], True)
        return digests[last], times[last]

    def find(self, digests: Digests) -> tuple[Mask, Times]:
        """Return which keys are there, and their newest times (0 where they aren't)."""
        found = np.zeros(len(digests), dtype=np.bool_)
        newest = np.zeros(len(digests), dtype=np.int64)
        for keys, times in self._runs:
            at = np.searchsorted(keys, digests, side="right") - 1
            here = (at >= 0) & (keys[np.maximum(at, 0)] == digests)
            newest = np.where(
                here, np.where(found, np.maximum(newest, times[at]), times[at]), newest
            )
            found |= here
        return found, newest


def _sorted(digests: Digests, times: Times) -> tuple[Digests, Times]:
    order = np.lexsort((times, digests))
    return digests[order], times[order]
