"""What a partition file says about itself, in the Parquet footer's key `zd_assets`."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from importlib.metadata import version

import msgspec

from zd_assets.catalog.columns import List, Struct, Type
from zd_assets.catalog.export import Export, Table
from zd_assets.lake.partition import Partition

FOOTER_KEY = b"zd_assets"


@cache
def _package_version() -> str:
    return version("zd_assets")


@dataclass(frozen=True)
class LastPage:
    """The last page that was read for a partition, and what followed from it.

    `end_time` is in the endpoint's unit; `end_id` or `cursor` are there if the endpoint has one.
    `policy` and `row` are the follow-up rule's; `stop_reason` says why it was the last (null where
    an error ended it).
    """

    count: int
    limit: int
    end_time: int
    end_id: str | None
    policy: str
    row: str
    stop_reason: str | None = None
    follow_up_now: bool = False
    cursor: str | None = None


@dataclass(frozen=True)
class Footer:
    """How far a partition is complete, and where that is known from.

    Times are microseconds since 1970, UTC. Everything of the window before `complete_until_us`
    is in the file; `complete` says that this is all of it. `resume_url` is the server's own
    `next_page`, where the pages ended by themselves; null where it was cut at the settled horizon.
    Exports without a `start_time` always keep one: there the next partition begins. It asks from
    `resume_time`, in the endpoint's unit.
    `read_at_us` is when the last page was asked for, by the server's clock if that is behind ours;
    from `look_again_us` on, what was read can still be joined by late items (null: nowhere).
    The last `added_rows` rows came with pages of other partitions. `late_items` showed up after
    their time had been read, the latest at least `lateness_s` seconds after it. `skipped` are
    the places, in microseconds, of which the server gives no more than a page holds.
    `parameters` are what was asked for beyond the plain items. `drift` counts what is in
    `_extra`, by path; `sideloads` the rows of each table; `system_updates` the items left out
    because only the system had touched them and an earlier partition holds the same;
    `system_updates_kept` those that none holds. `items_before_first` came with its pages and belong
    before the first partition: they aren't kept.
    """

    export: str
    partition: str
    start_us: int
    end_us: int
    complete: bool
    complete_until_us: int
    resume_url: str | None
    fetched_at: str
    run_id: str
    schema: str
    resume_time: int | None = None
    last_page: LastPage | None = None
    items: int = 0
    pages: int = 0
    unordered_pages: int = 0
    items_without_key: int = 0
    items_without_time: int = 0
    drift: Mapping[str, int] = field(default_factory=dict)
    parameters: Mapping[str, str] = field(default_factory=dict)
    sideloads: Mapping[str, int] = field(default_factory=dict)
    system_updates: int = 0
    system_updates_kept: int = 0
    read_at_us: int | None = None
    look_again_us: int | None = None
    added_rows: int = 0
    late_items: int = 0
    lateness_s: float = 0.0
    skipped: tuple[int, ...] = ()
    items_before_first: int = 0
    package_version: str = field(default_factory=_package_version)

    def encode(self) -> bytes:
        """As JSON."""
        return msgspec.json.encode(self)


def empty_footer(table: Table, partition: Partition, run_id: str) -> Footer:
    """Return the footer of a partition of which nothing is known yet."""
    return Footer(
        export=table.name,
        partition=partition.key,
        start_us=partition.start_us,
        end_us=partition.end_us,
        complete=False,
        complete_until_us=partition.start_us,
        resume_url=None,
        fetched_at=datetime.now(UTC).isoformat(timespec="seconds"),
        run_id=run_id,
        schema=schema_id(table),
    )


# Made here, once: msgspec completes a type with its first decoder, which threads mustn't share.
_DECODE = msgspec.json.Decoder(Footer).decode


def decode_footer(text: bytes) -> Footer:
    """Read a footer; attributes that a later version added are passed over."""
    return _DECODE(text)


def schema_id(table: Table) -> str:
    """Eight digits that change when a table's columns do, or those of its sideloads."""
    beside = table.sideloads if isinstance(table, Export) else ()
    shapes = [_shape(Struct(one.all_columns)) for one in (table, *(one.table for one in beside))]
    return hashlib.sha256("".join(shapes).encode()).hexdigest()[:8]


def _shape(kind: Type) -> str:
    if isinstance(kind, Struct):
        return f"{{{','.join(f'{column.name}:{_shape(column.type)}' for column in kind.columns)}}}"
    return f"[{_shape(kind.of)}]" if isinstance(kind, List) else kind.value
