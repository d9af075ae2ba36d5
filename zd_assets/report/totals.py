"""Summing the marts over days, departments, agents, groups, with the right weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from zd_assets.models.histogram import added, quantile_s


@dataclass(frozen=True)
class Share:
    """The sum of some counts, of the sum of others; null where that is 0."""

    parts: tuple[str, ...]
    whole: tuple[str, ...]


@dataclass(frozen=True)
class Measures:
    """How a table's figures are summed.

    `means` are weighted, each by a count or by seconds; `shares` are of counts' sums. A mean of
    means would count a department of one chat like one of a thousand. `quantiles` are read from
    the sums of a histogram's counts, each with its share: 0.5 is the median. `levels` stand at a
    day's end: of several days, the last one's count. What is `distinct` counts an item once for
    each row, and so isn't to be added up over rows of one day.
    """

    sums: tuple[str, ...]
    most: tuple[str, ...] = ()
    means: Mapping[str, str] = field(default_factory=dict)
    quantiles: Mapping[str, tuple[str, float]] = field(default_factory=dict)
    shares: Mapping[str, Share] = field(default_factory=dict)
    levels: tuple[str, ...] = ()
    distinct: tuple[str, ...] = ()


_SATISFACTION = Share(("good",), ("good", "bad"))

CHATS = Measures(
    sums=(
        *("chats", "served", "completed", "missed", "dropped", "proactive", "transferred"),
        *("offline_messages", "deleted", "abandoned", "answered", "responded", "timed"),
        *("good", "bad"),
    ),
    most=("abandon_max_s", "first_response_max_s", "response_max_s"),
    means={
        "abandon_mean_s": "abandoned",
        "first_response_mean_s": "answered",
        "response_mean_s": "responded",
        "duration_mean_s": "timed",
    },
    quantiles={
        "first_response_median_s": ("first_response_histogram", 0.5),
        "first_response_p90_s": ("first_response_histogram", 0.9),
        "abandon_median_s": ("abandon_histogram", 0.5),
        "abandon_p90_s": ("abandon_histogram", 0.9),
    },
    shares={
        "missed_share": Share(("missed",), ("chats",)),
        "dropped_share": Share(("dropped",), ("served",)),
        "satisfaction": _SATISFACTION,
        "rated_share": Share(("good", "bad"), ("chats",)),
    },
)

AGENTS = Measures(
    sums=(
        *("online_s", "away_s", "invisible_s", "engagement_s", "offered", "accepted"),
        *("not_accepted", "taken_over", "proactive", "chats", "messages", "good", "bad"),
        *("tickets_updated", "tickets_solved", "tickets_replied", "public_replies"),
    ),
    most=("most_engagements",),
    means={
        "concurrency": "engaged_s",
        "first_response_mean_s": "answered",
        "duration_mean_s": "timed",
    },
    quantiles={
        "first_response_median_s": ("first_response_histogram", 0.5),
        "first_response_p90_s": ("first_response_histogram", 0.9),
    },
    shares={
        "satisfaction": _SATISFACTION,
        "not_accepted_share": Share(("not_accepted",), ("offered",)),
    },
    distinct=("chats", "tickets_updated", "tickets_solved", "tickets_replied"),
)

#: Of all agents together, what several of them did counted once.
TEAM = Measures(sums=AGENTS.distinct)

_BACKLOG = (
    *("backlog", "new", "open", "pending", "hold", "other"),
    *("unassigned", "aged", "older_than_week"),
)

TICKETS = Measures(
    sums=(*(*_BACKLOG, "created", "solved", "reopened", "restored", "surfaced", "left", "closed"),),
    most=("age_max_s",),
    means={"age_mean_s": "aged"},
    levels=(*_BACKLOG, "age_max_s", "age_mean_s"),
)

TIMES = Measures(
    sums=("fulfilled", "in_business_hours"),
    most=("max_s",),
    means={"mean_s": "fulfilled", "business_mean_s": "in_business_hours"},
    quantiles={
        "median_s": ("histogram", 0.5),
        "p90_s": ("histogram", 0.9),
        "business_median_s": ("business_histogram", 0.5),
        "business_p90_s": ("business_histogram", 0.9),
    },
)

SLA = Measures(
    sums=("breaches", "met", "late", "still_late", "ended"),
    shares={"met_share": Share(("met",), ("met", "late"))},
    levels=("still_late",),
)


def summed(rows: pd.DataFrame, measures: Measures, by: Sequence[str] = ()) -> pd.DataFrame:
    """One row for each value of the columns `by`, null being one; without any, one row for all.

    Sums of nothing are 0, all other figures of nothing are null; so is a sum of which a part is.
    """
    figures = _figures(rows, measures, () if "date" in by else measures.levels)
    keys = [rows[column] for column in by] or [pd.Series(0, index=rows.index)]
    groups = figures.groupby(keys, dropna=False, sort=True)
    sums = list(measures.sums)
    unknown = rows[sums].isna().groupby(keys, dropna=False, sort=True).any()
    made = groups[sums].sum().mask(unknown)
    made[list(measures.most)] = groups[list(measures.most)].max()
    for mean in measures.means:
        weight = groups[f"{mean} weight"].sum()
        made[mean] = groups[f"{mean} sum"].sum() / weight.where(weight > 0)
    for name, (histogram, point) in measures.quantiles.items():
        counts = rows[histogram].groupby(keys, dropna=False, sort=True)
        made[name] = [_quantile(each, point) for _, each in counts]
    if not by:
        made = made.reset_index(drop=True).reindex([0])
        if rows.empty:
            made[sums] = 0.0
    for name, share in measures.shares.items():
        whole = made[list(share.whole)].sum(axis=1, skipna=False)
        part = made[list(share.parts)].sum(axis=1, skipna=False)
        made[name] = part / whole.where(whole > 0)
    return made if not by else made.reset_index()


def _quantile(histograms: "pd.Series[Any]", point: float) -> float:
    """Null where one isn't known, since the rest wouldn't tell."""
    counts = [list(one) for one in histograms if isinstance(one, list | np.ndarray)]
    seconds = quantile_s(added(counts), point) if len(counts) == len(histograms) else None
    return np.nan if seconds is None else seconds


def _figures(rows: pd.DataFrame, measures: Measures, levels: Sequence[str]) -> pd.DataFrame:
    """The figures as floats, `levels` of the last day only; of each mean its weight and its sum."""
    shared = [column for share in measures.shares.values() for column in share.parts + share.whole]
    weighted = [column for pair in measures.means.items() for column in pair]
    names = dict.fromkeys([*measures.sums, *measures.most, *weighted, *shared])
    figures = rows[list(names)].astype("Float64").astype(float)
    figures.loc[rows["date"] != rows["date"].max(), list(levels)] = np.nan
    for mean, count in measures.means.items():
        weight = figures[count].where(figures[mean].notna(), 0).fillna(0)
        figures[f"{mean} weight"] = weight
        figures[f"{mean} sum"] = figures[mean].fillna(0) * weight
    return figures
