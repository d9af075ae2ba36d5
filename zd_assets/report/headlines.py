"""A report's headline figures, each with the change against the equally long period before.

Where that isn't in the lake with all its days, nothing is compared.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from zd_assets.engine.read import Rows
from zd_assets.models.marts.agent_daily_scorecard import AGENT_DAILY_SCORECARD
from zd_assets.models.marts.chat_daily_summary import CHAT_DAILY_SUMMARY
from zd_assets.models.marts.sla_breaches_daily import SLA_BREACHES_DAILY
from zd_assets.models.marts.ticket_backlog_daily import TICKET_BACKLOG_DAILY
from zd_assets.report.human import count, duration, hours, share
from zd_assets.report.sections import SECTIONS, Section
from zd_assets.report.totals import summed


@dataclass(frozen=True)
class Headline:
    """A figure of the period as text, and how it changed: `better`, `worse` or neither."""

    head: str
    value: str
    change: str
    before: str
    tone: str


@dataclass(frozen=True)
class _Kind:
    """A headline: a figure of a table; `more_is` 1 where more is better, -1 where it is worse."""

    table: str
    name: str
    head: str
    write: Callable[[float], str] = count
    more_is: int = 0


_KINDS = (
    _Kind(CHAT_DAILY_SUMMARY.name, "chats", "Chats"),
    _Kind(CHAT_DAILY_SUMMARY.name, "missed", "Missed chats", more_is=-1),
    _Kind(CHAT_DAILY_SUMMARY.name, "first_response_mean_s", "First response", duration, -1),
    _Kind(CHAT_DAILY_SUMMARY.name, "satisfaction", "Satisfaction", share, 1),
    _Kind(AGENT_DAILY_SCORECARD.name, "online_s", "Agents' time online", hours),
    _Kind(TICKET_BACKLOG_DAILY.name, "backlog", "Unsolved tickets", more_is=-1),
    _Kind(TICKET_BACKLOG_DAILY.name, "created", "Tickets created"),
    _Kind(TICKET_BACKLOG_DAILY.name, "solved", "Tickets solved"),
    _Kind(SLA_BREACHES_DAILY.name, "met_share", "SLA met in time", share, 1),
    _Kind(SLA_BREACHES_DAILY.name, "breaches", "SLA breaches", more_is=-1),
)


def headlines(now: Mapping[str, Rows], before: Mapping[str, Rows]) -> list[Headline]:
    """The headlines of a period, of each table's rows in it and in the one before, by name."""
    sections = {section.table.name: section for section in SECTIONS}
    return [
        _headline(kind, sections[kind.table], now[kind.table], before[kind.table])
        for kind in _KINDS
    ]


def _headline(kind: _Kind, section: Section, now: Rows, before: Rows) -> Headline:
    value, earlier = (_figure(section, kind.name, rows) for rows in (now, before))
    text = kind.write(value)
    if before.missing:
        return Headline(kind.head, text, "", "", "")
    # Half a day has fewer chats than a whole one, but waiting and satisfaction compare.
    adds_up = kind.name in section.measures.sums and kind.name not in section.measures.levels
    if adds_up and (now.missing or now.incomplete or before.incomplete):
        return Headline(kind.head, text, "", "not compared: incomplete days", "")
    if math.isnan(value) or math.isnan(earlier):
        return Headline(kind.head, text, "", f"before: {kind.write(earlier)}", "")
    change = _change(kind, section, value, earlier)
    up = kind.more_is * (value - earlier)
    # What isn't seen in the text is no change.
    tone = "" if change == "unchanged" or not up else "better" if up > 0 else "worse"
    return Headline(kind.head, text, change, f"before: {kind.write(earlier)}", tone)


def _figure(section: Section, name: str, rows: Rows) -> float:
    """Null where no day is there: a sum of nothing known isn't 0."""
    if not rows.footers:
        return math.nan
    return float(summed(rows.frame, section.measures)[name].iloc[0])


def _change(kind: _Kind, section: Section, value: float, earlier: float) -> str:
    sign = "+" if value > earlier else "−"
    if kind.write(value) == kind.write(earlier):
        return "unchanged"
    if kind.write is share:
        return f"{sign}{abs(value - earlier) * 100:.1f} points"
    if kind.name in section.measures.means:
        return f"{sign}{duration(abs(value - earlier))}"
    # Of nothing there is no percentage.
    return f"{sign}{share(abs(value - earlier) / earlier) if earlier else kind.write(value)}"
