"""The pages of a segment, also past what the server refuses: by the next way back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TypeVar

from zd_assets.catalog.export import Endpoint
from zd_assets.extract.events import Notice
from zd_assets.extract.job import Job
from zd_assets.extract.plan import Segment
from zd_assets.extract.start import at_time, starts
from zd_assets.lake.partition import Partition
from zd_assets.zendesk.errors import (
    CrowdedError,
    RefusedError,
    StartTimeTooRecentError,
    StuckCursorError,
)
from zd_assets.zendesk.iter_pages import PageResult, Start, StopReason, iter_pages
from zd_assets.zendesk.page import Cursor, Page, read_page
from zd_assets.zendesk.paginators import asking_for, smaller

T = TypeVar("T")

_REFUSING_A_CURSOR = {400, 404, 410, 422}
_FURTHER_US = 60_000_000
_MOST_REFUSALS = 5


def pages(job: Job, segment: Segment, from_us: int) -> Iterator[PageResult]:
    """Yield the pages from `from_us` (microseconds) on, or from where a file says.

    Raises:
        ZendeskError: there is no way back, or it fails as well.
    """
    ways, endpoint, refusals = starts(job, segment, from_us), job.endpoint, 0
    begin = next(ways)
    while True:
        position = begin.position
        try:
            for step in iter_pages(
                job.export,
                endpoint,
                begin,
                segment.until_us,
                job.options.policy,
                partial(_ask, job, endpoint),
                job.page_budget.take,
            ):
                position = step.after
                yield step
            return
        except (RefusedError, StuckCursorError) as error:
            again: Start | None
            if isinstance(error, StartTimeTooRecentError):
                refusals += 1
                again = _from_further_back(job, endpoint, error, begin, refusals)
            elif isinstance(error, CrowdedError) and job.export.precise_endpoint:
                again_us, endpoint = error.time * endpoint.unit_us, job.export.precise_endpoint
                again = at_time(job, again_us, endpoint)
            elif isinstance(error, RefusedError) and error.status not in _REFUSING_A_CURSOR:
                again = None
            elif not endpoint.has_start_time:
                again = next(ways, None)
            else:
                again = _from_time(job, endpoint, begin, position, from_us)
            if again is None:
                raise
            job.emit(Notice(f"{error} Asking again from {_where(again)}."))
            begin = again


def one_ahead(steps: Iterator[T]) -> Iterator[T]:
    """Yield the same steps, each begun while the one before it is worked on."""
    with ThreadPoolExecutor(1, thread_name_prefix="page") as pool:
        coming = pool.submit(next, steps, None)
        while (step := coming.result()) is not None:
            coming = pool.submit(next, steps, None)
            yield step


def resume_from(step: PageResult, partition: Partition, complete: bool) -> tuple[str | None, int]:
    """Return where to go on after a partition is committed up to this page.

    That is a URL, None where a later run begins at a time, and the `end_time` that it asks from,
    in the endpoint's unit.
    """
    page, endpoint, after = step.page, step.endpoint, step.after.end_time
    if endpoint.has_start_time:
        if complete or step.stop_reason is StopReason.HORIZON:
            return None, 0
        # An empty page proves nothing beyond.
        return (page.next_url, after) if page.count else (step.url, step.before.end_time)
    # Where rows beyond what is committed are on this very page, it has to be asked for again.
    beyond = after * endpoint.unit_us >= min(partition.end_us, step.horizon_us)
    again = (beyond and not endpoint.by_arrival) or not page.count
    if again or page.next_url is None:
        return step.url, step.before.end_time
    return page.next_url, after


def _ask(job: Job, endpoint: Endpoint, url: str) -> Page:
    sideloads = [sideload.name for sideload in job.sideloads]
    return job.client.get(
        asking_for(url, job.query),
        lambda body: read_page(job.export, endpoint, body, sideloads),
        stop=job.stop,
        notice=lambda message: job.emit(Notice(message)),
        lighter=lambda url: smaller(endpoint, url),
    )


def _from_time(
    job: Job, endpoint: Endpoint, begin: Start, position: Cursor, from_us: int
) -> Start | None:
    """From the time that was reached; None where it was asked from a time already."""
    if position == begin.position and position.cursor is None and position.end_id is None:
        return None
    return at_time(job, max(position.end_time * endpoint.unit_us, from_us), endpoint)


def _from_further_back(
    job: Job, endpoint: Endpoint, error: StartTimeTooRecentError, begin: Start, refusals: int
) -> Start | None:
    """Return a minute beyond what the server's clock lets be asked for, and further each time."""
    if refusals > _MOST_REFUSALS:
        return None
    start_us = begin.position.end_time * endpoint.unit_us
    if error.server_now_s is not None:
        newest_us = int((error.server_now_s - job.export.settle_s) * 1_000_000)
        start_us = min(start_us, newest_us)
    return at_time(job, start_us - _FURTHER_US * 4 ** (refusals - 1), endpoint)


def _where(start: Start) -> str:
    if start.position.cursor:
        return "an earlier cursor"
    return f"start_time {start.position.end_time}" if start.position.end_time else "the beginning"
