"""Columns as Arrow types, and how Parquet is to store them."""

from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from zd_assets.catalog.columns import Column, List, Scalar, Struct, Type

_SCALARS = {
    Scalar.TEXT: pa.string(),
    Scalar.INTEGER: pa.int64(),
    Scalar.ID: pa.int64(),
    Scalar.DOUBLE: pa.float64(),
    Scalar.BOOL: pa.bool_(),
    Scalar.TIMESTAMP: pa.timestamp("us", tz="UTC"),
    Scalar.JSON: pa.string(),
}


def arrow_type(kind: Type) -> pa.DataType:
    """Return the Arrow type of a column's type."""
    if isinstance(kind, Struct):
        return pa.struct([arrow_field(column) for column in kind.columns])
    if isinstance(kind, List):
        return pa.list_(arrow_type(kind.of))
    return _SCALARS[kind]


def arrow_field(column: Column) -> pa.Field:
    """Return the Arrow field of a column; its description goes along."""
    return pa.field(
        column.name, arrow_type(column.type), metadata={"description": column.description}
    )


def arrow_schema(columns: Iterable[Column]) -> pa.Schema:
    """Return the Arrow schema of a table with these columns."""
    return pa.schema([arrow_field(column) for column in columns])


def timestamp_array(texts: Sequence[str | None]) -> pa.Array:
    """ISO 8601 texts with a zone as timestamps, to the microsecond.

    Raises:
        pa.ArrowInvalid: one isn't a timestamp.
        OverflowError: one is outside of the years 1 to 9999, which is all that Python reads.
    """
    times = pa.array(texts, pa.string()).cast(_SCALARS[Scalar.TIMESTAMP])
    pc.min_max(times).as_py()
    return times


def dictionary_paths(columns: Iterable[Column]) -> list[str]:
    """Return the Parquet paths whose values recur, so that a dictionary pays."""
    return [
        path
        for column in columns
        for path, scalar in _leaves(column.name, column.type)
        if column.repeats and scalar not in (Scalar.TIMESTAMP, Scalar.JSON)
    ]


def statistics_paths(columns: Iterable[Column]) -> list[str]:
    """Return the Parquet paths whose minimum and maximum let readers skip: scalars."""
    return [
        column.name
        for column in columns
        if isinstance(column.type, Scalar) and column.type is not Scalar.JSON
    ]


def parquet_writer(path: Path, columns: Sequence[Column]) -> pq.ParquetWriter:
    """Return a Parquet file of these columns, to be written a row group at a time."""
    return pq.ParquetWriter(
        path,
        arrow_schema(columns),
        compression="zstd",
        compression_level=1,
        use_dictionary=dictionary_paths(columns),
        write_statistics=statistics_paths(columns),
    )


def _leaves(path: str, kind: Type) -> Iterator[tuple[str, Scalar]]:
    if isinstance(kind, Struct):
        for column in kind.columns:
            yield from _leaves(f"{path}.{column.name}", column.type)
    elif isinstance(kind, List):
        yield from _leaves(f"{path}.list.element", kind.of)
    else:
        yield path, kind
