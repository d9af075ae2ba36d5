"""A day, and what its file says of itself in the Parquet footer's key `zd_assets`."""

from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from importlib.metadata import version

import msgspec
import pyarrow.parquet as pq

from zd_assets.lake.errors import LakeError
from zd_assets.lake.footer import FOOTER_KEY
from zd_assets.lake.lake import Lake, reading
from zd_assets.lake.location import Location, readable
from zd_assets.lake.partition import FILE_NAME
from zd_assets.models.model import Model

_DAY = timedelta(days=1)


@dataclass(frozen=True)
class Day:
    """A day of UTC, by its key: `2026-01-28`."""

    key: str

    @cached_property
    def _date(self) -> date:
        return date.fromisoformat(self.key)

    @property
    def before(self) -> "Day":
        """The day before."""
        return Day(str(self._date - _DAY))

    @property
    def after(self) -> "Day":
        """The day after."""
        return Day(str(self._date + _DAY))

    @property
    def start_us(self) -> int:
        """Its first microsecond since 1970."""
        return round(datetime(*self._date.timetuple()[:3], tzinfo=UTC).timestamp()) * 1_000_000

    @property
    def end_us(self) -> int:
        """The first microsecond after it."""
        return self.start_us + round(_DAY.total_seconds()) * 1_000_000

    @property
    def month(self) -> str:
        """Its month: `2026-01`."""
        return self.key[:7]


def up_to(last: Day, days: int) -> list[Day]:
    """So many days up to this one, in order."""
    found = [last]
    while len(found) < days:
        found.append(found[-1].before)
    return found[::-1]


@dataclass(frozen=True)
class DayFooter:
    """What a day's file was made of, and how.

    `input_version` changes when anything does that the day is made of, `content` when any row does.
    `complete` says that the day was over and all that it is made of complete;
    `known_until_us`, in microseconds since 1970, how far it goes. A table that carries has
    done so from `carried_since` on: each day since went on from the one before.
    """

    table: str
    day: str
    input_version: str
    data_version: str
    complete: bool
    known_until_us: int
    items: int
    run_id: str
    carried_since: str | None = None
    made_at: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    package_version: str = field(default_factory=lambda: version("zd_assets"))

    def encode(self) -> bytes:
        """As JSON."""
        return msgspec.json.encode(self)


_DECODE = msgspec.json.Decoder(DayFooter).decode


def day_file(lake: Lake, table: Model, day: Day) -> Location:
    """The day's file."""
    return lake.root.joinpath(*table.path, f"date={day.key}", FILE_NAME)


def read_day_footer(path: Location) -> DayFooter:
    """What a day's file says of itself.

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
