"""Seeded routing changes: skills, their values, and who has them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any
from uuid import UUID

import orjson

from zd_assets.sandbox.seeded import world
from zd_assets.sandbox.seeded.hashing import mix, subseed
from zd_assets.sandbox.seeded.lives import Lives
from zd_assets.sandbox.seeded.oddities import Oddities, distort
from zd_assets.sandbox.seeded.tickets import number
from zd_assets.sandbox.seeded.timetable import Timetable
from zd_assets.sandbox.timestamps import SECOND_US, iso

Item = dict[str, Any]

# Four slots bring one thing into being, change two that live, and end an older one.
_ROUND = 4
_LIFE = 5
_DRIFTS: tuple[Item, ...] = ({"name": None}, {"attribute_value_id": 17}, {"instance_id": 1.5})


class _Routing(ABC):
    """What the three recipes have in common."""

    def __init__(self, seed: int, odd: bool, name: str, start_us: int, rows_per_day: float) -> None:
        seed = subseed(seed, name)
        self.timetable = Timetable(seed, start_us, rows_per_day)
        self._ids = subseed(seed, "ids")
        self._contents = subseed(seed, "contents")
        self._oddities = Oddities(seed, odd)

    def id(self, slot: int) -> str:
        """Return what tells a row from others: id, type and time."""
        thing, kind = self._change(slot)
        return f"{self._uuid(thing)} {kind} {self._time(slot)}"

    def next(self, slot: int) -> int | None:
        """Rows are events, and don't change."""
        return None

    def item(self, slot: int) -> bytes:
        """Return a row as JSON."""
        thing, kind = self._change(slot)
        row = {"id": self._uuid(thing)} | self._content(thing, slot)
        row |= {"time": self._time(slot), "type": kind}
        distort(row, self._oddities.chance(slot), _DRIFTS)
        return orjson.dumps(row)

    def living(self, lot: int, time_us: int) -> str:
        """Choose the id of a thing that lives at a time, by lot."""
        newest = max(0, self.timetable.first_at(time_us) - 1) // _ROUND
        # The oldest alive may end in this round.
        return self._uuid(max(0, newest - lot % (_LIFE - 1)))

    def _change(self, slot: int) -> tuple[int, str]:
        """Return the number of the thing that a row is about, and the row's type."""
        newest, place = divmod(slot, _ROUND)
        if place == 0:
            return newest, "create"
        if place == _ROUND - 1 and newest >= _LIFE:
            return newest - _LIFE, "delete"
        return max(0, newest - mix(self._contents, slot) % _LIFE), "update"

    @abstractmethod
    def _content(self, thing: int, slot: int) -> Item:
        """Return what a row says of a thing, besides its id, type and time."""

    def _uuid(self, thing: int) -> str:
        return str(UUID(int=mix(self._ids, thing) << 64 | mix(self._contents, thing), version=4))

    def _time(self, slot: int) -> str:
        return iso(self.timetable.time_us(slot) // SECOND_US)


class Attributes(_Routing):
    """The recipe of changes of routing attributes."""

    def __init__(self, seed: int, odd: bool, start_us: int, rows_per_day: float) -> None:
        """Begin at `start_us` with `rows_per_day` on an average day."""
        super().__init__(seed, odd, "routing_attributes", start_us, rows_per_day)

    def _content(self, thing: int, slot: int) -> Item:
        return {"name": ("Language", "Product", "Région", "Stufe")[thing % 4]}


class AttributeValues(_Routing):
    """The recipe of changes of the values that routing attributes can have."""

    def __init__(
        self, seed: int, odd: bool, start_us: int, rows_per_day: float, attributes: Attributes
    ) -> None:
        """Begin at `start_us` with `rows_per_day` on an average day."""
        super().__init__(seed, odd, "routing_attribute_values", start_us, rows_per_day)
        self._attributes = attributes

    def _content(self, thing: int, slot: int) -> Item:
        born_us = self.timetable.time_us(thing * _ROUND)
        return {
            "attribute_id": self._attributes.living(mix(self._contents, thing), born_us),
            "name": ("English", "Français", "日本語", "Router", "Abrechnung")[thing % 5],
        }


class InstanceValues(_Routing):
    """The recipe of agents and tickets that get and lose values of routing attributes."""

    def __init__(
        self,
        seed: int,
        odd: bool,
        start_us: int,
        rows_per_day: float,
        values: AttributeValues,
        lives: Lives,
    ) -> None:
        """Begin at `start_us` with `rows_per_day` on an average day."""
        super().__init__(seed, odd, "routing_instance_values", start_us, rows_per_day)
        self._values = values
        self._lives = lives

    def next(self, slot: int) -> int | None:
        """Rows don't change; in the first round there is nothing yet to end."""
        return slot if _ROUND // 2 <= slot < _ROUND else None

    def _change(self, slot: int) -> tuple[int, str]:
        """Return the number of the association that a row is about, and the row's type."""
        # A round brings two associations, and ends the two of the round before.
        turn, place = divmod(slot, _ROUND)
        ends, place = divmod(place, 2)
        thing = 2 * (turn - ends) + place
        return thing, f"{'un' * ends}associate_{self._whom(thing)[0]}"

    def _content(self, thing: int, slot: int) -> Item:
        value = self._values.living(mix(self._contents, thing), self._born_us(thing))
        return {"attribute_value_id": value, "instance_id": str(self._whom(thing)[1])}

    def _whom(self, thing: int) -> tuple[str, int]:
        lot = mix(self._contents, thing)
        ticket = self._lives.recent(lot, self._born_us(thing))
        if thing % 2 or ticket is None:
            return "agent", world.AGENTS[lot % len(world.AGENTS)].id
        return "ticket", number(ticket)

    def _born_us(self, thing: int) -> int:
        turn, place = divmod(thing, 2)
        return self.timetable.time_us(turn * _ROUND + place)
