"""Rows that a segment's pages bring for other partitions, until they are added to their files."""

from collections import Counter
from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from zd_assets.extract.events import Action, PartitionReport
from zd_assets.extract.job import Job
from zd_assets.lake.footer import Footer, empty_footer
from zd_assets.lake.partition import Partition, partition_at
from zd_assets.lake.writer import add_late
from zd_assets.schema.keys import Times

_MOST_BYTES = 64 * 1024 * 1024
_MOST_WAITING = 16


@dataclass
class OtherPartitions:
    """Collects such rows, and adds them to each partition's file at once.

    They have to be in the lake before the partition whose pages brought them is committed: only
    its pages bring them again after a crash. `touched` counts the rows that were new, by partition.
    """

    job: Job
    hourly: bool
    before_first: int = 0
    touched: Counter[Partition] = field(default_factory=Counter)
    _waiting: list[tuple[pa.Table, Times, bool]] = field(default_factory=list)

    def add(self, rows: pa.Table, times_us: Times, *, begins: bool) -> None:
        """Take in rows; where there is no file of their partition, they begin one if `begins`."""
        kept = times_us >= self.job.options.first_us
        self.before_first += int((~kept).sum())
        if kept.any():
            self._waiting.append((rows.filter(pa.array(kept)), times_us[kept], begins))

    def may_wait(self, commits: int) -> bool:
        """Return whether so many commits may wait for further rows; False without any rows."""
        if not self._waiting or commits > _MOST_WAITING:
            return False
        return bool(sum(rows.nbytes for rows, _, _ in self._waiting) < _MOST_BYTES)

    def flush(self) -> None:
        """Add the rows to the files of their partitions, each file once.

        Raises:
            LakeError: a file can't be read or written.
        """
        for begins in (False, True):
            parts = [part for part in self._waiting if part[2] is begins]
            if not parts:
                continue
            rows = pa.concat_tables([part[0] for part in parts])
            times_us = np.concatenate([part[1] for part in parts])
            order = np.argsort(times_us, kind="stable")
            rows, times_us = rows.take(pa.array(order)), times_us[order]
            start = 0
            while start < len(times_us):
                partition = partition_at(int(times_us[start]), hourly=self.hourly)
                end = int(np.searchsorted(times_us, partition.end_us))
                self._add_to(partition, rows.slice(start, end - start), times_us[start:end], begins)
                start = end
        self._waiting.clear()

    def reports(self) -> list[PartitionReport]:
        """Return what became of the partitions that got rows, as their files are now."""
        job, found = self.job, []
        for partition, rows in sorted(self.touched.items(), key=lambda one: one[0].start_us):
            if footer := job.lake.footer(job.export, partition):
                path = job.lake.path(job.export, partition)
                found.append(PartitionReport(partition, Action.ADDED_TO, footer, path, rows))
        return found

    def _add_to(self, partition: Partition, rows: pa.Table, times_us: Times, begins: bool) -> None:
        job = self.job
        if not begins and job.lake.footer(job.export, partition) is None:
            return  # The run that fetches that window gets them.
        _, new = add_late(job.lake, job.export, partition, rows, times_us, self._begun(partition))
        if new:
            self.touched[partition] += new

    def _begun(self, partition: Partition) -> Footer:
        job = self.job
        return replace(empty_footer(job.export, partition, job.run_id), parameters=job.parameters)
