"""A picture of each answer, for who runs a support team: PNGs of the rows of several days."""

import math
from collections.abc import Callable, Collection, Mapping, Sequence
from typing import Any, Protocol

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import FixedLocator, MaxNLocator

from zd_assets.models.marts.agent_daily_scorecard import AGENT_DAILY_SCORECARD
from zd_assets.models.marts.chat_daily_summary import CHAT_DAILY_SUMMARY
from zd_assets.models.marts.sla_breaches_daily import SLA_BREACHES_DAILY
from zd_assets.models.marts.ticket_backlog_daily import TICKET_BACKLOG_DAILY
from zd_assets.report.drawing import (
    BLUE,
    FAINT,
    FEW_DAYS,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    YELLOW,
    calendar,
    days_axis,
    legend,
    line,
    nothing,
    period,
    picture,
    png,
    readable,
    stacked,
    style,
    write,
)
from zd_assets.report.human import count, duration, share, words
from zd_assets.report.totals import CHATS, SLA, TICKETS, Measures, summed

_MOST_AGENTS = 60
_ONLINE = LinearSegmentedColormap.from_list("online", ["#E6EBF0", "#9CCBE8", "#0072B2", "#003F66"])
_STATUSES = {"new": VERMILION, "open": ORANGE, "pending": SKY, "hold": BLUE, "other": GREY}
_METRICS = {
    "first_reply_time": BLUE,
    "reply_time": BLUE,
    "next_reply_time": SKY,
    "resolution_time": VERMILION,
    "agent_work_time": ORANGE,
    "requester_wait_time": PURPLE,
    "periodic_update_time": GREEN,
    "pausable_update_time": YELLOW,
    "group_ownership_time": "#4D4D4D",
}
_OTHER_METRICS = "other metrics"


class Chart(Protocol):
    """The picture of a table."""

    def __call__(
        self, rows: pd.DataFrame, incomplete: Collection[str] = (), scale: int = 1
    ) -> bytes:
        """Rows of the table, with the column `date`, as a PNG 900 times `scale` pixels wide.

        The days in `incomplete` are marked so.
        """


def chats_chart(rows: pd.DataFrame, incomplete: Collection[str] = (), scale: int = 1) -> bytes:
    """Chats by outcome, waiting and satisfaction by day."""
    if rows.empty:
        return nothing("Chats", scale)
    days = calendar(rows, incomplete)
    by_day = _by_day(rows, CHATS, days)
    figure = picture(f"Chats, {period(days)}", 6.2)
    volume, waiting, rated = figure.subplots(3, 1, sharex=True, height_ratios=(5, 3.2, 2.6))
    days_axis((volume, waiting, rated), days, incomplete)

    style(volume, "Chats by outcome", count)
    stacked(volume, by_day[["completed", "missed", "dropped"]], (BLUE, ORANGE, VERMILION))
    legend(volume, stacked=True)

    style(waiting, "Mean time until the first response, and until visitors left", duration)
    _line(waiting, by_day["first_response_mean_s"], BLUE, "o", "first response", duration)
    _line(waiting, by_day["abandon_mean_s"], VERMILION, "s", "abandoned", duration)
    most = by_day[["first_response_mean_s", "abandon_mean_s"]].max().max()
    waiting.set_ylim(0, most * 1.3 if most > 0 else 10)
    waiting.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 1.5, 3, 6, 10]))
    legend(waiting)

    style(rated, "Satisfaction: good of all rated chats")
    _line(rated, by_day["satisfaction"], GREEN, "o", "", share)
    _percent(rated)
    return png(figure, scale)


def agents_chart(rows: pd.DataFrame, incomplete: Collection[str] = (), scale: int = 1) -> bytes:
    """Who was online in which hour of the last day, with chats and satisfaction."""
    last = calendar(rows, incomplete)[-1] if len(rows) or incomplete else ""
    agents = rows[rows["date"] == last].sort_values("online_s", ascending=False, kind="stable")
    if agents.empty:
        return nothing(f"Agents online, {last} (UTC)" if last else "Agents online", scale)
    hours = np.array([_hours(value) for value in agents["online_s_by_hour"]])
    shown = agents.head(_MOST_AGENTS)
    height_in = 0.235 * len(shown)
    so_far = ", incomplete day" if last in incomplete else ""
    figure = picture(f"Agents online, {last} (UTC){so_far}", 2.15 + height_in)
    total, each = figure.subplots(2, 1, sharex=True, height_ratios=(1.1, height_in))

    cut = f", the {len(shown)} longest online below" if len(agents) > len(shown) else ""
    style(total, f"Agents online, mean of each hour ({count(len(agents))} in all{cut})", count)
    online = hours.sum(axis=0) / 3600
    total.bar(range(24), online, 0.9, color=BLUE)
    total.set_ylim(0, max(online.max() * 1.1, 1))
    total.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    for minutes in (0, 15, 30, 45, 60):
        total.bar(0, 0, color=_ONLINE(minutes / 60), label=f"{minutes} min online")
    legend(total)

    style(each, "Minutes online in each hour")
    edges = np.arange(25) - 0.5, np.arange(len(shown) + 1) - 0.5
    minutes_online = hours[: len(shown)] / 60
    how = {"vmin": 0, "vmax": 60, "edgecolors": "white", "linewidth": 1}
    each.pcolormesh(*edges, minutes_online, cmap=_ONLINE, **how)
    each.invert_yaxis()
    each.spines["bottom"].set_visible(False)
    each.set_yticks(range(len(shown)), _names(shown))
    each.set_xticks(range(0, 24, 3), [f"{hour:02}:00" for hour in range(0, 24, 3)])
    columns = {
        "online": [duration(_number(value)) for value in shown["online_s"]],
        "chats": [count(_number(value)) for value in shown["chats"]],
        "satisfied": [share(_number(value)) for value in shown["satisfaction"]],
    }
    for place, (head, texts) in enumerate(columns.items()):
        _beside(each, 66 + 58 * place, head, texts)
    return png(figure, scale)


def backlog_chart(rows: pd.DataFrame, incomplete: Collection[str] = (), scale: int = 1) -> bytes:
    """Unsolved tickets by status at each day's end, and tickets created against solved."""
    if rows.empty:
        return nothing("Ticket backlog", scale)
    days = calendar(rows, incomplete)
    by_day = _by_day(rows, TICKETS, days)
    figure = picture(f"Ticket backlog, {period(days)}", 5.2)
    level, change = figure.subplots(2, 1, sharex=True, height_ratios=(5, 3.2))
    days_axis((level, change), days, incomplete)

    style(level, "Unsolved tickets at the day's end, by status", count)
    there = [status for status in _STATUSES if by_day[status].sum() > 0] or ["open"]
    stacked(level, by_day[there], [_STATUSES[status] for status in there])
    legend(level, stacked=True)

    style(change, "Tickets created, and solved, on the day", count)
    most = by_day[["created", "solved"]].max().max()
    if len(days) <= 3 * FEW_DAYS:
        for place, (name, color) in enumerate((("created", ORANGE), ("solved", GREEN))):
            at = np.arange(len(days)) + 0.41 * place - 0.205
            change.bar(at, by_day[name].fillna(0), 0.4, color=color, label=name)
            if len(days) <= FEW_DAYS:
                texts = zip(at, by_day[name], by_day[name].map(count), strict=True)
                write(change, [text for text in texts if not math.isnan(text[1])])
    else:
        line(change, by_day["created"], ORANGE, "o", "created")
        line(change, by_day["solved"], GREEN, "s", "solved", "--")
    change.set_ylim(0, max(most * 1.15, 1))
    change.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    legend(change)
    return png(figure, scale)


def sla_chart(rows: pd.DataFrame, incomplete: Collection[str] = (), scale: int = 1) -> bytes:
    """Missed targets of SLA policies by metric, and the share met, by day."""
    if rows.empty:
        return nothing("SLA", scale)
    days = calendar(rows, incomplete)
    figure = picture(f"SLA, {period(days)}", 5.0)
    missed, met = figure.subplots(2, 1, sharex=True, height_ratios=(5, 3))
    days_axis((missed, met), days, incomplete)

    style(missed, "Breaches: targets missed on the day, by metric", count)
    metric = rows["metric"].where(rows["metric"].isin(list(_METRICS)), _OTHER_METRICS)
    by_metric = summed(rows.assign(metric=metric), SLA, ["date", "metric"])
    breaches = by_metric.pivot_table(index="date", columns="metric", values="breaches")
    breaches = breaches.reindex(days).loc[:, breaches.sum() > 0]
    colors = {**_METRICS, _OTHER_METRICS: GREY}
    metrics = [one for one in colors if one in breaches]
    if metrics:
        names = [words(one) for one in metrics]
        stacked(missed, breaches[metrics], [colors[one] for one in metrics], names)
    else:
        missed.set_ylim(0, 1)
        missed.set_yticks([0])
        missed.text(0.5, 0.5, "none", transform=missed.transAxes, ha="center", size=12, color=INK)
    if missed.get_legend_handles_labels()[0]:
        legend(missed, stacked=True)

    style(met, "Share of fulfilled targets that were met in time")
    _line(met, _by_day(rows, SLA, days)["met_share"], GREEN, "o", "", share)
    _percent(met)
    return png(figure, scale)


#: The chart of each answer, by the table's name.
CHARTS: Mapping[str, Chart] = {
    CHAT_DAILY_SUMMARY.name: chats_chart,
    AGENT_DAILY_SCORECARD.name: agents_chart,
    TICKET_BACKLOG_DAILY.name: backlog_chart,
    SLA_BREACHES_DAILY.name: sla_chart,
}


def _by_day(rows: pd.DataFrame, measures: Measures, days: list[str]) -> pd.DataFrame:
    return summed(rows, measures, ["date"]).set_index("date").reindex(days)


def _line(
    axes: Axes,
    values: "pd.Series[float]",
    color: str,
    marker: str,
    name: str,
    form: Callable[[float], str],
) -> None:
    """A line, of few days with its figures; without a name the legend leaves it out."""
    line(axes, values, color, marker, name or "_")
    if len(values) <= FEW_DAYS:
        points = [(at, value, form(value)) for at, value in enumerate(values) if value == value]
        write(axes, points)


def _percent(axes: Axes) -> None:
    """From 0 to 100%, with room for what is written above."""
    axes.set_ylim(0, 1.22)
    axes.yaxis.set_major_locator(FixedLocator([0, 0.5, 1]))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.grid(axis="y", color=FAINT, linewidth=0.8)


def _hours(value: object) -> list[float]:
    """The seconds of 24 hours, also of a list that is null, or holds nulls."""
    found = list(value) if isinstance(value, list | np.ndarray) else []
    seconds = [_number(one) for one in found[:24]]
    return [*(0.0 if math.isnan(one) else one for one in seconds), *[0.0] * (24 - len(seconds))]


def _number(value: object) -> float:
    """A number of a frame, NaN where it is null."""
    return float(value) if isinstance(value, int | float | np.number) else math.nan


def _beside(axes: Axes, points: float, head: str, texts: Sequence[str]) -> None:
    """A column of texts, one at each row of a panel, so many points to its right."""
    how: dict[str, Any] = {"ha": "right", "size": 9, "color": INK, "textcoords": "offset points"}
    axes.annotate(head, (1, 1), (points, 6), xycoords="axes fraction", **how)
    for row, text in enumerate(texts):
        at = ("axes fraction", "data")
        axes.annotate(text, (1, row), (points, 0), xycoords=at, va="center", **how)


def _names(agents: pd.DataFrame) -> list[str]:
    """The agents' names, or else ids; both where two bear one name."""
    ids = [readable(one, "unknown agent") for one in agents["agent_id"]]
    pairs = list(zip(agents["agent_name"], ids, strict=True))
    names = [readable(name, id) for name, id in pairs]
    twice = {name for name in names if names.count(name) > 1}
    return [
        f"{readable(name, '', 14)} {id}".strip() if shown in twice and shown != id else shown
        for shown, (name, id) in zip(names, pairs, strict=True)
    ]
