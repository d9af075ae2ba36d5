"""How JSON items differ from the columns that are kept of them: by path, and how often."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from zd_assets.catalog.columns import Column, List, Struct, Type
from zd_assets.schema.drift import fit, join_path, loads, path_steps, path_without_indices


@dataclass(frozen=True)
class Comparison:
    """How `items` JSON items differ from their columns: how often each path does.

    `new` attributes have no column; the values of `drifted` ones don't fit theirs; `missing` ones
    have a column and occur nowhere, though so often they could have: nested ones wherever what
    they are nested in occurred. Paths are such as `photo.thumbnails[].size`.
    """

    items: int
    new: Mapping[str, int]
    drifted: Mapping[str, int]
    missing: Mapping[str, int]

    @property
    def fits(self) -> bool:
        """Whether there is no difference."""
        return not (self.new or self.drifted or self.missing)


def compare(
    columns: tuple[Column, ...], items: Sequence[bytes], optional_paths: Sequence[str] = ()
) -> Comparison:
    """Compare JSON items with their columns; the paths of `optional_paths` are never missing."""
    new: Counter[str] = Counter()
    drifted: Counter[str] = Counter()
    present: Counter[str] = Counter()
    possible: Counter[str] = Counter()
    for item in items:
        for path in fit(columns, item)[1]:
            known = is_known(Struct(columns), path_steps(path))
            (drifted if known else new)[path_without_indices(path)] += 1
        _count(loads(item), Struct(columns), "", present, possible)
    missing = {
        path: times
        for path, times in possible.items()
        if path not in present and path not in optional_paths
    }
    return Comparison(len(items), _sorted(new), _sorted(drifted), _sorted(missing))


def is_known(kind: Type, steps: Sequence[str | int]) -> bool:
    """Return whether a path leads to a column."""
    for step in steps:
        if isinstance(step, int):
            kind = kind.of if isinstance(kind, List) else kind
        else:
            columns = kind.columns if isinstance(kind, Struct) else ()
            inner = next((column.type for column in columns if column.name == step), None)
            if inner is None:
                return False
            kind = inner
    return True


def _count(
    value: Any, kind: Type, path: str, present: Counter[str], possible: Counter[str]
) -> None:
    """Count where columns occur, null being a value too, and where they could have."""
    if isinstance(kind, Struct) and isinstance(value, dict):
        for column in kind.columns:
            inner = join_path(path, column.name)
            possible[inner] += 1
            if column.name in value:
                present[inner] += 1
                _count(value[column.name], column.type, inner, present, possible)
    elif isinstance(kind, List) and isinstance(value, list):
        for one in value:
            _count(one, kind.of, f"{path}[]", present, possible)


def _sorted(counts: Mapping[str, int]) -> dict[str, int]:
    return dict(sorted(counts.items()))
