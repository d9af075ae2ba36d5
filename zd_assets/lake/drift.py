"""The lossless way for an item that doesn't fit its schema.

What fits becomes the record; every other attribute and value is kept under its path, for the
`_extra` column: `visitor.twitter`, `engagements[2].sentiment`, `tags[0]`; names with other than
letters, digits and `_` are quoted as in JSONPath: `["first name"]`.
"""

import json
import math
import re
from collections import Counter
from typing import Any

import msgspec
import pyarrow as pa

from zd_assets.exports.columns import EXTRA, Column, List, Scalar, Struct, Type
from zd_assets.lake.arrow import timestamp_array
from zd_assets.lake.decode import CANONICAL_ID, Record, record_type

Extra = dict[str, Any]

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_PATH_STEP = re.compile(r'\.?([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]')
#: Python's own limit on what it reads as an integer.
_MAX_DIGITS = 4300
#: Beyond it, Arrow takes no integer for a double.
_MAX_WHOLE_DOUBLE = 2**53


def fit(columns: tuple[Column, ...], item: bytes) -> tuple[Record, Extra]:
    """Take a JSON item apart into the record of what fits and the rest by path."""
    extra: Extra = {}
    value = loads(item)
    if not isinstance(value, dict):
        return record_type(columns)(), {"[0]": value}
    return _fit_struct(value, columns, "", extra), extra


def loads(text: bytes | str) -> Any:
    """Parse JSON without loss: big integers stay whole, a number beyond all bounds stays text."""
    return json.loads(text, parse_float=_parse_float, parse_int=_parse_int)


def dumps(value: Any) -> str:
    """JSON text that is always valid UTF-8: lone surrogates stay escaped."""
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if _is_utf8(text) else json.dumps(value, separators=(",", ":"))


def drift_of(rows: pa.Table) -> Counter[str]:
    """How often each path stands in the rows' `_extra`, array indices left out."""
    extras = rows[EXTRA.name].drop_null().to_pylist()
    return Counter(path_without_indices(path) for extra in extras for path in json.loads(extra))


def path_without_indices(path: str) -> str:
    """`engagements[2].mood` as `engagements[].mood`: what a report counts."""
    return _PATH_STEP.sub(lambda step: "[]" if step[2] else step[0], path)


def path_steps(path: str) -> list[str | int]:
    """The attribute names and indices that a path goes through."""
    steps: list[str | int] = []
    for name, index, quoted in _PATH_STEP.findall(path):
        steps.append(int(index) if index else json.loads(quoted) if quoted else name)
    return steps


def join_path(parent: str, name: str) -> str:
    """The path of the attribute `name` inside `parent` (empty at the top)."""
    if not _PLAIN_NAME.match(name):
        return f"{parent}[{json.dumps(name)}]"
    return f"{parent}.{name}" if parent else name


def _fit_struct(
    value: dict[str, Any], columns: tuple[Column, ...], path: str, extra: Extra
) -> Record:
    known = {column.name: column.type for column in columns}
    fields = {}
    for name, inner in value.items():
        inner_path = join_path(path, name)
        if name in known:
            fields[name] = _fit(inner, known[name], inner_path, extra)
        else:
            extra[inner_path] = inner
    return record_type(columns)(**fields)


def _fit(value: Any, kind: Type, path: str, extra: Extra) -> Any:
    if kind == Scalar.JSON:
        return msgspec.Raw(dumps(value).encode())
    if value is None:
        return None
    if isinstance(kind, Struct) and isinstance(value, dict):
        return _fit_struct(value, kind.columns, path, extra)
    if isinstance(kind, List) and isinstance(value, list):
        return [_fit(one, kind.of, f"{path}[{i}]", extra) for i, one in enumerate(value)]
    if isinstance(kind, Scalar) and _fits(value, kind):
        return value
    extra[path] = value
    return None


def _fits(value: Any, kind: Scalar) -> bool:
    match kind:
        case Scalar.TEXT:
            return isinstance(value, str) and _is_utf8(value)
        case Scalar.BOOL:
            return isinstance(value, bool)
        case Scalar.INTEGER:
            return _is_int64(value)
        case Scalar.ID:
            return _is_int64(value) or (
                isinstance(value, str) and re.match(CANONICAL_ID, value) is not None
            )
        case Scalar.DOUBLE:
            return isinstance(value, float) or (
                _is_int64(value) and abs(value) <= _MAX_WHOLE_DOUBLE
            )
        case Scalar.TIMESTAMP:
            return isinstance(value, str) and _is_utf8(value) and _is_timestamp(value)
    return False


def _is_int64(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and -(2**63) <= value < 2**63


def _is_timestamp(text: str) -> bool:
    try:
        timestamp_array([text])
    except (pa.ArrowInvalid, OverflowError):
        return False
    return True


def _is_utf8(text: str) -> bool:
    try:
        text.encode()
    except UnicodeEncodeError:
        return False
    return True


def _parse_int(text: str) -> int | str:
    return int(text) if len(text) <= _MAX_DIGITS else text


def _parse_float(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text
