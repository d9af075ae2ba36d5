"""What panels with an axis of days share."""

from collections.abc import Callable, Sequence

import pandas as pd
from matplotlib.axes import Axes
from matplotlib.ticker import FixedLocator

from zd_assets.report.drawing import FAINT, FEW_DAYS, line, write
from zd_assets.report.totals import Measures, summed


def by_day(rows: pd.DataFrame, measures: Measures, days: Sequence[str]) -> pd.DataFrame:
    """The figures of each of the days, null where there are no rows."""
    return summed(rows, measures, ["date"]).set_index("date").reindex(list(days))


def figures_line(
    axes: Axes,
    values: "pd.Series[float]",
    color: str,
    marker: str,
    name: str,
    form: Callable[[float], str] | None,
) -> None:
    """A line, of few days with its figures as `form` writes them; without a name no legend."""
    line(axes, values, color, marker, name or "_")
    if form and len(values) <= FEW_DAYS:
        points = [(at, value, form(value)) for at, value in enumerate(values) if value == value]
        write(axes, points)


def percent(axes: Axes) -> None:
    """From 0 to 100%, with room for what is written above."""
    axes.set_ylim(0, 1.22)
    axes.yaxis.set_major_locator(FixedLocator([0, 0.5, 1]))
    axes.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes.grid(axis="y", color=FAINT, linewidth=0.8)
