"""Everything one sandbox holds while it runs."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from zd_assets.sandbox.clock import Clock
from zd_assets.sandbox.exports import EXPORTS, SIDELOADED
from zd_assets.sandbox.faults import Fault
from zd_assets.sandbox.late import Late, late
from zd_assets.sandbox.limits import SlidingWindow
from zd_assets.sandbox.log import Entry
from zd_assets.sandbox.oauth import Tokens
from zd_assets.sandbox.reference import Lists
from zd_assets.sandbox.seeded.chat_streams import chat_streams
from zd_assets.sandbox.seeded.stream import Stream
from zd_assets.sandbox.seeded.support_streams import support_streams
from zd_assets.sandbox.settings import Settings, changed, resolved
from zd_assets.sandbox.store import Store
from zd_assets.sandbox.timestamps import parse_us

_DATA = {
    "seed",
    "start",
    "chats_per_day",
    "tickets_per_day",
    "seeded",
    "item_cache",
    "older_events_rate",
    "automation_rate",
    "late_activation_rate",
    "answered_dropped_rate",
}


class State:
    """Settings, clock, items, faults, log, access tokens and used-up rate limit of a sandbox."""

    _given: Settings
    settings: Settings
    clock: Clock
    store: Store
    lists: Lists
    faults: list[Fault]
    log: list[Entry]
    tokens: Tokens
    admitted: defaultdict[str, SlidingWindow]
    """Requests within the rate limit, by the name of what shares it."""

    def __init__(self, settings: Settings) -> None:
        """Begin with `settings`, which later are the defaults of `reset`."""
        self._initial = settings
        self._begin(settings)

    def reset(self, changes: Mapping[str, Any]) -> None:
        """Begin again with the initial settings and `changes`."""
        self._begin(changed(self._initial, changes))

    def configure(self, changes: Mapping[str, Any]) -> None:
        """Change some settings; explicit items, faults and log stay."""
        self._given = changed(self._given, changes)
        settings = resolved(self._given)
        clock = self.clock
        if "now" in changes:
            clock = _clock(settings)
        elif "clock" in changes:
            clock = Clock(clock.now_us, settings.clock)
        if changes.keys() & _DATA:
            self.store.streams = _streams(settings)
        self.store.late = _late(settings)
        self.settings, self.clock = settings, clock

    def _begin(self, settings: Settings) -> None:
        self._given = settings
        settings = resolved(settings)
        self.clock = _clock(settings)
        self.store = Store(
            EXPORTS | SIDELOADED, _streams(settings), _late(settings), settings.like == "observed"
        )
        self.lists = Lists()
        self.settings = settings
        self.faults = []
        self.log = []
        self.tokens = Tokens()
        self.admitted = defaultdict(SlidingWindow)


def _clock(settings: Settings) -> Clock:
    return Clock(None if settings.now is None else parse_us(settings.now), settings.clock)


def _late(settings: Settings) -> dict[str, Late]:
    return {name: each for name in EXPORTS if (each := late(settings, name))}


def _streams(settings: Settings) -> dict[str, Stream]:
    if not settings.seeded:
        return {}
    start_us = parse_us(dt.datetime.combine(settings.start, dt.time(), dt.UTC).isoformat())
    seed, odd, cached = settings.seed, settings.odd, settings.item_cache
    chat = chat_streams(
        seed, odd, start_us, settings.chats_per_day, cached, settings.answered_dropped_rate
    )
    return chat | support_streams(
        seed,
        odd,
        start_us,
        settings.tickets_per_day,
        cached,
        settings.older_events_rate,
        settings.automation_rate,
        settings.late_activation_rate,
    )
