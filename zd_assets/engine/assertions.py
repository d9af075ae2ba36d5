"""What is wrong with days that were made: their keys, the table's rules, what they refer to."""

from collections.abc import Sequence

import duckdb

from zd_assets.checks.finding import Finding, Severity
from zd_assets.engine.duck import connect, name, names, parquet, timestamp
from zd_assets.engine.latest.merge import month_files
from zd_assets.engine.local_cache import LocalCache
from zd_assets.engine.make import DayReport
from zd_assets.engine.memory import MODEL_MB
from zd_assets.engine.scratch import scratch
from zd_assets.lake.lake import Lake, read_footer
from zd_assets.models.latest import Latest
from zd_assets.models.model import Model, Reference

_UNKNOWN_SHARE = 0.01

# DuckDB opens all files of a query; a process may have 1024 open, as a rule.
_FILES = 256


def repeated_keys(table: Latest, lake: Lake, memory_mb: int = MODEL_MB) -> int:
    """Return how many rows of current state repeat a key, over all its months.

    Raises:
        LakeError: something can't be read.
    """
    place = lake.root.joinpath(*table.path)
    keys = names(table.export.key)
    with scratch(place.parent) as folder, connect(folder, memory_mb) as connection:
        copies = LocalCache(folder / "copies")
        files = copies.all(month_files(place).values())
        if not files:
            return 0
        keyed = f"select count(*) as times from {parquet(files)} group by {keys}"
        return _sum(connection, [f"({keyed})"], "select sum(times - 1) from {}")


def check(
    table: Model, lake: Lake, reports: Sequence[DayReport], memory_mb: int = MODEL_MB
) -> list[Finding]:
    """One finding for each check, over all days of a run.

    Raises:
        LakeError: something can't be read.
    """
    batches = [reports[first : first + _FILES] for first in range(0, len(reports), _FILES)]
    place = lake.root.joinpath(*table.path)
    with scratch(place) as folder, connect(folder, memory_mb) as connection:
        copies = LocalCache(folder / "copies")
        read = [parquet(copies.all(report.path for report in batch)) for batch in batches]
        longest_us = max(one.day.end_us - one.day.start_us for one in reports)
        connection.execute(f"create temp macro longest_day_s() as {longest_us / 1e6}")
        found = [_keys_unique(connection, table, read)]
        if table.assertions:
            found.append(_in_range(connection, table, read))
        if table.relationships:
            found.append(_references_known(connection, copies, table, lake, read))
    return found


def _keys_unique(
    connection: duckdb.DuckDBPyConnection, table: Model, read: Sequence[str]
) -> Finding:
    repeated = _sum(
        connection,
        read,
        "select sum(times - 1) from (select count(*) as times from (select *, file_index from {}) "
        f"group by file_index, {names(table.key)})",
    )
    text = f"{repeated:,} rows repeat a key of their day." if repeated else "No key comes twice."
    return Finding("keys_unique", not repeated, Severity.ERROR, text)


def _in_range(connection: duckdb.DuckDBPyConnection, table: Model, read: Sequence[str]) -> Finding:
    broken = {
        rule: count
        for rule, condition in table.assertions.items()
        if (count := _sum(connection, read, f"select count(*) from {{}} where not ({condition})"))
    }
    text = f"{sum(broken.values()):,} times a row breaks a rule: {', '.join(broken)}."
    if not broken:
        text = f"Every row keeps to {', '.join(table.assertions)}."
    metadata = {"broken": broken} if broken else {}
    return Finding("in_range", not broken, Severity.ERROR, text, metadata)


def _references_known(
    connection: duckdb.DuckDBPyConnection,
    copies: LocalCache,
    table: Model,
    lake: Lake,
    read: Sequence[str],
) -> Finding:
    unknown: dict[str, int] = {}
    passed = True
    for reference in table.relationships:
        rows = _exported(lake, reference)
        there = _sum(connection, read, f"select count(*) from {{}} where {rows}")
        files = copies.all(month_files(lake.root.joinpath(*reference.to.path)).values())
        [key] = reference.to.export.key
        absent = f"{name(reference.column)} not in (select {name(key)} from {parquet(files)})"
        # Where there is no such table yet, nothing can be looked up.
        query = f"select count(*) from {{}} where {rows} and {absent}"
        if files and (count := _sum(connection, read, query)):
            unknown[reference.column] = count
            passed = passed and count <= there * _UNKNOWN_SHARE
    text = f"{sum(unknown.values()):,} references aren't in the current state."
    metadata = {"unknown": unknown} if unknown else {}
    return Finding("references_known", passed, Severity.WARN, text, metadata)


def _exported(lake: Lake, reference: Reference) -> str:
    """Return the condition of rows that refer to what was exported since, in SQL."""
    files = lake.files(reference.to.export)
    since_us = read_footer(files[0]).start_us if files else 0
    until_us = read_footer(files[-1]).complete_until_us if files else 0
    since = name(reference.since)
    return (
        f"{name(reference.column)} is not null "
        f"and {since} >= {timestamp(since_us)} and {since} < {timestamp(until_us)}"
    )


def _sum(connection: duckdb.DuckDBPyConnection, read: Sequence[str], query: str) -> int:
    """Return what a query counts, over all batches of files."""
    counts = (connection.execute(query.format(rows)).fetchone() for rows in read)
    return sum(int(count[0] or 0) for count in counts if count)
