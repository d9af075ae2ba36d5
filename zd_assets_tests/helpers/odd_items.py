"""JSON items as their export documents them, and items that are anything but.

All of them are JSON texts, much of what a server may send has no Python value: a lone
surrogate's escape, 1e999, an attribute that comes twice.
"""

import json
import math
import re
from datetime import UTC, datetime, timedelta
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st

from zd_assets.catalog.columns import Column, List, Scalar, Struct, Type
from zd_assets.catalog.export import Table
from zd_assets.schema.drift import dumps, loads

#: How fast a machine is, and what else it does, is no reason for a test to fail.
PATIENT = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])

TIMESTAMPS = (
    "2026-01-01T10:00:00Z",
    "2026-01-01T10:00:00.5Z",
    "2026-01-01T10:00:00.123456Z",
    "2026-01-01T10:00:00.1234567Z",
    "2026-01-01T10:00:00.123456000Z",
    "2026-01-01T10:00:00+02:00",
    "2026-01-01T10:00:00.25-0330",
    "2026-01-01 10:00:00Z",
    "2026-01-01T10:00Z",
    "2026-01-01T10:00:00",
    "2026-01-01",
    "2026-02-30T10:00:00Z",
    "2026-01-01T24:00:00Z",
    "2016-12-31T23:59:60Z",
    "0000-01-01T00:00:00Z",
    "0001-01-01T00:00:00Z",
    "0001-01-01T00:00:00+05:00",
    "9999-12-31T23:59:59.999999Z",
    "9999-12-31T23:59:59-05:00",
    "10000-01-01T00:00:00Z",
    "1677-01-01T00:00:00Z",
    " 2026-01-01T10:00:00Z",
    "2026-01-01T10:00:00Z\n",
    "2026-W01-1T10:00:00Z",
    "1735689600",
)
IDS = ("7", "-7", "007", " 7", "7 ", "7\n", "+7", "-0", "0", "1.0", "1e3", "٧", "9" * 18, "9" * 19)
NUMBERS = (
    *("0", "-0", "-0.0", "1.0", "1.5", "1e3", "-1e-400", "1e999", "-1e999"),
    *(str(2**53 + offset) for offset in (-1, 0, 1, 2)),
    *(str(-(2**53) - offset) for offset in (0, 1, 2)),
    *(str(power + offset) for power in (2**60, 2**63, -(2**63), 2**64) for offset in (-1, 0, 1)),
    "123456789012345678901234567890",
    "1" * 5000,
    "0.1234567890123456789",
)
LITERALS = (
    *("null", "true", "false", "[]", "{}", "[null]", "[[], null, {}]", '{"a": null}'),
    *(
        r'"\ud83d"',
        r'"\ude00\ud83d"',
        r'"\\ud83d\ude00"',
        r'"\ud83d\ude00"',
        '"😀"',
        '"é\\u0000\\/"',
    ),
    r'{ "\ud83d" : [ 1.50e0 , "\udfff" ] }',
    r'{"a":1,"a":[2],"":{"":null}}',
    "[" * 80 + "]" * 80,
    '{"a":' * 80 + "1e999" + "}" * 80,
)
NAMES = (
    *('""', '"a.b"', '"a[0]"', '"[0]"', '"0"', r'"\""', r'"\\"', r'"\"]"', '"first name"', '"$"'),
    *('"é"', '"😀"', r'"\ud83d"', r'"\u0000"', r'"a\n"', '"_extra"', '"new"', '"id"', '"visitor"'),
)

_TEXTS = st.text(max_size=5).flatmap(
    lambda text: st.sampled_from([json.dumps(text), json.dumps(text, ensure_ascii=False)])
)
_ODD = st.one_of(
    st.sampled_from(LITERALS),
    st.sampled_from(NUMBERS),
    st.sampled_from([json.dumps(text) for text in (*TIMESTAMPS, *IDS)]),
    _TEXTS,
)
_NAMES = st.sampled_from(NAMES) | _TEXTS


def _array(elements: st.SearchStrategy[str], max_size: int = 3) -> st.SearchStrategy[str]:
    return st.lists(elements, max_size=max_size).map(lambda parts: f"[{','.join(parts)}]")


def _object(members: st.SearchStrategy[tuple[str, str]], max_size: int) -> st.SearchStrategy[str]:
    return st.lists(members, max_size=max_size).map(
        lambda pairs: "{" + ",".join(f"{name}:{value}" for name, value in pairs) + "}"
    )


_ANYTHING = st.recursive(
    _ODD, lambda inner: _array(inner) | _object(st.tuples(_NAMES, inner), 3), max_leaves=6
)
_FITTING: dict[Scalar, st.SearchStrategy[str]] = {
    Scalar.TEXT: _TEXTS,
    Scalar.INTEGER: st.integers(-(2**63), 2**63 - 1).map(str),
    Scalar.ID: st.integers(-(2**63), 2**63 - 1).map(str)
    | st.integers(-(10**18) + 1, 10**18 - 1).map(lambda number: f'"{number}"'),
    Scalar.DOUBLE: st.floats(allow_nan=False, allow_infinity=False).map(repr)
    | st.integers(-(2**53), 2**53).map(str),
    Scalar.BOOL: st.sampled_from(["true", "false"]),
    Scalar.TIMESTAMP: st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).flatmap(
        lambda time: st.sampled_from([f'"{time.isoformat()}{zone}"' for zone in ("Z", "+05:30")])
    ),
    # Spelled as the lossless way spells it, so that tables can be compared to the letter.
    Scalar.JSON: _ANYTHING.map(lambda text: dumps(loads(text))),
}


def items_that_fit(table: Table) -> st.SearchStrategy[str]:
    """Items of documented attributes and types; any may be null, absent, or there twice."""
    return _struct(table.columns, odd=False, max_size=8)


def odd_items(table: Table) -> st.SearchStrategy[str]:
    """Items near the schema, with anything anywhere; some are no objects at all."""
    return st.one_of(*[_struct(table.columns, odd=True, max_size=8)] * 9, _ANYTHING)


def _struct(columns: tuple[Column, ...], *, odd: bool, max_size: int) -> st.SearchStrategy[str]:
    members = [st.tuples(st.just(json.dumps(c.name)), _value(c.type, odd)) for c in columns]
    if odd:
        members += [st.tuples(_NAMES, _ANYTHING)] * (1 + len(members) // 8)
    return _object(st.one_of(members), max_size)


def _value(kind: Type, odd: bool) -> st.SearchStrategy[str]:
    if isinstance(kind, Struct):
        value = _struct(kind.columns, odd=odd, max_size=4)
    elif isinstance(kind, List):
        value = _array(_value(kind.of, odd))
    else:
        value = _FITTING[kind]
    return st.one_of(value, value, st.just("null"), *([_ANYTHING] if odd else []))


def read(text: str | bytes) -> Any:
    """JSON as Python reads it; numbers beyond its bounds stay text."""
    return json.loads(
        text,
        parse_float=lambda number: float(number) if math.isfinite(float(number)) else number,
        parse_int=lambda number: int(number) if len(number) < 4000 else number,
    )


def meaning(table: Table, item: Any) -> str:
    """A text that is the same for items that mean the same, and for no others.

    All that may differ: how documented ids and timestamps are spelled, 5 or 5.0 for a documented
    double, and whether a documented attribute is null or absent. Everything else counts, nulls in
    lists and unknown attributes that are null, too.
    """
    return json.dumps(_struct_meaning(item, table.columns), sort_keys=True)


def _struct_meaning(item: Any, columns: tuple[Column, ...]) -> Any:
    if not isinstance(item, dict):
        return item
    known = {column.name: column.type for column in columns}
    return {
        name: _meaning(value, known[name]) if name in known else value
        for name, value in item.items()
        if name not in known or value is not None
    }


def _meaning(value: Any, kind: Type) -> Any:
    match value:
        case dict() if isinstance(kind, Struct):
            return _struct_meaning(value, kind.columns)
        case list() if isinstance(kind, List):
            return [_meaning(one, kind.of) for one in value]
        case str() if kind is Scalar.ID and re.fullmatch(r"0|-?[1-9][0-9]{0,17}", value):
            return int(value)
        case str() if kind is Scalar.TIMESTAMP:
            return _instant(value)
        case int() if kind is Scalar.DOUBLE and not isinstance(value, bool) and abs(value) <= 2**53:
            return float(value)
    return value


_ISO = re.compile(r"\d{4}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:?\d\d)", re.ASCII)


def _instant(text: str) -> Any:
    if not _ISO.fullmatch(text):
        return text
    try:
        since = datetime.fromisoformat(text) - datetime(1970, 1, 1, tzinfo=UTC)
    except ValueError:
        return text
    return {"microseconds": since // timedelta(microseconds=1)}
