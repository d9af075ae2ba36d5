"""The Chat incremental export API, as its document describes it.

Section names in comments are those of the document.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

from zd_assets.sandbox import fields
from zd_assets.sandbox.exports import CHAT_EXPORTS, Export
from zd_assets.sandbox.page import Page, RefusedError
from zd_assets.sandbox.parameters import address, integer, size
from zd_assets.sandbox.seeded.stream import Row
from zd_assets.sandbox.store import Store
from zd_assets.sandbox.timestamps import SECOND_US

BASES = ("/api/v2/chat/incremental", "/api/v2/incremental")
"""Where the exports are: today's base, and the document's."""

MAX_LIMIT = 1000
SETTLED_AFTER_US = 300 * SECOND_US
"""`start_time` must be further in the past than this."""


@dataclass(frozen=True, slots=True)
class Query:
    """The parameters of one request ("Query string parameters")."""

    start_time: int
    start_id: str
    limit: int
    selection: fields.Selection


def authorize(headers: Mapping[str, str], token: str) -> None:
    """Refuse a request without the accepted access token."""
    scheme, _, given = headers.get("Authorization", "").partition(" ")
    if scheme != "Bearer" or not given:
        raise RefusedError(
            401, "unauthorized", "Send an access token: Authorization: Bearer <token>."
        )
    if given != token:
        raise RefusedError(403, "forbidden", "This access token isn't allowed to export.")


def serve(
    store: Store,
    name: str,
    query: Mapping[str, str],
    url: str,
    now_us: int,
    fullness: Literal["full", "documented"],
    skew_us: int = 0,
) -> Page:
    """Answer one request; `url` is the address asked, without its query.

    `skew_us`: by how much the clock that judges `start_time` is ahead.
    """
    export = CHAT_EXPORTS[name]
    asked = read(export, query, now_us + skew_us)
    rows = take(rows_after(store, export, asked, now_us), asked.limit, fullness)
    whole = store.bodies(name, rows)
    items = [fields.select(body, asked.selection) for body in whole] if asked.selection else whole
    unmoved = _facts(export, query, url, asked.start_time, asked.start_id)
    facts = _facts(export, query, url, rows[-1].time, rows[-1].id) if rows else unmoved
    return Page(export, items, whole, {"count": len(rows)} | facts, unmoved)


def read(export: Export, query: Mapping[str, str], now_us: int) -> Query:
    """Read and check the parameters; an empty one counts as not given, as in "Code Samples"."""
    limit = size(query, "limit", MAX_LIMIT)
    start_time = integer(query, "start_time", 0)
    # "Start time": more than five minutes in the past.
    if start_time * export.unit_us >= now_us - SETTLED_AFTER_US:
        raise RefusedError(
            400, "invalid_start_time", "start_time must be more than five minutes in the past."
        )
    selection: fields.Selection = {}
    if export.expands:
        selection = fields.DEFAULT
        if text := query.get("fields"):
            try:
                selection = fields.parse(text, export.name)
            except ValueError as error:
                raise RefusedError(400, "invalid_fields", f"{error}.") from error
    return Query(start_time, query.get("start_id", ""), limit, selection)


def rows_after(store: Store, export: Export, asked: Query, now_us: int) -> Iterator[Row]:
    """Yield the rows after a cursor: strictly with ids, from its microsecond on without."""
    if not export.has_ids:
        return store.rows(export.name, asked.start_time, now_us)
    return store.rows_after(export.name, asked.start_time, asked.start_id, now_us)


def take(rows: Iterator[Row], limit: int, fullness: Literal["full", "documented"]) -> list[Row]:
    """Take a page's rows ("Pagination and polling").

    `full`: as many as `limit`. `documented`: "If count is less than limit, more items are
    available", so a page is one short while more remain (a `limit` of 1 can't be).
    """
    page = list(islice(rows, limit + 1))
    if len(page) <= limit:
        return page
    return page[:limit] if fullness == "full" else page[: max(1, limit - 1)]


def _facts(
    export: Export, query: Mapping[str, str], url: str, end_time: int, end_id: str
) -> dict[str, Any]:
    parameters = {name: query[name] for name in ("fields", "limit") if query.get(name)}
    parameters["start_time"] = str(end_time)
    facts: dict[str, Any] = {"end_time": end_time}
    if export.has_ids:
        facts["end_id"] = end_id
        parameters["start_id"] = end_id
    return facts | {"next_page": address(url, parameters)}
