"""Following an export's pages from a start until nothing more can, or may, be asked for."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from enum import StrEnum

from zd_assets.catalog.export import Endpoint, Export
from zd_assets.zendesk.doubt import Doubt, doubt, next_url
from zd_assets.zendesk.errors import CrowdedError, StuckCursorError
from zd_assets.zendesk.follow_up import FollowUp, Policy, follow_up
from zd_assets.zendesk.page import Cursor, Page, is_of_one_unit
from zd_assets.zendesk.page_growth import PageGrowth
from zd_assets.zendesk.paginators import from_time, page_size, sized

# How often a page that can't be true is asked for before the server's word counts as final.
_TIMES = 3


class StopReason(StrEnum):
    """Why no further page was asked for."""

    REACHED = "reached the end of the window"
    HORIZON = "reached the settled horizon: what is younger can still change"
    CAUGHT_UP = "caught up: the server has no more items"
    WAIT = "the follow-up rule says to wait for the polling interval"
    PAGES_SPENT = "spent the run's own page budget: to be followed up at once"


@dataclass(frozen=True)
class Start:
    """Where to begin: the first URL, and the position that the URL asks from."""

    url: str
    position: Cursor


@dataclass(frozen=True)
class PageResult:
    """One page on the way, what was asked for it, the position before it, and what follows.

    `horizon_us` is the settled horizon when the page was asked for; `stop_reason` is None while
    pages go on. `skipped` is the time, in the endpoint's unit, of which the server gives no
    more than this page, so that the next one is asked for after it.
    """

    endpoint: Endpoint
    url: str
    page: Page
    before: Cursor
    after: Cursor
    horizon_us: int
    follow_up: FollowUp
    stop_reason: StopReason | None
    skipped: int | None = None


def iter_pages(
    export: Export,
    endpoint: Endpoint,
    start: Start,
    until_us: int,
    policy: Policy,
    ask: Callable[[str], Page],
    may_ask: Callable[[], bool],
) -> Iterator[PageResult]:
    """Walk from `start` until the server's position has passed `until_us` (microseconds).

    Ends earlier at the settled horizon, when the server has nothing more, when the follow-up
    rule says wait, or when `may_ask` grants no further page. The next page is asked for only
    when the caller asks for the next step. A page that had to be made smaller is followed by
    larger ones again.

    A page that contradicts the one before it is asked for again, twice at most.

    Raises:
        StuckCursorError: it still does; what it says isn't followed.
        CrowdedError: a single second holds more than a page, and the export has another endpoint
            that can tell its items apart. (Without one, the walk goes on after the second.)
    """
    url, before = start.url, start.position
    growth = PageGrowth(page_size(endpoint, url))
    seen = {before}
    previous: Page | None = None
    if not may_ask():
        return
    while True:
        for _ in range(_TIMES):
            page = ask(url)
            after = _after(endpoint, page, before)
            doubted = doubt(endpoint, url, page, before, after, seen)
            if doubted is None:
                page = replace(page, next_url=next_url(endpoint, url, page))
                break
        skipped = None
        if doubted and doubted.fatal:
            if not _is_crowded(export, endpoint, page, before, after):
                raise _stuck(export, doubted, after)
            if page_size(endpoint, url) < endpoint.page_size:
                url = sized(endpoint, url, endpoint.page_size)
                continue
            if export.precise_endpoint:
                raise CrowdedError(str(_stuck(export, doubted, after)), after.end_time)
            skipped, after = after.end_time, replace(after, end_time=after.end_time + 1)
            page = replace(page, next_url=from_time(endpoint, url, after.end_time))
        seen.add(after)
        repeats = _repeats(endpoint, page, previous)
        rule = follow_up(
            policy,
            count=page.count,
            limit=page.limit,
            moved=after != before,
            last=page.last,
            repeats=repeats,
        )
        horizon_us = _horizon_us(export, endpoint, page)
        stop_reason = _stop_reason(
            endpoint, page, before, after, until_us, horizon_us, rule, repeats
        )
        if stop_reason is None and not may_ask():
            stop_reason = StopReason.PAGES_SPENT
        yield PageResult(endpoint, url, page, before, after, horizon_us, rule, stop_reason, skipped)
        if stop_reason is not None or page.next_url is None:
            return
        size = growth.next(page_size(endpoint, url), page.limit)
        url, before, previous = sized(endpoint, page.next_url, size), after, page


def _after(endpoint: Endpoint, page: Page, before: Cursor) -> Cursor:
    if page.position is None or not page.count:
        return before  # An empty page proves nothing beyond.
    if page.position.cursor is not None and page.position.cursor == before.cursor:
        return before  # Whatever its items say: the same page would come again.
    if page.position.cursor is None and endpoint.names_end_time:
        return page.position
    # The cursor decides; its time is read from items, which may be out of order, or none.
    return replace(page.position, end_time=max(page.position.end_time, before.end_time))


def _repeats(endpoint: Endpoint, page: Page, previous: Page | None) -> bool:
    """Return whether a page has room left, and yet nothing but the boundary of the one before.

    Of a single second that is held whole, the page's `end_time` is the second after it: so its
    position moves.
    """
    if previous is None or not endpoint.repeats_boundary or page.count >= page.limit:
        return False
    return set(page.items) <= set(previous.items)


def _is_crowded(
    export: Export, endpoint: Endpoint, page: Page, before: Cursor, after: Cursor
) -> bool:
    """Return whether a page doesn't move since it is full of items of a single time."""
    if after != before or not endpoint.names_end_time or not endpoint.repeats_boundary:
        return False
    return is_of_one_unit(export, endpoint, page.items, before.end_time)


def _horizon_us(export: Export, endpoint: Endpoint, page: Page) -> int:
    unit_us = endpoint.unit_us
    return int((page.asked_at_s - export.settle_s) * 1_000_000) // unit_us * unit_us


def _stop_reason(
    endpoint: Endpoint,
    page: Page,
    before: Cursor,
    after: Cursor,
    until_us: int,
    horizon_us: int,
    rule: FollowUp,
    repeats: bool,
) -> StopReason | None:
    after_us = after.end_time * endpoint.unit_us
    # Only the end of a stream in the order of arrival proves a window.
    if page.count and not endpoint.by_arrival and after_us >= min(until_us, horizon_us):
        return StopReason.REACHED if until_us <= horizon_us else StopReason.HORIZON
    # Where the boundary comes again, a page that brings nothing else is the last.
    nothing_new = page.count == 0 or (after == before and endpoint.repeats_boundary) or repeats
    if nothing_new if page.last is None else page.last:
        return StopReason.CAUGHT_UP
    return None if rule.now else StopReason.WAIT


def _stuck(export: Export, doubted: Doubt, after: Cursor) -> StuckCursorError:
    return StuckCursorError(
        f"{export.name}: {doubted.reason}, at end_time {after.end_time}, {_TIMES} times; it isn't "
        "followed, since items would be lost or come for ever. Raise page_size if it is below its "
        "maximum, else report it to Zendesk."
    )
