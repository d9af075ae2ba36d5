"""A day of a zone, and what its file says of itself in the Parquet footer's key `zd_assets`."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from importlib.metadata import version
from zoneinfo import ZoneInfo

import msgspec
import pyarrow.parquet as pq

from zd_assets.lake.errors import LakeError
from zd_assets.lake.footer import FOOTER_KEY
from zd_assets.lake.lake import Lake, reading
from zd_assets.lake.location import Location, readable
from zd_assets.lake.partition import FILE_NAME
from zd_assets.models.model import Model

_DAY = timedelta(days=1)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True)
class Day:
    """A day by its key, `2026-01-28`: the local day of a zone, by its IANA name.

    It lasts from midnight to midnight: 23 or 25 hours where clocks are changed.
    """

    key: str
    time_zone: str = "UTC"

    @cached_property
    def _date(self) -> date:
        return date.fromisoformat(self.key)

    @property
    def before(self) -> "Day":
        """The day before."""
        return Day(str(self._date - _DAY), self.time_zone)

    @property
    def after(self) -> "Day":
        """The day after."""
        return Day(str(self._date + _DAY), self.time_zone)

    @property
    def start_us(self) -> int:
        """Its first microsecond since 1970."""
        midnight = datetime(*self._date.timetuple()[:3], tzinfo=ZoneInfo(self.time_zone))
        return round(midnight.timestamp()) * 1_000_000

    @property
    def end_us(self) -> int:
        """The first microsecond after it."""
        return self.after.start_us

    @property
    def weekday(self) -> int:
        """Its day of the week, ISO: 1 is Monday."""
        return self._date.isoweekday()

    @property
    def utc_days(self) -> list[str]:
        """The days of UTC that it has a part of, in order: `2026-01-28`."""
        return utc_days(self.start_us, self.end_us)


def utc_days(start_us: int, end_us: int) -> list[str]:
    """Return the days of UTC that a window has a part of, in order: `2026-01-28`."""
    first, last = (
        (_EPOCH + timedelta(microseconds=us)).toordinal() for us in (start_us, end_us - 1)
    )
    return [str(date.fromordinal(number)) for number in range(first, last + 1)]


def first_day(utc_day: str, time_zone: str) -> Day:
    """Return the first day of a zone that begins within a day of UTC or after it."""
    day = Day(utc_day, time_zone)
    return day if day.start_us >= Day(utc_day).start_us else day.after


def up_to(last: Day, days: int) -> list[Day]:
    """Return so many days up to this one, in order."""
    found = [last]
    while len(found) < days:
        found.append(found[-1].before)
    return found[::-1]


@dataclass(frozen=True)
class DayFooter:
    """What a day's file was made of, and how.

    `input_version` changes when anything does that the day is made of, `data_version` when any row
    does. A file of an older version has neither, so that its day is due.
    `complete` says that the day was over and all that it is made of complete;
    `known_until_us`, in microseconds since 1970, how far it goes. A table that depends on the past
    has done so from `carried_since` on: each day since went on from the one before. The day is one
    of `time_zone`.
    """

    table: str
    day: str
    input_version: str = ""
    data_version: str = ""
    complete: bool = False
    known_until_us: int = 0
    items: int = 0
    run_id: str = ""
    carried_since: str | None = None
    time_zone: str = "UTC"
    made_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    package_version: str = field(default_factory=lambda: version("zd_assets"))

    def encode(self) -> bytes:
        """As JSON."""
        return msgspec.json.encode(self)


_DECODE = msgspec.json.Decoder(DayFooter).decode


def day_file(lake: Lake, table: Model, day: Day) -> Location:
    """Return the day's file."""
    return lake.root.joinpath(*table.path, f"date={day.key}", FILE_NAME)


def read_day_footer(path: Location) -> DayFooter:
    """Return what a day's file says of itself.

    Raises:
        LakeError: it is none of ours, or gone.
    """
    try:
        with reading(path):
            metadata = pq.read_metadata(readable(path)).metadata or {}
            if FOOTER_KEY in metadata:
                return _DECODE(metadata[FOOTER_KEY])
    except (FileNotFoundError, NotADirectoryError):
        raise LakeError(f"{path} is gone; run again") from None
    raise LakeError(f"{path} is no file of this project; remove it and run again")
