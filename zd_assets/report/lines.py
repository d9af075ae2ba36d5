"""The tables of the report: a mart's rows summed by the section's keys, as texts."""

from collections.abc import Collection, Hashable, Mapping
from dataclasses import dataclass

import pandas as pd

from zd_assets.catalog.export import Api
from zd_assets.catalog.reference import ReferenceList
from zd_assets.report.human import NONE
from zd_assets.report.sections import Key, Section
from zd_assets.report.totals import TEAM, summed

#: What ids are called, by list.
Names = Mapping[ReferenceList, Mapping[Hashable, str]]


@dataclass(frozen=True)
class Line:
    """A row of a table in the report, as texts."""

    labels: tuple[str, ...]
    values: tuple[str, ...]


def lines(
    section: Section, rows: pd.DataFrame, names: Names, lacking: Collection[Api] = ()
) -> list[Line]:
    """The rows summed by the section's keys, the largest first figure first.

    With several keys, by what the first one sums up to. What is of the `lacking` is a dash.
    """
    columns = [one for key in section.keys for one in (key.column, key.known) if one]
    made = summed(rows, section.measures, [*columns, *([section.apart] if section.apart else [])])
    first = section.figures[0].name
    made["size"] = made.groupby(
        [made[key.column] for key in section.keys[:-1]] or (lambda _: 0), dropna=False
    )[first].transform("sum")
    order = [*([section.apart] if section.apart else []), "size"]
    heads = [key.column for key in section.keys[:-1]]
    made = made.sort_values(
        [*order, *heads, first],
        ascending=[*(one != "size" for one in order), *(True for _ in heads), False],
        kind="stable",
    )
    labels = [_labels(key, made, rows, names) for key in section.keys]
    return [
        Line(each, values)
        for each, values in zip(
            zip(*labels, strict=True), _values(section, made, lacking), strict=True
        )
    ]


def totals(
    section: Section,
    rows: pd.DataFrame,
    names: Names,
    lacking: Collection[Api] = (),
    together: pd.DataFrame | None = None,
) -> list[Line]:
    """All rows in one line, or in one for each value of `total_by`; never what is apart.

    What counts an item in each row is from `together`, rows that count it once; without these
    it isn't known.
    """
    counted = rows[~rows[section.apart].fillna(False).astype(bool)] if section.apart else rows
    made = summed(counted, section.measures, section.total_by)
    if section.measures.distinct:
        once = None if together is None else summed(together, TEAM)
        for name in section.measures.distinct:
            made[name] = float("nan") if once is None else once[name]
    values = _values(section, made, lacking)
    if not section.total_by:
        return [Line((section.total_label,), value) for value in values]
    keys = [key for key in section.keys if key.column in section.total_by]
    labels = zip(*(_labels(key, made, rows, names) for key in keys), strict=True)
    return [
        Line((*label, section.total_label), value)
        for label, value in zip(labels, values, strict=True)
    ]


def definition(section: Section, name: str) -> str:
    """What a figure means, and how it is summed where that isn't plain adding."""
    measures = section.measures
    meanings = {column.name: column.description for column in section.table.columns}
    own = {figure.name: figure.says for figure in section.figures}
    parts = [own[name] or meanings[name]]
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
    columns = [
        [NONE if one.api in lacking else one.write(value) for value in made[one.name]]
        for one in section.figures
    ]
    return list(zip(*columns, strict=True))


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
