"""Demand against staffing: chats that start, and agents online, by weekday and hour."""

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_rgb

from zd_assets.engine.read import Rows
from zd_assets.report.charts.agents import hour_ticks, hours_of
from zd_assets.report.drawing import INK, WIDE, Size, legend, nothing, period, picture, png, style

Grid = npt.NDArray[np.float64]

_WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
_COLORS = 160
_EMPTY, _UNSTAFFED = "#E3E8ED", "#5C0A2E"
_DEMAND = LinearSegmentedColormap.from_list("demand", ["#FDF1D9", "#E69F00", "#8A4B00"])
_STAFF = LinearSegmentedColormap.from_list("staff", ["#E6F1F8", "#56B4E9", "#004C78"])
_LOAD = LinearSegmentedColormap.from_list("load", ["#FBE9E0", "#E58A55", "#A63F00"])


def demand_days(chats: Rows, agents: Rows) -> list[str]:
    """The days that are complete in both: half a day has no evening."""
    return sorted(
        set(chats.footers).intersection(agents.footers) - {*chats.incomplete, *agents.incomplete}
    )


def demand_chart(chats: Rows, agents: Rows, size: Size = WIDE) -> bytes:
    """Chats started and agents online in the mean hour of each weekday, and their ratio."""
    days = demand_days(chats, agents)
    title = "Demand and staffing"
    if not days:
        return nothing(title, size)
    demand = _mean_week(chats, "chats_by_hour", days)
    staff = _mean_week(agents, "online_s_by_hour", days) / 3600
    figure = picture(f"{title}, {period(days, chats)}", 6.4 + 0.5 * size.narrow, size)
    panels = figure.subplots(3, 1, sharex=True)
    _heat(panels[0], "Chats started in the hour, mean", demand, _DEMAND, size)
    _heat(panels[1], "Agents online in the hour, mean", staff, _STAFF, size)
    with np.errstate(divide="ignore", invalid="ignore"):
        load = np.where(demand > 0, demand / staff, np.where(np.isnan(demand), np.nan, 0))
    _heat(panels[2], "Chats started per agent online", load, _LOAD, size)
    hour_ticks(panels[2], size)
    # Three scales need more colours than lines and bars do.
    return png(figure, size, colors=_COLORS)


def _mean_week(rows: Rows, column: str, days: Sequence[str]) -> Grid:
    """The mean of 7 weekdays by 24 hours; of a weekday that no day is of it isn't known."""
    totals, of = np.zeros((7, 24)), np.zeros((7, 1))
    for day in days:
        weekday = date.fromisoformat(day).weekday()
        of[weekday] += 1
        for value in rows.frame.loc[rows.frame["date"] == day, column]:
            totals[weekday] += hours_of(value)
    means: Grid = np.divide(totals, of, out=np.full((7, 24), np.nan), where=of > 0)
    return means


def _heat(axes: Axes, title: str, grid: Grid, colors: Colormap, size: Size) -> None:
    style(axes, title)
    finite = grid[np.isfinite(grid)]
    most = float(finite.max()) if finite.size and finite.max() > 0 else 1.0
    edges = np.arange(25) - 0.5, np.arange(8) - 0.5
    shown = np.ma.masked_where(~(np.isfinite(grid) & (grid > 0)), grid)
    axes.set_facecolor(_EMPTY)
    axes.pcolormesh(*edges, shown, cmap=colors, vmin=0, vmax=most, edgecolors="white", linewidth=1)
    axes.invert_yaxis()
    axes.spines["bottom"].set_visible(False)
    axes.set_yticks(range(7), _WEEKDAYS)
    for weekday, hour in zip(*np.nonzero(np.isinf(grid)), strict=True):
        axes.bar(hour, 1, 1, weekday - 0.5, color=_UNSTAFFED, edgecolor="white", linewidth=1)
    axes.bar(0, 0, color=_EMPTY, label="none")
    for part in (0.25, 0.5, 0.75, 1.0):
        axes.bar(0, 0, color=colors(part), label=_short(most * part))
    if np.isinf(grid).any():
        axes.bar(0, 0, color=_UNSTAFFED, label="nobody online")
    axes.set_xlim(-0.5, 23.5)
    axes.set_ylim(6.5, -0.5)
    legend(axes)
    for weekday in np.flatnonzero(np.isnan(grid).all(axis=1)):
        axes.text(11.5, float(weekday), "no such day", ha="center", va="center", size=8, color=INK)
    if size.narrow:
        return
    for (weekday, hour), value in np.ndenumerate(grid):
        if np.isfinite(value) and value > 0:
            dark = sum(to_rgb(colors(value / most))) < 1.5
            how: dict[str, Any] = {"ha": "center", "va": "center", "size": 7}
            axes.text(hour, weekday, _short(value), color="white" if dark else INK, **how)


def _short(value: float) -> str:
    return f"{value:.1f}" if value < 9.95 else f"{value:,.0f}"
