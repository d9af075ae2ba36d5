"""The lives of seeded tickets: which slot is which step of which ticket, in O(1) both ways.

Slots come in blocks of 48, in which 8 tickets are created. Of each later step there are 8 in a
block too, each of a ticket created a number of blocks earlier that depends on the ticket's place
among its eight: some are solved at once, some late.
"""

from __future__ import annotations

from typing import NamedTuple

from zd_assets.sandbox.seeded.hashing import chosen, subseed
from zd_assets.sandbox.seeded.timetable import Timetable
from zd_assets.sandbox.timestamps import SECOND_US

CREATED, REPLIED, ANSWERED, SOLVED, SYSTEM, CLOSED = range(6)
"""The steps: a reply of an agent, an answer of the requester, an update without an event, ..."""

STEPS = 6
_TICKETS = 8
_BLOCK = STEPS * _TICKETS
# Blocks from a ticket's creation to each of its steps; they only grow.
_LAGS = (
    (0, 1, 2, 3, 60, 400),
    (0, 1, 3, 8, 110, 500),
    (0, 2, 5, 40, 41, 440),
    (0, 1, 12, 90, 95, 900),
    (0, 3, 4, 5, 30, 300),
    (0, 9, 60, 200, 260, 1000),
    (0, 2, 3, 4, 700, 1100),
    (0, 30, 100, 300, 310, 3000),
)
# Spreads the steps over the block; it has an inverse modulo 48.
_SPREAD = 37
_GATHER = pow(_SPREAD, -1, _BLOCK)


class Step(NamedTuple):
    """A step of a ticket's life."""

    ticket: int
    """Number of the ticket, from 0."""
    step: int


class Lives:
    """The steps of all tickets, in time."""

    def __init__(
        self, seed: int, start_us: int, tickets_per_day: float, automation_rate: float = 0.0
    ) -> None:
        """Begin at `start_us` with `tickets_per_day` new tickets on an average day.

        In a share `automation_rate` of hours, an automation solves what is solved.
        """
        self._automations = subseed(seed, "automations")
        self._automation_rate = automation_rate
        self.timetable = Timetable(subseed(seed, "lives"), start_us, tickets_per_day * STEPS)

    def at(self, slot: int) -> Step | None:
        """Return the step at a slot; None early on, where it would be of a ticket before all."""
        block, place = divmod(slot, _BLOCK)
        step, kind = divmod(place * _SPREAD % _BLOCK, _TICKETS)
        born = block - _LAGS[kind][step]
        return Step(born * _TICKETS + kind, step) if born >= 0 else None

    def slot(self, ticket: int, step: int) -> int:
        """Return the slot of a step of a ticket."""
        born, kind = divmod(ticket, _TICKETS)
        place = (step * _TICKETS + kind) * _GATHER % _BLOCK
        return (born + _LAGS[kind][step]) * _BLOCK + place

    def second(self, ticket: int, step: int) -> int:
        """Return the epoch second of a step."""
        return self.timetable.time_us(self.slot(ticket, step)) // SECOND_US

    def by_automation(self, ticket: int) -> bool:
        """Return whether an automation solves a ticket, without an event or a trace."""
        if not self._automation_rate:
            return False
        hour = self.second(ticket, SOLVED) // 3600
        return chosen(self._automations, hour, self._automation_rate)

    def recent(self, lot: int, time_us: int) -> int | None:
        """Choose a ticket that was created before a time, by lot; None if there is none."""
        born = self.timetable.first_at(time_us) // _BLOCK
        return (
            max(0, born - 1 - lot // _TICKETS % 100) * _TICKETS + lot % _TICKETS if born else None
        )
