"""Who was online in which hour of a day."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
from matplotlib.axes import Axes
from matplotlib.colors import LinearSegmentedColormap
from matplotlib.ticker import MaxNLocator

from zd_assets.engine.read import Rows
from zd_assets.report.drawing import (
    BLUE,
    INK,
    WIDE,
    Size,
    calendar,
    legend,
    nothing,
    period,
    picture,
    png,
    readable,
    style,
)
from zd_assets.report.human import count, duration, share

_MOST_AGENTS = 60
_ONLINE = LinearSegmentedColormap.from_list("online", ["#E6EBF0", "#9CCBE8", "#0072B2", "#003F66"])


def agents_chart(rows: Rows, size: Size = WIDE) -> bytes:
    """Who was online in which hour of the last day that is there, with chats and satisfaction."""
    last = (calendar(rows) or [""])[-1]
    frame = rows.frame[rows.frame["date"] == last]
    frame = frame[~frame["is_automation"].fillna(False).astype(bool)]
    frame = frame.sort_values("online_s", ascending=False, kind="stable")
    hours = np.array([hours_of(value) for value in frame["online_s_by_hour"]]).reshape(-1, 24)
    # Those of Support alone are never online in Chat.
    there = hours.sum(axis=1) > 0
    agents, hours = frame[there], hours[there]
    if agents.empty:
        return nothing(f"Agents online, {period([last], rows)}" if last else "Agents online", size)
    shown = agents.head(_MOST_AGENTS)
    height_in = 0.235 * len(shown)
    so_far = ", incomplete day" if last in rows.incomplete else ""
    figure = picture(f"Agents online, {period([last], rows)}{so_far}", 2.15 + height_in, size)
    total, each = figure.subplots(2, 1, sharex=True, height_ratios=(1.1, height_in))

    cut = f", the {len(shown)} longest online below" if len(agents) > len(shown) else ""
    style(total, f"Agents online, mean of each hour ({count(len(agents))} in all{cut})", count)
    online = hours.sum(axis=0) / 3600
    total.bar(range(24), online, 0.9, color=BLUE)
    total.set_ylim(0, max(online.max() * 1.1, 1))
    total.yaxis.set_major_locator(MaxNLocator(3, integer=True))
    for minutes in (0, 15, 30, 45, 60):
        total.bar(0, 0, color=_ONLINE(minutes / 60), label=f"{minutes} min")
    legend(total)

    style(each, "Minutes online in each hour")
    edges = np.arange(25) - 0.5, np.arange(len(shown) + 1) - 0.5
    minutes_online = hours[: len(shown)] / 60
    how = {"vmin": 0, "vmax": 60, "edgecolors": "white", "linewidth": 1}
    each.pcolormesh(*edges, minutes_online, cmap=_ONLINE, **how)
    each.invert_yaxis()
    each.spines["bottom"].set_visible(False)
    each.set_yticks(range(len(shown)), _names(shown, 14 if size.narrow else 26))
    hour_ticks(each, size)
    columns = {"online": [duration(_number(value)) for value in shown["online_s"]]}
    if not size.narrow:
        columns |= {
            "chats": [count(_number(value)) for value in shown["chats"]],
            "satisfied": [share(_number(value)) for value in shown["satisfaction"]],
        }
    for place, (head, texts) in enumerate(columns.items()):
        _beside(each, 66 + 58 * place, head, texts)
    return png(figure, size)


def hour_ticks(axes: Axes, size: Size) -> None:
    """The hours of a day, in so many columns."""
    ticks = range(0, 24, 6 if size.narrow else 3)
    axes.set_xticks(list(ticks), [f"{hour:02}:00" for hour in ticks])


def hours_of(value: object) -> list[float]:
    """The figures of 24 hours, also of a list that is null, or holds nulls."""
    found = list(value) if isinstance(value, list | np.ndarray) else []
    figures = [_number(one) for one in found[:24]]
    return [*(0.0 if math.isnan(one) else one for one in figures), *[0.0] * (24 - len(figures))]


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


def _names(agents: pd.DataFrame, most: int) -> list[str]:
    """The agents' names, or else ids; both where two have one name."""
    ids = [readable(one, "unknown agent") for one in agents["agent_id"]]
    pairs = list(zip(agents["agent_name"], ids, strict=True))
    names = [readable(name, f"agent {id}", most) for name, id in pairs]
    twice = {name for name in names if names.count(name) > 1}
    return [
        f"{readable(name, '', most // 2)} {id}".strip()
        if shown in twice and not shown.endswith(id)
        else shown
        for shown, (name, id) in zip(names, pairs, strict=True)
    ]
