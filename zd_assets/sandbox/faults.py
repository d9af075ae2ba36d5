"""Faults on request: what strikes when, and what it does to a page or its body.

How a fault breaks the connection itself is in `delivery`.
"""

from __future__ import annotations

import dataclasses
from base64 import b64decode, b64encode
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Literal
from urllib.parse import parse_qsl, urlencode, urlsplit, urlunsplit

import msgspec

from zd_assets.sandbox.exports import place
from zd_assets.sandbox.fields import without
from zd_assets.sandbox.page import Page
from zd_assets.sandbox.seeded.hashing import mix
from zd_assets.sandbox.timestamps import SECOND_US

Kind = Literal[
    "status",
    "redirect",
    "html",
    "invalid_json",
    "invalid_utf8",
    "reset",
    "cut",
    "hang",
    "slow",
    "foreign_next_page",
    "stuck",
    "no_count",
    "no_next_page",
    "no_end_time",
    "unordered",
    "no_id",
    "no_time",
    "drip",
    "drip_head",
    "null_next_page",
    "empty",
    "miscount",
    "same_next_page",
    "backward",
]

FOREIGN_ORIGIN = "https://foreign.example"
_DEFAULT_PAGE_SIZE = 1000
_CURSORS = ("cursor", "start_id", "page[after]")
_ONWARD = ("next_page", "after_url")
_BACK_S = 3600


class Fault(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A fault that waits for its requests."""

    kind: Kind
    export: str | None = None
    """Only requests for this export; None: for any."""
    min_page_size: int | None = None
    """Only requests for pages larger than this (`limit`, `per_page`, `page[size]`)."""
    on_cursor: bool = False
    """Only requests that carry a cursor (`cursor`, `start_id`, `page[after]`)."""
    rate: float = 1.0
    """Share of the matching requests that it strikes, by a seeded lot."""
    after: int = 0
    """Matching requests that still pass first."""
    times: int = 1
    """Requests it still strikes; -1: all."""
    status: int = 503
    """HTTP status of `status`."""
    retry_after: int | float | str | None = None
    """The Retry-After header of `status`: seconds or an HTTP date."""
    error: str = "fault"
    """What the body of `status` says, as an error's name."""
    message: str = "As requested."
    """What the body of `status` says in words."""
    as_html: bool = False
    """Whether `status` has a body of HTML, as a proxy's."""
    seconds: float = 2.0
    """How long `hang` is silent, or `slow` takes, or a drip waits after each byte."""
    asked: int = 0
    """Matching requests so far, by which lots are drawn."""
    url: str | None = None
    """Where `redirect` leads; whose host `foreign_next_page` names."""


def read(body: bytes) -> list[Fault]:
    """Read a JSON list of faults; ValueError says what is wrong."""
    return msgspec.json.decode(body, type=list[Fault])


def due(faults: list[Fault], export: str, query: Mapping[str, str]) -> Fault | None:
    """Count a request against the faults, and take the one that strikes it (the first due)."""
    size = _page_size(query)
    matching = [
        fault
        for fault in faults
        if fault.export in (None, export)
        and not (fault.on_cursor and not any(query.get(name) for name in _CURSORS))
        and (fault.min_page_size is None or size > fault.min_page_size)
    ]
    struck = next((fault for fault in matching if fault.after == 0 and _by_lot(fault)), None)
    for fault in matching:
        fault.after = max(0, fault.after - 1)
    if struck is not None and struck.times > 0:
        struck.times -= 1
        if struck.times == 0:
            faults.remove(struck)
    return struck


def change_page(page: Page, fault: Fault) -> None:
    """Do to a page what the fault's kind does, if it is about pages."""
    if change := _PAGE_CHANGES.get(fault.kind):
        change(page, fault)


def change_body(body: bytes, fault: Fault) -> bytes:
    """Do to an encoded page what the fault's kind does, if it is about bodies."""
    if fault.kind == "invalid_json":
        return body[: len(body) // 2]
    if fault.kind == "invalid_utf8":
        # Inside the first text: lone continuation bytes.
        return body.replace(b'":"', b'":"\xff\x80', 1)
    return body


def _by_lot(fault: Fault) -> bool:
    fault.asked += 1
    return fault.rate >= 1 or mix(0, fault.asked) < fault.rate * (1 << 64)


def _page_size(query: Mapping[str, str]) -> int:
    asked = (query.get(name, "") for name in ("limit", "per_page", "page[size]"))
    return next((int(text) for text in asked if text.isdecimal()), _DEFAULT_PAGE_SIZE)


def _foreign_next_page(page: Page, fault: Fault) -> None:
    origin = urlsplit(fault.url or FOREIGN_ORIGIN)
    links = page.facts.get("links", {})
    for facts, name in ((page.facts, "next_page"), (page.facts, "after_url"), (links, "next")):
        if address := facts.get(name):
            own = urlsplit(address)
            facts[name] = urlunsplit(own._replace(scheme=origin.scheme, netloc=origin.netloc))


def _stuck(page: Page, fault: Fault) -> None:
    page.facts |= page.unmoved


def _unordered(page: Page, fault: Fault) -> None:
    order = list(range(len(page.items)))
    Random(len(order)).shuffle(order)
    if order == sorted(order):
        order.reverse()
    page.items = [page.items[index] for index in order]
    page.whole = [page.whole[index] for index in order]
    if not order:
        return
    export = page.export
    # The document's chats example ends at the last chat's `timestamp`, not its update.
    if not export.lasts:
        export = dataclasses.replace(export, time_attribute="timestamp")
    try:
        end_us, end_id = place(export, page.whole[-1])
    except ValueError:
        return
    end = {"end_time": end_us // export.unit_us, "end_id": end_id}
    page.facts |= {name: end[name] for name in end.keys() & page.facts.keys()}


def _null_next_page(page: Page, fault: Fault) -> None:
    page.facts |= {name: None for name in _ONWARD if name in page.facts}
    if "links" in page.facts:
        page.facts["links"] = page.facts["links"] | {"next": None}
    if "end_of_stream" in page.facts:
        page.facts["end_of_stream"] = False


def _empty(page: Page, fault: Fault) -> None:
    page.items, page.whole, page.beside = [], [], {}
    if "count" in page.facts:
        page.facts["count"] = 0
    if "end_of_stream" in page.facts:
        page.facts["end_of_stream"] = False


def _miscount(page: Page, fault: Fault) -> None:
    if "count" in page.facts:
        page.facts["count"] += 1


def _same_next_page(page: Page, fault: Fault) -> None:
    page.facts |= {name: page.unmoved[name] for name in (*_ONWARD, "links") if name in page.unmoved}


def _backward(page: Page, fault: Fault) -> None:
    """Lead an hour back from where the page was asked; a routing cursor, to the beginning."""
    _same_next_page(page, fault)
    links = page.facts.get("links", {})
    for facts, name in ((page.facts, "next_page"), (page.facts, "after_url"), (links, "next")):
        if address := facts.get(name):
            parts = urlsplit(address)
            query = dict(parse_qsl(parts.query))
            back = _BACK_S * SECOND_US // page.export.unit_us
            if "start_time" in query:
                query["start_time"] = str(max(0, int(query["start_time"]) - back))
            for cursor in query.keys() & {"cursor", "page[after]"}:
                query[cursor] = _earlier(query[cursor], back)
            facts[name] = urlunsplit(parts._replace(query=urlencode(query)))


def _earlier(cursor: str, back: int) -> str:
    try:
        time, rest = b64decode(cursor, validate=True).decode().split(".", 1)
    except ValueError:
        return ""
    return b64encode(f"{max(0, int(time) - back)}.{rest}".encode()).decode()


def _drop_facts(*names: str) -> Callable[[Page, Fault], Any]:
    return lambda page, fault: [page.facts.pop(name, None) for name in names]


def _no_id(page: Page, fault: Fault) -> None:
    _strip(page, "id")


def _no_time(page: Page, fault: Fault) -> None:
    _strip(page, page.export.time_attribute)


def _strip(page: Page, attribute: str) -> None:
    if page.items:
        middle = len(page.items) // 2
        page.items = list(page.items)
        page.items[middle] = without(page.items[middle], attribute)


_PAGE_CHANGES: dict[str, Callable[[Page, Fault], Any]] = {
    "foreign_next_page": _foreign_next_page,
    "stuck": _stuck,
    "unordered": _unordered,
    "no_count": _drop_facts("count"),
    "no_next_page": _drop_facts("next_page", "after_url", "after_cursor", "links", "meta"),
    "no_end_time": _drop_facts("end_time"),
    "no_id": _no_id,
    "no_time": _no_time,
    "null_next_page": _null_next_page,
    "empty": _empty,
    "miscount": _miscount,
    "same_next_page": _same_next_page,
    "backward": _backward,
}
