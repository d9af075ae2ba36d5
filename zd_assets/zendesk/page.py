"""A page of an export as the API answers it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

import msgspec
import pyarrow as pa

from zd_assets.catalog.export import Endpoint, Export, ItemTime, Pagination
from zd_assets.schema.json_text import split_array, split_object
from zd_assets.zendesk.client import Body, UnusableBodyError
from zd_assets.zendesk.paginators import NextPage, from_time, page_size, paginator


@dataclass(frozen=True)
class Cursor:
    """Where a page ends: `end_time` in the endpoint's unit, and what says it more exactly.

    That is Chat's `end_id`, or the `cursor` of endpoints that have one. Where the server names
    no `end_time`, it is the time of the items.
    """

    end_time: int
    end_id: str | None = None
    cursor: str | None = None


@dataclass(frozen=True)
class Page:
    """One page: each item as the JSON text that was sent, and where the server goes on.

    `beside` holds the sideloaded lists, likewise. `position` is None where an empty page names
    none. `last` says whether the server has nothing more, None where it doesn't say; without
    `next_url` it is always True.
    `asked_at_s` is the time of the request in seconds, by the earlier of the two clocks.
    """

    items: Sequence[bytes]
    count: int
    limit: int
    position: Cursor | None
    next_url: str | None
    asked_at_s: float
    last: bool | None = None
    beside: Mapping[str, Sequence[bytes]] = field(default_factory=dict)


def read_page(
    export: Export, endpoint: Endpoint, body: Body, sideloads: Sequence[str] = ()
) -> Page:
    """Read a page's envelope and take its items apart; read their times only if needed.

    Raises:
        UnusableBodyError: not JSON, not UTF-8, without its items or what its kind of endpoint
            promises with them, or contradicting itself.
    """
    _check_utf8(body.content)
    try:
        attributes = split_object(body.content)
        onward = paginator(endpoint).read(attributes)
        items = _list(attributes, endpoint.items)
        beside = {name: _list(attributes, name) if name in attributes else [] for name in sideloads}
    except (ValueError, KeyError) as error:
        raise UnusableBodyError(
            f"{len(body.content)} bytes of {body.content_type} are no page of {export.name} "
            f"({error})"
        ) from None
    if onward.count not in (None, len(items)):
        raise UnusableBodyError(f"the page's `count` is {onward.count}, its items are {len(items)}")
    if items and (missing := [name for name in sideloads if name not in attributes]):
        raise UnusableBodyError(f"the page lacks what `include` asked for: {', '.join(missing)}")
    limit, position = page_size(endpoint, body.url), _position(export, endpoint, onward, items)
    last, next_url = onward.last, onward.next_url
    if next_url is None and last is None and endpoint.pagination is Pagination.TIME:
        # Null is the end of a short page; after a full one, ask on by its time.
        last = True if len(items) < limit or position is None else None
        if last is None and position:
            next_url = from_time(endpoint, body.url, position.end_time)
    if next_url is None and not last:
        raise UnusableBodyError("the page says that there is more, but not where")
    return Page(
        items=items,
        count=len(items),
        limit=limit,
        position=position,
        next_url=next_url,
        asked_at_s=body.asked_at_s,
        last=last,
        beside=beside,
    )


def _list(attributes: Mapping[str, bytes], name: str) -> list[bytes]:
    if not attributes[name].startswith(b"["):
        raise ValueError(f"`{name}` is no list of items")
    return split_array(attributes[name])


def _position(
    export: Export, endpoint: Endpoint, onward: NextPage, items: Sequence[bytes]
) -> Cursor | None:
    """Return where a page ends, from its items where it doesn't say so."""
    if onward.count is None:
        reached_us = _reached_us([_time_us(export.time, text) for text in items])
        return Cursor(reached_us // endpoint.unit_us, cursor=onward.cursor)
    if onward.end_time is None:
        if items:
            raise UnusableBodyError("the page has items, but no `end_time`")
        return None
    end_id = None if endpoint.repeats_boundary else onward.end_id
    return Cursor(onward.end_time, end_id, onward.cursor)


def is_of_one_unit(export: Export, endpoint: Endpoint, items: Sequence[bytes], time: int) -> bool:
    """Return whether all items are of one time, in the endpoint's unit."""
    times_us = (_server_time_us(export.time, text) for text in items)
    return bool(items) and all(us is not None and us // endpoint.unit_us == time for us in times_us)


def _server_time_us(time: ItemTime, item: bytes) -> int | None:
    start_us = _time_us(time, item)
    if start_us is None or not time.plus_seconds:
        return start_us
    try:
        seconds = msgspec.json.decode(split_object(item)[time.plus_seconds], type=float)
    except (ValueError, KeyError):
        return None
    return start_us + round(seconds * 1_000_000)


def _reached_us(times_us: Sequence[int | None]) -> int:
    """Return how far a page proves to reach: out of order, only to its earliest item."""
    known = [time_us for time_us in times_us if time_us is not None]
    if not known:
        return 0
    ordered = len(known) == len(times_us) and all(a <= b for a, b in pairwise(known))
    return known[-1] if ordered else min(known)


def _time_us(time: ItemTime, item: bytes) -> int | None:
    try:
        value = msgspec.json.decode(split_object(item)[time.column], type=int | str)
        if isinstance(value, int) is (time.unit_us == 1):
            return None  # Nor does the lake take an ISO time for epoch seconds, or the reverse.
        if isinstance(value, int):
            datetime.fromtimestamp(value * time.unit_us / 1_000_000, UTC)  # Or it is no time.
            return value * time.unit_us
        at = datetime.fromisoformat(value)
        return round(at.timestamp() * 1_000_000) if at.tzinfo else None
    except (ValueError, KeyError, OverflowError, OSError):
        return None


def _check_utf8(content: bytes) -> None:
    offsets = pa.array([0, len(content)], pa.int32()).buffers()[1]
    try:
        pa.StringArray.from_buffers(1, offsets, pa.py_buffer(content)).validate(full=True)
    except pa.ArrowInvalid:
        raise UnusableBodyError("the answer isn't UTF-8") from None
