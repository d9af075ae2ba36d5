"""The tables of the report: a mart's rows summed by the section's keys, as texts."""

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass

import pandas as pd

from zd_assets.catalog.export import Api
from zd_assets.catalog.reference import ReferenceList
from zd_assets.report.human import NONE
from zd_assets.report.sections import Figure, Key, Section
from zd_assets.report.totals import TEAM, summed

#: What ids are called, by list.
Names = Mapping[ReferenceList, Mapping[Hashable, str]]


@dataclass(frozen=True)
class Line:
    """A row of a table in the report, as texts; a total sums others up."""

    labels: tuple[str, ...]
    values: tuple[str, ...]
    is_total: bool = False


def lines(
    section: Section,
    rows: pd.DataFrame,
    names: Names,
    lacking: Collection[Api] = (),
    together: pd.DataFrame | None = None,
) -> list[Line]:
    """The rows summed by the section's keys, the largest first figure first, with their totals.

    What several rows of a day count each comes in the total from `together`, rows that count it
    once; without these it isn't known there. What is of the `lacking` is a dash.
    """
    if rows.empty:
        return []
    columns = [one for key in section.keys for one in (key.column, key.known) if one]
    is_apart = (
        rows[section.apart].fillna(False).astype(bool)
        if section.apart
        else pd.Series(False, index=rows.index)
    )
    apart, counted = rows[is_apart], rows[~is_apart]
    parts = counted.groupby(list(section.total_by), dropna=False) if section.total_by else None
    found = []
    for part in [each for _, each in parts] if parts is not None else [counted]:
        total = summed(part, section.measures)
        if section.measures.distinct:
            once = None if together is None else summed(together, TEAM)
            for name in section.measures.distinct:
                total[name] = float("nan") if once is None else once[name]
        each = _lines(section, part, columns, names, lacking)
        label = (*(each[0].labels[: len(section.total_by)] if each else ()), section.total_label)
        [values] = _values(section, total, lacking)
        # One row is its own total.
        ends = [Line(label, values, True)] if len(each) > 1 or not section.total_by else []
        found.append((float(total[section.figures[0].name].iloc[0]), [*each, *ends]))
    ordered = sorted(found, key=lambda part: -part[0])
    return [
        *(line for _, part in ordered for line in part),
        *_lines(section, apart, columns, names, lacking),
    ]


def _lines(
    section: Section,
    rows: pd.DataFrame,
    columns: list[str],
    names: Names,
    lacking: Collection[Api],
) -> list[Line]:
    if rows.empty:
        return []
    made = summed(rows, section.measures, columns)
    made = made.sort_values(section.figures[0].name, ascending=False, kind="stable")
    labels = [_labels(key, made, rows, names) for key in section.keys]
    values = _values(section, made, lacking)
    return [Line(*each) for each in zip(zip(*labels, strict=True), values, strict=True)]


def definition(section: Section, name: str) -> str:
    """What a figure means, and how it is summed where that isn't plain adding."""
    measures = section.measures
    meanings = {column.name: column.description for column in section.table.columns}
    parts = [section.defined[name].says or meanings[name]]
    if weight := measures.means.get(name):
        meaning = f": {meanings[weight]}" if weight in meanings else "."
        parts.append(f"Weighted by {weight}{meaning}")
    if name in measures.quantiles:
        parts.append("Over all of them in these days; off by 5% at most.")
    if name in measures.shares:
        made = measures.shares[name]
        part, whole = " + ".join(made.parts), " + ".join(made.whole)
        whole = f"({whole})" if len(made.whole) > 1 else whole
        part = f"({part})" if len(made.parts) > 1 else part
        parts.append(f"Of the sums: {part} / {whole}.")
    if name in measures.levels:
        parts.append("As it stands at the end of the last day.")
    if name in measures.distinct:
        parts.append("Of all agents, one of several counts once a day.")
    return " ".join(parts)


def _values(
    section: Section, made: pd.DataFrame, lacking: Collection[Api]
) -> list[tuple[str, ...]]:
    columns = [_texts(one, made, lacking) for one in section.figures]
    return list(zip(*columns, strict=True))


def _texts(figure: Figure, made: pd.DataFrame, lacking: Collection[Api]) -> list[str]:
    if figure.api in lacking:
        return [NONE] * len(made)
    texts = [figure.write(value) for value in made[figure.name]]
    if figure.rate is None:
        return texts
    rates = [figure.rate.write(value) for value in made[figure.rate.name]]
    return [
        text if rate == NONE else f"{text} ({rate})"
        for text, rate in zip(texts, rates, strict=True)
    ]


def _labels(key: Key, made: pd.DataFrame, rows: pd.DataFrame, names: Names) -> list[str]:
    """What the rows of a key are called, by the newest name of each."""
    known: dict[Hashable, str] = {}
    if key.listed:
        known.update(names.get(key.listed, {}))
    if key.names:
        named = rows.dropna(subset=[key.column, key.names]).sort_values("date", kind="stable")
        known.update(zip(named[key.column], named[key.names], strict=True))
    return [
        key.unknown if key.known and not is_known else _label(key, value, known)
        for value, is_known in zip(made[key.column], made[key.known or key.column], strict=True)
    ]


def _label(key: Key, value: Hashable, names: Mapping[Hashable, str]) -> str:
    if value is None or value is pd.NA or value != value:
        return key.none
    if isinstance(value, str):
        return key.write(value)
    return names.get(value) or f"{key.kind} {value}"
