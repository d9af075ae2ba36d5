"""A page of an export as the API answers it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from itertools import pairwise

import msgspec
import pyarrow as pa

from zd_assets.exports.export import Endpoint, Export, ItemTime
from zd_assets.json_text import split_array, split_object
from zd_assets.zendesk.client import Body, UnusableBodyError
from zd_assets.zendesk.pagination import Onward, page_size, protocol


@dataclass(frozen=True)
class Position:
    """Where a page ends: `end_time` in the endpoint's unit, and what says it more exactly.

    That is Chat's `end_id`, or the `cursor` of endpoints that have one. Where the server names
    no `end_time`, it is the time of the items.
    """

    end_time: int
    end_id: str | None = None
    cursor: str | None = None


@dataclass(frozen=True)
class Page:
    """One page: its items as the JSON array that was sent, and where the server goes on.

    `beside` holds the sideloaded lists, likewise. `position` is None where an empty page names
    none. `last` says whether the server has nothing more, None where it doesn't say; without
    `next_url` it is always True.
    `asked_at_s` is the time of the request in seconds, by the earlier of the two clocks.
    """

    items: bytes
    count: int
    limit: int
    position: Position | None
    next_url: str | None
    asked_at_s: float
    last: bool | None = None
    beside: Mapping[str, bytes] = field(default_factory=dict)


def read_page(
    export: Export, endpoint: Endpoint, body: Body, sideloads: Sequence[str] = ()
) -> Page:
    """Read a page's envelope; of its items no more than their times, and those only if needed.

    Raises:
        UnusableBodyError: not JSON, not UTF-8, without its items or what its kind of endpoint
            promises beside them, or contradicting itself.
    """
    _check_utf8(body.content)
    try:
        attributes = split_object(body.content)
        onward = protocol(endpoint).read(attributes)
        items = attributes[endpoint.items]
    except (ValueError, KeyError) as error:
        raise UnusableBodyError(
            f"{len(body.content)} bytes of {body.content_type} are no page of {export.name} "
            f"({error})"
        ) from None
    beside = {name: attributes.get(name, b"[]") for name in sideloads}
    for name, texts in ((endpoint.items, items), *beside.items()):
        if not texts.startswith(b"["):
            raise UnusableBodyError(f"`{name}` is no list of items")
    count, position = _counted(export, endpoint, onward, items)
    if (count == 0) is bool(items.strip(b"[] \n\r\t")):
        raise UnusableBodyError(f"the page's `count` is {count}, unlike its items")
    if count and (missing := [name for name in sideloads if name not in attributes]):
        raise UnusableBodyError(f"the page lacks what `include` asked for: {', '.join(missing)}")
    if onward.next_url is None and not onward.last:
        raise UnusableBodyError("the page says that there is more, but not where")
    return Page(
        items=items,
        count=count,
        limit=page_size(endpoint, body.url),
        position=position,
        next_url=onward.next_url,
        asked_at_s=body.asked_at_s,
        last=onward.last,
        beside=beside,
    )


def _counted(
    export: Export, endpoint: Endpoint, onward: Onward, items: bytes
) -> tuple[int, Position | None]:
    """A page's count and position, from its items where it doesn't say them."""
    if onward.count is None:
        texts = split_array(items)
        reached_us = _reached_us([_time_us(export.time, text) for text in texts])
        return len(texts), Position(reached_us // endpoint.unit_us, cursor=onward.cursor)
    if onward.end_time is None:
        if onward.count:
            raise UnusableBodyError("the page has items, but no `end_time`")
        return 0, None
    end_id = None if endpoint.repeats_boundary else onward.end_id
    return onward.count, Position(onward.end_time, end_id, onward.cursor)


def _reached_us(times_us: Sequence[int | None]) -> int:
    """How far items prove that a page has come: out of order, only to the earliest of them."""
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
