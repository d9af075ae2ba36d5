"""Where a walk begins: at a time, or where an earlier file says that it goes on."""

from zd_assets.extract.job import Job
from zd_assets.extract.plan import Stretch
from zd_assets.lake.footer import Footer
from zd_assets.zendesk.drain import Start
from zd_assets.zendesk.page import Position
from zd_assets.zendesk.pagination import asks_the_same, cursor_of, first_url, sized


def start(job: Job, stretch: Stretch) -> Start:
    """The first request of a stretch's walk, and the position that it asks from."""
    endpoint = job.endpoint
    # One unit earlier: strict and inclusive servers then look the same.
    from_us = stretch.from_us - endpoint.unit_us
    url = first_url(job.client.base_url, endpoint, from_us, job.page_size, job.query)
    before = stretch.targets[0].footer if stretch.resumes else None
    if not endpoint.has_start_time:
        return _go_on(job, url, before or _footer_before(job, stretch)) or Start(url, Position(0))
    return _go_on(job, url, before) or Start(url, Position(from_us // endpoint.unit_us))


def _go_on(job: Job, url: str, footer: Footer | None) -> Start | None:
    """Where a file says that the walk goes on, unless that asks for something else than `url`."""
    if not (footer and footer.resume_url and footer.last_page) or footer.resume_time is None:
        return None
    resume_url, last = footer.resume_url, footer.last_page
    if not asks_the_same(job.endpoint, resume_url, url):
        return None
    resume_url = sized(job.endpoint, resume_url, job.page_size)
    if job.endpoint.has_start_time:
        return Start(resume_url, Position(footer.resume_time, last.end_id, last.cursor))
    # It may ask for the last page again.
    return Start(resume_url, Position(footer.resume_time, cursor=cursor_of(resume_url)))


def _footer_before(job: Job, stretch: Stretch) -> Footer | None:
    """The newest earlier file that keeps a cursor."""
    footers = job.lake.footers_before(job.export, stretch.partitions[0])
    return next((footer for footer in footers if footer.resume_url), None)
