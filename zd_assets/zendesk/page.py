"""A page of an export as the API answers it, and the URLs that ask for one."""

from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec
import pyarrow as pa

from zd_assets.exports.export import Export
from zd_assets.json_text import split_object
from zd_assets.zendesk.client import Body, UnusableBodyError, origin

_CURSOR_PARAMETERS = {"start_time", "start_id"}


@dataclass(frozen=True)
class Position:
    """Where a page ends: `end_time` in the cursor's unit, and `end_id` where there is one."""

    end_time: int
    end_id: str | None = None


@dataclass(frozen=True)
class Page:
    """One page: its items as the JSON array that was sent, and where the server goes on.

    `position` is None on an empty page that names none. `asked_at_s` is the time of the
    request in seconds, by the earlier of the two clocks.
    """

    items: bytes
    count: int
    limit: int
    position: Position | None
    next_url: str
    asked_at_s: float


def first_url(base_url: str, export: Export, start_us: int, limit: int, fields: str | None) -> str:
    """The URL of the first page from `start_us` (microseconds), by "Query string parameters"."""
    query: dict[str, str | int] = {"start_time": start_us // export.cursor.unit_us, "limit": limit}
    if fields:
        query["fields"] = fields
    return f"{base_url}/incremental/{export.name}?{urlencode(query)}"


def same_request(one: str, other: str) -> bool:
    """Whether two URLs ask the same thing, their cursors apart: origin, path, fields, limit."""

    def asked(url: str) -> object:
        parts = urlsplit(url)
        query = [(k, v) for k, v in parse_qsl(parts.query) if k not in _CURSOR_PARAMETERS]
        return (parts.path, sorted(query))

    return origin(one) == origin(other) and asked(one) == asked(other)


def read_page(export: Export, limit: int, body: Body) -> Page:
    """Read a page's envelope without parsing its items ("Common response properties").

    Raises:
        UnusableBodyError: not JSON, not UTF-8, or without its items, `count` or `next_page`.
    """
    _check_utf8(body.content)
    try:
        attributes = split_object(body.content)
        envelope = _envelope(attributes)
        items = attributes[export.name]
    except (ValueError, KeyError) as error:
        raise UnusableBodyError(
            f"{len(body.content)} bytes of {body.content_type} are no page of {export.name} "
            f"({error})"
        ) from None
    if not items.startswith(b"["):
        raise UnusableBodyError(f"`{export.name}` is no list of items")
    if (envelope.count == 0) is bool(items.strip(b"[] \n\r\t")):
        raise UnusableBodyError(f"the page's `count` is {envelope.count}, unlike its items")
    if envelope.end_time is None and envelope.count:
        raise UnusableBodyError("the page has items, but no `end_time`")
    return Page(
        items=items,
        count=envelope.count,
        limit=limit,
        position=_position(export, envelope),
        next_url=envelope.next_page,
        asked_at_s=body.asked_at_s,
    )


class _Envelope(msgspec.Struct):
    count: int
    next_page: str
    end_time: int | float | None = None
    end_id: str | None = None


# Made here, once: msgspec completes a struct with its first decoder, which threads mustn't share.
_DECODE_ENVELOPE = msgspec.json.Decoder(_Envelope).decode


def _envelope(attributes: dict[str, bytes]) -> _Envelope:
    known = [name for name in _Envelope.__struct_fields__ if name in attributes]
    return _DECODE_ENVELOPE(
        b"{%s}" % b",".join(b'"%s":%s' % (name.encode(), attributes[name]) for name in known)
    )


def _position(export: Export, envelope: _Envelope) -> Position | None:
    if envelope.end_time is None:
        return None
    # A server that hasn't moved from a first URL without `start_id` may say "" or nothing.
    end_id = envelope.end_id or None
    return Position(int(envelope.end_time), end_id if export.cursor.has_id else None)


def _check_utf8(content: bytes) -> None:
    offsets = pa.array([0, len(content)], pa.int32()).buffers()[1]
    try:
        pa.StringArray.from_buffers(1, offsets, pa.py_buffer(content)).validate(full=True)
    except pa.ArrowInvalid:
        raise UnusableBodyError("the answer isn't UTF-8") from None
