"""Which days a report is of, and which ones before it is compared with."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Literal

from zd_assets.engine.day import Day, up_to

#: So many days, or the ISO week or the month of the last day, as far as that day.
Period = int | Literal["week", "month"]

NAMED: Mapping[str, Period] = {"week": "week", "month": "month"}

#: A picture of one day alone shows no trend.
FEWEST_CHART_DAYS = 7


@dataclass(frozen=True)
class Span:
    """The `days` of a report, the days `before`, and those of its pictures, each in order."""

    period: Period
    days: list[Day]
    before: list[Day]

    @property
    def pictured(self) -> list[Day]:
        """The report's days, or at least a week."""
        return up_to(self.days[-1], max(len(self.days), FEWEST_CHART_DAYS))

    @property
    def every(self) -> list[Day]:
        """All days that the report is made of."""
        first = min(self.before[0].key, self.pictured[0].key)
        days = list(self.pictured)
        while days[0].key > first:
            days.insert(0, days[0].before)
        return days

    @property
    def length(self) -> str:
        """`7 days`, `ISO week 5 of 2026`, `January 2026, so far`."""
        last = date.fromisoformat(self.days[-1].key)
        if isinstance(self.period, int):
            return "1 day" if self.period == 1 else f"{self.period} days"
        name = f"{last:%B %Y}" if self.period == "month" else f"ISO week {last:%-V of %G}"
        return name if _ends(self.days[-1], self.period) else f"{name}, so far"


def parse_period(text: str) -> Period | None:
    """The period that a text such as `7` or `week` names; None of any other."""
    return int(text) if text.isdecimal() else NAMED.get(text)


def span(last: Day, period: Period) -> Span:
    """The days of a period up to its last day.

    Days are compared with as many before, a week or a month so far with the same days of the one
    before, of a whole month with the whole one.
    """
    if isinstance(period, int):
        every = up_to(last, 2 * period)
        return Span(period, every[period:], every[:period])
    days = _up_to_start(last, period)
    earlier = _up_to_start(days[0].before, period)
    whole = _ends(last, period)
    return Span(period, days, earlier if whole else earlier[: len(days)])


def _up_to_start(last: Day, period: Period) -> list[Day]:
    days = [last]
    while not _ends(days[0].before, period):
        days.insert(0, days[0].before)
    return days


def _ends(day: Day, period: Period) -> bool:
    """Whether a day is the last of its week or month."""
    if period == "week":
        return date.fromisoformat(day.key).weekday() == 6
    return day.after.key.endswith("-01")
