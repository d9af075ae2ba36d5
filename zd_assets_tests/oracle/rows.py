"""What the oracle's modules share: moments, values as items have them, means, and comparing rows.

Moments are microseconds since 1970. A day is the moment at which it starts.
"""

from collections.abc import Callable, Hashable, Iterable, Sequence
from datetime import UTC, datetime
from itertools import groupby
from math import floor, isclose, log
from typing import Any, TypeVar

Item = dict[str, Any]
Row = dict[str, Any]
K = TypeVar("K", bound=Hashable)

SECOND_US = 1_000_000
HOUR_US = 3600 * SECOND_US
DAY_US = 24 * HOUR_US

_LARGEST_ID = 2**63 - 1
_TOLERATED = 1e-6


def moment(value: object) -> int | None:
    """An item's time: a text as of ISO 8601, or seconds since 1970."""
    if isinstance(value, int):
        return value * SECOND_US
    if not isinstance(value, str):
        return None
    at = datetime.fromisoformat(value)
    since = at.astimezone(UTC) - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * SECOND_US + since.microseconds


def known(value: object) -> int:
    """An item's time, which it has."""
    at = moment(value)
    assert at is not None
    return at


def whole(value: object) -> int | None:
    """An ID, sent as a number or as a text of digits."""
    if isinstance(value, str) and value.removeprefix("-").isdigit():
        value = int(value)
    is_whole = isinstance(value, int) and not isinstance(value, bool)
    return value if is_whole and abs(value) <= _LARGEST_ID else None


def is_on(day: int, at: int | None) -> bool:
    """Whether a moment is of the day."""
    return at is not None and day <= at < day + DAY_US


def seconds(us: int) -> float:
    """Microseconds as seconds."""
    return us / SECOND_US


def mean(values: Sequence[float]) -> float | None:
    """Their mean; None of none."""
    return sum(values) / len(values) if values else None


def quantile(values: Sequence[float], part: float) -> float | None:
    """The value that a part of all doesn't exceed, between two values by their distance."""
    ordered = sorted(values)
    if not ordered:
        return None
    place = part * (len(ordered) - 1)
    low = int(place)
    high = min(low + 1, len(ordered) - 1)
    return ordered[low] + (ordered[high] - ordered[low]) * (place - low)


def histogram(durations: Iterable[float]) -> list[int]:
    """Counts by length: below a second, then buckets that end 1.1 times later than they begin."""
    buckets = [0 if one < 1 else min(1 + floor(log(one) / log(1.1)), 220) for one in durations]
    return [buckets.count(number) for number in range(max(buckets, default=-1) + 1)]


def share(part: int, rest: int) -> float | None:
    """What a part is of itself and the rest; None of nothing."""
    return part / (part + rest) if part + rest else None


def there(values: Iterable[Any]) -> list[Any]:
    """Those that aren't null."""
    return [value for value in values if value is not None]


def grouped(rows: Iterable[Any], by: Callable[[Any], K]) -> dict[K, list[Any]]:
    """Rows by what they have in common, in their order."""
    found: dict[K, list[Any]] = {}
    for row in rows:
        found.setdefault(by(row), []).append(row)
    return found


def newest(items: Iterable[Item], at: str) -> list[Item]:
    """The newest version of each item, by the time that orders them."""
    ordered = sorted(items, key=lambda item: (str(item["id"]), known(item[at])))
    return [list(versions)[-1] for _, versions in groupby(ordered, lambda item: str(item["id"]))]


def as_read(row: Row) -> Row:
    """A row of a table, its timestamps as moments."""
    return {
        name: moment(value.isoformat()) if isinstance(value, datetime) else value
        for name, value in row.items()
    }


def differences(
    found: Iterable[Row], expected: Iterable[Row], key: Sequence[str], label: str
) -> list[str]:
    """How rows differ from the oracle's, a line for each value, row or repeated key."""
    have = grouped(map(as_read, found), lambda row: tuple(row[name] for name in key))
    want = grouped(expected, lambda row: tuple(row[name] for name in key))
    lines = []
    for of in sorted(have.keys() | want.keys(), key=repr):
        where = f"{label} {dict(zip(key, of, strict=True))}"
        theirs, ours = have.get(of, []), want.get(of, [])
        if len(theirs) != 1 or len(ours) != 1:
            lines.append(
                f"{where}: {len(theirs)} rows, the oracle has {len(ours)}: {theirs + ours}"
            )
            continue
        [row], [by_oracle] = theirs, ours
        lines += [
            f"{where}: {name} is {row.get(name)!r}, the oracle says {by_oracle.get(name)!r}"
            for name in {**row, **by_oracle}
            if not _same(row.get(name, "no column"), by_oracle.get(name, "no column"))
        ]
    return lines


def _same(one: Any, other: Any) -> bool:
    if isinstance(one, list) and isinstance(other, list):
        return len(one) == len(other) and all(map(_same, one, other))
    if isinstance(one, float) or isinstance(other, float):
        both = isinstance(one, int | float) and isinstance(other, int | float)
        return both and isclose(one, other, rel_tol=1e-9, abs_tol=_TOLERATED)
    return type(one) is type(other) and bool(one == other)
