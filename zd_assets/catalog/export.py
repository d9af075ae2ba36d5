"""What one incremental export is."""

from dataclasses import dataclass
from enum import StrEnum

from zd_assets.catalog.columns import EXTRA, Column

SECOND_US = 1_000_000
#: Our clock may be ahead of the server's, which refuses to be asked from what it calls too recent.
CLOCK_MARGIN_S = 30


class Api(StrEnum):
    """A Zendesk API; also the asset group and the folder in the lake."""

    CHAT = "zendesk_chat"
    SUPPORT = "zendesk_support"


class Pagination(StrEnum):
    """How an endpoint's pages follow one another."""

    CHAT = "chat"
    """`start_time` and `start_id` on, each page naming its `end_time` and `end_id`."""

    TIME = "time"
    """Time-based: `start_time` on, each page naming its `end_time`."""

    CURSOR = "cursor"
    """Cursor-based: `start_time` once, then the page's `after_url`; no counts, no times."""

    PAGES = "pages"
    """Zendesk's general cursor pagination: `page[size]`, `meta` and `links`."""

    ROUTING = "routing"
    """The stream of changes from its beginning, or from a cursor; there is no `start_time`."""


@dataclass(frozen=True)
class Endpoint:
    """One way to ask for an export's pages.

    `path` comes after `/incremental/`; `items` names the page's list; `page_size` is the most
    items a page may be asked to hold. `unit_us` is one unit of `start_time` and `end_time` in
    microseconds. `repeats_boundary` says that a page begins with what the one before ended with;
    `by_arrival` that the stream is in the order in which items arrive, not in that of their times.
    """

    pagination: Pagination
    path: str
    items: str
    page_size: int
    unit_us: int = SECOND_US
    repeats_boundary: bool = False
    by_arrival: bool = False

    @property
    def has_start_time(self) -> bool:
        """Whether pages can be asked for from a time on."""
        return self.pagination is not Pagination.ROUTING

    @property
    def names_end_time(self) -> bool:
        """Whether a page says how far it goes; else its items do."""
        return self.pagination not in (Pagination.CURSOR, Pagination.PAGES)


@dataclass(frozen=True)
class ItemTime:
    """The time by which the server orders items: a timestamp, plus a duration where it says so.

    `unit_us` is the column's unit in microseconds: a second where it holds epoch seconds.
    """

    column: str
    plus_seconds: str | None = None
    unit_us: int = 1


@dataclass(frozen=True)
class Table:
    """What the lake keeps in one folder: rows of these columns, each key once in a partition.

    `key` names the columns that identify a row; empty where the document gives it no id and the
    whole row is the key. `kind` says what a row is one of, where that isn't the table's name.
    """

    api: Api
    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...]
    time: ItemTime
    kind: str = ""

    @property
    def path(self) -> tuple[str, str]:
        """Group and name: the asset's key and the folder in the lake."""
        return (self.api.value, self.name)

    @property
    def item_type(self) -> str:
        """What its rows are: sideloaded users are users."""
        return self.kind or self.name

    @property
    def all_columns(self) -> tuple[Column, ...]:
        """The documented columns, then `_extra`."""
        return (*self.columns, EXTRA)


@dataclass(frozen=True)
class Sideload:
    """A list that comes with an export's items where `include` names it, and its table.

    `referred_by` are the columns of the items that hold the ids of what is listed.
    """

    name: str
    table: Table
    referred_by: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class Export(Table):
    """One incremental export: all that distinguishes it from the others.

    Of several `endpoints` the first is the default. `settle_s` is the lag, in seconds: younger
    items are left for a later poll. It is at least how recent a `start_time` the server refuses.
    `overlap_s` is how late, in seconds, an item may show up and still be found by the next poll;
    0 where the order of the stream makes late items impossible. `poll_interval_s` is how often, in
    seconds, it is asked for something new unless that is set. `scopes` says that there is a
    `support_type_scope`.
    `supports_fields` says that `fields` chooses attributes, `supports_include_changes` that there
    is an `include_changes`; `inline_sideloads` names what `include` adds to the items themselves.
    No system update moves `updated_at_column`, unlike the item's time; empty where there is none.
    `sample` answers a few items for a test of the format; only some have the `optional_paths`.
    """

    endpoints: tuple[Endpoint, ...]
    settle_s: int
    documentation: str
    supports_fields: bool = False
    sideloads: tuple[Sideload, ...] = ()
    inline_sideloads: tuple[str, ...] = ()
    supports_include_changes: bool = False
    scopes: bool = False
    overlap_s: int = 900
    poll_interval_s: int = 300
    updated_at_column: str = ""
    sample: Endpoint | None = None
    optional_paths: tuple[str, ...] = ()

    @property
    def precise_endpoint(self) -> Endpoint | None:
        """The endpoint whose cursors tell the items of one second apart, if there is one."""
        return next((one for one in self.endpoints if not one.names_end_time), None)
