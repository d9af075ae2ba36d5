"""Which partitions the sideloaded rows of a page belong to."""

from collections.abc import Iterator, Sequence

import pyarrow as pa
import pyarrow.compute as pc

from zd_assets.catalog.export import Sideload
from zd_assets.extract.assign import PartitionRows


def share(
    sideload: Sideload, rows: pa.Table, items: pa.Table, placed: Sequence[PartitionRows]
) -> Iterator[tuple[int, pa.Table]]:
    """Give each partition the sideloaded rows that its items refer to.

    `items` are all of the page's, `placed` those that go to partitions. Rows that no item of the
    page refers to by a known column go to the first of these partitions, so that none is lost.
    """
    [key] = sideload.table.key
    ids = rows[key]
    unclaimed = pc.invert(pc.is_in(ids, _referred(sideload, items)))
    for part in placed:
        own = pc.is_in(ids, _referred(sideload, part.rows))
        yield part.number, rows.filter(pc.or_(own, unclaimed) if part is placed[0] else own)


def _referred(sideload: Sideload, items: pa.Table) -> pa.Array:
    """Return the ids in all columns that refer to the sideload."""
    columns = [items[name].combine_chunks() for name in sideload.referred_by]
    ids = [column.flatten() if pa.types.is_list(column.type) else column for column in columns]
    return pa.concat_arrays(ids).drop_null()
