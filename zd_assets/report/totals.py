"""Summing the answers over days, departments, agents, groups, with the right weights."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class Measures:
    """How a table's figures are summed.

    `means` are weighted, each by a count or by seconds; `shares` are of two counts,
    the first of both. A mean of means would count a department of one chat like one of a thousand.
    `levels` stand at a day's end: of several days, the last one's count.
    """

    sums: tuple[str, ...]
    most: tuple[str, ...] = ()
    means: Mapping[str, str] = field(default_factory=dict)
    shares: Mapping[str, tuple[str, str]] = field(default_factory=dict)
    levels: tuple[str, ...] = ()


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
    shares={"satisfaction": ("good", "bad")},
)

AGENTS = Measures(
    sums=(
        *("online_s", "away_s", "invisible_s", "engagement_s", "offered", "accepted"),
        *("not_accepted", "taken_over", "proactive", "chats", "messages", "good", "bad"),
        *("tickets_updated", "tickets_solved"),
    ),
    most=("most_engagements",),
    means={
        "concurrency": "engaged_s",
        "first_response_mean_s": "answered",
        "duration_mean_s": "timed",
    },
    shares={"satisfaction": ("good", "bad")},
)

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

SLA = Measures(
    sums=("breaches", "met", "late", "still_late"),
    shares={"met_share": ("met", "late")},
    levels=("still_late",),
)


def summed(rows: pd.DataFrame, measures: Measures, by: Sequence[str] = ()) -> pd.DataFrame:
    """One row for each value of the columns `by`, null being one; without any, one row for all.

    Sums of nothing are 0, all other figures of nothing are null.
    """
    figures = _figures(rows, measures, () if "date" in by else measures.levels)
    keys = [rows[column] for column in by] or [pd.Series(0, index=rows.index)]
    groups = figures.groupby(keys, dropna=False, sort=True)
    made = groups[list(measures.sums)].sum()
    made[list(measures.most)] = groups[list(measures.most)].max()
    for mean in measures.means:
        weight = groups[f"{mean} weight"].sum()
        made[mean] = groups[f"{mean} sum"].sum() / weight.where(weight > 0)
    if not by:
        made = made.reset_index(drop=True).reindex([0])
        made[list(measures.sums)] = made[list(measures.sums)].fillna(0)
    for share, (part, rest) in measures.shares.items():
        whole = made[part] + made[rest]
        made[share] = made[part] / whole.where(whole > 0)
    return made if not by else made.reset_index()


def _figures(rows: pd.DataFrame, measures: Measures, levels: Sequence[str]) -> pd.DataFrame:
    """The figures as floats, `levels` of the last day only; of each mean its weight and its sum."""
    shared = [column for pair in measures.shares.values() for column in pair]
    weighted = [column for pair in measures.means.items() for column in pair]
    names = dict.fromkeys([*measures.sums, *measures.most, *weighted, *shared])
    figures = rows[list(names)].astype("Float64").astype(float)
    figures.loc[rows["date"] != rows["date"].max(), list(levels)] = np.nan
    for mean, count in measures.means.items():
        weight = figures[count].where(figures[mean].notna(), 0).fillna(0)
        figures[f"{mean} weight"] = weight
        figures[f"{mean} sum"] = figures[mean].fillna(0) * weight
    return figures
