"""Seeded department events: the queues of the departments grow and shrink.

Slots come in blocks with one slot for each queue, in an order that turns from block to block, so
that the event before of the same queue is found in the block before.
"""

from __future__ import annotations

from typing import Any

import orjson

from zd_assets.sandbox.seeded import world
from zd_assets.sandbox.seeded.hashing import base62, mix, subseed
from zd_assets.sandbox.seeded.oddities import Oddities, big_integer, distort
from zd_assets.sandbox.seeded.timetable import Timetable
from zd_assets.sandbox.timestamps import SECOND_US, iso, month_code

# The queue of chats without a department comes last.
_QUEUES = (*(department.id for department in world.DEPARTMENTS), None)
_SIZES = (1, 2, 1, 0, 1, 2, 3, 4, 3, 4, 5, 3, 2, 1, 2, 0)
_DRIFTS: tuple[dict[str, Any], ...] = (
    {"department_id": "vip"},
    {"value": None},
    {"value": {"queue_size": "3"}},
    {"value": {"queue_size": big_integer()}},
)


class DepartmentEvents:
    """The recipe of seeded department events."""

    def __init__(self, seed: int, odd: bool, start_us: int, events_per_day: float) -> None:
        """Begin at `start_us` with `events_per_day` on an average day."""
        seed = subseed(seed, "department_events")
        self.timetable = Timetable(seed, start_us, events_per_day)
        self._ids = subseed(seed, "ids")
        self._turns = subseed(seed, "turns")
        self._oddities = Oddities(seed, odd)

    def id(self, slot: int) -> str:
        """Return the event's id."""
        day = self.timetable.time_us(slot) // (86400 * SECOND_US)
        return f"{month_code(day)}.{world.ACCOUNT}.d.{base62(mix(self._ids, slot))}"

    def next(self, slot: int) -> int | None:
        """Events don't change."""
        return None

    def item(self, slot: int) -> bytes:
        """Return an event as JSON."""
        block, place = divmod(slot, len(_QUEUES))
        queue = (place + mix(self._turns, block)) % len(_QUEUES)
        size = _SIZES[(block + 3 * queue) % len(_SIZES)]
        before = _SIZES[(block + 3 * queue - 1) % len(_SIZES)]
        event: dict[str, Any] = {
            "department_id": _QUEUES[queue],
            "field_name": "queue_sizes",
            "id": self.id(slot),
            "timestamp": iso(self.timetable.time_us(slot) // SECOND_US),
            "value": {"queue_size": size},
        }
        # "may not present in response in case of being null or not applicable"
        if block and before:
            event["previous_value"] = {"queue_size": before}
        distort(event, self._oddities.chance(slot), _DRIFTS)
        return orjson.dumps(event)
