"""How far a run has come, for its log: a line now and then, not one a page."""

import time
from datetime import UTC, datetime, timedelta

from zd_assets.extract.events import PageReport
from zd_assets.zendesk.budget import Budget

_EVERY_S = 10.0


class Progress:
    """Counts the pages of a run and says, every ten seconds at most, how far it is."""

    def __init__(self, budget: Budget) -> None:
        """Start counting now."""
        self._budget = budget
        self._began = self._said = time.monotonic()
        self._pages = self._items = 0
        self._stretches: dict[int, PageReport] = {}

    def take(self, page: PageReport) -> str | None:
        """Count a page; returns the line to log, if it is time for one."""
        self._pages += 1
        self._items += page.items
        self._stretches[page.segment] = page
        if time.monotonic() - self._said < _EVERY_S:
            return None
        self._said = time.monotonic()
        return self.line()

    def line(self) -> str:
        """Pages, items, speed, where the cursors are, how long yet, what the budget has left."""
        seconds = max(time.monotonic() - self._began, 0.001)
        pages = self._stretches.values()
        whole = sum(page.until_us - page.from_us for page in pages)
        done = sum(page.position_us - page.from_us for page in pages)
        percent = f"{done / whole:.0%}" if whole else "nothing"
        rest = _rest(seconds, done, whole)
        cursors = ", ".join(_time(page.position_us) for _, page in sorted(self._stretches.items()))
        return (
            f"{self._pages:,} pages, {self._items:,} items, {self._items / seconds:,.0f} items/s; "
            f"cursor at {cursors or 'the start'}; {percent} of the window{rest}; "
            f"{self._budget.left()} of {self._budget.requests} requests left this minute"
        )


def _rest(seconds: float, done: int, whole: int) -> str:
    """Return how long the rest takes at the speed so far, once a hundredth is done."""
    if not whole / 100 <= done < whole:
        return ""
    left_s = seconds * (whole - done) / done
    ends = datetime.now(UTC) + timedelta(seconds=left_s)
    length = f"{left_s:.0f} s" if left_s < 120 else f"{left_s / 60:.0f} min"
    return f", about {length} left (until {ends:%H:%M} UTC)"


def _time(us: int) -> str:
    return f"{datetime.fromtimestamp(us / 1_000_000, UTC):%Y-%m-%d %H:%M}"
