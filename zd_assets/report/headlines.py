"""A report's headline figures, each with the change against the period before.

Where that isn't in the lake with all its days, nothing is compared.
"""

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace

import pandas as pd

from zd_assets.catalog.export import Api
from zd_assets.engine.read import Rows
from zd_assets.models.marts.agent_daily_scorecard import AGENT_DAILY_SCORECARD
from zd_assets.models.marts.chat_daily_summary import CHAT_DAILY_SUMMARY
from zd_assets.models.marts.sla_breaches_daily import SLA_BREACHES_DAILY
from zd_assets.models.marts.ticket_backlog_daily import TICKET_BACKLOG_DAILY
from zd_assets.models.marts.ticket_times_daily import TICKET_TIMES_DAILY
from zd_assets.report.human import about, share, words
from zd_assets.report.sections import BY_TABLE, Figure
from zd_assets.report.totals import SLA, summed


@dataclass(frozen=True)
class Headline:
    """A figure of the period as text, and how it changed: `better`, `worse` or neither."""

    head: str
    value: str
    also: str
    change: str
    before: str
    tone: str


@dataclass(frozen=True)
class _Kind:
    """A headline: a figure of a table; `more_is` 1 where more is better, -1 where it is worse.

    `also` is a second figure, and how it is said. `where` a column has a value, these rows count.
    """

    table: str
    name: str
    head: str
    more_is: int = 0
    also: tuple[str, str] | None = None
    where: tuple[str, str] | None = None


_CHATS, _TIMES, _SLA = CHAT_DAILY_SUMMARY.name, TICKET_TIMES_DAILY.name, SLA_BREACHES_DAILY.name
_TICKETS = TICKET_BACKLOG_DAILY.name
_P90 = "p90 {}"

_KINDS = (
    _Kind(_CHATS, "chats", "Chats"),
    _Kind(_CHATS, "missed_share", "Missed chats", -1, ("missed", "{} chats")),
    _Kind(
        *(_CHATS, "first_response_median_s", "First response in chat, median", -1),
        also=("first_response_p90_s", _P90),
    ),
    _Kind(_CHATS, "satisfaction", "Satisfaction in chat", 1, ("rated_share", "{} of chats rated")),
    _Kind(AGENT_DAILY_SCORECARD.name, "online_s", "Agents' time online"),
    _Kind(_TICKETS, "backlog", "Unsolved tickets", -1, ("older_than_week", "{} over 7 days old")),
    _Kind(_TICKETS, "created", "Tickets created"),
    _Kind(_TICKETS, "solved", "Tickets solved", 0, ("reopened", "{} reopened")),
    _Kind(
        *(_TIMES, "median_s", "First reply to tickets, median", -1, ("p90_s", _P90)),
        where=("measure", "first_reply_time"),
    ),
    _Kind(
        *(_TIMES, "median_s", "Resolution of tickets, median", -1, ("p90_s", _P90)),
        where=("measure", "resolution_time"),
    ),
)
_SLA_MET = _Kind(_SLA, "met_share", "SLA met", 1, ("breaches", "{} breaches"))
# With the others these fill whole rows of a page.
_SLA_METRICS = 2


def headlines(
    now: Mapping[str, Rows], before: Mapping[str, Rows], lacking: Collection[Api] = ()
) -> list[Headline]:
    """The headlines of a period, of each table's rows in it and in the one before, by name.

    What is of the `lacking` is unknown. SLA's metrics are never pooled: those with most targets
    fulfilled have a headline each.
    """
    kinds = [*_KINDS, *_sla_kinds(now[_SLA].frame)]
    return [_headline(kind, now[kind.table], before[kind.table], lacking) for kind in kinds]


def _sla_kinds(rows: pd.DataFrame) -> list[_Kind]:
    made = summed(rows.dropna(subset=["metric"]), SLA, ["metric"])
    made["fulfilled"] = made["met"] + made["late"]
    most = made.sort_values("fulfilled", ascending=False, kind="stable").head(_SLA_METRICS)
    metrics = sorted(str(metric) for metric in most["metric"])
    return [
        replace(_SLA_MET, head=f"SLA met, {words(one)}", where=("metric", one)) for one in metrics
    ] or [_SLA_MET]


def _headline(kind: _Kind, now: Rows, before: Rows, lacking: Collection[Api]) -> Headline:
    section = BY_TABLE[kind.table]
    figures = section.defined
    figure = figures[kind.name]
    unknown = (figure.api or section.api) in lacking
    value, earlier = (_figure(kind, kind.name, rows, unknown) for rows in (now, before))
    text, said = figure.write(value), ""
    if kind.also:
        name, form = kind.also
        second = _figure(kind, name, now, unknown)
        said = "" if math.isnan(second) else form.format(figures[name].write(second))
    only = Headline(kind.head, text, said, "", "", "")
    if before.missing or unknown:
        return only
    # Half a day has fewer chats than a whole one, but waiting and satisfaction compare.
    adds_up = kind.name in section.measures.sums and kind.name not in section.measures.levels
    if adds_up and (now.missing or now.incomplete or before.incomplete):
        return replace(only, before="not compared: incomplete days")
    told = replace(only, before=f"before: {figure.write(earlier)}")
    if math.isnan(value) or math.isnan(earlier):
        return told
    change = _change(figure, value, earlier)
    up = kind.more_is * (value - earlier)
    # What isn't seen in the text is no change.
    tone = "" if change == "unchanged" or not up else "better" if up > 0 else "worse"
    return replace(told, change=change, tone=tone)


def _figure(kind: _Kind, name: str, rows: Rows, unknown: bool) -> float:
    """Null where no day is there: a sum of nothing known isn't 0."""
    if unknown or not rows.footers:
        return math.nan
    frame = rows.frame
    if kind.where:
        column, wanted = kind.where
        frame = frame[frame[column] == wanted]
    return float(summed(frame, BY_TABLE[kind.table].measures)[name].iloc[0])


def _change(figure: Figure, value: float, earlier: float) -> str:
    sign = "+" if value > earlier else "−"
    if figure.write(value) == figure.write(earlier):
        return "unchanged"
    if figure.write is share:
        return f"{sign}{abs(value - earlier) * 100:.1f} points"
    if figure.write is about:
        return f"{sign}{about(abs(value - earlier))}"
    # Of nothing there is no percentage.
    return f"{sign}{share(abs(value - earlier) / earlier) if earlier else figure.write(value)}"
