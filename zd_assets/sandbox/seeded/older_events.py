"""Ticket events of which older ones come again, as when their ticket is deleted."""

from __future__ import annotations

from collections.abc import Iterator

from zd_assets.sandbox.seeded.hashing import mix, subseed
from zd_assets.sandbox.seeded.lives import STEPS, SYSTEM, Lives
from zd_assets.sandbox.seeded.stream import Delay, Row, Stream
from zd_assets.sandbox.seeded.ticket_events import TicketEvents
from zd_assets.sandbox.timestamps import SECOND_US

_UNIT = 1 << 64
_HELD_BACK = 4


class OlderEvents(Stream):
    """The seeded ticket events; with some of them, all older ones of their ticket come again.

    One in four of those wasn't served at its own time.
    """

    def __init__(
        self, events: TicketEvents, lives: Lives, rate: float, seed: int, cached_items: int
    ) -> None:
        """Let a share `rate` of the events bring the older ones again."""
        super().__init__(events, SECOND_US, cached_items)
        self._lives = lives
        self._rate = rate
        self._seed = subseed(seed, "older events")

    def rows(self, time: int, now_us: int, delay_us: Delay | None = None) -> Iterator[Row]:
        """Yield the rows at or after `time` as they are then, with those that come again."""
        second: dict[str, Row] = {}
        at = time
        for row in super().rows(time, now_us, delay_us):
            if row.time != at:
                yield from sorted(second.values())
                second, at = {}, row.time
            assert isinstance(row.source, int)
            if self._bringer(row.source) is None:
                second[row.id] = row
            for slot in self._brought(row.source):
                own_us = self._own_us(slot)
                id = self._id(slot)
                second.setdefault(id, Row(row.time, id, row.time_us, slot, own_us=own_us))
        yield from sorted(second.values())

    def own_rows(self, time: int, now_us: int) -> Iterator[Row]:
        """Yield the rows by their own time, those that aren't served at it too."""
        return super().rows(time, now_us)

    def shown_us(self, row: Row, delay_us: Delay | None) -> int:
        """Return when a row is shown; by its own time, when it is first served wherever."""
        assert isinstance(row.source, int)
        if row.own_us is not None:
            return row.time_us
        bringer = self._bringer(row.source)
        first = row.source if bringer is None else bringer
        return self._own_us(first) + (delay_us(first) if delay_us else 0)

    def _brought(self, slot: int) -> Iterator[int]:
        here = self._lives.at(slot)
        if here and mix(self._seed, slot) < self._rate * _UNIT:
            for step in range(here.step):
                if step != SYSTEM:
                    yield self._lives.slot(here.ticket, step)

    def _bringer(self, slot: int) -> int | None:
        """Return the slot at which an event is first served, if not at its own."""
        here = self._lives.at(slot)
        if here is None or mix(self._seed, ~slot) % _HELD_BACK:
            return None
        for step in range(here.step + 1, STEPS):
            later = self._lives.slot(here.ticket, step)
            if step != SYSTEM and mix(self._seed, later) < self._rate * _UNIT:
                return later
        return None

    def _own_us(self, slot: int) -> int:
        return self._recipe.timetable.time_us(slot) // SECOND_US * SECOND_US
