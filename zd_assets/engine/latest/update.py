"""Current state: the newest version of every item, brought up to date from changed partitions.

Items are filed by the month of their creation, which never changes, so that a new day rewrites
only the months that its items are from. An item without one is in a month of its own,
until a version that has it comes. Merging is idempotent, and the manifest is committed after
the months: a run that ends at any instant is made up for by the next.

What no partition holds any more stays, until a full refresh: that one is merged next to the table,
and then replaces its months.
"""

import shutil
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from math import inf
from pathlib import Path

from zd_assets.engine.duck import connect
from zd_assets.engine.latest.manifest import (
    Manifest,
    commit_manifest,
    read_manifest,
)
from zd_assets.engine.latest.merge import (
    NO_MONTH,
    Merge,
    Source,
    month_file,
    month_files,
    month_footer,
)
from zd_assets.engine.memory import LATEST_MB
from zd_assets.engine.scratch import scratch
from zd_assets.lake.errors import LakeError
from zd_assets.lake.footer import schema_id
from zd_assets.lake.lake import Lake, read_footer, writing
from zd_assets.lake.location import Location, below, identity, nbytes
from zd_assets.lake.locks import file_lock
from zd_assets.lake.staging import in_staging, leave_staging
from zd_assets.lake.temporary import replacing
from zd_assets.models.latest import Latest

_BATCH_BYTES = 1024**3
# DuckDB opens all files of a query; a process may have 1024 open, as a rule.
_BATCH_FILES = 256


@dataclass(frozen=True)
class Report:
    """What a run did: `partitions` were read, `months` written, `items` are in the table.

    `items_without_key` of the partitions read can't be told apart, and are left out.
    """

    items: int
    deleted: int
    partitions: int
    items_without_key: int
    months: int
    seconds: float


def update(
    table: Latest,
    lake: Lake,
    *,
    full_refresh: bool = False,
    memory_mb: int = LATEST_MB,
    tell: Callable[[str], None] = lambda line: None,
    batch_bytes: int = _BATCH_BYTES,
) -> Report:
    """Bring a table up to date with its export's partitions; waits for a run that is at it.

    With `full_refresh` it holds what these hold now, and nothing else. DuckDB keeps `memory_mb`
    MiB; files are merged in batches of `batch_bytes`, after each of which what was done stays done.
    `tell` hears of each.

    Raises:
        LakeError: something can't be read or written; what was committed stays.
    """
    began_s = time.monotonic()
    folder = lake.root.joinpath(*table.path)
    with _alone(folder), scratch(folder.parent) as work:
        manifest, target = _begin(folder, work, full_refresh=full_refresh)
        sources = _changed(table, lake, manifest)
        written: set[str] = set()
        if sources or NO_MONTH not in manifest.months or manifest.schema != schema_id(table.export):
            # There, if empty: the one without a month, so that the table always has its columns,
            # and in a full refresh those that nothing is left of.
            needed = {NO_MONTH} if target == folder else {NO_MONTH, *month_files(folder)}
            batches = list(_batches(sources, batch_bytes)) or [[]]
            for number, batch in enumerate(batches, 1):
                manifest, months = _merge(table, target, manifest, batch, memory_mb, needed)
                written |= months
                tell(
                    f"batch {number} of {len(batches)}: {len(batch)} partitions merged "
                    f"into {len(months)} months"
                )
        if target != folder:
            manifest = _take_over(folder, target, manifest)
    return Report(
        items=sum(month.items for month in manifest.months.values()),
        deleted=sum(month.deleted for month in manifest.months.values()),
        partitions=len(sources),
        items_without_key=sum(source.footer.items_without_key for source in sources),
        months=len(written),
        seconds=time.monotonic() - began_s,
    )


def is_due(table: Latest, lake: Lake, *, rests_since_s: float = inf) -> bool:
    """Return whether a run would find anything to do.

    A table that was merged since `rests_since_s` (epoch seconds) rests, unless a partition
    completes now.

    Raises:
        LakeError: the manifest or a file can't be read.
    """
    manifest = read_manifest(lake.root.joinpath(*table.path))
    unmerged = _unmerged(table, lake, manifest)
    if manifest.full_refresh or manifest.merged_at_s < rests_since_s:
        return manifest.full_refresh or next(unmerged, None) is not None
    return any(
        read_footer(path).complete
        for path, key, _ in unmerged
        if key in manifest.incomplete or key not in manifest.partitions
    )


@contextmanager
def _alone(folder: Location) -> Iterator[None]:
    """Wait until no other run of this machine is at a table.

    The lock is the process's, and ends with it. Runs of other machines are kept apart by the
    table's pool.
    """
    parent = folder.parent
    with ExitStack() as stack:

        def lock(staging: Path) -> None:
            stack.callback(leave_staging, parent, staging)
            stack.enter_context(file_lock(staging / f".{folder.name}.lock"))

        with writing(parent):
            in_staging(parent, lock)
        yield


def _begin(folder: Location, work: Path, *, full_refresh: bool) -> tuple[Manifest, Location]:
    """Return what is merged already, and where to merge the rest (a full refresh: apart)."""
    try:
        manifest = read_manifest(folder)
    except LakeError:
        if not full_refresh:
            raise
        manifest = Manifest()
    if full_refresh and not manifest.full_refresh:
        manifest = replace(manifest, full_refresh=True)
        commit_manifest(folder, manifest)
    if manifest.full_refresh:
        return Manifest(), work / "full_refresh"
    return _usable(manifest, folder), folder


def _take_over(folder: Location, made: Location, manifest: Manifest) -> Manifest:
    """Let what was made next to a table replace it, month by month."""
    months = {}
    # In the order of merging, so that what found its month is there before it leaves.
    for month in sorted(manifest.months, key=_last_without):
        path = month_file(folder, month)
        with writing(path), replacing(path) as temporary:
            shutil.copyfile(str(month_file(made, month)), temporary)
        months[month] = replace(manifest.months[month], identity=identity(path))
    manifest = replace(manifest, months=months)
    commit_manifest(folder, manifest)
    return manifest


def _last_without(month: str) -> tuple[bool, str]:
    return month == NO_MONTH, month


def _usable(manifest: Manifest, folder: Location) -> Manifest:
    """Trust the manifest only while all its months are there; else everything is merged again.

    A month may have been written again by a run that was killed before it committed a manifest.
    Of two runs at once, one may have undone what the other did: then its month goes back to
    another file than the manifest's.
    """
    files = month_files(folder)
    for month, known in manifest.months.items():
        path = files.get(month)
        if path is None:
            return Manifest()
        if identity(path) != known.identity and month_footer(path).base != known.identity:
            return Manifest()
    return manifest


def _changed(table: Latest, lake: Lake, manifest: Manifest) -> list[Source]:
    """Return the partitions that aren't merged as they are now, in order of time."""
    return [
        Source(path, key, now, read_footer(path))
        for path, key, now in _unmerged(table, lake, manifest)
    ]


def _unmerged(table: Latest, lake: Lake, manifest: Manifest) -> Iterator[tuple[Location, str, str]]:
    root = lake.root.joinpath(*table.export.path)
    for path in lake.files(table.export):
        key, now = str(below(path, root)), identity(path)
        if manifest.partitions.get(key) != now:
            yield path, key, now


def _batches(sources: Sequence[Source], most_bytes: int) -> Iterator[list[Source]]:
    batch: list[Source] = []
    size = 0
    for source in sources:
        length = nbytes(source.path)
        if batch and (size + length > most_bytes or len(batch) == _BATCH_FILES):
            yield batch
            batch, size = [], 0
        batch.append(source)
        size += length
    if batch:
        yield batch


def _merge(
    table: Latest,
    folder: Location,
    manifest: Manifest,
    batch: Sequence[Source],
    memory_mb: int,
    needed: set[str],
) -> tuple[Manifest, set[str]]:
    """Merge a batch; returns the committed manifest and which months were written.

    The `needed` are written also where the batch has nothing for them and they aren't there.
    """
    schema = schema_id(table.export)
    with (
        writing(folder),
        scratch(folder.parent) as work,
        connect(work / "spill", memory_mb) as connection,
    ):
        staged = work / "staged"
        staged.mkdir()
        merge = Merge(connection, table, folder, staged)
        if batch:
            merge.stage(batch)
        merge.find_homes()
        merge.find_movers()
        months = merge.months() | (needed - manifest.months.keys())
        if manifest.schema != schema:
            months |= month_files(folder).keys()
        # Without a month last: what found its month is there before it leaves.
        written = {month: merge.write(month) for month in sorted(months, key=_last_without)}
    merged = {source.key: source.identity for source in batch}
    incomplete = {source.key for source in batch if not source.footer.complete}
    manifest = replace(
        manifest,
        schema=schema,
        partitions={**manifest.partitions, **merged},
        incomplete=frozenset((manifest.incomplete - merged.keys()) | incomplete),
        merged_at_s=time.time(),
        months={**manifest.months, **written},
    )
    commit_manifest(folder, manifest)
    return manifest, months
