"""What of analytics is due by what is in the lake now; what can't be read is due, too."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache, partial
from math import inf

from zd_assets.engine.inputs import Finder, Quiet
from zd_assets.engine.latest.update import is_due
from zd_assets.lake.errors import LakeError
from zd_assets.lake.lake import Lake
from zd_assets.models.latest import Latest
from zd_assets.models.model import Model
from zd_assets.report.input_version import is_due as is_report_due

# Switched on over a long history, the automation makes no report for every past day.
_REPORTS = timedelta(days=8)


@dataclass
class Due:
    """What is due in a lake, tick by tick; what was made rests for `every_s` seconds (0: never).

    A day or a partition that completes doesn't wait.
    """

    lake: Lake
    every_s: int
    _quiet: Quiet = field(default_factory=Quiet)

    def is_latest_due(self, table: Latest, at: datetime) -> bool:
        """Return whether a table of current state would be different now."""
        since_s = self._rests_since_s(at)
        return _or_unreadable(partial(is_due, table, self.lake, rests_since_s=since_s))

    def days_of(self, model: Model, days: Iterable[str], at: datetime) -> set[str]:
        """Return those of the days that a model would make differently now."""
        finder = _finder(self.lake, at)
        return self._quiet.due_days(finder, model, days, self._rests_since_s(at))

    def reports(self, days: Iterable[str], at: datetime) -> set[str]:
        """Return those of the days whose report would be different now."""
        finder, since = _finder(self.lake, at), str((at - _REPORTS).date())
        return {
            day
            for day in days
            if _or_unreadable(partial(is_report_due, finder, finder.day(day), since=since))
        }

    def _rests_since_s(self, at: datetime) -> float:
        return at.timestamp() - self.every_s if self.every_s else inf


def _or_unreadable(due: Callable[[], bool]) -> bool:
    try:
        return due()
    except LakeError:
        return True


@lru_cache(maxsize=1)
def _finder(lake: Lake, _tick: datetime) -> Finder:
    """One for all assets of a tick."""
    return Finder(lake)
