"""What one incremental export is."""

from dataclasses import dataclass
from enum import StrEnum

from zd_assets.exports.columns import EXTRA, Column


class Api(StrEnum):
    """A Zendesk API; also the asset group and the folder in the lake."""

    CHAT = "zendesk_chat"


@dataclass(frozen=True)
class Cursor:
    """How an endpoint's `start_time` counts."""

    unit_us: int
    """One unit of `start_time` and `end_time`, in microseconds."""

    has_id: bool
    """Whether `end_id` and `start_id` break ties within one unit."""


SECONDS = Cursor(unit_us=1_000_000, has_id=True)
MICROSECONDS = Cursor(unit_us=1, has_id=False)


@dataclass(frozen=True)
class ItemTime:
    """The time by which the server orders items: a timestamp, plus a duration where it says so."""

    column: str
    plus_seconds: str | None = None


@dataclass(frozen=True)
class Export:
    """One incremental export: all that distinguishes it from the others.

    `key` names the columns that identify an item; empty where the document gives it no id and
    the whole row is the key. `settle_s` is how long, in seconds, late items may still appear,
    which is also how recent a `start_time` the server refuses.
    """

    api: Api
    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    time: ItemTime
    cursor: Cursor
    expands: bool
    settle_s: int
    documentation: str

    @property
    def path(self) -> tuple[str, str]:
        """Group and name: the asset's key and the folder in the lake."""
        return (self.api.value, self.name)

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """The documented columns, then `_extra`."""
        return (*self.columns, EXTRA)
