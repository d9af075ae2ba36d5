"""Personal data that must not reach the lake: dropped or hashed before anything is written."""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from zd_assets.catalog.columns import Scalar
from zd_assets.catalog.export import Export, Table
from zd_assets.catalog.reference import REFERENCE_LISTS
from zd_assets.catalog.registry import EXPORTS
from zd_assets.schema.drift import dumps, loads

_TABLES: tuple[Table, ...] = (
    *EXPORTS,
    *(sideload.table for export in EXPORTS for sideload in export.sideloads),
    *REFERENCE_LISTS,
)
_CAN_BE_LEFT_OUT = {
    f"{e.name}.{column.name}" for e in EXPORTS if e.supports_fields for column in e.columns
}
# Without a key the whole row is one: rows that differ in a dropped column would become one row.
_KEYS = {
    f"{t.item_type}.{column}" for t in _TABLES for column in t.key or [c.name for c in t.columns]
}
# A hash is text, which doesn't fit a numeric key: the rows would lose it.
_NUMBERS = {
    f"{table.item_type}.{column.name}"
    for table in _TABLES
    for column in table.columns
    if column.name in table.key and column.type is not Scalar.TEXT
}
_TIMES = {
    f"{t.item_type}.{column}" for t in _TABLES for column in (t.time.column, t.time.plus_seconds)
}


@dataclass(frozen=True)
class Privacy:
    """Attributes by path, export first: `chats.visitor.email`, `chats.history.msg`.

    `users.email` means users wherever they are: those sideloaded with tickets, too. A path goes
    through arrays as through objects. `exclude_fields` names top-level attributes that aren't asked
    for (exports with resource expansion only), `drop` removes a value, `hash` replaces it by the
    HMAC-SHA256 of its text under `hash_key`, in hex (of an array: of each element). Drop and hash
    reach `_extra` and JSON columns too.

    The text of a number, boolean or object is its JSON, with sorted names: 7 and "7" have one
    hash. Null and the empty text become null. A hash doesn't fit a column of numbers, booleans,
    times or objects: there the column is null, and the hash is in `_extra`, which is no drift.
    """

    exclude_fields: tuple[str, ...] = ()
    drop: tuple[str, ...] = ()
    hash: tuple[str, ...] = ()
    hash_key: str = ""

    def __post_init__(self) -> None:
        """Refuse hashing without a key, and paths that protect nothing or break the export.

        Raises:
            ValueError: which path, and why.
        """
        if self.hash and not self.hash_key:
            raise ValueError("hash needs a hash_key: without one, e-mails could be guessed back")
        removed, changed = (
            {*self.exclude_fields, *self.drop},
            {*self.exclude_fields, *self.drop, *self.hash},
        )
        for path in changed:
            export, *attributes = path.split(".")
            if export not in {table.item_type for table in _TABLES} or not all(attributes or [""]):
                raise ValueError(
                    f"{path!r} names no attribute of an export: chats.visitor.email does"
                )
        for path in self.exclude_fields:
            if path not in _CAN_BE_LEFT_OUT:
                raise ValueError(
                    f"{path} can't be left out: the API does that for documented top-level "
                    "attributes of chats and conversions only; drop it instead"
                )
        for path in (removed & _KEYS) | (set(self.hash) & _NUMBERS) | (changed & _TIMES):
            raise ValueError(f"{path} identifies or orders the items; it has to stay")

    @property
    def hash_key_id(self) -> str:
        """Eight digits that change with the key, and don't tell it."""
        if not self.hash_key:
            return ""
        return hmac.new(self.hash_key.encode(), b"zd_assets", hashlib.sha256).hexdigest()[:8]

    def __repr__(self) -> str:
        """Everything but the key."""
        return f"Privacy(exclude_fields={self.exclude_fields}, drop={self.drop}, hash={self.hash})"

    def fields(self, export: Export) -> str | None:
        """Return the `fields` to ask for ("Resource expansion"); None where the export has none."""
        if not export.supports_fields:
            return None
        left_out = set(_paths(self.exclude_fields, export.name))
        names = [column.name for column in export.columns if (column.name,) not in left_out]
        return f"{export.name}({','.join(names) if left_out else '*'})"

    def hashed(self, table: Table) -> frozenset[str]:
        """Return the paths of a table's attributes that are hashed."""
        return frozenset(".".join(path) for path in _paths(self.hash, table.item_type))

    def changes(self, table: Table) -> bool:
        """Return whether anything of a table's items is dropped or hashed."""
        return bool(_paths(self.drop, table.item_type) or _paths(self.hash, table.item_type))

    def apply(self, table: Table, items: bytes) -> bytes:
        """Return a JSON array of a table's items without what must not be kept."""
        drop, hashed = _paths(self.drop, table.item_type), _paths(self.hash, table.item_type)
        if not drop and not hashed:
            return items
        values = loads(items)
        for path in drop:
            _replace(values, path, lambda value: None)
        for path in hashed:
            _replace(values, path, self._hash)
        return dumps(values).encode()

    def _hash(self, value: Any) -> str | list[Any] | None:
        if value is None or value == "":
            return None
        if isinstance(value, list):
            return [
                self._digest(one) if isinstance(one, list) else self._hash(one) for one in value
            ]
        return self._digest(value)

    def _digest(self, value: Any) -> str:
        text = value if isinstance(value, str) else _canonical(value)
        return hmac.new(
            self.hash_key.encode(), text.encode("utf-8", "surrogatepass"), hashlib.sha256
        ).hexdigest()


def _paths(paths: tuple[str, ...], kind: str) -> list[tuple[str, ...]]:
    split = [tuple(path.split(".")) for path in paths]
    return [path[1:] for path in split if path[0] == kind]


def _canonical(value: Any) -> str:
    """JSON text that is the same for equal values."""
    try:
        return json.dumps(value, sort_keys=True)
    except RecursionError:
        return dumps(value)


def _replace(value: Any, path: tuple[str, ...], change: Callable[[Any], Any]) -> None:
    name, *rest = path
    todo = [value]
    while todo:
        one = todo.pop()
        if isinstance(one, list):
            todo += one
        elif isinstance(one, dict) and name in one:
            if rest:
                _replace(one[name], tuple(rest), change)
            else:
                one[name] = change(one[name])
