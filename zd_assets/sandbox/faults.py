"""Faults on request: what strikes when, and what it does to a page or its body.

How a fault breaks the connection itself is in `delivery`.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from random import Random
from typing import Any, Literal
from urllib.parse import urlsplit, urlunsplit

import msgspec

from zd_assets.sandbox.exports import place
from zd_assets.sandbox.fields import without
from zd_assets.sandbox.page import Page

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
]

FOREIGN_ORIGIN = "https://foreign.example"
_DEFAULT_PAGE_SIZE = 1000


class Fault(msgspec.Struct, forbid_unknown_fields=True, omit_defaults=True):
    """A fault that waits for its requests."""

    kind: Kind
    export: str | None = None
    """Only requests for this export; None: for any."""
    min_page_size: int | None = None
    """Only requests for pages larger than this (`limit`, `per_page`, `page[size]`)."""
    after: int = 0
    """Matching requests that still pass first."""
    times: int = 1
    """Requests it still strikes; -1: all."""
    status: int = 503
    """HTTP status of `status`."""
    retry_after: int | float | str | None = None
    """The Retry-After header of `status`: seconds or an HTTP date."""
    seconds: float = 2.0
    """How long `hang` is silent, or `slow` takes."""
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
        and (fault.min_page_size is None or size > fault.min_page_size)
    ]
    struck = next((fault for fault in matching if fault.after == 0), None)
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
}
