"""The rate limit: so many requests in any 60 seconds."""

from __future__ import annotations

import math
import time
from collections import deque

WINDOW_S = 60.0


class SlidingWindow:
    """Requests admitted in the last 60 seconds of real time, whatever the sandbox's clock says."""

    def __init__(self) -> None:
        """Start with nothing used."""
        self._admitted: deque[float] = deque()

    def admit(self, limit: int) -> int | None:
        """Admit one request, or return the whole seconds until one more is admitted."""
        now = time.monotonic()
        while self._admitted and self._admitted[0] <= now - WINDOW_S:
            self._admitted.popleft()
        if len(self._admitted) < limit:
            self._admitted.append(now)
            return None
        return max(1, math.ceil(self._admitted[-limit] + WINDOW_S - now))
