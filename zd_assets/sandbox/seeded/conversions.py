"""Seeded conversions, most of them attributed to a seeded chat."""

from __future__ import annotations

from typing import Any

import orjson

from zd_assets.sandbox.seeded import world
from zd_assets.sandbox.seeded.chats import Chats
from zd_assets.sandbox.seeded.hashing import base62, mix, subseed
from zd_assets.sandbox.seeded.oddities import Oddities, distort
from zd_assets.sandbox.seeded.timetable import Timetable
from zd_assets.sandbox.timestamps import SECOND_US, iso, month_code

_UNATTRIBUTED = 6
_DRIFTS: tuple[dict[str, Any], ...] = (
    {"goal_id": "signup"},
    {"goal_name": None},
    {"attribution": []},
    {"goal_id": 1863.5},
)


class Conversions:
    """The recipe of seeded conversions."""

    def __init__(
        self, seed: int, odd: bool, start_us: int, conversions_per_day: float, chats: Chats
    ) -> None:
        """Begin at `start_us` with `conversions_per_day` on an average day."""
        seed = subseed(seed, "conversions")
        self.timetable = Timetable(seed, start_us, conversions_per_day)
        self._chats = chats
        self._ids = subseed(seed, "ids")
        self._contents = subseed(seed, "contents")
        self._oddities = Oddities(seed, odd)

    def id(self, slot: int) -> str:
        """Return the conversion's id."""
        day = self.timetable.time_us(slot) // (86400 * SECOND_US)
        goal_id, _ = self._goal(slot)
        return f"{month_code(day)}.{world.ACCOUNT}.v.{goal_id}.{base62(mix(self._ids, slot))}"

    def next(self, slot: int) -> int | None:
        """Seeded conversions don't change."""
        return None

    def item(self, slot: int) -> bytes:
        """Return a conversion as JSON."""
        goal_id, goal_name = self._goal(slot)
        conversion = {
            "attribution": self._attribution(slot),
            "goal_id": goal_id,
            "goal_name": goal_name,
            "id": self.id(slot),
            "timestamp": iso(self.timetable.time_us(slot) // SECOND_US),
        }
        distort(conversion, self._oddities.chance(slot), _DRIFTS)
        return orjson.dumps(conversion)

    def _goal(self, slot: int) -> tuple[int, str]:
        return world.GOALS[mix(self._contents, slot) % len(world.GOALS)]

    def _attribution(self, slot: int) -> dict[str, Any]:
        nobody = {"agent_id": None, "chat_id": None, "chat_timestamp": None, "department_id": None}
        lot = mix(self._contents, slot) // len(world.GOALS)
        seen = self._chats.timetable.first_at(self.timetable.time_us(slot))
        chat_slot = seen - 1 - lot // _UNATTRIBUTED % 20
        if lot % _UNATTRIBUTED == 0 or chat_slot < 0:
            return nobody
        chat_id, chat_timestamp, engagement = self._chats.reference(chat_slot)
        attribution: dict[str, Any] = nobody | {
            "chat_id": chat_id,
            "chat_timestamp": chat_timestamp,
        }
        if engagement:
            attribution["agent_id"] = int(engagement["agent_id"])
            attribution["department_id"] = engagement["department_id"]
        return attribution
