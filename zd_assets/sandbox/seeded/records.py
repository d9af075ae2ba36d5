"""Recipes whose slots are new items and later updates of them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from random import Random
from typing import Any

import orjson

from zd_assets.sandbox.seeded.hashing import mix, subseed
from zd_assets.sandbox.seeded.oddities import Oddities
from zd_assets.sandbox.seeded.timetable import Timetable
from zd_assets.sandbox.seeded.versions import Versions
from zd_assets.sandbox.timestamps import SECOND_US

Item = dict[str, Any]


class Records(ABC):
    """What such recipes have in common."""

    def __init__(
        self, seed: int, odd: bool, name: str, start_us: int, slots_per_day: float
    ) -> None:
        """Begin at `start_us` with `slots_per_day` new items and updates on an average day."""
        seed = subseed(seed, name)
        self.timetable = Timetable(seed, start_us, slots_per_day)
        self._versions = Versions(seed)
        self._ids = subseed(seed, "ids")
        self._contents = subseed(seed, "contents")
        self._updates = subseed(seed, "updates")
        self._oddities = Oddities(seed, odd)
        self._random = Random()
        self.next = self._versions.next

    def id(self, slot: int) -> str:
        """Return the item's id, the same for all its versions."""
        return self._id(self.origin(slot))

    def item(self, slot: int) -> bytes:
        """Return the version of an item that a slot brought, as JSON."""
        origin, *updates = self._versions.chain(slot)
        item = self._created(origin)
        for update in updates:
            self._random.seed(mix(self._updates, update))
            self._update(item, update)
        self._distort(item, self._oddities.chance(origin))
        return orjson.dumps(item)

    def origin(self, slot: int) -> int:
        """Return the slot that brought the item's first version."""
        while (earlier := self._versions.previous(slot)) is not None:
            slot = earlier
        return slot

    def _second(self, slot: int) -> int:
        return self.timetable.time_us(slot) // SECOND_US

    @abstractmethod
    def _id(self, origin: int) -> str:
        """Return the id of the item that a slot brought."""

    @abstractmethod
    def _created(self, origin: int) -> Item:
        """Return the first version of an item."""

    @abstractmethod
    def _update(self, item: Item, slot: int) -> None:
        """Turn an item into its next version."""

    @abstractmethod
    def _distort(self, item: Item, chance: int) -> None:
        """Make an odd item of an ordinary one, by chance."""
