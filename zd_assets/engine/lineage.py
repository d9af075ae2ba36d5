"""Where the columns of analytics come from, read from the SQL that makes them."""

from collections.abc import Mapping
from functools import cache

import sqlglot
from sqlglot import exp
from sqlglot.lineage import Node, lineage

from zd_assets.catalog.export import Export
from zd_assets.catalog.reference import ReferenceList
from zd_assets.models.latest import IS_DELETED, Latest
from zd_assets.models.model import Model

_DIALECT = "duckdb"

Origins = Mapping[str, list[tuple[tuple[str, str], str]]]


def latest_origins(table: Latest) -> Origins:
    """Return each column of current state with the export's columns that it comes from."""
    condition = sqlglot.parse_one(table.deleted, dialect=_DIALECT)
    deleted = sorted({column.name for column in condition.find_all(exp.Column)})
    own = {column.name: [column.name] for column in table.export.all_columns}
    return {
        column: [(table.export.path, origin) for origin in origins]
        for column, origins in {**own, IS_DELETED.name: deleted}.items()
    }


def daily_origins(table: Model) -> Origins:
    """Return each column of a daily table with the columns of its sources that it comes from.

    What it carries over from its own day before is left out.
    """
    sources = {source.table.name: source.table for source in table.sources}
    tables = {**sources, "yesterday": table}
    roots = _roots(table.sql, tuple((name, *_columns(one)) for name, one in tables.items()))
    return {
        column: sorted(
            {
                (sources[node.source.name].path, node.name.rpartition(".")[2].strip('"'))
                for node in roots[column].walk()
                if isinstance(node.source, exp.Table) and node.source.name in sources
            }
        )
        for column in _columns(table)
    }


@cache
def _roots(sql: str, tables: tuple[tuple[str, ...], ...]) -> Mapping[str, Node]:
    """Return what each column is made of; each of the tables is its name and its columns'."""
    schema = {name: dict.fromkeys(columns, "unknown") for name, *columns in tables}
    return lineage(None, sql, schema=schema, dialect=_DIALECT)


def _columns(table: Export | Latest | Model | ReferenceList) -> list[str]:
    if isinstance(table, ReferenceList):
        return [column.name for column in table.name_columns]
    columns = table.all_columns if isinstance(table, Export) else table.columns
    return [column.name for column in columns]
