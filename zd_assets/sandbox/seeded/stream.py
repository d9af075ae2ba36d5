"""A seeded export as an ordered stream of rows."""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import groupby
from typing import NamedTuple, Protocol

from zd_assets.sandbox.seeded.timetable import Timetable


class Row(NamedTuple):
    """An item's place in the server's order, and where its JSON is."""

    time: int
    """In the export's unit."""
    id: str
    time_us: int
    source: int | bytes
    """The slot of a seeded item, the JSON of an explicit one."""


class Recipe(Protocol):
    """What one export's seeded items are made of."""

    timetable: Timetable

    def id(self, slot: int) -> str:
        """Return the id of the item at a slot ("" if the export has none)."""

    def next(self, slot: int) -> int | None:
        """Return the slot of the item's next version, if it ever gets one."""

    def item(self, slot: int) -> bytes:
        """Return the item's JSON."""


class Stream:
    """The seeded items of one export."""

    def __init__(self, recipe: Recipe, unit_us: int, cached_items: int) -> None:
        """Serve a recipe's items, keeping `cached_items` encoded ones."""
        self._recipe = recipe
        self._unit_us = unit_us
        self._id = lru_cache(maxsize=cached_items)(recipe.id)
        self.item = lru_cache(maxsize=cached_items)(recipe.item)

    def rows(self, time: int, now_us: int) -> Iterator[Row]:
        """Yield the rows at or after `time` (in the export's unit) as they stand at `now_us`."""
        unit_us, by_id = self._unit_us, self._id
        successor = self._recipe.next
        timetable = self._recipe.timetable
        end = timetable.first_at(now_us + 1)
        visible = (
            (time_us // unit_us, slot)
            for slot, time_us in timetable.slots(timetable.first_at(time * unit_us), end)
            if (later := successor(slot)) is None or later >= end
        )
        for unit, group in groupby(visible, key=lambda pair: pair[0]):
            yield from sorted(Row(unit, by_id(slot), unit * unit_us, slot) for _, slot in group)
