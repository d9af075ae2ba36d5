"""Chats by outcome, waiting and satisfaction."""

from matplotlib.ticker import MaxNLocator

from zd_assets.engine.read import Rows
from zd_assets.report.charts.days import by_day, figures_line, percent
from zd_assets.report.drawing import (
    BLUE,
    GREEN,
    ORANGE,
    SKY,
    VERMILION,
    WIDE,
    Size,
    calendar,
    days_axis,
    legend,
    nothing,
    period,
    picture,
    png,
    stacked,
    style,
)
from zd_assets.report.human import about, count, duration, share
from zd_assets.report.totals import CHATS


def chats_chart(rows: Rows, size: Size = WIDE) -> bytes:
    """Chats by outcome, waiting and satisfaction by day."""
    if rows.frame.empty:
        return nothing("Chats", size)
    days = calendar(rows)
    figures = by_day(rows.frame, CHATS, days)
    figure = picture(f"Chats, {period(days, rows)}", 6.2 + 0.5 * size.narrow, size)
    volume, waiting, rated = figure.subplots(3, 1, sharex=True, height_ratios=(5, 3.2, 2.6))
    days_axis((volume, waiting, rated), days, rows.incomplete)

    style(volume, "Chats by outcome", count)
    stacked(volume, figures[["completed", "missed", "dropped"]], (BLUE, ORANGE, VERMILION))
    legend(volume, stacked=True)

    style(waiting, "Time until the first response, and until visitors left", duration)
    p90, median, left = (
        figures[name]
        for name in ("first_response_p90_s", "first_response_median_s", "abandon_median_s")
    )
    figures_line(waiting, p90, SKY, "^", "response, p90", about)
    figures_line(waiting, median, BLUE, "o", "response, median", about)
    figures_line(waiting, left, VERMILION, "s", "left, median", None)
    most = figures[["first_response_p90_s", "abandon_median_s"]].max().max()
    waiting.set_ylim(0, most * 1.3 if most > 0 else 10)
    waiting.yaxis.set_major_locator(MaxNLocator(3, steps=[1, 1.5, 3, 6, 10]))
    legend(waiting)

    style(rated, "Satisfaction: good of all rated chats")
    figures_line(rated, figures["satisfaction"], GREEN, "o", "", share)
    percent(rated)
    return png(figure, size)
