"""Where the columns of analytics come from, read from the SQL that makes them."""

from collections.abc import Mapping

import sqlglot
from sqlglot import exp
from sqlglot.lineage import lineage

from zd_assets.analytics.current.tables import IS_DELETED, Latest
from zd_assets.analytics.daily.table import DailyTable
from zd_assets.exports.export import Export

_DIALECT = "duckdb"

Origins = Mapping[str, list[tuple[tuple[str, str], str]]]


def latest_origins(table: Latest) -> Origins:
    """Each column of a table of current state with the export's columns that it comes from."""
    condition = sqlglot.parse_one(table.deleted, dialect=_DIALECT)
    deleted = sorted({column.name for column in condition.find_all(exp.Column)})
    own = {column.name: [column.name] for column in table.export.all_columns}
    return {
        column: [(table.export.path, origin) for origin in origins]
        for column, origins in {**own, IS_DELETED.name: deleted}.items()
    }


def daily_origins(table: DailyTable) -> Origins:
    """Each column of a daily table with the columns of its sources that it comes from.

    What it carries over from its own day before is left out.
    """
    sources = {source.table.name: source.table for source in table.sources}
    tables = {**sources, "yesterday": table}
    schema = {name: dict.fromkeys(_columns(one), "unknown") for name, one in tables.items()}
    origins = {}
    for column in _columns(table):
        root = lineage(column, table.sql, schema=schema, dialect=_DIALECT)
        leaves = {
            (sources[node.source.name].path, node.name.rpartition(".")[2].strip('"'))
            for node in root.walk()
            if isinstance(node.source, exp.Table) and node.source.name in sources
        }
        origins[column] = sorted(leaves)
    return origins


def _columns(table: Export | Latest | DailyTable) -> list[str]:
    columns = table.all_columns if isinstance(table, Export) else table.columns
    return [column.name for column in columns]
