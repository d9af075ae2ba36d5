"""What a report tells, read from the lake once, before it becomes a page or a digest."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime

from zd_assets.catalog.export import Api
from zd_assets.engine.day import Day
from zd_assets.engine.inputs import Finder
from zd_assets.engine.read import Rows, read_days
from zd_assets.lake.lake import Lake
from zd_assets.models.marts.team_daily_summary import TEAM_DAILY_SUMMARY
from zd_assets.models.registry import REPORT_SOURCES
from zd_assets.report import known
from zd_assets.report.headlines import Headline, headlines
from zd_assets.report.input_version import input_version
from zd_assets.report.lines import Names
from zd_assets.report.sections import SECTIONS, Section
from zd_assets.report.span import Period, Span, span

_API_NAMES = {Api.CHAT: "Chat", Api.SUPPORT: "Support"}


@dataclass(frozen=True)
class Summary:
    """The rows of a report's days by table, and what is known of them.

    `begins` has the first day of the history that a table's rows go on from, by table.
    """

    span: Span
    input_version: str
    read: Mapping[str, Rows]
    lacking: frozenset[Api]
    names: Names
    begins: Mapping[str, str]

    @property
    def now(self) -> dict[str, Rows]:
        """The rows of the report's days."""
        return {name: rows.of(self.span.days) for name, rows in self.read.items()}

    @property
    def before(self) -> dict[str, Rows]:
        """The rows of the days that it is compared with."""
        return {name: rows.of(self.span.before) for name, rows in self.read.items()}

    @property
    def headlines(self) -> list[Headline]:
        """The headline figures."""
        return headlines(self.now, self.before, self.lacking)

    @property
    def not_compared(self) -> list[str]:
        """The sections of which days before are missing, by title."""
        before = self.before
        return [
            one.title
            for one in SECTIONS
            if one.api not in self.lacking and before[one.table.name].missing
        ]

    @property
    def notes(self) -> list[str]:
        """What isn't there, or not all of it; what several tables lack is said once."""
        notes = [
            f"{_API_NAMES[api]}: the lake holds nothing of it, so its figures are unknown."
            for api in sorted(self.lacking)
        ]
        lacks = defaultdict(list)
        now = self.now
        for section in SECTIONS:
            if section.api in self.lacking:
                continue
            found = now[section.table.name]
            if found.missing:
                lacks[f"no data of {ranges(found.missing)}."].append(section.title)
            for day in found.incomplete:
                until = time(found.footers[day].known_until_us)
                lacks[f"{day} is incomplete, known until {until}."].append(section.title)
            began = self.begins.get(section.table.name)
            if began and began >= self.span.every[0].key:
                says = "so that at first figures are too low and rise as older tickets are touched."
                lacks[f"history begins on {began}, {says}"].append(section.title)
        return [*notes, *(f"{', '.join(titles)}: {what}" for what, titles in lacks.items())]


def summary(lake: Lake, last: Day, period: Period) -> Summary:
    """What the lake holds of a report's days.

    Raises:
        LakeError: a day can't be read.
    """
    days = span(last, period)
    finder = Finder(lake)
    # Before anything is read: what changes meanwhile makes the report due again.
    version = input_version(finder, last, period)
    return Summary(
        span=days,
        input_version=version,
        read={table.name: read_days(lake, table, days.every) for table in REPORT_SOURCES},
        lacking=known.lacking(lake),
        names=known.names(lake),
        begins={
            section.table.name: began
            for section in SECTIONS
            if section.begins and (began := known.begins(finder, section.begins, last))
        },
    )


def together(section: Section, rows: Mapping[str, Rows]) -> Rows | None:
    """Of rows by agent the team's, which count once what several did; if all days have them."""
    team = rows[TEAM_DAILY_SUMMARY.name]
    mine = rows[section.table.name]
    return team if set(team.footers) >= set(mine.footers) else None


def long_period(days: Sequence[Day]) -> str:
    """`Tue 27 Jan 2026`, or the first and the last day so."""
    first, last = (f"{date.fromisoformat(day.key):%a %d %b %Y}" for day in (days[0], days[-1]))
    return first if first == last else f"{first} – {last}"


def ranges(days: Sequence[str]) -> str:
    """Days in order, in as few words as possible: `2026-01-01 to 2026-01-05, 2026-01-09`."""
    runs: list[list[str]] = []
    for day in days:
        if runs and Day(day).before.key == runs[-1][-1]:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join(run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)


def time(us: int) -> str:
    """Microseconds since 1970: `2026-01-27 12:00 UTC`."""
    return f"{datetime.fromtimestamp(us / 1_000_000, UTC):%Y-%m-%d %H:%M} UTC"
