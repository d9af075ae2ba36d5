"""How each kind of endpoint is asked, and what its pages say of the next one.

The five kinds of `Pagination`, one record each. Chat: "Common response properties" of its
document. Time-based, cursor-based and routing: the `...Response` schemas of the Support document.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import parse_qsl, urlencode, urlsplit

import msgspec

from zd_assets.catalog.export import Endpoint, Pagination
from zd_assets.zendesk.client import origin

T = TypeVar("T", bound=msgspec.Struct)

START_TIME, CURSOR = "start_time", "cursor"
_SMALLEST = 10


@dataclass(frozen=True)
class NextPage:
    """What a page says of itself and of the next one; None where its kind says nothing.

    `end_time` is in the endpoint's unit. `last` says whether there is nothing more at the moment.
    """

    next_url: str | None
    last: bool | None
    count: int | None = None
    end_time: int | None = None
    end_id: str | None = None
    cursor: str | None = None


@dataclass(frozen=True)
class Paginator:
    """What is particular to a kind of endpoint.

    `size` is the parameter that asks for so many items a page, if there is one; `moving` are
    those that the server changes from page to page. `read` takes a page's attributes as JSON
    texts and raises `ValueError` or `KeyError` where one is missing or of another type.
    """

    size: str | None
    moving: frozenset[str]
    read: Callable[[Mapping[str, bytes]], NextPage]


def paginator(endpoint: Endpoint) -> Paginator:
    """Return the record of an endpoint's kind."""
    return _PAGINATORS[endpoint.pagination]


def first_url(
    base_url: str, endpoint: Endpoint, start_us: int, size: int, parameters: Mapping[str, str]
) -> str:
    """Build the URL of the first page from `start_us` (microseconds)."""
    query: dict[str, str | int] = {}
    if endpoint.has_start_time:
        query[START_TIME] = start_us // endpoint.unit_us
    if parameter := paginator(endpoint).size:
        query[parameter] = size
    query |= parameters
    url = f"{base_url}/incremental/{endpoint.path}"
    return f"{url}?{urlencode(query)}" if query else url


def page_size(endpoint: Endpoint, url: str) -> int:
    """Return how many items a URL asks for; the endpoint's most where it doesn't say."""
    size = dict(parse_qsl(urlsplit(url).query)).get(paginator(endpoint).size or "", "")
    return int(size) if size.isdecimal() and len(size) < 10 else endpoint.page_size


def sized(endpoint: Endpoint, url: str, size: int) -> str:
    """Return the same URL for `size` items a page; untouched if it can't be changed."""
    parameter = paginator(endpoint).size
    if parameter is None or not origin(url)[1] or page_size(endpoint, url) == size:
        return url
    parts = urlsplit(url)
    query = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if k != parameter]
    return parts._replace(query=urlencode([*query, (parameter, str(size))])).geturl()


def asking_for(url: str, parameters: Mapping[str, str]) -> str:
    """Return the same URL with those of our parameters that the server left out of it."""
    if not origin(url)[1]:
        return url  # It is none, which the client will say.
    parts = urlsplit(url)
    there = dict(parse_qsl(parts.query, keep_blank_values=True))
    missing = {name: value for name, value in parameters.items() if name not in there}
    if not missing:
        return url
    return parts._replace(query="&".join(filter(None, (parts.query, urlencode(missing))))).geturl()


def from_time(endpoint: Endpoint, url: str, time: int) -> str:
    """Return the URL that asks the same from a time on, in the endpoint's unit.

    >>> from_time(by_cursor, "https://a/cursor?cursor=x&per_page=5", 1_769_904_000)
    'https://a/cursor?per_page=5&start_time=1769904000'
    """
    parts, moving = urlsplit(url), paginator(endpoint).moving
    query = [(k, v) for k, v in parse_qsl(parts.query, keep_blank_values=True) if k not in moving]
    return parts._replace(query=urlencode([*query, (START_TIME, str(time))])).geturl()


def start_time_of(url: str) -> int | None:
    """Return the `start_time` that a URL asks from, in the endpoint's unit."""
    if not origin(url)[1]:
        return None  # It is none, which the client will say.
    text = dict(parse_qsl(urlsplit(url).query)).get(START_TIME, "")
    return int(text) if text.isdecimal() and len(text) < 20 else None


def smaller(endpoint: Endpoint, url: str) -> str:
    """Return the same URL for half as many items a page, but hardly ever less than a few."""
    size = page_size(endpoint, url)
    return sized(endpoint, url, max(size // 2, min(size, _SMALLEST)))


def asks_the_same(endpoint: Endpoint, one: str, other: str) -> bool:
    """Return whether two URLs ask the same, but for position and size of the page."""

    def asked(url: str) -> object:
        parts = urlsplit(url)
        passing = paginator(endpoint).moving | {paginator(endpoint).size}
        query = [(k, v) for k, v in parse_qsl(parts.query) if k not in passing]
        # The addresses of further pages end in `.json`, however the first was asked for.
        return (parts.path.removesuffix(".json"), sorted(query))

    return origin(one) == origin(other) and asked(one) == asked(other)


def cursor_of(url: str | None) -> str | None:
    """Return the `cursor` that a URL asks from."""
    if not url or not origin(url)[1]:
        return None
    return dict(parse_qsl(urlsplit(url).query)).get(CURSOR)


class _Chat(msgspec.Struct):
    count: int
    next_page: str
    end_time: int | float | None = None
    end_id: str | None = None


class _Time(msgspec.Struct):
    count: int
    end_time: int | float | None = None
    next_page: str | None = None
    end_of_stream: bool | None = None


class _Cursor(msgspec.Struct):
    end_of_stream: bool
    after_cursor: str | None = None
    after_url: str | None = None


class _Meta(msgspec.Struct):
    has_more: bool
    after_cursor: str | None = None


class _Links(msgspec.Struct):
    next: str | None = None


class _Pages(msgspec.Struct):
    meta: _Meta
    links: _Links


class _Routing(msgspec.Struct):
    count: int
    next_page: str | None = None
    end_time: int | float | None = None


def _reader(kind: type[T]) -> Callable[[Mapping[str, bytes]], T]:
    """Reads a page's envelope; its items stay unparsed."""
    # Made once: msgspec completes a struct with its first decoder, which threads mustn't share.
    decode = msgspec.json.Decoder(kind).decode

    def read(attributes: Mapping[str, bytes]) -> T:
        known = [name for name in kind.__struct_fields__ if name in attributes]
        return decode(
            b"{%s}" % b",".join(b'"%s":%s' % (name.encode(), attributes[name]) for name in known)
        )

    return read


_read_chat, _read_time, _read_cursor = _reader(_Chat), _reader(_Time), _reader(_Cursor)
_read_pages, _read_routing = _reader(_Pages), _reader(_Routing)


def _chat(attributes: Mapping[str, bytes]) -> NextPage:
    page = _read_chat(attributes)
    # A server that hasn't moved from a first URL without `start_id` may say "" or nothing.
    return NextPage(
        page.next_page, None, page.count, _whole(page.end_time), end_id=page.end_id or None
    )


def _time(attributes: Mapping[str, bytes]) -> NextPage:
    page = _read_time(attributes)
    if page.next_page is None and "next_page" not in attributes:
        raise ValueError("`next_page` is missing")  # Null is an answer; such a page is cut.
    return NextPage(page.next_page, page.end_of_stream, page.count, _whole(page.end_time))


def _cursor(attributes: Mapping[str, bytes]) -> NextPage:
    page = _read_cursor(attributes)
    return NextPage(page.after_url, page.end_of_stream, cursor=page.after_cursor)


def _pages(attributes: Mapping[str, bytes]) -> NextPage:
    page = _read_pages(attributes)
    return NextPage(page.links.next, not page.meta.has_more, cursor=page.meta.after_cursor)


def _routing(attributes: Mapping[str, bytes]) -> NextPage:
    page = _read_routing(attributes)
    if page.next_page is not None and not origin(page.next_page)[1]:
        raise ValueError("`next_page` is no address")
    cursor = cursor_of(page.next_page)
    last = True if page.next_page is None and not page.count else None
    return NextPage(page.next_page, last, page.count, _whole(page.end_time), cursor=cursor)


def _whole(number: int | float | None) -> int | None:
    return None if number is None else int(number)


_PAGINATORS = {
    Pagination.CHAT: Paginator("limit", frozenset({START_TIME, "start_id"}), _chat),
    Pagination.TIME: Paginator("per_page", frozenset({START_TIME}), _time),
    Pagination.CURSOR: Paginator("per_page", frozenset({START_TIME, CURSOR}), _cursor),
    Pagination.PAGES: Paginator("page[size]", frozenset({START_TIME, "page[after]"}), _pages),
    Pagination.ROUTING: Paginator(None, frozenset({CURSOR}), _routing),
}
