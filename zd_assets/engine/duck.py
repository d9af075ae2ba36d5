"""DuckDB over files of the lake: bounded in memory, spilling next to the lake, never online."""

import glob
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import duckdb

from zd_assets.catalog.columns import Column, List, Scalar, Struct, Type
from zd_assets.lake.errors import LakeError
from zd_assets.models.macros import MACROS

_SCALARS = {
    Scalar.TEXT: "varchar",
    Scalar.INTEGER: "bigint",
    Scalar.ID: "bigint",
    Scalar.DOUBLE: "double",
    Scalar.BOOL: "boolean",
    Scalar.TIMESTAMP: "timestamptz",
    Scalar.JSON: "varchar",
}


@contextmanager
def connect(spill: Path, memory_mb: int) -> Iterator[duckdb.DuckDBPyConnection]:
    """Connect with `memory_mb` MiB at most, and spill the rest to the folder `spill`.

    Raises:
        LakeError: what DuckDB was asked for failed.
    """
    try:
        with duckdb.connect(
            config={
                "memory_limit": f"{memory_mb}MiB",
                "temp_directory": str(spill),
                "preserve_insertion_order": "false",
                "autoinstall_known_extensions": "false",
                "autoload_known_extensions": "false",
            }
        ) as connection:
            connection.execute("set enable_progress_bar = false")
            connection.execute("set timezone = 'UTC'")
            for macro in MACROS:
                connection.execute(f"create temp macro {macro}")
            yield connection
    except duckdb.Error as error:
        raise LakeError(f"DuckDB: {error}") from error


def literal(text: object) -> str:
    """Return a text in SQL."""
    return "'" + str(text).replace("'", "''") + "'"


def name(column: str) -> str:
    """Return a column's name in SQL."""
    return '"' + column.replace('"', '""') + '"'


def names(columns: Sequence[str]) -> str:
    """Return a list of columns in SQL."""
    return ", ".join(map(name, columns))


def parquet(files: Sequence[Path]) -> str:
    """Return these files as a table; what their paths say means nothing."""
    paths = ", ".join(literal(glob.escape(str(path))) for path in files)
    return f"read_parquet([{paths}], union_by_name = true, hive_partitioning = false)"


def casts(columns: Sequence[Column]) -> str:
    """Return a select list of columns, each as its type."""
    return ", ".join(
        f"cast({name(column.name)} as {_sql_type(column.type)}) as {name(column.name)}"
        for column in columns
    )


def nulls(columns: Sequence[Column]) -> str:
    """Return a select list of nulls in place of columns."""
    return ", ".join(
        f"cast(null as {_sql_type(column.type)}) as {name(column.name)}" for column in columns
    )


def timestamp(us: int) -> str:
    """Return a moment in SQL, from microseconds since 1970."""
    return f"make_timestamptz({us})"


def digest(columns: Sequence[str]) -> str:
    """Return an aggregate that changes with any value of any row, but not with the rows' order."""
    # Of text, since DuckDB's own hash changes with its versions.
    texts = ", ".join(f"coalesce(cast({name(column)} as varchar), chr(1))" for column in columns)
    return f"cast(sum(md5_number_lower(concat_ws(chr(2), {texts}))::hugeint) as varchar)"


def _sql_type(kind: Type) -> str:
    if isinstance(kind, Struct):
        inner = (f"{name(one.name)} {_sql_type(one.type)}" for one in kind.columns)
        return f"struct({', '.join(inner)})"
    return f"{_sql_type(kind.of)}[]" if isinstance(kind, List) else _SCALARS[kind]
