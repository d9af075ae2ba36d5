"""From a row back to the item that the API sent."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from zd_assets.catalog.columns import Column, List, Scalar, Struct, Type
from zd_assets.catalog.export import Table
from zd_assets.schema.drift import kept_values, loads, path_steps


def rebuild(table: Table, row: Mapping[str, Any]) -> Any:
    """Return the item of a row (as `pyarrow.Table.to_pylist` gives it), nulls left out.

    Ids come back as integers and timestamps as ISO 8601 with `Z`, whatever their spelling was;
    JSON text comes back parsed; what `_extra` kept is in its place again.
    """
    item: Any = _struct(row, table.columns)
    for path, value in kept_values(row["_extra"] or "{}").items():
        steps = path_steps(path)
        if steps == [0]:
            return value
        _put(item, steps, value)
    return item


def _struct(value: Mapping[str, Any], columns: tuple[Column, ...]) -> dict[str, Any]:
    inner = {column.name: _value(value[column.name], column.type) for column in columns}
    return {name: part for name, part in inner.items() if part is not None}


def _value(value: Any, kind: Type) -> Any:
    if value is None:
        return None
    if isinstance(kind, Struct):
        return _struct(value, kind.columns)
    if isinstance(kind, List):
        return [_value(one, kind.of) for one in value]
    if kind is Scalar.JSON:
        return loads(value)
    if isinstance(value, datetime):
        return value.astimezone(UTC).isoformat().replace("+00:00", "Z")
    return value


def _put(item: Any, steps: list[str | int], value: Any) -> None:
    for step in steps[:-1]:
        item = item[step] if isinstance(step, int) else item.setdefault(step, {})
    item[steps[-1]] = value
