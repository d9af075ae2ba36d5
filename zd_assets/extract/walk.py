"""Walking one stretch: pages in, rows to their partitions, each committed when it is passed."""

import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeVar

from zd_assets.exports.export import Export
from zd_assets.extract.place import Span, is_ordered, place
from zd_assets.extract.plan import Stretch, Target
from zd_assets.extract.report import Action, Notice, PageReport, PartitionReport, Report
from zd_assets.lake.convert import convert
from zd_assets.lake.drift import drift_of
from zd_assets.lake.footer import Footer, LastPage, empty_footer, schema_id
from zd_assets.lake.keys import has_keys, item_times_us
from zd_assets.lake.lake import Lake
from zd_assets.lake.privacy import Privacy
from zd_assets.lake.writer import PartitionWriter
from zd_assets.zendesk.client import Client
from zd_assets.zendesk.drain import Ending, Start, Step, drain
from zd_assets.zendesk.errors import ZendeskError
from zd_assets.zendesk.follow_up import Policy
from zd_assets.zendesk.page import Page, Position, first_url, read_page, same_request

T = TypeVar("T")

# Converting is the interpreter's work: windows that did it at once would only take turns at its
# lock, and slow the downloads of all.
_CONVERTING = threading.Lock()


@dataclass(frozen=True)
class Job:
    """What the walks of one run share: where from, where to, and how."""

    export: Export
    client: Client
    lake: Lake
    policy: Policy
    page_size: int
    privacy: Privacy
    run_id: str
    may_ask: Callable[[], bool]
    tell: Callable[[Report], None]
    stop: threading.Event


@dataclass
class _Tally:
    """What is counted while a partition is open."""

    pages: int = 0
    unordered_pages: int = 0
    without_key: int = 0
    without_time: int = 0
    drift: Counter[str] = field(default_factory=Counter)


def walk(job: Job, number: int, stretch: Stretch) -> None:
    """Fetch a stretch (the `number`-th of the run) and commit its partitions one by one.

    The next page is asked for while the last one is converted and written. On an error, what
    was read of the open partition is committed too, unless its file was complete before.

    Raises:
        ZendeskError: the pages can't be had.
        LakeError: the files can't be written.
    """
    walk = _Walk(job, number, stretch)
    try:
        for step in _one_ahead(
            drain(
                job.export,
                _start(job, stretch),
                stretch.until_us,
                job.policy,
                walk.ask,
                job.may_ask,
            )
        ):
            walk.take(step)
        walk.leave()
    except ZendeskError:
        walk.rescue()
        raise
    finally:
        walk.discard()


def _start(job: Job, stretch: Stretch) -> Start:
    unit_us = job.export.cursor.unit_us
    # One unit earlier: strict and inclusive servers then look the same.
    from_us = stretch.from_us - unit_us
    url = first_url(
        job.client.base_url, job.export, from_us, job.page_size, job.privacy.fields(job.export)
    )
    footer = stretch.targets[0].footer
    if (
        stretch.resumes
        and footer
        and footer.resume_url
        and footer.last_page
        and footer.last_page.end_time is not None
        and same_request(footer.resume_url, url)
    ):
        last = footer.last_page
        return Start(footer.resume_url, Position(last.end_time, last.end_id))
    return Start(url, Position(from_us // unit_us))


class _Walk:
    """The state of a walk: the open partition, the writers, the last step."""

    def __init__(self, job: Job, number: int, stretch: Stretch) -> None:
        self._job = job
        self._number = number
        self._stretch = stretch
        self._open = 0
        self._writers: dict[int, PartitionWriter] = {}
        self._tallies: dict[int, _Tally] = {}
        self._last: Step | None = None

    def ask(self, url: str) -> Page:
        job = self._job
        return job.client.get(
            url,
            lambda body: read_page(job.export, job.page_size, body),
            stop=job.stop,
            notice=lambda message: job.tell(Notice(message)),
        )

    def take(self, step: Step) -> None:
        """Write one page's rows to their partitions; commit those that it has passed."""
        job, unit_us = self._job, self._job.export.cursor.unit_us
        with _CONVERTING:
            table = convert(job.export, job.privacy.apply(job.export, step.page.items))
        times_us, has_time = item_times_us(job.export, table)
        span = Span(
            before_us=step.before.end_time * unit_us,
            after_us=step.after.end_time * unit_us,
            unit_us=unit_us,
            # Also what comes late: a file that is resumed takes a row twice without harm.
            from_us=self._stretch.partitions[0].start_us,
            until_us=min(self._stretch.until_us, step.horizon_us),
        )
        ordered = is_ordered(times_us, has_time, span)
        placed = place(
            table, times_us, ordered, has_time, span, self._stretch.partitions, self._open
        )
        for part in placed:
            self._writer(part.number).add(part.rows, part.times_us)
            tally = self._tally(part.number)
            tally.without_key += int((~has_keys(job.export, part.rows)).sum())
            tally.without_time += int((~item_times_us(job.export, part.rows)[1]).sum())
            tally.drift += drift_of(part.rows)
        for reached in {part.number for part in placed} or {self._open}:
            self._tally(reached).pages += 1
            self._tally(reached).unordered_pages += not ordered
        if not ordered:
            job.tell(Notice(_unordered_notice(job.export, table.num_rows, span)))
        self._last = step
        self._commit_passed(step)
        position_us = step.horizon_us if step.ending is Ending.CAUGHT_UP else span.after_us
        job.tell(
            PageReport(
                self._number,
                sum(part.rows.num_rows for part in placed),
                self._stretch.from_us,
                min(max(position_us, self._stretch.from_us), self._stretch.until_us),
                self._stretch.until_us,
            )
        )

    def leave(self) -> None:
        """Commit the open partition as far as it is known, and account for those not reached."""
        targets = self._stretch.targets
        if self._last and self._open < len(targets):
            self._commit_open(self._last)
        spent = self._last is None or self._last.ending is Ending.PAGES_SPENT
        for number in range(self._open, len(targets)):
            keep_or_begin(self._job, targets[number], Action.NOT_REACHED if spent else Action.KEPT)

    def rescue(self) -> None:
        """After an error: commit what was read of the open partition, if that loses nothing."""
        if self._last and self._last.ending is None and self._open < len(self._stretch.targets):
            footer = self._stretch.targets[self._open].footer
            if not (footer and footer.complete):
                self._commit_open(self._last)

    def discard(self) -> None:
        for writer in self._writers.values():
            writer.discard()
        self._writers.clear()

    def _writer(self, number: int) -> PartitionWriter:
        if number not in self._writers:
            partition = self._stretch.partitions[number]
            self._writers[number] = PartitionWriter(self._job.lake, self._job.export, partition)
        return self._writers[number]

    def _tally(self, number: int) -> _Tally:
        return self._tallies.setdefault(number, _Tally())

    def _commit_passed(self, step: Step) -> None:
        unit_us = self._job.export.cursor.unit_us
        passed_us = min(step.after.end_time * unit_us, step.horizon_us)
        if step.ending is Ending.CAUGHT_UP:
            passed_us = step.horizon_us
        partitions = self._stretch.partitions
        while self._open < len(partitions) and partitions[self._open].end_us <= passed_us:
            self._commit(step, partitions[self._open].end_us, None)

    def _commit_open(self, step: Step) -> None:
        target = self._stretch.targets[self._open]
        partition, old = target.partition, target.footer
        if old and old.complete and old.schema != schema_id(self._job.export):
            return  # A part can't be merged with these rows; they stay until there is a whole.
        if step.ending in (Ending.CAUGHT_UP, Ending.HORIZON):
            until_us = step.horizon_us
        else:
            until_us = step.after.end_time * self._job.export.cursor.unit_us
        url = None if step.ending is Ending.HORIZON else step.page.next_url
        self._commit(step, min(max(until_us, partition.start_us), partition.end_us - 1), url)

    def _commit(self, step: Step, until_us: int, resume_url: str | None) -> None:
        job, number, target = self._job, self._open, self._stretch.targets[self._open]
        partition, old = target.partition, target.footer
        complete = until_us >= partition.end_us
        resumed = self._stretch.resumes and number == 0
        # What is only a part never takes the place of what is there.
        merge = (
            old is not None and old.schema == schema_id(job.export) and (resumed or not complete)
        )
        tally = self._tally(number)
        footer = replace(
            empty_footer(job.export, partition, job.run_id),
            complete=complete,
            complete_until_us=until_us,
            resume_url=resume_url,
            last_page=LastPage(
                count=step.page.count,
                limit=step.page.limit,
                end_time=step.after.end_time,
                end_id=step.after.end_id,
                policy=job.policy.value,
                row=step.follow_up.row,
                ending=step.ending and step.ending.value,
                follow_up_now=step.ending in (None, Ending.PAGES_SPENT),
            ),
            pages=tally.pages,
            unordered_pages=tally.unordered_pages,
            items_without_key=tally.without_key,
            items_without_time=tally.without_time,
            drift=dict(tally.drift),
        )
        if merge and old:
            footer = _sum(old, footer)
        footer = self._writer(number).commit(footer, merge=merge)
        self._writers.pop(number)
        self._open += 1
        action = Action.RESUMED if resumed else Action.FETCHED
        job.tell(PartitionReport(partition, action, footer, job.lake.path(job.export, partition)))


def keep_or_begin(job: Job, target: Target, action: Action) -> None:
    """Report a partition as its file stands; without one, commit an empty, incomplete one."""
    partition, footer = target.partition, target.footer
    if footer is None:
        footer = empty_footer(job.export, partition, job.run_id)
        footer = PartitionWriter(job.lake, job.export, partition).commit(footer, merge=False)
    job.tell(PartitionReport(partition, action, footer, job.lake.path(job.export, partition)))


def _one_ahead(steps: Iterator[T]) -> Iterator[T]:
    """The same steps, each begun while the one before it is worked on."""
    with ThreadPoolExecutor(1, thread_name_prefix="page") as pool:
        coming = pool.submit(next, steps, None)
        while (step := coming.result()) is not None:
            coming = pool.submit(next, steps, None)
            yield step


def _unordered_notice(export: Export, rows: int, span: Span) -> str:
    return (
        f"{export.name}: a page of {rows} items up to end_time "
        f"{span.after_us // span.unit_us} isn't in the documented order; all of it is kept"
    )


def _sum(old: Footer, new: Footer) -> Footer:
    return replace(
        new,
        pages=old.pages + new.pages,
        unordered_pages=old.unordered_pages + new.unordered_pages,
        items_without_key=old.items_without_key + new.items_without_key,
        items_without_time=old.items_without_time + new.items_without_time,
        drift=dict(Counter(old.drift) + Counter(new.drift)),
    )
