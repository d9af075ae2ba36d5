"""What the proxy does to answers: breaks on the way, refusals, and pages that lie.

No lie here is one that nobody could notice: a page that contradicts neither itself nor the
request can only be believed.
"""

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from zd_assets.sandbox.rawjson import elements, join_members, members

#: Statuses that pass by themselves, and those that don't.
PASSING = (408, 409, 429, 500, 502, 503, 504, *range(520, 528), 530, 599)
REFUSING = (400, 403, 404, 410, 422)

#: Breaks of the connection or of the body's encoding.
BREAKS = ("reset", "cut", "silence", "drip", "html", "half json", "no utf-8", "empty", "no gzip")


@dataclass(frozen=True)
class Asked:
    """A request, as far as a lie depends on it."""

    url: str
    list_name: str
    random: random.Random


@dataclass
class Page:
    """A page taken apart; every value is JSON to the byte."""

    parts: dict[str, bytes]
    items: list[bytes] = field(default_factory=list)

    def encode(self, list_name: str) -> bytes:
        """As JSON again."""
        return join_members(self.parts | {list_name: b"[" + b",".join(self.items) + b"]"})


Lie = Callable[[Page, Asked], None]


def lie(name: str, body: bytes, asked: Asked) -> bytes | None:
    """The body with one lie in it; None where this page can't tell it."""
    page = Page(members(body))
    page.items = elements(page.parts[asked.list_name])
    before = page.encode(asked.list_name)
    if name == "no list":
        del page.parts[asked.list_name]
        return join_members(page.parts)
    if name == "null list":
        return join_members(page.parts | {asked.list_name: b"null"})
    LIES[name](page, asked)
    after = page.encode(asked.list_name)
    return None if after == before else after


def _next_name(page: Page) -> str | None:
    return next((name for name in ("next_page", "after_url") if name in page.parts), None)


def _set_next(page: Page, url: str | None) -> None:
    if name := _next_name(page):
        page.parts[name] = msgspec.json.encode(url)


def _ended_early(page: Page, asked: Asked) -> None:
    if page.parts.get("end_of_stream") == b"false":
        _set_next(page, None)


def _no_next(page: Page, asked: Asked) -> None:
    if page.parts.get("end_of_stream") != b"true":
        for name in ("next_page", "after_url", "after_cursor", "links"):
            page.parts.pop(name, None)


def _names_itself(page: Page, asked: Asked) -> None:
    if page.items:
        _set_next(page, asked.url)


def _goes_back(page: Page, asked: Asked) -> None:
    parts = urlsplit(asked.url)
    query = dict(parse_qsl(parts.query))
    if page.items and query.get("start_time", "").isdecimal():
        start = int(query["start_time"])
        query["start_time"] = str(start - start // 1_000_000)
        _set_next(page, urlunsplit(parts._replace(query=urlencode(query))))


def _foreign(page: Page, asked: Asked) -> None:
    if name := _next_name(page):
        url = msgspec.json.decode(page.parts[name])
        if url:
            _set_next(page, urlunsplit(urlsplit(url)._replace(netloc="foreign.example")))


def _wrong_count(page: Page, asked: Asked) -> None:
    if "count" in page.parts:
        page.parts["count"] = str(len(page.items) + asked.random.randint(1, 5)).encode()


def _count_of_none(page: Page, asked: Asked) -> None:
    if page.items and "count" in page.parts:
        page.parts["count"] = b"0"


def _items_gone(page: Page, asked: Asked) -> None:
    if "count" in page.parts:
        page.items = []


def _no_end_time(page: Page, asked: Asked) -> None:
    if page.items:
        page.parts.pop("end_time", None)


def _shuffled(page: Page, asked: Asked) -> None:
    asked.random.shuffle(page.items)


def _twice(page: Page, asked: Asked) -> None:
    if page.items:
        page.items.insert(0, asked.random.choice(page.items))
        if "count" in page.parts:
            page.parts["count"] = str(len(page.items)).encode()


LIES: dict[str, Lie] = {
    "more, but no next": _ended_early,
    "next left out": _no_next,
    "next is itself": _names_itself,
    "next goes back": _goes_back,
    "next is foreign": _foreign,
    "another count": _wrong_count,
    "a count of 0": _count_of_none,
    "items left out": _items_gone,
    "no end_time": _no_end_time,
    "items shuffled": _shuffled,
    "an item twice": _twice,
    "no list": lambda page, asked: None,
    "null list": lambda page, asked: None,
}
