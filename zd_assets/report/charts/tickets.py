"""Tickets: the backlog, how long replies and resolutions take, and SLA."""

import math

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator, MaxNLocator, NullLocator

from zd_assets.engine.read import Rows
from zd_assets.report.charts.days import by_day, figures_line, percent
from zd_assets.report.drawing import (
    BLUE,
    FEW_DAYS,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PURPLE,
    SKY,
    VERMILION,
    WIDE,
    YELLOW,
    Size,
    calendar,
    days_axis,
    legend,
    line,
    nothing,
    period,
    picture,
    png,
    stacked,
    style,
    write,
)
from zd_assets.report.human import about, count, duration, share, words
from zd_assets.report.totals import SLA, TICKETS, TIMES, summed

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
_MEASURES = {
    "first_reply_time": "Time until the first reply, logarithmic",
    "resolution_time": "Time until the resolution, logarithmic",
}
# Seconds at which a scale that grows has its lines.
_STEPS_S = (1, 10, 60, 600, 3600, 14_400, 86_400, 345_600, 2_592_000, 31_536_000)


def backlog_chart(rows: Rows, size: Size = WIDE) -> bytes:
    """Unsolved tickets by status at each day's end, and tickets created against solved."""
    if rows.frame.empty:
        return nothing("Ticket backlog", size)
    days = calendar(rows)
    figures = by_day(rows.frame, TICKETS, days)
    figure = picture(f"Ticket backlog, {period(days, rows)}", 5.2 + 0.5 * size.narrow, size)
    level, change = figure.subplots(2, 1, sharex=True, height_ratios=(5, 3.2))
    days_axis((level, change), days, rows.incomplete)

    style(level, "Unsolved tickets at the day's end, by status", count)
    there = [status for status in _STATUSES if figures[status].sum() > 0] or ["open"]
    stacked(level, figures[there], [_STATUSES[status] for status in there])
    legend(level, stacked=True)

    style(change, "Tickets created, and solved, on the day", count)
    most = figures[["created", "solved"]].max().max()
    if len(days) <= 3 * FEW_DAYS:
        for place, (name, color) in enumerate((("created", ORANGE), ("solved", GREEN))):
            at = np.arange(len(days)) + 0.41 * place - 0.205
            change.bar(at, figures[name].fillna(0), 0.4, color=color, label=name)
            # In a narrow picture two bars' figures would touch.
            if len(days) <= (FEW_DAYS // 2 if size.narrow else FEW_DAYS):
                texts = zip(at, figures[name], figures[name].map(count), strict=True)
                write(change, [text for text in texts if not math.isnan(text[1])])
    else:
        line(change, figures["created"], ORANGE, "o", "created")
        line(change, figures["solved"], GREEN, "s", "solved", "--")
    change.set_ylim(0, max(most * 1.15, 1) if most == most else 1)
    change.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    legend(change)
    return png(figure, size)


def times_chart(rows: Rows, size: Size = WIDE) -> bytes:
    """Median and 90th percentile of the first reply time and the resolution time, by day."""
    if rows.frame.empty:
        return nothing("Replies and resolutions", size)
    days = calendar(rows)
    figure = picture(
        f"Replies and resolutions, {period(days, rows)}", 4.8 + 0.5 * size.narrow, size
    )
    panels = figure.subplots(2, 1, sharex=True)
    days_axis(panels, days, rows.incomplete)
    for axes, (measure, title) in zip(panels, _MEASURES.items(), strict=True):
        style(axes, title, duration)
        figures = by_day(rows.frame[rows.frame["measure"] == measure], TIMES, days)
        figures_line(axes, figures["p90_s"], SKY, "^", "p90", about)
        figures_line(axes, figures["median_s"], BLUE, "o", "median", about)
        _growing(axes, figures[["median_s", "p90_s"]])
        legend(axes)
    return png(figure, size)


def sla_chart(rows: Rows, size: Size = WIDE) -> bytes:
    """Missed targets of SLA policies, and the share met, by metric and day."""
    if rows.frame.empty:
        return nothing("SLA", size)
    days = calendar(rows)
    figure = picture(f"SLA, {period(days, rows)}", 5.0 + 0.6 * size.narrow, size)
    missed, met = figure.subplots(2, 1, sharex=True, height_ratios=(5, 3))
    days_axis((missed, met), days, rows.incomplete)
    metric = rows.frame["metric"].where(rows.frame["metric"].isin(list(_METRICS)), _OTHER_METRICS)
    by_metric = summed(rows.frame.assign(metric=metric), SLA, ["date", "metric"])
    colors = {**_METRICS, _OTHER_METRICS: GREY}

    style(missed, "Breaches: targets missed on the day, by metric", count)
    breaches = by_metric.pivot_table(index="date", columns="metric", values="breaches")
    breaches = breaches.reindex(days).loc[:, breaches.sum() > 0]
    metrics = [one for one in colors if one in breaches]
    if metrics:
        names = [words(one) for one in metrics]
        stacked(missed, breaches[metrics], [colors[one] for one in metrics], names)
    else:
        missed.set_ylim(0, 1)
        missed.set_yticks([0])
        missed.text(0.5, 0.5, "none", transform=missed.transAxes, ha="center", size=12, color=INK)
    legend(missed, stacked=True)

    style(met, "Share of the day's fulfilled targets that were met in time, by metric")
    shares = by_metric.set_index(["metric", "date"])["met_share"].dropna()
    fulfilled = [one for one in colors if one in shares.index.get_level_values(0)]
    for one, marker in zip(fulfilled, "os^Dv<>ph*", strict=False):
        values = shares.loc[one].reindex(days)
        form = share if len(fulfilled) <= 2 else None
        figures_line(met, values, colors[one], marker, words(one), form)
    percent(met)
    legend(met)
    return png(figure, size)


def _growing(axes: Axes, seconds: pd.DataFrame) -> None:
    """A logarithmic scale: a median of minutes and a 90th percentile of days on one panel."""
    least, most = seconds.min().min(), seconds.max().max()
    if not most > 0:
        axes.set_ylim(0, 10)
        return
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: duration(value))
    axes.set_ylim(max(least, 0.5) / 2, most * 3)
    low, high = axes.get_ylim()
    axes.yaxis.set_major_locator(FixedLocator([step for step in _STEPS_S if low < step < high]))
    axes.yaxis.set_minor_locator(NullLocator())
