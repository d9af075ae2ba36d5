"""JSON items to typed records, fast: msgspec structs made from an export's columns.

A record refuses unknown attributes and values of another type, so that whatever drifted is
noticed and goes the lossless way (see `drift`).
"""

import threading
from collections.abc import Callable
from functools import cache
from typing import Annotated, Any

import msgspec

from zd_assets.catalog.columns import Column, List, Scalar, Struct, Type

Record = msgspec.Struct

JSON_NULL = msgspec.Raw(b"null")

#: Whole numbers as text that survive the way to int64 and back.
CANONICAL_ID = r"^(0|-?[1-9][0-9]{0,17})\Z"

_Int64 = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
_SCALARS: dict[Scalar, Any] = {
    Scalar.TEXT: str,
    Scalar.INTEGER: _Int64,
    Scalar.ID: _Int64 | Annotated[str, msgspec.Meta(pattern=CANONICAL_ID)],
    # int first: msgspec would round a large integer in a float field.
    Scalar.DOUBLE: int | float,
    Scalar.BOOL: bool,
    Scalar.TIMESTAMP: str,
    Scalar.JSON: msgspec.Raw,
}


# msgspec completes what it knows of a struct when the first decoder is made of it, and crashes
# the process where another thread decodes meanwhile: all decoders are made under this lock.
_making = threading.RLock()


@cache
def item_decoder(columns: tuple[Column, ...]) -> Callable[[bytes], Record]:
    """Decode one JSON item; raises `msgspec.DecodeError` where it doesn't fit."""
    with _making:
        return msgspec.json.Decoder(record_type(columns)).decode


def record_type(columns: tuple[Column, ...]) -> type[Record]:
    """Return the record of these columns: one attribute each, None where null or absent."""
    with _making:
        return _record_type(columns)


@cache
def _record_type(columns: tuple[Column, ...]) -> type[Record]:
    fields = [
        (column.name, _annotation(column.type), JSON_NULL)
        if column.type is Scalar.JSON
        else (column.name, _annotation(column.type) | None, None)
        for column in columns
    ]
    return msgspec.defstruct("Record", fields, forbid_unknown_fields=True, gc=False)


def _annotation(kind: Type) -> Any:
    if isinstance(kind, Struct):
        return record_type(kind.columns)
    if isinstance(kind, List):
        return list[_annotation(kind.of) | None]  # type: ignore[misc]
    return _SCALARS[kind]
