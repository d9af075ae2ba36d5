"""Where a walk begins: at a time, or where an earlier file says that it goes on."""

from collections.abc import Iterator

from zd_assets.catalog.export import Endpoint
from zd_assets.extract.job import Job
from zd_assets.extract.plan import Segment
from zd_assets.lake.footer import Footer
from zd_assets.lake.partition import partition_at
from zd_assets.zendesk.iter_pages import Start, StopReason
from zd_assets.zendesk.page import Cursor
from zd_assets.zendesk.paginators import asks_the_same, cursor_of, first_url, sized


def starts(job: Job, segment: Segment, from_us: int) -> Iterator[Start]:
    """Yield where a segment's walk from a time (microseconds) on can begin, the cheapest first.

    With a `start_time`: the server's own `next_page`, if the run before ended by itself while
    there was more; else a time. Without one: the kept cursors, the newest first; at last the
    beginning of the stream. Each is the way back from the one before, should that be refused.
    """
    if job.endpoint.has_start_time:
        first = segment.targets[0].footer
        if segment.resumes and first and (was_under_way(first) or _was_quiet(job, first)):
            yield from _kept(job, first)
        yield at_time(job, from_us)
        return
    for footer in _footers_with_cursors(job, segment):
        yield from _kept(job, footer)
    yield Start(_url(job, job.endpoint, 0), Cursor(0))


def from_us(job: Job, segment: Segment) -> int:
    """From when on a segment is asked for, in microseconds.

    That is before its window where an earlier run read what can still be joined by late items.
    Without a `start_time`, it is where the window begins.
    """
    first = segment.targets[0]
    if not job.endpoint.has_start_time:
        return first.partition.start_us
    if segment.resumes and first.footer:
        before: Footer | None = first.footer
    else:
        partition = partition_at(first.partition.start_us - 1, hourly=first.partition.hourly)
        before = job.lake.footer(job.export, partition)
    look_again_us = before.look_again_us if before else None
    return segment.from_us if look_again_us is None else min(segment.from_us, look_again_us)


def at_time(job: Job, time_us: int, endpoint: Endpoint | None = None) -> Start:
    """Return a start at a time, in microseconds, by any of the export's endpoints."""
    endpoint = endpoint or job.endpoint
    # One unit earlier: strict and inclusive servers then look the same.
    earlier_us = time_us - endpoint.unit_us
    return Start(_url(job, endpoint, earlier_us), Cursor(earlier_us // endpoint.unit_us))


def was_under_way(footer: Footer) -> bool:
    """Return whether the run before ended although the server may have had more."""
    last = footer.last_page
    return last is not None and last.stop_reason in (StopReason.PAGES_SPENT, StopReason.WAIT)


def _was_quiet(job: Job, footer: Footer) -> bool:
    """Return whether the last item is so old that none can be late before it."""
    last, again_us = footer.last_page, footer.look_again_us
    if last is None or last.stop_reason != StopReason.CAUGHT_UP:
        return False
    return again_us is None or last.end_time * job.endpoint.unit_us < again_us


def _url(job: Job, endpoint: Endpoint, start_us: int) -> str:
    size = job.page_size(endpoint)
    return first_url(job.client.base_url, endpoint, start_us, size, job.query)


def _kept(job: Job, footer: Footer) -> Iterator[Start]:
    """Yield where a file says to go on, unless that asks for something else than we do."""
    if not (footer.resume_url and footer.last_page) or footer.resume_time is None:
        return
    resume_url, last = footer.resume_url, footer.last_page
    if not asks_the_same(job.endpoint, resume_url, _url(job, job.endpoint, 0)):
        return
    resume_url = sized(job.endpoint, resume_url, job.page_size(job.endpoint))
    if job.endpoint.has_start_time:
        yield Start(resume_url, Cursor(footer.resume_time, last.end_id, last.cursor))
    else:
        # It may ask for the last page again.
        yield Start(resume_url, Cursor(footer.resume_time, cursor=cursor_of(resume_url)))


def _footers_with_cursors(job: Job, segment: Segment) -> Iterator[Footer]:
    """Yield the segment's own file if it is resumed, then earlier ones with older cursors."""
    first = segment.targets[0]
    if segment.resumes and first.footer:
        yield first.footer
    for footer in job.lake.footers_before(job.export, first.partition):
        # By arrival, what had arrived before a cursor was given isn't sent after it.
        read_us = footer.read_at_us if job.endpoint.by_arrival else footer.end_us
        if footer.resume_url and read_us is not None and read_us <= first.partition.start_us:
            yield footer
