"""Rate limits: so many requests in any span of time."""

from __future__ import annotations

import math
import time
from collections import deque


class SlidingWindow:
    """Requests admitted lately in real time, whatever the sandbox's clock says."""

    def __init__(self) -> None:
        """Start with nothing used."""
        self._admitted: deque[float] = deque()

    def admit(self, limit: int, window_s: float) -> int | None:
        """Admit one request of `limit` in `window_s`; else return the whole seconds to wait."""
        now = time.monotonic()
        while self._admitted and self._admitted[0] <= now - window_s:
            self._admitted.popleft()
        if len(self._admitted) < limit:
            self._admitted.append(now)
            return None
        return max(1, math.ceil(self._admitted[-limit] + window_s - now))

    def left(self, limit: int, window_s: float) -> tuple[int, int]:
        """Return how many more are admitted now, and the whole seconds until all are again."""
        now = time.monotonic()
        used = [at for at in self._admitted if at > now - window_s]
        return max(0, limit - len(used)), math.ceil(used[-1] + window_s - now) if used else 0
