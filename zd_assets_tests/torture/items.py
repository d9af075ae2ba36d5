"""Items to put into the sandbox: some near the document, some odd, some new versions of others."""

import json
import random
from typing import Any

from zd_assets.catalog.columns import Column, Scalar, Struct
from zd_assets.catalog.export import Export
from zd_assets_tests.helpers.odd_items import IDS, LITERALS, NUMBERS, TIMESTAMPS, read
from zd_assets_tests.helpers.runs import item

# Not an attribute that comes twice, of which Python sees one, nor numbers too long for Python.
_ODD = tuple(
    text
    for text in (*LITERALS, *NUMBERS, *map(json.dumps, (*TIMESTAMPS, *IDS)))
    if '"a":1,"a"' not in text and len(text) < 4000
)
_KEPT = {"id", "type"}


def fuzzed(export: Export, us: int, number: int, dice: random.Random) -> bytes:
    """An item of a sound key and time, and of attributes that may be anything."""
    plain = item(export, us, number)
    kept = _KEPT | set(export.key) | {export.time.column, export.time.plus_seconds or ""}
    free = [column for column in export.columns if column.name not in kept | plain.keys()]
    parts = {name: json.dumps(value) for name, value in plain.items()}
    for column in dice.sample(free, dice.randint(0, min(6, len(free)))):
        parts[column.name] = _value(column, dice)
    if dice.random() < 0.3:
        parts[dice.choice(["surprise", "a.b", "é", "first name", "_extra"])] = dice.choice(_ODD)
    return ("{" + ",".join(f"{json.dumps(k)}:{v}" for k, v in parts.items()) + "}").encode()


def newer(export: Export, body: bytes, us: int, number: int, dice: random.Random) -> bytes:
    """The same item later: changed, or deleted, which is a change too."""
    old: dict[str, Any] = read(body)
    at = item(export, us, number)
    moved = {name: at[name] for name in at if name not in _KEPT}
    gone: dict[str, Any] = {}
    if dice.random() < 0.5:
        gone = {"tickets": {"status": "deleted"}, "users": {"active": False}}.get(
            export.name, {"deleted": True}
        )
    return json.dumps(old | moved | gone).encode()


def _value(column: Column, dice: random.Random) -> str:
    if dice.random() < 0.5:
        return dice.choice(_ODD)
    if isinstance(column.type, Struct):
        own = dice.sample(column.type.columns, min(2, len(column.type.columns)))
        return json.dumps({one.name: dice.randint(0, 9) for one in own})
    if column.type in (Scalar.INTEGER, Scalar.ID):
        return str(dice.randint(-(2**63), 2**63 - 1))
    return json.dumps("".join(dice.choice("aé😀 ") for _ in range(dice.randint(0, 8))))
