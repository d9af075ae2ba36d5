"""Instants as integers: microseconds since 1970, and their spellings."""

from __future__ import annotations

import datetime as dt
from decimal import Decimal, InvalidOperation
from functools import lru_cache

SECOND_US = 1_000_000
HOUR_US = 3600 * SECOND_US

_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_MICROSECOND = dt.timedelta(microseconds=1)
_IN_HOUR = [f"{minute:02}:{second:02}" for minute in range(60) for second in range(60)]


def parse_us(value: object) -> int:
    """Read an instant: ISO 8601 text (UTC if it names no zone) or epoch seconds."""
    if isinstance(value, str):
        try:
            return epoch_us(value)
        except ValueError:
            moment = dt.datetime.fromisoformat(value)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=dt.UTC)
        return (moment - _EPOCH) // _MICROSECOND
    if isinstance(value, int | float) and not isinstance(value, bool):
        return epoch_us(str(value))
    raise ValueError(f"not a time: {value!r}")


def epoch_us(text: str) -> int:
    """Read decimal epoch seconds exactly, down to the microsecond."""
    try:
        return int(Decimal(text) * SECOND_US)
    except (InvalidOperation, ValueError, OverflowError) as error:
        raise ValueError(f"not epoch seconds: {text!r}") from error


def iso(second: int) -> str:
    """Spell an epoch second as the API does: `2020-12-22T04:54:15Z`."""
    hour, rest = divmod(second, 3600)
    return f"{_hour(hour)}:{_IN_HOUR[rest]}Z"


def iso_us(instant_us: int) -> str:
    """Spell an instant with its microseconds: `2018-04-29T10:26:40.957650Z`."""
    second, rest = divmod(instant_us, SECOND_US)
    return f"{iso(second)[:-1]}.{rest:06}Z"


@lru_cache(maxsize=4096)
def month_code(day: int) -> str:
    """Return year and month of an epoch day as ids carry them: `2012` for December 2020."""
    return f"{_EPOCH + dt.timedelta(days=day):%y%m}"


@lru_cache(maxsize=4096)
def _hour(hour: int) -> str:
    return f"{_EPOCH + dt.timedelta(hours=hour):%Y-%m-%dT%H}"
