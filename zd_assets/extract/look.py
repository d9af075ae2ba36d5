"""Looking at the page that a run would ask next, to know whether a run is worth its while."""

import threading
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
import pyarrow as pa

from zd_assets.catalog.export import Export
from zd_assets.extract.job import Job, make_job
from zd_assets.extract.options import Options
from zd_assets.extract.plan import Segment, Target, is_resumable
from zd_assets.extract.rows import rows_of
from zd_assets.extract.start import from_us, starts
from zd_assets.lake.known import lacks
from zd_assets.lake.lake import Lake
from zd_assets.lake.partition import partition_at
from zd_assets.lake.state import PartitionState
from zd_assets.schema.keys import has_keys, item_times_us
from zd_assets.zendesk.client import Client
from zd_assets.zendesk.errors import RefusedError, StuckCursorError
from zd_assets.zendesk.iter_pages import PageResult, Start, StopReason, iter_pages
from zd_assets.zendesk.page import Page, read_page
from zd_assets.zendesk.paginators import asking_for

_DEADLINE_S = 5.0
# The second one only where the first says that there may be more, and brings nothing new.
_MOST_PAGES = 2
_MOST_PARTITIONS = 8
_NOT_FOUND = 404


@dataclass(frozen=True)
class Look:
    """What a look found: the row of the follow-up rule, and the news in words, empty if none."""

    row: str
    news: str


def look(
    export: Export,
    states: Sequence[PartitionState],
    client: Client,
    lake: Lake,
    options: Options,
    *,
    since_us: int = 0,
) -> Look:
    """Ask the page that a run over these contiguous partitions would ask; nothing is written.

    It is one request, and a second one where a page that brings nothing new has a next page at
    once. Neither is retried, and both have a deadline of a few seconds. `since_us` (microseconds)
    is where to ask from if that is later: before it, an earlier look has seen all that there is.
    What only a run can settle, such as a cursor that the server refuses, counts as news.

    Raises:
        AuthenticationError: 401 or 403.
        RefusedError: 404, unless a run has a way back.
        ZendeskError: the page can't be had now.
        LakeError: a file can't be read.
    """
    client = replace(client, attempts=1, answer_deadline_s=_DEADLINE_S)
    job = make_job(export, client, lake, replace(options, max_pages=_MOST_PAGES))
    first = states[0].footer
    resumes = first is not None and is_resumable(export, first, job.parameters)
    if first and first.last_page and not resumes:
        return Look("", "what the lake has was fetched with other settings")
    targets = tuple(Target(state.partition, state.footer) for state in states)
    segment = Segment(targets, resumes)
    begin = next(starts(job, segment, max(from_us(job, segment), since_us)))
    # A budget that another one emptied in this instant isn't waited for, either.
    late = threading.Timer(_DEADLINE_S, job.stop.set)
    late.start()
    try:
        return _look(job, segment, begin)
    except StuckCursorError as error:
        return Look("", str(error))
    except RefusedError as error:
        from_time = begin.position.cursor is None and begin.position.end_id is None
        if error.status == _NOT_FOUND and from_time:
            raise
        return Look("", str(error))
    finally:
        late.cancel()


def _look(job: Job, segment: Segment, begin: Start) -> Look:
    asked: set[str] = set()

    def ask(url: str) -> Page:
        if url in asked:  # The first answer was doubtful.
            raise StuckCursorError(f"{job.export.name}: a page contradicts the one before it")
        asked.add(url)
        sideloads = [sideload.name for sideload in job.sideloads]
        return job.client.get(
            asking_for(url, job.query),
            lambda body: read_page(job.export, job.endpoint, body, sideloads),
            stop=job.stop,
        )

    row = ""
    until_us = segment.until_us
    for step in iter_pages(
        job.export, job.endpoint, begin, until_us, job.options.policy, ask, job.page_budget.take
    ):
        row = f"{step.follow_up.row} under the policy {job.options.policy}"
        if news := _news(job, segment, step):
            return Look(row, news)
        if step.stop_reason is StopReason.PAGES_SPENT:
            return Look(row, "the API has more pages at once")
    return Look(row, "")


def _news(job: Job, segment: Segment, step: PageResult) -> str:
    """Return what is settled on a page, and the lake doesn't have; empty if there is nothing."""
    if not step.page.items:
        return ""
    rows = rows_of(job, job.export, step.page.items)
    times_us, has_time = item_times_us(job.export, rows)
    known_until_us = segment.from_us
    settled = has_time & (times_us < min(step.horizon_us, segment.until_us))
    if new := int((settled & (times_us >= known_until_us)).sum()):
        return f"{new} items are settled since {_utc(known_until_us)}"
    if job.options.exclude_system_updates:  # What was left out looks like what is late.
        return ""
    earlier = settled & (times_us >= job.options.first_us) & has_keys(job.export, rows)
    hourly = segment.partitions[0].hourly
    partitions = {partition_at(int(us), hourly=hourly) for us in np.unique(times_us[earlier])}
    if len(partitions) > _MOST_PARTITIONS:
        return f"items of {len(partitions)} partitions came again"
    for partition in sorted(partitions, key=lambda one: one.start_us):
        mine = earlier & (times_us >= partition.start_us) & (times_us < partition.end_us)
        if lacks(job.lake, job.export, partition, rows.filter(pa.array(mine)), times_us[mine]):
            return f"items showed up late in {partition.key}"
    return ""


def _utc(us: int) -> str:
    return f"{datetime.fromtimestamp(us / 1_000_000, UTC):%Y-%m-%d %H:%M:%S} UTC"
