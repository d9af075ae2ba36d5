"""The lossless way for an item that doesn't fit its schema.

What fits becomes the record; every other attribute and value is kept under its path, for the
`_extra` column: `visitor.twitter`, `engagements[2].sentiment`, `tags[0]`; names with other than
letters, digits and `_` are quoted as in JSONPath: `["first name"]`. A value that nests beyond
what JSON parsers take is kept as its JSON text, under its path and `#json`: `history#json`.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Collection
from typing import Any

import msgspec
import pyarrow as pa

from zd_assets.catalog.columns import EXTRA, Column, List, Scalar, Struct, Type
from zd_assets.schema import json_deep
from zd_assets.schema.arrow import timestamp_array
from zd_assets.schema.decode import CANONICAL_ID, JSON_NULL, Record, record_type

Extra = dict[str, Any]

_PLAIN_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*\Z")
_PATH_STEP = re.compile(r'\.?([A-Za-z_][A-Za-z0-9_]*)|\[(\d+)\]|\[("(?:[^"\\]|\\.)*")\]')
#: What a path ends with whose value is kept as its JSON text; no path does by itself.
_AS_TEXT = "#json"
#: Python's own parser takes less than 1,000 levels, and less the deeper it is called.
_MAX_DEPTH = 500
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
#: Python's own limit on what it reads as an integer.
_MAX_DIGITS = 4300
#: Beyond it, Arrow takes no integer for a double.
_MAX_WHOLE_DOUBLE = 2**53


def fit(columns: tuple[Column, ...], item: bytes) -> tuple[Record, Extra]:
    """Take a JSON item apart into the record of what fits and the rest by path."""
    extra: Extra = {}
    value = loads(item)
    if not isinstance(value, dict):
        extra["[0]"] = value
        return record_type(columns)(), _flat(extra)
    return _fit_struct(value, columns, "", extra), _flat(extra)


def loads(text: bytes | str) -> Any:
    """Parse JSON of any depth without loss: big integers stay whole, a number beyond all bounds
    stays text.
    """
    try:
        return _loads(text)
    except RecursionError:
        return json_deep.parse(text if isinstance(text, str) else text.decode(), _loads)


def dumps(value: Any) -> str:
    """JSON text that is always valid UTF-8: lone surrogates stay escaped."""
    try:
        text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    except RecursionError:
        text = json_deep.serialize(value)
    return _LONE_SURROGATE.sub(lambda match: f"\\u{ord(match[0]):04x}", text)


def kept_values(extra: str) -> dict[str, Any]:
    """Return what an `_extra` text holds, by path, each value as it was sent."""
    return {
        path.removesuffix(_AS_TEXT): loads(value) if path.endswith(_AS_TEXT) else value
        for path, value in loads(extra).items()
    }


def drift_of(rows: pa.Table, hashed: Collection[str] = ()) -> Counter[str]:
    """Return how often each path is in the rows' `_extra`, array indices left out.

    Not counted are the paths that Privacy `hashed` (`engagements.rating`): there a hash is kept
    of what isn't text, and not what the API sent.
    """
    extras = rows[EXTRA.name].drop_null().to_pylist()
    paths = (path_without_indices(path) for extra in extras for path in loads(extra))
    return Counter(path for path in paths if path.replace("[]", "") not in hashed)


def path_without_indices(path: str) -> str:
    """`engagements[2].mood` as `engagements[].mood`: what a report counts."""
    path = path.removesuffix(_AS_TEXT)
    return _PATH_STEP.sub(lambda step: "[]" if step[2] else step[0], path)


def path_steps(path: str) -> list[str | int]:
    """Return the attribute names and indices that a path goes through."""
    steps: list[str | int] = []
    for name, index, quoted in _PATH_STEP.findall(path.removesuffix(_AS_TEXT)):
        steps.append(int(index) if index else json.loads(quoted) if quoted else name)
    return steps


def join_path(parent: str, name: str) -> str:
    """Return the path of the attribute `name` inside `parent` (empty at the top)."""
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
        text = dumps(value)
        if _is_deep(value, text):
            extra[path] = value
            return JSON_NULL
        return msgspec.Raw(text.encode())
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


def _flat(extra: Extra) -> Extra:
    """Deep values as their texts: else no reader's parser would take any of the others."""
    flat: Extra = {}
    for path, value in extra.items():
        if isinstance(value, (list, dict)) and _is_deep(value, text := dumps(value)):
            flat[f"{path}{_AS_TEXT}"] = text
        else:
            flat[path] = value
    return flat


def _is_deep(value: Any, text: str) -> bool:
    # Few brackets are soon counted, and can't be deep.
    return text.count("[") + text.count("{") > _MAX_DEPTH < json_deep.depth(value)


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


def _loads(text: bytes | str) -> Any:
    return json.loads(text, parse_float=_parse_float, parse_int=_parse_int)


def _parse_int(text: str) -> int | str:
    return int(text) if len(text) <= _MAX_DIGITS else text


def _parse_float(text: str) -> float | str:
    number = float(text)
    return number if math.isfinite(number) else text
