"""What a page says that can't be true after the one before it: never believed where that loses.

A page that contradicts itself alone is refused when it is read (see `page`).
"""

from collections.abc import Set
from dataclasses import dataclass

from zd_assets.catalog.export import Endpoint, Pagination
from zd_assets.zendesk.page import Cursor, Page
from zd_assets.zendesk.paginators import cursor_of, from_time, start_time_of


@dataclass(frozen=True)
class Doubt:
    """Why a page isn't believed at once; if `fatal`, not even when the server repeats it."""

    reason: str
    fatal: bool = True


def doubt(
    endpoint: Endpoint, url: str, page: Page, before: Cursor, after: Cursor, seen: Set[Cursor]
) -> Doubt | None:
    """Compare a page with the position before it; None where nothing speaks against it.

    `url` is what was asked for the page, `seen` are the positions of this walk until now.
    """
    if not page.count:
        return _doubt_empty(endpoint, page, before)
    if page.last:
        return None
    full = page.limit - endpoint.repeats_boundary
    if after == before:
        stuck = page.count >= full
        return Doubt(f"a full page of {page.count} items left the cursor") if stuck else None
    if after in seen:
        return Doubt("the cursor went back to where it was before")
    return _doubt_next(endpoint, url, page, before)


def next_url(endpoint: Endpoint, url: str, page: Page) -> str | None:
    """Return where a page's next one is, but never beyond the page's own `end_time`.

    `url` is what was asked for the page.
    """
    if page.next_url is None or page.position is None or not endpoint.names_end_time:
        return page.next_url
    start, end_time = start_time_of(page.next_url), page.position.end_time
    skips = page.count and start is not None and start > end_time
    return from_time(endpoint, url, end_time) if skips else page.next_url


def _doubt_empty(endpoint: Endpoint, page: Page, before: Cursor) -> Doubt | None:
    if endpoint.pagination is Pagination.ROUTING:
        moved = before.cursor is not None and cursor_of(page.next_url) not in (None, before.cursor)
        # An empty page is how such a stream ends, and it may have a cursor of its own.
        return Doubt("an empty page moved the cursor", fatal=False) if moved else None
    if page.last is False:
        return Doubt("an empty page says that there is more")
    if endpoint.names_end_time and page.position and page.position.end_time > before.end_time:
        return Doubt("an empty page moved the cursor", fatal=not page.last)
    return None


def _doubt_next(endpoint: Endpoint, url: str, page: Page, before: Cursor) -> Doubt | None:
    assert page.next_url is not None
    assert page.position is not None
    if page.next_url == url:
        return Doubt("a page names itself as the next one")
    if page.position.cursor and cursor_of(page.next_url) not in (None, page.position.cursor):
        return Doubt("the next page's address has another cursor than the page")
    start = start_time_of(page.next_url)
    if start is None or not endpoint.names_end_time:
        return None
    if start < before.end_time:
        return Doubt(f"the next page goes back to {start}")
    return None
