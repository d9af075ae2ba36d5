"""A seeded export as an ordered stream of rows."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple, Protocol

from zd_assets.sandbox.seeded.timetable import Slots

Delay = Callable[[int], int]
"""Microseconds by slot."""


class Row(NamedTuple):
    """An item's place in the server's order, and where its JSON is."""

    time: int
    """In the export's unit."""
    id: str
    time_us: int
    source: int | bytes
    """The slot of a seeded item, the JSON of an explicit one."""
    shown_us: int = 0
    """When an explicit item is shown at last, if later than its time."""
    own_us: int | None = None
    """The item's own time, if it is served at another."""
    put_us: int = 0
    """A moment that nobody had been told of when an explicit item was put."""


class Recipe(Protocol):
    """What one export's seeded items are made of."""

    @property
    def timetable(self) -> Slots:
        """When the slots are."""

    def id(self, slot: int) -> str:
        """Return the id of the item at a slot ("" if the export has none)."""

    def next(self, slot: int) -> int | None:
        """Return the slot of the item's next version, if it ever gets one.

        A slot that brings no item at all is followed by itself.
        """

    def item(self, slot: int) -> bytes:
        """Return the item's JSON."""


class Stream:
    """The seeded items of one export."""

    def __init__(
        self,
        recipe: Recipe,
        unit_us: int,
        cached_items: int,
        slot_of: Callable[[str], int | None] | None = None,
    ) -> None:
        """Serve a recipe's items, keeping `cached_items` encoded ones.

        `slot_of` tells which slot first brought an id, for items that are sideloaded.
        """
        self._recipe = recipe
        self._slot_of = slot_of
        self._unit_us = unit_us
        self._id = lru_cache(maxsize=cached_items)(recipe.id)
        self.item = lru_cache(maxsize=cached_items)(recipe.item)

    def rows(self, time: int, now_us: int, delay_us: Delay | None = None) -> Iterator[Row]:
        """Yield the rows at or after `time` (in the export's unit) as they are at `now_us`.

        With `delay_us`: as they are shown, each slot so long after its own time.
        """
        unit_us, by_id = self._unit_us, self._id
        timetable = self._recipe.timetable
        end = timetable.first_at(now_us + 1)
        slots = timetable.slots(timetable.first_at(time * unit_us), end)
        if delay_us is None:
            newest = self._newest(slots, end)
        else:
            newest = self._newest_shown(slots, end, now_us, delay_us)
        for unit, group in groupby(newest, key=lambda pair: pair[0]):
            yield from sorted(Row(unit, by_id(slot), unit * unit_us, slot) for _, slot in group)

    def own_rows(self, time: int, now_us: int) -> Iterator[Row]:
        """Yield the rows by their items' own time, if that is another than they are served at."""
        return self.rows(time, now_us)

    def shown_us(self, row: Row, delay_us: Delay | None) -> int:
        """Return when a row is shown for the first time."""
        assert isinstance(row.source, int)
        return row.time_us + (delay_us(row.source) if delay_us else 0)

    def _newest(self, slots: Iterable[tuple[int, int]], end: int) -> Iterator[tuple[int, int]]:
        successor = self._recipe.next
        for slot, time_us in slots:
            if (later := successor(slot)) is None or later >= end:
                yield time_us // self._unit_us, slot

    def _newest_shown(
        self, slots: Iterable[tuple[int, int]], end: int, now_us: int, delay_us: Delay
    ) -> Iterator[tuple[int, int]]:
        successor, timetable = self._recipe.next, self._recipe.timetable
        for slot, time_us in slots:
            if time_us + delay_us(slot) > now_us:
                continue
            # A version stays until one that came later is shown.
            later = successor(slot)
            while later is not None and slot < later < end:
                if timetable.time_us(later) + delay_us(later) <= now_us:
                    break
                later = successor(later)
            if later is None or later >= end:
                yield time_us // self._unit_us, slot

    def find(self, id: str, now_us: int) -> bytes | None:
        """Return the item of an id as it is at `now_us`, if there is one."""
        slot = self._slot_of(id) if self._slot_of else None
        end = self._recipe.timetable.first_at(now_us + 1)
        if slot is None or slot >= end:
            return None
        while (later := self._recipe.next(slot)) is not None and later < end:
            slot = later
        return self.item(slot)
