"""Walking one segment: pages in, rows to their partitions, each committed when it is passed."""

import threading
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zd_assets.catalog.export import Export, Sideload, Table
from zd_assets.extract.assign import PartitionRows, Span, assign_to_partitions, is_ordered
from zd_assets.extract.commit import Decision, decide
from zd_assets.extract.earlier_versions import EarlierVersions
from zd_assets.extract.events import Action, Notice, PageReport, PartitionReport
from zd_assets.extract.job import Job
from zd_assets.extract.other_partitions import OtherPartitions
from zd_assets.extract.pages import one_ahead, pages, resume_from
from zd_assets.extract.plan import Segment, Target, is_alike
from zd_assets.extract.sideloads import share
from zd_assets.extract.start import from_us, was_under_way
from zd_assets.lake.errors import ChangedError
from zd_assets.lake.footer import Footer, LastPage, empty_footer, schema_id
from zd_assets.lake.writer import Base, Keep, PartitionWriter, base_of
from zd_assets.schema.convert import convert, convert_items
from zd_assets.schema.drift import drift_of, dumps
from zd_assets.schema.keys import KeyIndex, Times, has_keys, item_times_us, key_digests
from zd_assets.schema.rebuild import rebuild
from zd_assets.zendesk.drain import Ending, Step
from zd_assets.zendesk.errors import ZendeskError

# Converting is the interpreter's work: windows that did it at once would only take turns at its
# lock, and slow the downloads of all.
_CONVERTING = threading.Lock()

_LATEST_US = 2**63 - 1


@dataclass
class _Tally:
    """What is counted while a partition is open."""

    pages: int = 0
    unordered_pages: int = 0
    without_key: int = 0
    without_time: int = 0
    left_out_us: list[Times] = field(default_factory=list)
    touched_us: list[Times] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    system: KeyIndex = field(default_factory=KeyIndex)
    drift: Counter[str] = field(default_factory=Counter)


def walk(job: Job, number: int, segment: Segment) -> None:
    """Fetch a segment (the `number`-th of the run) and commit its partitions one by one.

    The next page is asked for while the last one is converted and written. On an error, what
    was read of the open partition is committed too, unless its file was complete before.

    Raises:
        ZendeskError: the pages can't be had.
        LakeError: the files can't be written.
    """
    walk = _Walk(job, number, segment)
    try:
        for step in one_ahead(pages(job, segment, walk.asked_from_us)):
            walk.take(step)
        walk.leave()
    except ZendeskError:
        walk.rescue()
        raise
    finally:
        walk.discard()


class _Walk:
    """The state of a walk: the open partition, the writers, the last step."""

    def __init__(self, job: Job, number: int, segment: Segment) -> None:
        self._job = job
        self._number = number
        self._stretch = segment
        self._open = 0
        self._passed: list[tuple[int, Step, int]] = []
        self._writers: dict[tuple[int, str], PartitionWriter] = {}
        self._tallies: dict[int, _Tally] = {}
        self._others = OtherPartitions(job, segment.partitions[0].hourly)
        self._held = EarlierVersions(job, segment.partitions[0].hourly)
        self.asked_from_us = from_us(job, segment)
        # Of a file that is resumed as well, all rows: it takes one twice without harm.
        self._from_us = min(segment.partitions[0].start_us, self.asked_from_us)
        first = segment.targets[0].footer
        under_way = segment.resumes and first is not None and was_under_way(first)
        self._look_again_us = first.look_again_us if first and under_way else None
        self._last: Step | None = None

    def take(self, step: Step) -> None:
        """Write one page's rows to their partitions; commit those that it has passed."""
        job, endpoint = self._job, step.endpoint
        table = self._convert(job.export, step.page.items)
        times_us, has_time = item_times_us(job.export, table)
        after_us = step.after.end_time * endpoint.unit_us
        if not endpoint.names_end_time:
            after_us = max(after_us, int(times_us.max(initial=0)))
        span = Span(
            before_us=step.before.end_time * endpoint.unit_us,
            after_us=after_us,
            unit_us=endpoint.unit_us,
            from_us=self._from_us,
            until_us=min(self._stretch.until_us, step.horizon_us),
        )
        ordered = not endpoint.by_arrival and is_ordered(times_us, has_time, span)
        assigned = assign_to_partitions(
            table,
            times_us,
            has_time,
            ordered,
            endpoint.by_arrival,
            span,
            self._stretch.partitions,
            self._open,
        )
        parts = assigned.own
        if job.exclude_system_updates and job.export.updated_at_column:
            parts = [self._without_system_updates(part) for part in parts]
        for part in parts:
            new = self._writer(part.number, job.export).add(part.rows, part.times_us)
            rows = part.rows.filter(pa.array(new))
            tally = self._tally(part.number)
            tally.without_key += int((~has_keys(job.export, rows)).sum())
            tally.without_time += int((~item_times_us(job.export, rows)[1]).sum())
            tally.drift += drift_of(rows, job.privacy.hashed(job.export))
        # Before the segment, an ordered page has what may be late; where there is no file yet,
        # whoever fetches that window gets it.
        self._others.add(assigned.other, assigned.other_us, begins=not ordered)
        for reached in {part.number for part in parts} or {self._at(self._open)}:
            self._tally(reached).pages += 1
            self._tally(reached).unordered_pages += not ordered and not endpoint.by_arrival
        for sideload in job.sideloads:
            self._take_beside(sideload, step.page.beside[sideload.name], table, parts)
        if not ordered and not endpoint.by_arrival:
            job.tell(Notice(_unordered_notice(job.export, table.num_rows, span)))
        if step.skipped is not None:
            self._tally(self._at(self._open)).skipped.append(step.skipped * endpoint.unit_us)
            job.tell(Notice(_skipped_notice(job.export, step)))
        self._note_what_to_look_at_again(step, span)
        self._last = step
        self._pass(step)
        self._commit_passed(at_once=False)
        position_us = step.horizon_us if step.ending is Ending.CAUGHT_UP else span.after_us
        job.tell(
            PageReport(
                self._number,
                sum(part.rows.num_rows for part in parts),
                self._stretch.from_us,
                min(max(position_us, self._stretch.from_us), self._stretch.until_us),
                self._stretch.until_us,
            )
        )

    def leave(self) -> None:
        """Commit the open partition as far as it is known, and account for those not reached."""
        targets, last = self._stretch.targets, self._last
        spent = last is None or last.ending in (None, Ending.PAGES_SPENT)
        if last and self._open < len(targets):
            self._pass_open(last)
            # By arrival, any partition's rows may have come: each keeps its own, and the cursor.
            while last.endpoint.by_arrival and self._open < len(targets):
                self._pass_open(last)
        self._commit_passed(at_once=True)
        for number in range(self._open, len(targets)):
            keep_or_begin(self._job, targets[number], Action.NOT_REACHED if spent else Action.KEPT)
        for report in self._others.reports():
            self._job.tell(report)

    def rescue(self) -> None:
        """After an error: commit what was read of the open partition, if that loses nothing."""
        if self._last and self._last.ending is None and self._open < len(self._stretch.targets):
            footer = self._stretch.targets[self._open].footer
            if not (footer and footer.complete):
                # The address of the next page has just failed: from time again.
                last = replace(self._last, page=replace(self._last.page, next_url=None))
                self._pass_open(last)
        self._commit_passed(at_once=True)
        for report in self._others.reports():
            self._job.tell(report)

    def discard(self) -> None:
        for writer in self._writers.values():
            writer.discard()
        self._writers.clear()

    def _convert(self, table: Table, items: Sequence[bytes]) -> pa.Table:
        privacy = self._job.privacy
        with _CONVERTING:
            if privacy.changes(table):
                return convert(table, privacy.apply(table, b"[" + b",".join(items) + b"]"))
            return convert_items(table, list(items))

    def _take_beside(
        self,
        sideload: Sideload,
        items: Sequence[bytes],
        table: pa.Table,
        parts: list[PartitionRows],
    ) -> None:
        """Write sideloaded rows to the partitions whose items refer to them."""
        rows = self._convert(sideload.table, items)
        if not parts:  # The page's items are other partitions': what they refer to stays with us.
            number = self._at(self._open)
            parts = [PartitionRows(number, table.slice(0, 0), np.zeros(0, np.int64))]
        for number, own in share(sideload, rows, table, parts):
            times_us, _ = item_times_us(sideload.table, own)
            new = self._writer(number, sideload.table).add(own, times_us)
            drift = drift_of(own.filter(pa.array(new)), self._job.privacy.hashed(sideload.table))
            self._tally(number).drift += Counter(
                {f"{sideload.name}[].{path}": times for path, times in drift.items()}
            )

    def _without_system_updates(self, part: PartitionRows) -> PartitionRows:
        """Without the versions that an earlier partition holds: there only the system came by."""
        job = self._job
        updated_us = pc.fill_null(
            part.rows[job.export.updated_at_column].cast(pa.int64()), _LATEST_US
        )
        start_us = self._stretch.partitions[part.number].start_us
        earlier = updated_us.to_numpy() < start_us
        held = np.zeros(len(earlier), dtype=np.bool_)
        if earlier.any():
            held[earlier] = self._held.holds(part.rows.filter(pa.array(earlier)))
        tally, digests = self._tally(part.number), key_digests(job.export, part.rows)
        seen, _ = tally.system.find(digests)
        tally.system.add(digests[earlier], part.times_us[earlier])
        # What the file that is resumed has seen already comes again, and was counted.
        new = ~seen & (part.times_us >= self._stretch.from_us)
        tally.left_out_us.append(part.times_us[new & held])
        tally.touched_us.append(part.times_us[new & earlier & ~held])
        return replace(part, rows=part.rows.filter(pa.array(~held)), times_us=part.times_us[~held])

    def _note_what_to_look_at_again(self, step: Step, span: Span) -> None:
        """Remember from when on the page may still be joined by late items."""
        sure_us = int(step.page.asked_at_s * 1_000_000) - self._job.export.overlap_s * 1_000_000
        reached_us = step.horizon_us if step.ending is Ending.CAUGHT_UP else span.after_us
        if self._job.export.overlap_s and reached_us > sure_us:
            again_us = max(span.before_us, sure_us)
            self._look_again_us = min(again_us, self._look_again_us or again_us)

    def _at(self, number: int) -> int:
        """The number of a partition that there is."""
        return min(number, len(self._stretch.targets) - 1)

    def _writer(self, number: int, table: Table) -> PartitionWriter:
        key = (number, table.name)
        if key not in self._writers:
            partition = self._stretch.partitions[number]
            self._writers[key] = PartitionWriter(self._job.lake, table, partition)
        return self._writers[key]

    def _tally(self, number: int) -> _Tally:
        return self._tallies.setdefault(number, _Tally())

    def _pass(self, step: Step) -> None:
        """Note which partitions the page has passed, so that they are to be committed."""
        passed_us = min(step.after.end_time * step.endpoint.unit_us, step.horizon_us)
        if step.ending is Ending.CAUGHT_UP:
            passed_us = step.horizon_us
        elif step.endpoint.by_arrival:
            return
        partitions = self._stretch.partitions
        while self._open < len(partitions) and partitions[self._open].end_us <= passed_us:
            self._passed.append((self._open, step, partitions[self._open].end_us))
            self._open += 1

    def _pass_open(self, step: Step) -> None:
        """Note how far the open partition is known."""
        partition = self._stretch.partitions[self._open]
        if step.ending in (Ending.CAUGHT_UP, Ending.HORIZON):
            until_us = step.horizon_us
        elif step.endpoint.by_arrival:
            until_us = partition.start_us
        else:
            until_us = step.after.end_time * step.endpoint.unit_us
        until_us = min(max(until_us, partition.start_us), partition.end_us - 1)
        self._passed.append((self._open, step, until_us))
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
            self._commit(*self._passed.pop(0))

    def _commit(self, number: int, step: Step, until_us: int) -> None:
        job, target = self._job, self._stretch.targets[number]
        partition = target.partition
        complete = until_us >= partition.end_us
        resumed = self._stretch.resumes and (number == 0 or step.endpoint.by_arrival)
        look = job.second_look and target.footer is not None and target.footer.complete
        tally = self._tally(number)
        # A partition on the way ends where the walk has passed it; an open one, by an error.
        ending = Ending.REACHED if complete and step.ending is None else step.ending
        resume_url, resume_time = resume_from(step, partition, complete)
        # What is sent again to whoever goes on is counted then.
        goes_on = resume_url is not None and not step.endpoint.repeats_boundary
        counted_us = _LATEST_US if goes_on else until_us
        ours = replace(
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
            items_before_first=self._others.before_first,
            drift=dict(tally.drift),
            parameters=job.parameters,
            system_updates=_before(tally.left_out_us, counted_us),
            system_updates_kept=_before(tally.touched_us, counted_us),
            skipped=tuple(tally.skipped),
            read_at_us=int(step.page.asked_at_s * 1_000_000),
            look_again_us=self._look_again_us,
        )
        self._others.before_first = 0
        action = Action.RESUMED if resumed else Action.FETCHED
        while True:
            base = base_of(job.lake, job.export, partition)
            there = base.footer if base else None
            alike = there is not None and is_alike(job.export, there, job.parameters)
            if look and base and alike and not self._writer(number, job.export).brings_new(base):
                self._tell(number, Action.LOOKED_AGAIN, base.footer)
                return
            decision = decide(ours, there, target.footer, alike=alike, continues=resumed or look)
            if decision.footer is None:
                assert there
                self._tell(number, Action.KEPT, there)
                return
            try:
                footer = self._replace(number, base, decision, alike)
            except ChangedError:
                continue
            self._tell(number, action, footer)
            return

    def _replace(self, number: int, base: Base | None, decision: Decision, alike: bool) -> Footer:
        """Commit a partition's files: the items last, since their file says that it is complete."""
        job, footer = self._job, decision.footer
        assert footer
        partition, beside = self._stretch.partitions[number], dict[str, int]()
        keep = decision.keep if decision.keep is Keep.ALL else Keep.NOTHING
        for sideload in job.sideloads:
            table = sideload.table
            own = replace(footer, export=table.name, schema=schema_id(table), drift={})
            its_base = base_of(job.lake, table, partition)
            beside[table.name] = self._writer(number, table).commit(own, its_base, keep).items
            self._writers.pop((number, table.name)).discard()
        footer = self._writer(number, job.export).commit(
            replace(footer, sideloads=beside),
            base,
            decision.keep,
            revise=(lambda rows: rows) if alike else self._revise,
        )
        self._writers.pop((number, job.export.name)).discard()
        return footer

    def _revise(self, rows: pa.Table) -> pa.Table:
        """Rows of an older schema or of other parameters, in the form of today's."""
        items = [dumps(rebuild(self._job.export, row)).encode() for row in rows.to_pylist()]
        return self._convert(self._job.export, items)

    def _tell(self, number: int, action: Action, footer: Footer) -> None:
        job, partition = self._job, self._stretch.partitions[number]
        path = job.lake.path(job.export, partition)
        job.tell(PartitionReport(partition, action, footer, path))


def keep_or_begin(job: Job, target: Target, action: Action) -> None:
    """Report a partition as its file is; without one, commit an empty, incomplete one."""
    partition, footer = target.partition, job.lake.footer(job.export, target.partition)
    if footer is None:
        begun = replace(empty_footer(job.export, partition, job.run_id), parameters=job.parameters)
        try:
            footer = PartitionWriter(job.lake, job.export, partition).commit(begun, None)
        except ChangedError:  # Another run was faster.
            return keep_or_begin(job, target, action)
    job.tell(PartitionReport(partition, action, footer, job.lake.path(job.export, partition)))
    return None


def _unordered_notice(export: Export, rows: int, span: Span) -> str:
    return (
        f"{export.name}: a page of {rows} items up to end_time "
        f"{span.after_us // span.unit_us} isn't in the documented order; each item goes to the "
        "partition of its own time"
    )


def _before(times_us: list[Times], until_us: int) -> int:
    """How many of these times are before another."""
    return sum(int((some < until_us).sum()) for some in times_us)


def _skipped_notice(export: Export, step: Step) -> str:
    return (
        f"{export.name}: the server gives no more than {step.page.count} items of {step.skipped} "
        "(in its unit of time), though there may be more; going on after it. The partition's check "
        "`nothing_skipped` fails"
    )
