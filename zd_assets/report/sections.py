"""What a support report shows of each answer: which figures, by what, and how they are written."""

from collections.abc import Callable, Hashable, Mapping
from dataclasses import dataclass

import pandas as pd

from zd_assets.models.marts.agent_daily_scorecard import AGENT_DAILY_SCORECARD
from zd_assets.models.marts.chat_daily_summary import CHAT_DAILY_SUMMARY
from zd_assets.models.marts.sla_breaches_daily import SLA_BREACHES_DAILY
from zd_assets.models.marts.ticket_backlog_daily import TICKET_BACKLOG_DAILY
from zd_assets.models.model import Model
from zd_assets.report.human import count, decimal, duration, hours, share, words
from zd_assets.report.totals import AGENTS, CHATS, SLA, TICKETS, Measures, summed


@dataclass(frozen=True)
class Figure:
    """A column of the answer, its head in the report, and how its numbers are written."""

    name: str
    head: str
    write: Callable[[float], str] = count


@dataclass(frozen=True)
class Key:
    """What the rows of a table are by: a column of ids, with its `names` in another, or of texts.

    An id without a name is written after the head, a text by `write`. A null is `none`, or the
    `unknown` where the column `known` says so.
    """

    column: str
    head: str
    none: str
    known: str | None = None
    unknown: str = ""
    names: str | None = None
    write: Callable[[str], str] = str


@dataclass(frozen=True)
class Section:
    """An answer in the report: a picture, which `shows` something, and a table by its keys."""

    table: Model
    title: str
    shows: str
    keys: tuple[Key, ...]
    measures: Measures
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Line:
    """A row of a table in the report, as texts."""

    labels: tuple[str, ...]
    values: tuple[str, ...]


SECTIONS = (
    Section(
        CHAT_DAILY_SUMMARY,
        "Chats",
        "Chats by outcome, mean waiting times and satisfaction, by day.",
        (Key("department_id", "Department", "No department", names="department_name"),),
        CHATS,
        (
            Figure("chats", "Chats"),
            Figure("served", "Served"),
            Figure("missed", "Missed"),
            Figure("dropped", "Dropped"),
            Figure("transferred", "Transferred"),
            Figure("first_response_mean_s", "First response", duration),
            Figure("first_response_max_s", "Longest", duration),
            Figure("abandon_mean_s", "Left after", duration),
            Figure("duration_mean_s", "Duration", duration),
            Figure("satisfaction", "Satisfaction", share),
        ),
    ),
    Section(
        AGENT_DAILY_SCORECARD,
        "Agents",
        "Which agent was online in which hour of the last day.",
        (Key("agent_id", "Agent", "Unknown agent", names="agent_name"),),
        AGENTS,
        (
            Figure("chats", "Chats"),
            Figure("not_accepted", "Not accepted"),
            Figure("messages", "Messages"),
            Figure("online_s", "Online", hours),
            Figure("away_s", "Away", hours),
            Figure("concurrency", "At once", decimal),
            Figure("first_response_mean_s", "First response", duration),
            Figure("duration_mean_s", "Duration", duration),
            Figure("satisfaction", "Satisfaction", share),
            Figure("tickets_updated", "Tickets updated"),
            Figure("tickets_solved", "Tickets solved"),
        ),
    ),
    Section(
        TICKET_BACKLOG_DAILY,
        "Tickets",
        "Unsolved tickets by status at each day's end, and tickets created and solved on it.",
        (Key("group_id", "Group", "No group", "is_group_known", "Unknown group"),),
        TICKETS,
        (
            Figure("backlog", "Unsolved"),
            Figure("new", "New"),
            Figure("open", "Open"),
            Figure("pending", "Pending"),
            Figure("hold", "On hold"),
            Figure("unassigned", "No agent"),
            Figure("age_mean_s", "Age", duration),
            Figure("age_max_s", "Oldest", duration),
            Figure("older_than_week", "Over 7 days"),
            Figure("created", "Created"),
            Figure("solved", "Solved"),
            Figure("reopened", "Reopened"),
            Figure("left", "Left unsolved"),
        ),
    ),
    Section(
        SLA_BREACHES_DAILY,
        "SLA",
        "Missed targets by metric, and the share of fulfilled targets met in time, by day.",
        (
            Key("metric", "Metric", "Unknown metric", write=words),
            Key("policy", "Policy", "Unknown policy"),
        ),
        SLA,
        (
            Figure("breaches", "Breaches"),
            Figure("met", "Met"),
            Figure("late", "Late"),
            Figure("met_share", "Met in time", share),
            Figure("still_late", "Still late"),
        ),
    ),
)


def lines(section: Section, rows: pd.DataFrame) -> list[Line]:
    """The rows summed by the section's keys, the largest first figure first."""
    columns = [(key.column, key.known) for key in section.keys]
    made = summed(rows, section.measures, [one for pair in columns for one in pair if one])
    made = made.sort_values(section.figures[0].name, ascending=False, kind="stable")
    names = [_names(rows, key) for key in section.keys]
    labels = [
        [
            key.unknown if key.known and not is_known else _label(key, value, known)
            for value, is_known in zip(made[key.column], made[key.known or key.column], strict=True)
        ]
        for key, known in zip(section.keys, names, strict=True)
    ]
    return [
        Line(each, values)
        for each, values in zip(zip(*labels, strict=True), _values(section, made), strict=True)
    ]


def total(section: Section, rows: pd.DataFrame) -> Line:
    """All rows in one line."""
    [values] = _values(section, summed(rows, section.measures))
    return Line(("All",), values)


def definition(section: Section, name: str) -> str:
    """What a figure means, and how it is summed where that isn't plain adding."""
    measures = section.measures
    meanings = {column.name: column.description for column in section.table.columns}
    parts = [meanings[name]]
    if weight := measures.means.get(name):
        meaning = f": {meanings[weight]}" if weight in meanings else "."
        parts.append(f"Weighted by {weight}{meaning}")
    if name in measures.shares:
        part, rest = measures.shares[name]
        parts.append(f"Of the sums: {part} / ({part} + {rest}).")
    if name in measures.levels:
        parts.append("As it stands at the end of the last day.")
    return " ".join(parts)


def _values(section: Section, made: pd.DataFrame) -> list[tuple[str, ...]]:
    columns = [[one.write(value) for value in made[one.name]] for one in section.figures]
    return list(zip(*columns, strict=True))


def _names(rows: pd.DataFrame, key: Key) -> Mapping[Hashable, str]:
    """The newest name of each."""
    if key.names is None:
        return {}
    known = rows.dropna(subset=[key.column, key.names]).sort_values("date", kind="stable")
    return dict(zip(known[key.column], known[key.names], strict=True))


def _label(key: Key, value: Hashable, names: Mapping[Hashable, str]) -> str:
    if value is None or value is pd.NA or value != value:
        return key.none
    if isinstance(value, str):
        return key.write(value)
    return names.get(value) or f"{key.head} {value}"
