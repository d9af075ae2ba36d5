"""The support report: one page of a day or several, for who runs a support team."""

import base64
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime
from importlib.metadata import version
from importlib.resources import files

from jinja2 import Environment, StrictUndefined

from zd_assets.engine.day import Day
from zd_assets.engine.inputs import Finder
from zd_assets.engine.read import Rows, read_days
from zd_assets.lake.lake import Lake, writing
from zd_assets.lake.location import Location
from zd_assets.lake.temporary import replacing
from zd_assets.report.charts import CHARTS
from zd_assets.report.headlines import headlines
from zd_assets.report.input_version import (
    FEWEST_CHART_DAYS,
    days_of,
    input_version,
    report_file,
)
from zd_assets.report.sections import SECTIONS, Section, definition, lines, total


def write_report(lake: Lake, last: Day, days: int) -> Location:
    """Write the report of so many days, at least 1, the last one being `last`, as one page.

    It is made of what the lake holds; days that are missing or incomplete are named in it.

    Raises:
        LakeError: a day can't be read, or the page not be written.
    """
    page = _page(lake, last, days).encode()
    path = report_file(lake, last)
    with writing(path), replacing(path) as temporary:
        temporary.write_bytes(page)
    return path


@dataclass(frozen=True)
class _Source:
    """What a section was made of."""

    table: str
    days: int
    rows: int
    known_until: str
    made_at: str


def _page(lake: Lake, last: Day, days: int) -> str:
    every = days_of(last, days)
    earlier, wanted = every[-2 * days : -days], every[-days:]
    shown = every[-max(days, FEWEST_CHART_DAYS) :]
    read = {one.table.name: read_days(lake, one.table, every) for one in SECTIONS}
    now = {name: rows.of(wanted) for name, rows in read.items()}
    before = {name: rows.of(earlier) for name, rows in read.items()}
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = environment.from_string(
        files(__package__).joinpath("report.html").read_text("utf-8")
    )
    return template.render(
        period=_period(wanted),
        length="1 day" if days == 1 else f"{days} days",
        days=days,
        input_version=input_version(Finder(lake), last, days),
        before=_period(earlier),
        not_compared=[one.title for one in SECTIONS if before[one.table.name].missing],
        headlines=headlines(now, before),
        notes=_notes(now),
        sections=[
            {
                "title": one.title,
                "shows": one.shows,
                "about": one.table.description,
                "picture": _picture(one, read[one.table.name].of(shown)),
                "keys": [key.head for key in one.keys],
                "figures": [
                    (figure.head, figure.name, definition(one, figure.name))
                    for figure in one.figures
                ],
                "lines": lines(one, now[one.table.name].frame),
                "total": total(one, now[one.table.name].frame),
            }
            for one in SECTIONS
        ],
        sources=[_source(one, now[one.table.name]) for one in SECTIONS],
        made_at=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        version=version("zd_assets"),
    )


def _period(days: Sequence[Day]) -> str:
    first, last = (f"{date.fromisoformat(day.key):%a %d %b %Y}" for day in (days[0], days[-1]))
    return first if first == last else f"{first} – {last}"


def _picture(section: Section, rows: Rows) -> dict[str, str]:
    """As a data URI, with twice the pixels, for print and fine screens; and what it shows."""
    png = CHARTS[section.table.name](rows.frame, rows.incomplete, 2)
    there = [Day(day) for day in rows.footers]
    return {
        "source": f"data:image/png;base64,{base64.b64encode(png).decode()}",
        "shows": f"{section.shows} {_period(there) if there else 'No day is there'}.",
    }


def _notes(rows: Mapping[str, Rows]) -> list[str]:
    """What isn't there, or not all of it; what several tables lack is said once."""
    lacking = defaultdict(list)
    for section in SECTIONS:
        found = rows[section.table.name]
        if found.missing:
            lacking[f"no data of {_ranges(found.missing)}."].append(section.title)
        for day in found.incomplete:
            until = _time(found.footers[day].known_until_us)
            lacking[f"{day} is incomplete, known until {until}."].append(section.title)
    return [f"{', '.join(titles)}: {what}" for what, titles in lacking.items()]


def _ranges(days: Sequence[str]) -> str:
    """Days in order, in as few words as possible: `2026-01-01 to 2026-01-05, 2026-01-09`."""
    runs: list[list[str]] = []
    for day in days:
        if runs and Day(day).before.key == runs[-1][-1]:
            runs[-1].append(day)
        else:
            runs.append([day])
    return ", ".join(run[0] if len(run) == 1 else f"{run[0]} to {run[-1]}" for run in runs)


def _source(section: Section, rows: Rows) -> _Source:
    footers = rows.footers.values()
    known = max((footer.known_until_us for footer in footers), default=None)
    made = max((datetime.fromisoformat(footer.made_at) for footer in footers), default=None)
    return _Source(
        table="/".join(section.table.path),
        days=len(footers),
        rows=len(rows.frame),
        known_until="–" if known is None else _time(known),
        made_at="–" if made is None else f"{made.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
    )


def _time(us: int) -> str:
    return f"{datetime.fromtimestamp(us / 1_000_000, UTC):%Y-%m-%d %H:%M} UTC"
