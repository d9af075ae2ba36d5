"""Fetch one segment: pages in, rows to their partitions, each committed when it is passed."""

from dataclasses import replace

import numpy as np

from zd_assets.catalog.export import Export
from zd_assets.extract.assign import PartitionRows, Span, assign_to_partitions, is_ordered
from zd_assets.extract.events import Action, Notice, PageReport
from zd_assets.extract.job import Job
from zd_assets.extract.other_partitions import OtherPartitions
from zd_assets.extract.pages import one_ahead, pages
from zd_assets.extract.partition_files import PartitionFiles, Passed, keep_or_begin
from zd_assets.extract.plan import Segment
from zd_assets.extract.rows import rows_of
from zd_assets.extract.start import from_us, was_under_way
from zd_assets.schema.keys import Times, item_times_us
from zd_assets.zendesk.errors import ZendeskError
from zd_assets.zendesk.iter_pages import PageResult, StopReason


def fetch_segment(job: Job, number: int, segment: Segment) -> None:
    """Fetch a segment (the `number`-th of the run) and commit its partitions one by one.

    The next page is asked for while the last one is converted and written. On an error, what
    was read of the open partition is committed too, unless its file was complete before.

    Raises:
        ZendeskError: the pages can't be had.
        LakeError: the files can't be written.
    """
    fetch = _Fetch(job, number, segment)
    try:
        for page in one_ahead(pages(job, segment, fetch.asked_from_us)):
            fetch.process_page(page)
        fetch.finish()
    except ZendeskError:
        fetch.commit_partial()
        raise
    finally:
        fetch.files.discard()


class _Fetch:
    """The state of a segment's fetch: the partition that is open, and what was passed."""

    def __init__(self, job: Job, number: int, segment: Segment) -> None:
        self._job = job
        self._number = number
        self._segment = segment
        self._open = 0
        self._passed: list[Passed] = []
        self._others = OtherPartitions(job, segment.partitions[0].hourly)
        self._last: PageResult | None = None
        self.files = PartitionFiles(job, segment)
        self.asked_from_us = from_us(job, segment)
        # Of a file that is resumed as well, all rows: it takes one twice without harm.
        self._from_us = min(segment.partitions[0].start_us, self.asked_from_us)
        first = segment.targets[0].footer
        under_way = segment.resumes and first is not None and was_under_way(first)
        self._look_again_us = first.look_again_us if first and under_way else None

    def process_page(self, page: PageResult) -> None:
        """Write a page's rows to their partitions; commit those that it has passed."""
        job, endpoint = self._job, page.endpoint
        table = rows_of(job, job.export, page.page.items)
        times_us, has_time = item_times_us(job.export, table)
        span = self._span(page, times_us)
        ordered = not endpoint.by_arrival and is_ordered(times_us, has_time, span)
        unordered = not ordered and not endpoint.by_arrival
        assigned = assign_to_partitions(
            table,
            times_us,
            has_time,
            ordered,
            endpoint.by_arrival,
            span,
            self._segment.partitions,
            self._open,
        )
        parts = assigned.own
        if job.options.exclude_system_updates and job.export.updated_at_column:
            parts = [self.files.without_system_updates(part) for part in parts]
        for part in parts:
            self.files.add(part)
        # Before the segment, an ordered page has what may be late; where there is no file yet,
        # the run that fetches that window gets it.
        self._others.add(assigned.other, assigned.other_us, begins=not ordered)
        for number in {part.number for part in parts} or {self._at_open}:
            self.files.count_page(number, unordered=unordered)
        # The page's items may be other partitions': what they refer to stays with the open one.
        referring = parts or [
            PartitionRows(self._at_open, table.slice(0, 0), np.zeros(0, np.int64))
        ]
        for sideload in job.sideloads:
            self.files.add_sideload(sideload, page.page.beside[sideload.name], table, referring)
        if unordered:
            job.emit(Notice(_unordered_notice(job.export, table.num_rows, span)))
        if page.skipped is not None:
            self.files.note_skipped(self._at_open, page.skipped * endpoint.unit_us)
            job.emit(Notice(_skipped_notice(job.export, page)))
        reached_us = page.horizon_us if page.stop_reason is StopReason.CAUGHT_UP else span.after_us
        self._note_what_to_look_at_again(page, span, reached_us)
        self._last = page
        self._pass(page)
        self._commit_passed(at_once=False)
        first_us, until_us = self._segment.from_us, self._segment.until_us
        job.emit(
            PageReport(
                self._number,
                sum(part.rows.num_rows for part in parts),
                first_us,
                min(max(reached_us, first_us), until_us),
                until_us,
            )
        )

    def finish(self) -> None:
        """Commit the open partition as far as it is known, and account for those not reached."""
        targets, last = self._segment.targets, self._last
        spent = last is None or last.stop_reason in (None, StopReason.PAGES_SPENT)
        if last and self._open < len(targets):
            self._pass_open(last)
            # By arrival, any partition's rows may have come: each keeps its own, and the cursor.
            while last.endpoint.by_arrival and self._open < len(targets):
                self._pass_open(last)
        self._commit_passed(at_once=True)
        for number in range(self._open, len(targets)):
            keep_or_begin(self._job, targets[number], Action.NOT_REACHED if spent else Action.KEPT)
        self._report_others()

    def commit_partial(self) -> None:
        """After an error: commit what was read of the open partition, if that loses nothing."""
        if (
            self._last
            and self._last.stop_reason is None
            and self._open < len(self._segment.targets)
        ):
            footer = self._segment.targets[self._open].footer
            if not (footer and footer.complete):
                # The address of the next page has just failed: from time again.
                without_next = replace(self._last.page, next_url=None)
                self._pass_open(replace(self._last, page=without_next))
        self._commit_passed(at_once=True)
        self._report_others()

    @property
    def _at_open(self) -> int:
        """The number of the open partition, or of the last one if all are passed."""
        return min(self._open, len(self._segment.targets) - 1)

    def _span(self, page: PageResult, times_us: Times) -> Span:
        endpoint = page.endpoint
        after_us = page.after.end_time * endpoint.unit_us
        if not endpoint.names_end_time:
            after_us = max(after_us, int(times_us.max(initial=0)))
        return Span(
            before_us=page.before.end_time * endpoint.unit_us,
            after_us=after_us,
            unit_us=endpoint.unit_us,
            from_us=self._from_us,
            until_us=min(self._segment.until_us, page.horizon_us),
        )

    def _note_what_to_look_at_again(self, page: PageResult, span: Span, reached_us: int) -> None:
        """Remember from when on the page may still be joined by late items."""
        overlap_us = self._job.export.overlap_s * 1_000_000
        sure_us = int(page.page.asked_at_s * 1_000_000) - overlap_us
        if overlap_us and reached_us > sure_us:
            again_us = max(span.before_us, sure_us)
            self._look_again_us = min(again_us, self._look_again_us or again_us)

    def _pass(self, page: PageResult) -> None:
        """Note which partitions the page has passed, so that they are to be committed."""
        passed_us = min(page.after.end_time * page.endpoint.unit_us, page.horizon_us)
        if page.stop_reason is StopReason.CAUGHT_UP:
            passed_us = page.horizon_us
        elif page.endpoint.by_arrival:
            return
        partitions = self._segment.partitions
        while self._open < len(partitions) and partitions[self._open].end_us <= passed_us:
            self._passed.append(Passed(self._open, page, partitions[self._open].end_us))
            self._open += 1

    def _pass_open(self, page: PageResult) -> None:
        """Note how far the open partition is known."""
        partition = self._segment.partitions[self._open]
        if page.stop_reason in (StopReason.CAUGHT_UP, StopReason.HORIZON):
            until_us = page.horizon_us
        elif page.endpoint.by_arrival:
            until_us = partition.start_us
        else:
            until_us = page.after.end_time * page.endpoint.unit_us
        until_us = min(max(until_us, partition.start_us), partition.end_us - 1)
        self._passed.append(Passed(self._open, page, until_us))
        self._open += 1

    def _commit_passed(self, *, at_once: bool) -> None:
        """Commit what was passed; first, other partitions get the rows that its pages brought."""
        if not self._passed and not at_once:
            return
        if not at_once and self._others.may_wait(len(self._passed)):
            return
        with self._job.others_lock:
            self._others.flush()
        while self._passed:
            before_first, self._others.before_first = self._others.before_first, 0
            self.files.commit(self._passed.pop(0), self._look_again_us, before_first)

    def _report_others(self) -> None:
        for report in self._others.reports():
            self._job.emit(report)


def _unordered_notice(export: Export, rows: int, span: Span) -> str:
    return (
        f"{export.name}: a page of {rows} items up to end_time "
        f"{span.after_us // span.unit_us} isn't in the documented order; each item goes to the "
        "partition of its own time"
    )


def _skipped_notice(export: Export, page: PageResult) -> str:
    return (
        f"{export.name}: the server gives no more than {page.page.count} items of {page.skipped} "
        "(in its unit of time), though there may be more; going on after it. The partition's check "
        "`nothing_skipped` fails"
    )
