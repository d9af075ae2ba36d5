"""Whether an earlier partition holds a ticket's version already, so that it may be left out."""

from dataclasses import dataclass, field, replace

import numpy as np
import pyarrow as pa

from zd_assets.extract.job import Job
from zd_assets.extract.plan import is_alike
from zd_assets.lake.partition import Partition, partition_at
from zd_assets.lake.writer import row_groups
from zd_assets.schema.keys import Digests, KeyIndex, Mask, key_digests

_MOST_FILES = 8


@dataclass
class EarlierVersions:
    """Looks versions up in the partitions of their last update, a few files of which stay known.

    Versions are the same if all columns are but the time of the server's order, which is what a
    system update moves. (An automation can solve a ticket without touching `updated_at`.)
    """

    job: Job
    hourly: bool
    _known: dict[Partition, KeyIndex] = field(default_factory=dict)

    def holds(self, rows: pa.Table) -> Mask:
        """Return which of the rows an earlier partition holds.

        Raises:
            LakeError: its file can't be read.
        """
        updated_us = rows[self.job.export.updated_at_column].cast(pa.int64()).to_numpy()
        held = np.zeros(rows.num_rows, dtype=np.bool_)
        partitions = [partition_at(int(us), hourly=self.hourly) for us in updated_us]
        digests = self._digests(rows)
        for partition in dict.fromkeys(partitions):
            mine = np.array([one == partition for one in partitions])
            held[mine], _ = self._index(partition).find(digests[mine])
        return held

    def _index(self, partition: Partition) -> KeyIndex:
        if partition not in self._known:
            while len(self._known) >= _MOST_FILES:
                self._known.pop(next(iter(self._known)))
            self._known[partition] = self._read(partition)
        return self._known[partition]

    def _read(self, partition: Partition) -> KeyIndex:
        job, index = self.job, KeyIndex()
        footer = job.lake.footer(job.export, partition)
        # What is left out must be held in the form in which it would be written.
        if footer and is_alike(job.export, footer, job.parameters):
            for rows in row_groups(job.lake.path(job.export, partition)):
                digests = self._digests(rows)
                index.add(digests, np.zeros(len(digests), dtype=np.int64))
        return index

    def _digests(self, rows: pa.Table) -> Digests:
        export = self.job.export
        return key_digests(replace(export, key=()), rows.drop_columns([export.time.column]))
