"""Figures as people read them; a null is a dash."""

import math
from itertools import pairwise

NONE = "–"


def words(name: str) -> str:
    """Of an identifier: `resolution_time` is `resolution time`."""
    return name.replace("_", " ").strip()


def count(number: float) -> str:
    """`1,234`."""
    return NONE if math.isnan(number) else f"{number:,.0f}"


def decimal(number: float) -> str:
    """`1.8`."""
    return NONE if math.isnan(number) else f"{number:,.1f}"


def share(part: float) -> str:
    """Of a share from 0 to 1: `87.1%`."""
    return NONE if math.isnan(part) else f"{part:,.1%}"


def hours(seconds: float) -> str:
    """Of seconds: `37.5 h`, as working time is told."""
    return NONE if math.isnan(seconds) else f"{seconds / 3600:,.1f} h"


def about(seconds: float) -> str:
    """Of seconds that are known within some percent: `< 1 s`, `18 min`, `3.3 h`, `2.7 d`."""
    if math.isnan(seconds):
        return NONE
    if seconds < 1:
        return "< 1 s"
    # From where two digits would make a whole one of the larger unit.
    units = (("s", 1, 59.5), ("min", 60, 59.5), ("h", 3_600, 23.5))
    for unit, size, most in units:
        if seconds / size < most:
            return _two_digits(seconds / size, unit)
    return _two_digits(seconds / 86_400, "d")


def _two_digits(number: float, unit: str) -> str:
    return f"{number:.1f} {unit}" if number < 9.95 else f"{number:,.0f} {unit}"


def duration(seconds: float) -> str:
    """Of seconds, in its two largest units: `24 s`, `2 min 14 s`, `3 h 5 min`, `2 d 7 h`."""
    if math.isnan(seconds):
        return NONE
    if abs(seconds) < 9.95:
        return f"{seconds:.1f} s".replace(".0 s", " s")
    if seconds < 0:
        return f"−{duration(-seconds)}"
    units = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
    for (large, size), (small, part) in pairwise(units):
        if round(seconds / part) * part >= size:
            # Rounded first, so that no 60 s are left over.
            whole, rest = divmod(round(seconds / part), size // part)
            return f"{whole:,} {large} {rest} {small}" if rest else f"{whole:,} {large}"
    return f"{round(seconds)} s"
