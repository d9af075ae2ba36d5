"""The Support incremental export API, as its document describes it and as recordings show it.

What was observed, not documented: the make of cursors, where time-based pages end,
StartTimeTooRecent, and how routing pages end.
"""

from __future__ import annotations

import json
import re
from base64 import b64decode, b64encode
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from itertools import islice, takewhile
from typing import Any, get_args
from uuid import UUID

from zd_assets.sandbox import derived, parameters
from zd_assets.sandbox.exports import SUPPORT_EXPORTS, Export, Kind, sortable
from zd_assets.sandbox.oauth import Tokens
from zd_assets.sandbox.page import Page, RefusedError
from zd_assets.sandbox.rawjson import elements, join_members, members
from zd_assets.sandbox.scope import in_scope
from zd_assets.sandbox.seeded.stream import Row
from zd_assets.sandbox.settings import Settings, resolved
from zd_assets.sandbox.store import Store
from zd_assets.sandbox.time_pages import take_overlapping, take_whole_seconds
from zd_assets.sandbox.timestamps import SECOND_US

BASE = "/api/v2/incremental"

MAX_PER_PAGE = 1000
MAX_PAGE_SIZE = 100
MAX_SAMPLE = 50
ROUTING_PAGE = 3000
_MOMENT = (1 << 51) - 1
_SERVED = (1 << 26) - 1
MAX_OVERFLOW = 1000
"""Items beyond `per_page` that a time-based page takes to keep its last second whole."""
SETTLED_AFTER_US = 60 * SECOND_US
"""`start_time` may not be younger than this."""

SAMPLE_LIMIT = (10, 20 * 60)
"""Requests for samples allowed in any so many seconds."""

KINDS: tuple[Kind, ...] = get_args(Kind)
_Place = tuple[int, str]
_WHOLE = re.compile(r"\.0+\Z")
_DEFAULTS = resolved(Settings())


@dataclass(frozen=True, slots=True)
class Request:
    """A request for a page, and what it is answered from."""

    store: Store
    export: Export
    query: Mapping[str, str]
    url: str
    """The address asked, without its query."""
    now_us: int
    settings: Settings = _DEFAULTS


def paths() -> Iterator[tuple[str, str, Kind]]:
    """Yield (path, export, kind of endpoint) of what there is."""
    for export in SUPPORT_EXPORTS.values():
        first, *further = export.kinds
        path = f"{BASE}/{export.path or export.name}"
        yield path, export.name, first
        for kind in further:
            if kind != "pages":
                yield f"{path}/{kind}", export.name, kind


def kind(path_kind: Kind, export: str, query: Mapping[str, str]) -> Kind:
    """Return the kind of endpoint that a request is for: pages share the path of another."""
    paged = any(name.startswith("page[") for name in query)
    return "pages" if paged and "pages" in SUPPORT_EXPORTS[export].kinds else path_kind


def authorize(headers: Mapping[str, str], settings: Settings, tokens: Tokens) -> None:
    """Refuse a request without an API token, an OAuth token or a client's access token."""
    login = f"{settings.email}/token:{settings.api_token}"
    known = (f"Basic {b64encode(login.encode()).decode()}", f"Bearer {settings.oauth_token}")
    given = headers.get("Authorization", "")
    if given not in known and not tokens.allow(given):
        raise RefusedError(401, "Couldn't authenticate you", "Send an API token or OAuth token.")


def serve(kind: Kind, asked: Request) -> Page:
    """Answer a request to an endpoint of a kind."""
    return _ENDPOINTS[kind](asked)


def write_cursor(place: _Place) -> str:
    """Return the cursor after an item, as recordings show it: base64 of `{epoch}.0||{id}|`."""
    time, id = place
    return b64encode(f"{time}.0||{id.lstrip('0') or 0}|".encode()).decode()


def read_cursor(text: str) -> _Place:
    """Return time and id of the item that a cursor comes after."""
    try:
        time, id = b64decode(text, validate=True).decode().removesuffix("|").split(".0||")
        return int(time), sortable(id)
    except ValueError as error:
        raise RefusedError(400, "InvalidCursor", f"not a cursor: {text}") from error


def shown(export: Export, body: bytes, include: str) -> bytes:
    """Return an item as `include` shows it: without it, comments are only mentioned."""
    if not export.comments or export.comments in include.split(",") or b'"Comment"' not in body:
        return body
    item = members(body)
    if (children := item.get("child_events", b"")).startswith(b"["):
        item["child_events"] = b"[" + b",".join(map(_mentioned, elements(children))) + b"]"
    return join_members(item)


def _time_based(asked: Request) -> Page:
    return _timed(asked, _size(asked, "per_page", MAX_PER_PAGE), MAX_OVERFLOW)


def _sample(asked: Request) -> Page:
    size = _size(asked, "per_page", MAX_PER_PAGE)
    return _timed(asked, min(size, MAX_SAMPLE), 0)


def _timed(asked: Request, size: int, overflow: int) -> Page:
    start = _start_time(asked)
    found = _scoped(asked, asked.store.rows(asked.export.name, start, asked.now_us))
    if asked.settings.overlap:
        cap = asked.settings.second_cap if overflow else size
        rows, end, last = take_overlapping(found, size, cap)
    else:
        rows, end, last = take_whole_seconds(found, size, overflow)

    def facts(end: int) -> dict[str, Any]:
        return {"end_time": end, "next_page": _onward(asked, start_time=str(end))}

    # The document's metric events have no `end_of_stream`.
    ending = {} if "pages" in asked.export.kinds else {"end_of_stream": last}
    moved = {"count": len(rows)} | ending | facts(start if end is None else end)
    return _page(asked, rows, moved, facts(start))


def _cursor_based(asked: Request) -> Page:
    size = _size(asked, "per_page", MAX_PER_PAGE)
    if text := asked.query.get("cursor"):
        start = read_cursor(text)
    else:
        # No item has an id of 0: those of `start_time` itself all come after it.
        start = _start_time(asked), sortable("0")
    rows = _scoped(asked, asked.store.rows_after(asked.export.name, *start, asked.now_us))
    page = list(islice(rows, size))

    def facts(place: _Place) -> dict[str, Any]:
        cursor = write_cursor(place)
        return {"after_cursor": cursor, "after_url": _onward(asked, cursor=cursor)}

    nothing_before = {"before_cursor": None, "before_url": None}
    moved = facts(_place(page[-1]) if page else start) | nothing_before
    return _page(asked, page, moved | {"end_of_stream": next(rows, None) is None}, facts(start))


def _paginated(asked: Request) -> Page:
    """Zendesk's general cursor pagination, which goes both ways."""
    name, query, now_us = asked.export.name, asked.query, asked.now_us
    size = _size(asked, "page[size]", MAX_PAGE_SIZE)
    start = _start_time(asked), sortable("0")
    after, before = query.get("page[after]"), query.get("page[before]")
    if before:
        end = read_cursor(before)
        rows = takewhile(lambda row: _place(row) < end, asked.store.rows(name, start[0], now_us))
        found = list(deque(rows, size + 1))
        page = found[-size:]
    else:
        place = read_cursor(after) if after else start
        found = list(islice(asked.store.rows_after(name, *place, now_us), size + 1))
        page = found[:size]
    more = len(found) > size

    def link(name: str, cursor: str | None) -> str | None:
        return _onward(asked, start_time=query["start_time"], **{name: cursor}) if cursor else None

    def facts(first: str | None, last: str | None, onward: bool, back: bool) -> dict[str, Any]:
        return {
            "meta": {"has_more": more, "after_cursor": last, "before_cursor": first},
            "links": {
                "next": link("page[after]", last) if onward else None,
                "prev": link("page[before]", first) if back else None,
            },
        }

    first, last = (write_cursor(_place(page[end])) if page else None for end in (0, -1))
    moved = facts(first, last, more or bool(before), more if before else bool(after))
    return _page(asked, page, moved, facts(None, after or write_cursor(start), True, False))


def _routing(asked: Request) -> Page:
    grouped = asked.export.grouped and asked.settings.grouped
    return _routing_grouped(asked) if grouped else _routing_by_time(asked)


def _routing_grouped(asked: Request) -> Page:
    # A cursor says after and until which moment its rows appeared, and how many were served.
    name, store, now_us = asked.export.name, asked.store, asked.now_us
    after_us, until_us, served = 0, store.moment_us(now_us), 0
    if text := asked.query.get("cursor"):
        packed = _packed(text)
        after_us, until_us = packed >> 77, packed >> 26 & _MOMENT
        served = packed & _SERVED
    known = after_us, until_us, served
    page = store.appeared(name, *known[:2], now_us)[served : served + ROUTING_PAGE]
    if not page:
        after_us, until_us, served = until_us, store.moment_us(now_us), 0
        page = store.appeared(name, after_us, until_us, now_us)[:ROUTING_PAGE]

    def facts(after_us: int, until_us: int, served: int) -> dict[str, Any]:
        cursor = str(UUID(int=after_us << 77 | until_us << 26 | served))
        last_us = max((row.time_us for row in page), default=until_us)
        return {"end_time": last_us // SECOND_US, "next_page": _onward(asked, cursor=cursor)}

    unmoved = facts(*known)
    moved = facts(after_us, until_us, served + len(page)) if page else unmoved
    return _page(asked, page, {"count": len(page)} | moved, unmoved)


def _packed(cursor: str) -> int:
    try:
        return UUID(cursor).int
    except ValueError as error:
        raise RefusedError(400, "InvalidCursor", f"not a cursor: {cursor}") from error


def _routing_by_time(asked: Request) -> Page:
    # A cursor says how many rows of its second were served already.
    time, served = 0, 0
    if text := asked.query.get("cursor"):
        time, served = divmod(_packed(text), 1 << 64)
    rows = asked.store.rows(asked.export.name, time, asked.now_us)
    page = list(islice(rows, served, served + ROUTING_PAGE))

    def facts(time: int, served: int) -> dict[str, Any]:
        cursor = str(UUID(int=(time << 64) + served))
        return {"end_time": time, "next_page": _onward(asked, cursor=cursor)}

    unmoved = facts(time, served)
    moved = unmoved
    if page:
        last = page[-1].time
        moved = facts(last, sum(row.time == last for row in page) + served * (last == time))
    return _page(asked, page, {"count": len(page)} | moved, unmoved)


_ENDPOINTS: dict[Kind, Callable[[Request], Page]] = {
    "time": _time_based,
    "cursor": _cursor_based,
    "pages": _paginated,
    "routing": _routing,
    "sample": _sample,
}


def _start_time(asked: Request) -> int:
    if not asked.query.get("start_time"):
        raise RefusedError(400, "InvalidStartTime", "start_time is required.")
    query = dict(asked.query)
    if asked.settings.lenient:
        query["start_time"] = _WHOLE.sub("", query["start_time"])
    start = parameters.integer(query, "start_time", 0)
    now_us = asked.now_us + round(asked.settings.clock_skew * SECOND_US)
    if start * SECOND_US > now_us - SETTLED_AFTER_US:
        raise RefusedError(
            asked.settings.too_recent_status,
            "StartTimeTooRecent",
            "Too recent start_time. Use one older than 60 seconds.",
        )
    return start


def _scoped(asked: Request, rows: Iterator[Row]) -> Iterator[Row]:
    scope = asked.query.get("support_type_scope") or "agent"
    return in_scope(rows, asked.store, asked.export, scope, asked.settings)


def _size(asked: Request, name: str, most: int) -> int:
    return parameters.size(asked.query, name, most, capped=bool(asked.settings.lenient))


def _onward(asked: Request, **place: str) -> str:
    kept = ("include", "include_changes", "per_page", "page[size]", "support_type_scope")
    query = {name: asked.query[name] for name in kept if asked.query.get(name)}
    # The document's addresses of further pages end so, however the first was asked for.
    return parameters.address(f"{asked.url.removesuffix('.json')}.json", query | place)


def _page(asked: Request, rows: list[Row], facts: dict[str, Any], unmoved: dict[str, Any]) -> Page:
    include = asked.query.get("include", "")
    whole = asked.store.bodies(asked.export.name, rows)
    name = asked.export.name
    items = [derived.inlined(name, shown(asked.export, body, include), include) for body in whole]
    beside = _beside(asked, whole, include) | derived.lists(name, whole, include)
    return Page(asked.export, items, whole, facts, unmoved, beside)


def _beside(asked: Request, whole: list[bytes], include: str) -> dict[str, list[bytes]]:
    """Return the sideloads: of what was asked for, those that the page's items refer to."""
    refers = asked.export.refers
    wanted = {name: refers[name] for name in include.split(",") if name in refers}
    parsed = [members(body) for body in whole] if wanted else []
    lists: dict[str, list[bytes]] = {}
    for name, attributes in wanted.items():
        ids = {id for item in parsed for attribute in attributes for id in _ids(item, attribute)}
        found = (asked.store.find(name, id, asked.now_us) for id in sorted(ids))
        lists[name] = [body for body in found if body is not None]
    return lists


def _ids(item: dict[str, bytes], attribute: str) -> list[str]:
    value = json.loads(item.get(attribute, b"null"))
    ids = value if isinstance(value, list) else [value]
    return [sortable(str(id)) for id in ids if isinstance(id, int)]


def _mentioned(child: bytes) -> bytes:
    comment = members(child) if child.startswith(b"{") else {}
    if "body" not in comment:
        return child
    kept = ("id", "via", "via_reference_id", "event_type")
    mention = {name: comment[name] for name in kept if name in comment}
    public = comment.get("public", b"false")
    return join_members(mention | {"comment_present": b"true", "comment_public": public})


def _place(row: Row) -> _Place:
    return row.time, row.id
