"""The files of a segment's partitions: rows come in page by page, each partition is committed."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import partial

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zd_assets.catalog.export import Sideload, Table
from zd_assets.extract.assign import PartitionRows
from zd_assets.extract.commit import Decision, decide
from zd_assets.extract.earlier_versions import EarlierVersions
from zd_assets.extract.events import Action, PartitionReport
from zd_assets.extract.job import Job
from zd_assets.extract.pages import resume_from
from zd_assets.extract.plan import Segment, Target, is_alike
from zd_assets.extract.rows import revised, rows_of
from zd_assets.extract.sideloads import share
from zd_assets.lake.errors import ChangedError
from zd_assets.lake.footer import Footer, LastPage, empty_footer, schema_id
from zd_assets.lake.writer import Base, Keep, PartitionWriter, base_of
from zd_assets.schema.drift import drift_of
from zd_assets.schema.keys import KeyIndex, Times, has_keys, item_times_us, key_digests
from zd_assets.zendesk.iter_pages import PageResult, StopReason

_LATEST_US = 2**63 - 1


@dataclass
class _Counts:
    """What is counted while a partition is open."""

    pages: int = 0
    unordered_pages: int = 0
    without_key: int = 0
    without_time: int = 0
    left_out_us: list[Times] = field(default_factory=list)
    kept_us: list[Times] = field(default_factory=list)
    skipped: list[int] = field(default_factory=list)
    system_updates: KeyIndex = field(default_factory=KeyIndex)
    drift: Counter[str] = field(default_factory=Counter)


@dataclass(frozen=True)
class Passed:
    """A partition, by its number in the segment, that is known up to `until_us` after a page."""

    number: int
    page: PageResult
    until_us: int


class PartitionFiles:
    """Collects the rows of a segment's partitions, and commits each partition's files."""

    def __init__(self, job: Job, segment: Segment) -> None:
        """Begin without rows."""
        self._job = job
        self._segment = segment
        self._writers: dict[tuple[int, str], PartitionWriter] = {}
        self._counts: dict[int, _Counts] = {}
        self._earlier = EarlierVersions(job, segment.partitions[0].hourly)

    def add(self, part: PartitionRows) -> None:
        """Take in an export's rows of one page for one partition."""
        job, counts = self._job, self._counts_of(part.number)
        new = self._writer(part.number, job.export).add(part.rows, part.times_us)
        rows = part.rows.filter(pa.array(new))
        counts.without_key += int((~has_keys(job.export, rows)).sum())
        counts.without_time += int((~item_times_us(job.export, rows)[1]).sum())
        counts.drift += drift_of(rows, job.options.privacy.hashed(job.export))

    def add_sideload(
        self,
        sideload: Sideload,
        items: Sequence[bytes],
        table: pa.Table,
        parts: Sequence[PartitionRows],
    ) -> None:
        """Take in a page's sideloaded items, for the partitions whose rows refer to them."""
        hashed = self._job.options.privacy.hashed(sideload.table)
        for number, own in share(sideload, rows_of(self._job, sideload.table, items), table, parts):
            times_us, _ = item_times_us(sideload.table, own)
            new = self._writer(number, sideload.table).add(own, times_us)
            self._counts_of(number).drift += Counter(
                {
                    f"{sideload.name}[].{path}": times
                    for path, times in drift_of(own.filter(pa.array(new)), hashed).items()
                }
            )

    def count_page(self, number: int, *, unordered: bool) -> None:
        """Count a page that brought a partition rows, or passed through it."""
        self._counts_of(number).pages += 1
        self._counts_of(number).unordered_pages += unordered

    def note_skipped(self, number: int, time_us: int) -> None:
        """Note a time of which the server gives no more than a page holds."""
        self._counts_of(number).skipped.append(time_us)

    def without_system_updates(self, part: PartitionRows) -> PartitionRows:
        """Leave out versions that an earlier partition holds: only the system has touched them."""
        job = self._job
        column = part.rows[job.export.updated_at_column].cast(pa.int64())
        updated_us = pc.fill_null(column, _LATEST_US)
        earlier = updated_us.to_numpy() < self._segment.partitions[part.number].start_us
        held = np.zeros(len(earlier), dtype=np.bool_)
        if earlier.any():
            held[earlier] = self._earlier.holds(part.rows.filter(pa.array(earlier)))
        counts, digests = self._counts_of(part.number), key_digests(job.export, part.rows)
        seen, _ = counts.system_updates.find(digests)
        counts.system_updates.add(digests[earlier], part.times_us[earlier])
        # What the file that is resumed has seen already comes again, and was counted.
        new = ~seen & (part.times_us >= self._segment.from_us)
        counts.left_out_us.append(part.times_us[new & held])
        counts.kept_us.append(part.times_us[new & earlier & ~held])
        return replace(part, rows=part.rows.filter(pa.array(~held)), times_us=part.times_us[~held])

    def commit(self, passed: Passed, look_again_us: int | None, items_before_first: int) -> None:
        """Commit a partition's files, and report it.

        Raises:
            LakeError: they can't be written.
        """
        job, number = self._job, passed.number
        target = self._segment.targets[number]
        resumed = self._segment.resumes and (number == 0 or passed.page.endpoint.by_arrival)
        look = job.options.second_look and target.footer is not None and target.footer.complete
        ours = self._footer(passed, look_again_us, items_before_first)
        while True:
            base = base_of(job.lake, job.export, target.partition)
            there = base.footer if base else None
            alike = there is not None and is_alike(job.export, there, job.parameters)
            if look and base and alike and not self._writer(number, job.export).brings_new(base):
                return self._report(number, Action.LOOKED_AGAIN, base.footer)
            decision = decide(ours, there, target.footer, alike=alike, continues=resumed or look)
            if decision.footer is None:
                assert there
                return self._report(number, Action.KEPT, there)
            try:
                footer = self._replace(number, base, decision, alike)
            except ChangedError:
                continue
            return self._report(number, Action.RESUMED if resumed else Action.FETCHED, footer)

    def discard(self) -> None:
        """Give up what isn't committed: the old files stay as they were."""
        for writer in self._writers.values():
            writer.discard()
        self._writers.clear()

    def _footer(self, passed: Passed, look_again_us: int | None, items_before_first: int) -> Footer:
        job, page, until_us = self._job, passed.page, passed.until_us
        partition = self._segment.partitions[passed.number]
        counts = self._counts_of(passed.number)
        complete = until_us >= partition.end_us
        # A partition on the way ends where a page has passed it; an open one, by an error.
        reason = StopReason.REACHED if complete and page.stop_reason is None else page.stop_reason
        resume_url, resume_time = resume_from(page, partition, complete)
        # What is sent again to the run that goes on is counted then.
        goes_on = resume_url is not None and not page.endpoint.repeats_boundary
        counted_us = _LATEST_US if goes_on else until_us
        return replace(
            empty_footer(job.export, partition, job.run_id),
            complete=complete,
            complete_until_us=until_us,
            resume_url=resume_url,
            resume_time=resume_time if resume_url else None,
            last_page=LastPage(
                count=page.page.count,
                limit=page.page.limit,
                end_time=page.after.end_time,
                end_id=page.after.end_id,
                cursor=page.after.cursor,
                policy=job.options.policy.value,
                row=page.follow_up.row,
                stop_reason=reason and reason.value,
                follow_up_now=page.stop_reason in (None, StopReason.PAGES_SPENT),
            ),
            pages=counts.pages,
            unordered_pages=counts.unordered_pages,
            items_without_key=counts.without_key,
            items_without_time=counts.without_time,
            items_before_first=items_before_first,
            drift=dict(counts.drift),
            parameters=job.parameters,
            system_updates=_before(counts.left_out_us, counted_us),
            system_updates_kept=_before(counts.kept_us, counted_us),
            skipped=tuple(counts.skipped),
            read_at_us=int(page.page.asked_at_s * 1_000_000),
            look_again_us=look_again_us,
        )

    def _replace(self, number: int, base: Base | None, decision: Decision, alike: bool) -> Footer:
        """Commit a partition's files: the items last, since their file says that it is complete."""
        job, footer = self._job, decision.footer
        assert footer
        partition, items_by_sideload = self._segment.partitions[number], dict[str, int]()
        keep = decision.keep if decision.keep is Keep.ALL else Keep.NOTHING
        for sideload in job.sideloads:
            table = sideload.table
            own = replace(footer, export=table.name, schema=schema_id(table), drift={})
            its_base = base_of(job.lake, table, partition)
            written = self._writer(number, table).commit(own, its_base, keep)
            items_by_sideload[table.name] = written.items
            self._writers.pop((number, table.name)).discard()
        footer = self._writer(number, job.export).commit(
            replace(footer, sideloads=items_by_sideload),
            base,
            decision.keep,
            revise=(lambda rows: rows) if alike else partial(revised, job),
        )
        self._writers.pop((number, job.export.name)).discard()
        return footer

    def _report(self, number: int, action: Action, footer: Footer) -> None:
        job, partition = self._job, self._segment.partitions[number]
        path = job.lake.path(job.export, partition)
        job.emit(PartitionReport(partition, action, footer, path))

    def _writer(self, number: int, table: Table) -> PartitionWriter:
        key = (number, table.name)
        if key not in self._writers:
            partition = self._segment.partitions[number]
            self._writers[key] = PartitionWriter(self._job.lake, table, partition)
        return self._writers[key]

    def _counts_of(self, number: int) -> _Counts:
        return self._counts.setdefault(number, _Counts())


def keep_or_begin(job: Job, target: Target, action: Action) -> None:
    """Report a partition as its file is; without one, commit an empty, incomplete one."""
    partition, footer = target.partition, job.lake.footer(job.export, target.partition)
    if footer is None:
        begun = replace(empty_footer(job.export, partition, job.run_id), parameters=job.parameters)
        try:
            footer = PartitionWriter(job.lake, job.export, partition).commit(begun, None)
        except ChangedError:  # Another run was faster.
            return keep_or_begin(job, target, action)
    job.emit(PartitionReport(partition, action, footer, job.lake.path(job.export, partition)))
    return None


def _before(times_us: Sequence[Times], until_us: int) -> int:
    """Return how many of these times are before another."""
    return sum(int((some < until_us).sum()) for some in times_us)
