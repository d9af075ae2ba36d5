"""From the items of a page to rows, under the privacy rules of the run."""

import threading
from collections.abc import Sequence

import pyarrow as pa

from zd_assets.catalog.export import Table
from zd_assets.extract.job import Job
from zd_assets.schema.convert import convert, convert_items
from zd_assets.schema.drift import dumps
from zd_assets.schema.rebuild import rebuild

# Conversion holds the interpreter's lock: segments that did it at the same time would only take
# turns, and slow the downloads of all.
_CONVERTING = threading.Lock()


def rows_of(job: Job, table: Table, items: Sequence[bytes]) -> pa.Table:
    """Convert items, each the JSON text that was sent, to rows of a table."""
    with _CONVERTING:
        if job.options.privacy.changes(table):
            return convert(table, job.options.privacy.apply(table, b"[" + b",".join(items) + b"]"))
        return convert_items(table, list(items))


def revised(job: Job, rows: pa.Table) -> pa.Table:
    """Bring an export's rows of an older schema, or of other parameters, into today's form."""
    items = [dumps(rebuild(job.export, row)).encode() for row in rows.to_pylist()]
    return rows_of(job, job.export, items)
