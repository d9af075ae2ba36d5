"""A page's items to an Arrow table: fast where they fit the schema, lossless where they don't."""

from functools import cache
from typing import Any

import msgspec
import pyarrow as pa
from msgspec.structs import astuple

from zd_assets.catalog.columns import Column, List, Scalar, Struct, Type
from zd_assets.catalog.export import Table
from zd_assets.schema.arrow import arrow_field, arrow_schema, arrow_type, timestamp_array
from zd_assets.schema.decode import JSON_NULL, Record, item_decoder, record_type
from zd_assets.schema.drift import Extra, dumps, fit
from zd_assets.schema.json_text import split_array

_NOT_FITTING = (pa.ArrowInvalid, pa.ArrowTypeError, OverflowError, UnicodeError)
# Few enough to stay in the processor's cache from JSON to Arrow.
_AT_ONCE = 250


def convert(table: Table, items: bytes) -> pa.Table:
    """Turn a JSON array of items into a table with the table's columns, in the same order.

    No value is lost, whatever its type: what doesn't fit its column is in `_extra`.
    """
    return convert_items(table, split_array(items))


def convert_items(table: Table, texts: list[bytes]) -> pa.Table:
    """Turn JSON items into a table, likewise."""
    return pa.concat_tables(
        _convert_some(table, texts[start : start + _AT_ONCE])
        for start in range(0, max(len(texts), 1), _AT_ONCE)
    )


def _convert_some(table: Table, items: list[bytes]) -> pa.Table:
    decode = item_decoder(table.columns)
    records: list[Record] = []
    extras: list[Extra] = []
    fitted: tuple[Record, Extra]
    for item in items:
        try:
            fitted = decode(item), {}
        except (msgspec.DecodeError, RecursionError):
            fitted = fit(table.columns, item)
        records.append(fitted[0])
        extras.append(fitted[1])
    try:
        return _table(table, records, extras)
    except _NOT_FITTING:
        # Some value only looked right (a date that isn't one): fit every item, one by one.
        records, extras = map(list, zip(*(fit(table.columns, item) for item in items), strict=True))
        return _table(table, records, extras)


def _table(table: Table, records: list[Record], extras: list[Extra]) -> pa.Table:
    texts = [dumps(extra) if extra else None for extra in extras]
    return pa.Table.from_arrays(
        [*_arrays(records, table.columns), pa.array(texts, pa.string())],
        schema=_schema(table.all_columns),
    )


def _arrays(records: list[Record], columns: tuple[Column, ...]) -> list[pa.Array]:
    values = zip(*map(astuple, records), strict=True) if records else [()] * len(columns)
    return [_array(list(own), column.type) for own, column in zip(values, columns, strict=True)]


def _array(values: list[Any], kind: Type) -> pa.Array:
    if isinstance(kind, Struct):
        return _struct_array(values, kind)
    if isinstance(kind, List):
        return _list_array(values, kind)
    match kind:
        case Scalar.ID:
            return _id_array(values)
        case Scalar.TIMESTAMP:
            return timestamp_array(values)
        case Scalar.JSON:
            texts = [None if v is None or v == JSON_NULL else bytes(v) for v in values]
            # Bytes to text by a cast: it checks the UTF-8 of all of them at once.
            return pa.array(texts, pa.binary()).cast(pa.string())
        case _:
            # Safe: msgspec or `fit` has checked each value's Python type.
            return pa.array(values, _type(kind))


def _id_array(values: list[Any]) -> pa.Array:
    try:
        return pa.array(values, pa.int64())
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return pa.array([None if v is None else int(v) for v in values], pa.int64())


def _struct_array(values: list[Record | None], kind: Struct) -> pa.Array:
    nothing = _record_of_nothing(kind.columns)
    missing = [value is None for value in values]
    return pa.StructArray.from_arrays(
        _arrays([nothing if value is None else value for value in values], kind.columns),
        fields=_fields(kind.columns),
        mask=pa.array(missing) if any(missing) else None,
    )


def _list_array(values: list[list[Any] | None], kind: List) -> pa.Array:
    offsets: list[int | None] = []
    flat: list[Any] = []
    for value in values:
        offsets.append(None if value is None else len(flat))
        flat.extend(value or ())
    offsets.append(len(flat))
    return pa.ListArray.from_arrays(
        pa.array(offsets, pa.int32()), _array(flat, kind.of), type=_type(kind)
    )


@cache
def _record_of_nothing(columns: tuple[Column, ...]) -> Record:
    return record_type(columns)()


@cache
def _fields(columns: tuple[Column, ...]) -> list[pa.Field]:
    return [arrow_field(column) for column in columns]


_schema = cache(arrow_schema)
_type = cache(arrow_type)
