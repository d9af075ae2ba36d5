"""The support report: one page of a day or several, for the people who run a support team."""

import base64
import logging
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version
from importlib.resources import files
from typing import Any

from jinja2 import Environment, StrictUndefined

from zd_assets.engine.day import Day
from zd_assets.engine.read import Rows
from zd_assets.lake.lake import Lake, writing
from zd_assets.lake.location import Location
from zd_assets.lake.temporary import replacing
from zd_assets.models.marts.agent_daily_scorecard import AGENT_DAILY_SCORECARD
from zd_assets.models.marts.chat_daily_summary import CHAT_DAILY_SUMMARY
from zd_assets.models.model import Model
from zd_assets.models.registry import REPORT_SOURCES
from zd_assets.report.charts import CHARTS
from zd_assets.report.charts.demand import demand_chart, demand_days
from zd_assets.report.drawing import Size, calendar
from zd_assets.report.input_version import report_file
from zd_assets.report.lines import definition, lines
from zd_assets.report.sections import SECTIONS, Section
from zd_assets.report.span import Period
from zd_assets.report.summary import Summary, long_period, ranges, summary, time, together

_DEMAND_SHOWS = (
    "Chats started, agents online, and chats for each agent online, in the mean hour of each "
    "weekday"
)


def write_report(lake: Lake, last: Day, period: Period) -> Location:
    """Write the report of a period up to a day as one page, and return where it is.

    It is made of what the lake holds; days that are missing or incomplete are named in it.

    Raises:
        LakeError: a day can't be read, or the page not be written.
    """
    return save(lake, summary(lake, last, period))


def save(lake: Lake, told: Summary) -> Location:
    """Write the page of what is told, in place of the one before.

    Raises:
        LakeError: it can't be written.
    """
    page = _page(told).encode()
    path = report_file(lake, told.span.days[-1])
    with writing(path), replacing(path) as temporary:
        temporary.write_bytes(page)
    return path


@dataclass(frozen=True)
class _Picture:
    """A picture for wide pages and one for narrow ones, as data URIs; and what they show."""

    shows: str
    wide: str = ""
    narrow: str = ""


@dataclass(frozen=True)
class _Source:
    """What a section was made of."""

    table: str
    days: int
    rows: int
    known_until: str
    made_at: str


def _page(told: Summary) -> str:
    environment = Environment(autoescape=True, undefined=StrictUndefined, trim_blocks=True)
    template = environment.from_string(
        files(__package__).joinpath("report.html").read_text("utf-8")
    )
    now = told.now
    return template.render(
        period=long_period(told.span.days),
        period_id=told.span.period,
        length=told.span.length,
        zone=told.span.days[-1].time_zone,
        days=len(told.span.days),
        input_version=told.input_version,
        before=long_period(told.span.before),
        not_compared=told.not_compared,
        headlines=told.headlines,
        notes=told.notes,
        sections=[_section(one, told) for one in SECTIONS],
        sources=[_source(table, now[table.name]) for table in REPORT_SOURCES],
        made_at=f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC",
        version=version("zd_assets"),
    )


def _section(section: Section, told: Summary) -> dict[str, Any]:
    now = told.now
    frame = now[section.table.name].frame
    made: dict[str, Any] = {
        "title": section.title,
        "about": section.table.description,
        "begins": told.begins.get(section.table.name, ""),
        "keys": [key.head for key in section.keys],
        "figures": [
            (figure.head, figure.name, definition(section, figure.name))
            for figure in section.defined.values()
        ],
        "columns": [(one.head, definition(section, one.name)) for one in section.figures],
    }
    if section.api in told.lacking:
        return {**made, "pictures": [], "lines": [], "unknown": True}
    team = together(section, now)
    return {
        **made,
        "unknown": not now[section.table.name].footers,
        "pictures": _pictures(section, told),
        "lines": lines(
            section,
            frame,
            told.names,
            told.lacking,
            team.frame[~team.frame["is_automation"]] if team else None,
        ),
    }


def _pictures(section: Section, told: Summary) -> list[_Picture]:
    rows = {name: one.of(told.span.pictured) for name, one in told.read.items()}
    mine = rows[section.table.name]
    days = calendar(mine)
    if section.table is AGENT_DAILY_SCORECARD:
        days = days[-1:]
    chart = CHARTS[section.table.name]
    found = [_picture(lambda size: chart(mine, size), section.shows, days, mine)]
    if section.table is AGENT_DAILY_SCORECARD:
        chats, agents = (told.read[one.name] for one in (CHAT_DAILY_SUMMARY, section.table))
        if both := demand_days(chats, agents):
            found.append(
                _picture(
                    lambda size: demand_chart(chats, agents, size), _DEMAND_SHOWS, both, agents
                )
            )
    return found


def _picture(draw: Callable[[Size], bytes], shows: str, days: list[str], rows: Rows) -> _Picture:
    """With twice the pixels, for print and fine screens; a page without it is a page, too."""
    said = f"{shows}: {_days(days, rows)}."
    try:
        wide, narrow = (_uri(draw(Size(narrow, scale=2))) for narrow in (False, True))
    except Exception:
        logging.getLogger(__name__).warning("a picture can't be drawn: %s", said, exc_info=True)
        return _Picture(said)
    return _Picture(said, wide, narrow)


def _days(days: list[str], rows: Rows) -> str:
    """Exactly the days that a picture shows, and which of these aren't whole."""
    if not days:
        return "no day is there"
    found = long_period([Day(days[0]), Day(days[-1])])
    missing = [day for day in days if day not in rows.footers]
    incomplete = [day for day in days if day in rows.incomplete]
    found += f", without {ranges(missing)}" if missing else ""
    return found + (f", {ranges(incomplete)} incomplete" if incomplete else "")


def _uri(png: bytes) -> str:
    return f"data:image/png;base64,{base64.b64encode(png).decode()}"


def _source(table: Model, rows: Rows) -> _Source:
    footers = rows.footers.values()
    known = max((footer.known_until_us for footer in footers), default=None)
    made = max((datetime.fromisoformat(footer.made_at) for footer in footers), default=None)
    return _Source(
        table="/".join(table.path),
        days=len(footers),
        rows=len(rows.frame),
        known_until="–" if known is None else time(known),
        made_at="–" if made is None else f"{made.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
    )
