"""When seeded items happen: slots in time with a daily and weekly shape.

Slot n of a stream has a time that is found in O(log n), and so is the first slot at or after a
time. Times don't decrease with n. Hours have a fixed number of slots from a weekly pattern; inside
its hour a slot is jittered. A few hours are bursts: all their slots fall into one second.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from itertools import accumulate
from typing import Protocol

from zd_assets.sandbox.seeded.hashing import mix, subseed
from zd_assets.sandbox.timestamps import HOUR_US, SECOND_US

_BY_HOUR = (5, 3, 2, 2, 3, 6, 14, 30, 58, 80, 92, 96, 84, 88, 95, 92, 84, 70, 55, 46, 38, 28, 17, 9)
_BY_WEEKDAY = (112, 106, 103, 100, 94, 48, 41)
_WEEK_HOURS = 168
_BURST_EVERY = 97
# 1970-01-01 was a Thursday.
_EPOCH_HOUR_OF_WEEK = 3 * 24
_JITTER_BITS = 20
# Jitter leaves a tenth of each slot free, so that microseconds stay apart.
_JITTER = (1 << _JITTER_BITS) * 9 // 10


class Slots(Protocol):
    """Slots in time, in order."""

    def time_us(self, slot: int) -> int:
        """Return the time of a slot."""

    def first_at(self, time_us: int) -> int:
        """Return the first slot at or after a time: the number of slots before it."""

    def slots(self, first: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield (slot, time in microseconds) from `first` up to, not including, `end`."""


class Timetable:
    """The slots of one stream."""

    def __init__(self, seed: int, start_us: int, per_day: float) -> None:
        """Lay out `per_day` slots on an average day from `start_us` (a full hour) on."""
        self._jitter_seed = subseed(seed, "jitter")
        self._burst_seed = subseed(seed, "burst")
        self._start_us = start_us
        first_hour = start_us // HOUR_US + _EPOCH_HOUR_OF_WEEK
        weights = [
            _BY_HOUR[hour % 24] * _BY_WEEKDAY[hour // 24 % 7]
            for hour in range(first_hour, first_hour + _WEEK_HOURS)
        ]
        total = sum(weights)
        self._per_week = max(1, round(per_day * 7))
        # Slots of the week before each of its hours.
        self._before = [
            self._per_week * weight // total for weight in accumulate(weights, initial=0)
        ]

    def time_us(self, slot: int) -> int:
        """Return the time of a slot."""
        week, rest = divmod(slot, self._per_week)
        hour_of_week = bisect_right(self._before, rest) - 1
        hour = week * _WEEK_HOURS + hour_of_week
        base, width = self._span(hour)
        first = self._before[hour_of_week]
        count = self._before[hour_of_week + 1] - first
        return base + self._offset(slot, rest - first, count, width)

    def first_at(self, time_us: int) -> int:
        """Return the first slot at or after a time: the number of slots before it."""
        hour = (time_us - self._start_us) // HOUR_US
        if hour < 0:
            return 0
        first, count = self._hour(hour)
        base, width = self._span(hour)
        low, high = 0, count
        while low < high:
            middle = (low + high) // 2
            if base + self._offset(first + middle, middle, count, width) < time_us:
                low = middle + 1
            else:
                high = middle
        return first + low

    def slots(self, first: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield (slot, time in microseconds) from `first` up to, not including, `end`."""
        if first >= end:
            return
        hour = (self.time_us(first) - self._start_us) // HOUR_US
        slot = first
        while slot < end:
            hour_first, count = self._hour(hour)
            base, width = self._span(hour)
            while slot < min(end, hour_first + count):
                yield slot, base + self._offset(slot, slot - hour_first, count, width)
                slot += 1
            hour += 1

    def _hour(self, hour: int) -> tuple[int, int]:
        week, hour_of_week = divmod(hour, _WEEK_HOURS)
        first = self._before[hour_of_week]
        return week * self._per_week + first, self._before[hour_of_week + 1] - first

    def _span(self, hour: int) -> tuple[int, int]:
        base = self._start_us + hour * HOUR_US
        chance = mix(self._burst_seed, hour)
        if chance % _BURST_EVERY:
            return base, HOUR_US
        return base + chance // _BURST_EVERY % 3600 * SECOND_US, SECOND_US

    def _offset(self, slot: int, place: int, count: int, width: int) -> int:
        jitter = mix(self._jitter_seed, slot) % _JITTER
        return (((place << _JITTER_BITS) + jitter) * width // count) >> _JITTER_BITS


class Several:
    """Several slots at the time of each slot of other ones."""

    def __init__(self, slots: Slots, number: int) -> None:
        """Put `number` slots at each."""
        self._slots = slots
        self._number = number

    def time_us(self, slot: int) -> int:
        """Return the time of a slot."""
        return self._slots.time_us(slot // self._number)

    def first_at(self, time_us: int) -> int:
        """Return the first slot at or after a time: the number of slots before it."""
        return self._slots.first_at(time_us) * self._number

    def slots(self, first: int, end: int) -> Iterator[tuple[int, int]]:
        """Yield (slot, time in microseconds) from `first` up to, not including, `end`."""
        number = self._number
        for slot, time_us in self._slots.slots(first // number, -(-end // number)):
            for each in range(max(first, slot * number), min(end, (slot + 1) * number)):
                yield each, time_us
