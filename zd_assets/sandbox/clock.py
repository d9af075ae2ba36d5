"""The sandbox's own time."""

from __future__ import annotations

import time
from typing import Literal

from zd_assets.sandbox.timestamps import SECOND_US


class Clock:
    """A clock that runs or is stopped, and can be set and pushed."""

    def __init__(self, now_us: int | None, mode: Literal["running", "frozen"]) -> None:
        """Start at `now_us` (None: the real time)."""
        self._frozen = mode == "frozen"
        self.set(now_us)

    @property
    def now_us(self) -> int:
        """Microseconds since 1970 on this clock."""
        return self._base_us if self._frozen else self._base_us + _real_us()

    def set(self, now_us: int | None) -> None:
        """Set the clock to an instant, or (None) to the real time."""
        instant = _real_us() if now_us is None else now_us
        # A running clock keeps its distance from the real one.
        self._base_us = instant if self._frozen else instant - _real_us()

    def advance(self, seconds: float) -> None:
        """Push the clock forward."""
        self._base_us += round(seconds * SECOND_US)


def _real_us() -> int:
    return time.time_ns() // 1000
