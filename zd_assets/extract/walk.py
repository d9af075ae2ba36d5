"""Walking one stretch: pages in, rows to their partitions, each committed when it is passed."""

import threading
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from typing import TypeVar

import pyarrow as pa
import pyarrow.compute as pc

from zd_assets.exports.export import Export, Sideload, Table
from zd_assets.extract.beside import share
from zd_assets.extract.job import Job
from zd_assets.extract.place import Placed, Span, is_ordered, place
from zd_assets.extract.plan import Stretch, Target, is_alike
from zd_assets.extract.report import Action, Notice, PageReport, PartitionReport
from zd_assets.extract.start import start
from zd_assets.lake.convert import convert
from zd_assets.lake.drift import drift_of
from zd_assets.lake.footer import Footer, LastPage, empty_footer, schema_id
from zd_assets.lake.keys import KeyIndex, has_keys, item_times_us, key_digests
from zd_assets.lake.partition import Partition
from zd_assets.lake.writer import PartitionWriter
from zd_assets.zendesk.drain import Ending, Step, drain
from zd_assets.zendesk.errors import ZendeskError
from zd_assets.zendesk.page import Page, read_page
from zd_assets.zendesk.pagination import asking_for, smaller

T = TypeVar("T")

# Converting is the interpreter's work: windows that did it at once would only take turns at its
# lock, and slow the downloads of all.
_CONVERTING = threading.Lock()


@dataclass
class _Tally:
    """What is counted while a partition is open."""

    pages: int = 0
    unordered_pages: int = 0
    without_key: int = 0
    without_time: int = 0
    system_updates: int = 0
    left_out: KeyIndex = field(default_factory=KeyIndex)
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
                job.endpoint,
                start(job, stretch),
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


class _Walk:
    """The state of a walk: the open partition, the writers, the last step."""

    def __init__(self, job: Job, number: int, stretch: Stretch) -> None:
        self._job = job
        self._number = number
        self._stretch = stretch
        self._open = 0
        self._writers: dict[tuple[int, str], PartitionWriter] = {}
        self._tallies: dict[int, _Tally] = {}
        self._last: Step | None = None

    def ask(self, url: str) -> Page:
        job, endpoint = self._job, self._job.endpoint
        sideloads = [sideload.name for sideload in job.sideloads]
        return job.client.get(
            asking_for(url, job.query),
            lambda body: read_page(job.export, endpoint, body, sideloads),
            stop=job.stop,
            notice=lambda message: job.tell(Notice(message)),
            lighter=lambda url: smaller(endpoint, url),
        )

    def take(self, step: Step) -> None:
        """Write one page's rows to their partitions; commit those that it has passed."""
        job, unit_us = self._job, self._job.endpoint.unit_us
        table = self._convert(job.export, step.page.items)
        times_us, has_time = item_times_us(job.export, table)
        after_us = step.after.end_time * unit_us
        if not job.endpoint.names_end_time:
            after_us = max(after_us, int(times_us.max(initial=0)))
        span = Span(
            before_us=step.before.end_time * unit_us,
            after_us=after_us,
            unit_us=unit_us,
            # Also what comes late: a file that is resumed takes a row twice without harm.
            from_us=self._stretch.partitions[0].start_us,
            until_us=min(self._stretch.until_us, step.horizon_us),
        )
        ordered = is_ordered(times_us, has_time, span)
        placed = place(
            table, times_us, ordered, has_time, span, self._stretch.partitions, self._open
        )
        if job.exclude_system_updates and job.export.updated:
            placed = [self._without_system_updates(part) for part in placed]
        for part in placed:
            new = self._writer(part.number, job.export).add(part.rows, part.times_us)
            rows = part.rows.filter(pa.array(new))
            tally = self._tally(part.number)
            tally.without_key += int((~has_keys(job.export, rows)).sum())
            tally.without_time += int((~item_times_us(job.export, rows)[1]).sum())
            tally.drift += drift_of(rows, job.privacy.hashed(job.export))
        for reached in {part.number for part in placed} or {self._open}:
            self._tally(reached).pages += 1
            self._tally(reached).unordered_pages += not ordered
        for sideload in job.sideloads:
            self._take_beside(sideload, step.page.beside[sideload.name], table, placed)
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

    def _convert(self, table: Table, items: bytes) -> pa.Table:
        with _CONVERTING:
            return convert(table, self._job.privacy.apply(table, items))

    def _take_beside(
        self, sideload: Sideload, items: bytes, table: pa.Table, placed: list[Placed]
    ) -> None:
        """Write sideloaded rows to the partitions whose items refer to them."""
        rows = self._convert(sideload.table, items)
        for number, own in share(sideload, rows, table, placed):
            times_us, _ = item_times_us(sideload.table, own)
            new = self._writer(number, sideload.table).add(own, times_us)
            drift = drift_of(own.filter(pa.array(new)), self._job.privacy.hashed(sideload.table))
            self._tally(number).drift += Counter(
                {f"{sideload.name}[].{path}": times for path, times in drift.items()}
            )

    def _without_system_updates(self, part: Placed) -> Placed:
        """Without the items whose last update by anyone but the system precedes the window."""
        job = self._job
        updated = part.rows[job.export.updated].cast(pa.int64())
        start_us = self._stretch.partitions[part.number].start_us
        stays = pc.fill_null(pc.greater_equal(updated, start_us), True).to_numpy()
        tally, left_out = self._tally(part.number), key_digests(job.export, part.rows)[~stays]
        seen, _ = tally.left_out.find(left_out)
        tally.left_out.add(left_out, part.times_us[~stays])
        # What the file that is resumed has seen already comes again, and was counted.
        new = ~seen & (part.times_us[~stays] >= self._stretch.from_us)
        tally.system_updates += int(new.sum())
        return replace(part, rows=part.rows.filter(stays), times_us=part.times_us[stays])

    def _writer(self, number: int, table: Table) -> PartitionWriter:
        key = (number, table.name)
        if key not in self._writers:
            partition = self._stretch.partitions[number]
            self._writers[key] = PartitionWriter(self._job.lake, table, partition)
        return self._writers[key]

    def _tally(self, number: int) -> _Tally:
        return self._tallies.setdefault(number, _Tally())

    def _commit_passed(self, step: Step) -> None:
        passed_us = min(step.after.end_time * self._job.endpoint.unit_us, step.horizon_us)
        if step.ending is Ending.CAUGHT_UP:
            passed_us = step.horizon_us
        partitions = self._stretch.partitions
        while self._open < len(partitions) and partitions[self._open].end_us <= passed_us:
            self._commit(step, partitions[self._open].end_us)

    def _commit_open(self, step: Step) -> None:
        target = self._stretch.targets[self._open]
        partition, old = target.partition, target.footer
        if old and old.complete and not self._alike(old):
            return  # A part can't be merged with these rows; they stay until there is a whole.
        if step.ending in (Ending.CAUGHT_UP, Ending.HORIZON):
            until_us = step.horizon_us
        else:
            until_us = step.after.end_time * self._job.endpoint.unit_us
        self._commit(step, min(max(until_us, partition.start_us), partition.end_us - 1))

    def _resume(self, step: Step, partition: Partition, complete: bool) -> tuple[str | None, int]:
        """Where the walk goes on after what is committed, and the `end_time` it then asks from."""
        onward = step.page.next_url, step.after.end_time
        if self._job.endpoint.has_start_time:
            return (None, 0) if complete or step.ending is Ending.HORIZON else onward
        # Rows beyond what is committed stand on this very page: it has to be asked for again.
        after_us = step.after.end_time * self._job.endpoint.unit_us
        beyond = after_us >= min(partition.end_us, step.horizon_us)
        again = beyond or step.page.next_url is None
        return (step.url, step.before.end_time) if again else onward

    def _alike(self, old: Footer) -> bool:
        """Whether a file's rows and this walk's can be merged."""
        return is_alike(self._job.export, old, self._job.parameters)

    def _commit(self, step: Step, until_us: int) -> None:
        job, number, target = self._job, self._open, self._stretch.targets[self._open]
        partition, old = target.partition, target.footer
        complete = until_us >= partition.end_us
        resumed = self._stretch.resumes and number == 0
        # What is only a part never takes the place of what is there.
        merge = old is not None and self._alike(old) and (resumed or not complete)
        tally = self._tally(number)
        # A partition on the way ends where the walk has passed it; an open one, by an error.
        ending = Ending.REACHED if complete and step.ending is None else step.ending
        resume_url, resume_time = self._resume(step, partition, complete)
        footer = replace(
            empty_footer(job.export, partition, job.run_id),
            complete=complete,
            complete_until_us=until_us,
            resume_url=resume_url,
            resume_time=resume_time if resume_url else None,
            last_page=LastPage(
                count=step.page.count,
                limit=step.page.limit,
                end_time=step.after.end_time,
                end_id=step.after.end_id,
                cursor=step.after.cursor,
                policy=job.policy.value,
                row=step.follow_up.row,
                ending=ending and ending.value,
                follow_up_now=step.ending in (None, Ending.PAGES_SPENT),
            ),
            pages=tally.pages,
            unordered_pages=tally.unordered_pages,
            items_without_key=tally.without_key,
            items_without_time=tally.without_time,
            drift=dict(tally.drift),
            parameters=job.parameters,
            system_updates=tally.system_updates,
        )
        if merge and old:
            footer = _sum(old, footer, resumed)
        # The items come last: their file says that the partition is complete.
        beside = {one.table.name: self._close(one.table, footer, merge) for one in job.sideloads}
        footer = replace(footer, sideloads={name: own.items for name, own in beside.items()})
        footer = self._close(job.export, footer, merge)
        self._open += 1
        action = Action.RESUMED if resumed else Action.FETCHED
        job.tell(PartitionReport(partition, action, footer, job.lake.path(job.export, partition)))

    def _close(self, table: Table, footer: Footer, merge: bool) -> Footer:
        """Commit the open partition's file of a table."""
        if table is not self._job.export:
            footer = replace(footer, export=table.name, schema=schema_id(table), drift={})
        footer = self._writer(self._open, table).commit(footer, merge=merge)
        self._writers.pop((self._open, table.name))
        return footer


def keep_or_begin(job: Job, target: Target, action: Action) -> None:
    """Report a partition as its file stands; without one, commit an empty, incomplete one."""
    partition, footer = target.partition, target.footer
    if footer is None:
        footer = empty_footer(job.export, partition, job.run_id)
        footer = replace(footer, parameters=job.parameters)
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


def _sum(old: Footer, new: Footer, resumed: bool) -> Footer:
    """What both brought; a walk from the window's start counts anew what the old one did."""
    unordered_pages = old.unordered_pages + new.unordered_pages
    if not resumed:
        return replace(new, unordered_pages=unordered_pages)
    return replace(
        new,
        pages=old.pages + new.pages,
        unordered_pages=unordered_pages,
        items_without_key=old.items_without_key + new.items_without_key,
        items_without_time=old.items_without_time + new.items_without_time,
        system_updates=old.system_updates + new.system_updates,
        drift=dict(Counter(old.drift) + Counter(new.drift)),
    )
