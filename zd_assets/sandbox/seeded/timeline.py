"""Seeded agent timespans: each agent goes through contiguous states.

Slots come in blocks with one slot for each agent, in an order that turns from block to block. A
span lasts from the agent's slot in the block before to its slot in this one, so the spans of one
agent touch and never overlap.
"""

from __future__ import annotations

import orjson

from zd_assets.sandbox.seeded import world
from zd_assets.sandbox.seeded.hashing import mix, subseed
from zd_assets.sandbox.seeded.oddities import Oddities, big_integer, distort
from zd_assets.sandbox.seeded.timetable import Timetable
from zd_assets.sandbox.timestamps import HOUR_US, SECOND_US, iso_us

_LONGEST_US = 20 * HOUR_US
_SHORTEST_SHIFT_PER_DAY = 40
_ONLINE_AFTER = 53

# What an agent goes through, as (status, engagement_count); neighbours always differ.
_SHIFTS = tuple(
    tuple(
        ({"o": "online", "a": "away", "i": "invisible"}[state[0]], int(state[1]))
        for state in shift.split()
    )
    for shift in (
        "o0 o1 o2 o1 o2 o3 o2 o1 o0 a0 o0 o1 o0 i0 a0 i0",
        "o0 o1 o0 o1 o2 o1 o0 a0 i0 a0 o0 o1 o2 o1 a1 a0",
        "o0 a0 o0 i0 i1 i0 o0 o1 o2 o3 o4 o3 o2 a2 a1 a0",
    )
)
_DRIFTS = (
    {"agent_id": "383486450414"},
    {"agent_id": big_integer()},
    {"engagement_count": None},
    {"engagement_count": 1.5},
    {"status": "transfers_only"},
)


class Timeline:
    """The recipe of seeded agent timespans."""

    def __init__(self, seed: int, odd: bool, start_us: int, spans_per_day: float) -> None:
        """Begin at `start_us` with `spans_per_day` on an average day."""
        seed = subseed(seed, "agent_timeline")
        self.timetable = Timetable(seed, start_us, spans_per_day)
        self._start_us = start_us
        self._turns = subseed(seed, "turns")
        self._shifts = subseed(seed, "shifts")
        self._gaps = subseed(seed, "gaps")
        self._oddities = Oddities(seed, odd)
        # Few spans a day make few agents, so that a span stays well below a day.
        self._agents = max(1, min(len(world.AGENTS), int(spans_per_day) // _SHORTEST_SHIFT_PER_DAY))

    def id(self, slot: int) -> str:
        """Timespans have no id."""
        return ""

    def next(self, slot: int) -> int | None:
        """Timespans don't change."""
        return None

    def item(self, slot: int) -> bytes:
        """Return the timespan that ends at a slot, as JSON."""
        block, place = divmod(slot, self._agents)
        agent = (place + self._turn(block)) % self._agents
        end_us = self.timetable.time_us(slot)
        start_us = self._start_us
        if block:
            earlier = (block - 1) * self._agents + (agent - self._turn(block - 1)) % self._agents
            start_us = self.timetable.time_us(earlier)
            # Now and then the agent was offline before.
            chance = mix(self._gaps, slot)
            if chance % _ONLINE_AFTER == 0:
                start_us += (end_us - start_us) * (chance % 7 + 1) // 9
        start_us = max(start_us, end_us - _LONGEST_US)
        shift, step = divmod(block, len(_SHIFTS[0]))
        lot = mix(self._shifts, shift * len(world.AGENTS) + agent)
        status, engagements = _SHIFTS[lot % len(_SHIFTS)][step]
        span = {
            "agent_id": world.AGENTS[agent].id,
            "duration": (end_us - start_us) / SECOND_US,
            "engagement_count": engagements,
            "start_time": iso_us(start_us),
            "status": status,
        }
        distort(span, self._oddities.chance(slot), _DRIFTS)
        return orjson.dumps(span)

    def _turn(self, block: int) -> int:
        return mix(self._turns, block) % self._agents
