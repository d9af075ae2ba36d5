"""How far an export is complete, as the files of the lake say it: what everything decides by.

Footers are kept by file and identity, so that only what changed is read again.
"""

import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from zd_assets.catalog.export import Table
from zd_assets.lake.errors import GoneError
from zd_assets.lake.footer import Footer
from zd_assets.lake.lake import Lake, read_footer
from zd_assets.lake.location import Location, identity
from zd_assets.lake.objects import ObjectPath
from zd_assets.lake.partition import Partition

# More objects than that: one listing costs less than a request for each.
_ONE_BY_ONE = 12
_READERS = 16
_MOST_KEPT = 20_000


@dataclass(frozen=True)
class PartitionState:
    """A partition, and what its file says of itself; None where there is no file."""

    partition: Partition
    footer: Footer | None

    @property
    def complete(self) -> bool:
        """Whether the file holds the whole window."""
        return self.footer is not None and self.footer.complete

    @property
    def open(self) -> bool:
        """Whether anything of the window is still to be fetched."""
        return not self.complete

    @property
    def begun(self) -> bool:
        """Whether a run was asked for it.

        A file that holds only rows which came with pages of other partitions doesn't count.
        """
        footer = self.footer
        return footer is not None and (footer.last_page is not None or not footer.added_rows)

    @property
    def follow_up_now(self) -> bool:
        """Whether the server had more when its last page was read, and nothing said to wait."""
        last = self.footer.last_page if self.footer else None
        return self.open and last is not None and last.follow_up_now

    @property
    def complete_until_us(self) -> int:
        """Up to when everything of the window is in the file, in microseconds."""
        return self.footer.complete_until_us if self.footer else self.partition.start_us

    @property
    def read_at_us(self) -> int | None:
        """When the last page was asked for, in microseconds by the earlier of the two clocks."""
        return self.footer.read_at_us if self.footer else None

    @property
    def committed_s(self) -> float:
        """When a run last committed it, in epoch seconds by our clock; 0 without a file."""
        return datetime.fromisoformat(self.footer.fetched_at).timestamp() if self.footer else 0.0


def partition_states(
    lake: Lake, table: Table, partitions: Sequence[Partition], *, complete_stays: bool = False
) -> list[PartitionState]:
    """Look at the files of partitions (given in order of time).

    In a folder that is a `stat` for each. In an object store it is a request for each of a few, or
    one listing of the table for many; with `complete_stays`, none for what was seen complete. A
    footer is read where its file changed since it was last read.

    Raises:
        LakeError: a file is none of ours.
    """
    paths = [lake.path(table, partition) for partition in partitions]
    known = _seen_complete(paths) if complete_stays else {}
    found = known | _look(lake, table, [path for path in paths if path not in known])
    return [
        PartitionState(partition, found[path].footer if path in found else None)
        for path, partition in zip(paths, partitions, strict=True)
    ]


def newest_begun(lake: Lake, table: Table) -> Partition | None:
    """Return the newest partition that a run was asked for; costs a listing of the table.

    Raises:
        LakeError: a file is none of ours.
    """
    for path in reversed(lake.files(table)):
        if kept := _read(path, identity(path)):
            footer = kept.footer
            partition = Partition(footer.partition, footer.start_us, footer.end_us)
            if PartitionState(partition, footer).begun:
                return partition
    return None


@dataclass(frozen=True)
class _Kept:
    """A footer, and the identity of the file that it was read from."""

    identity: str
    footer: Footer


_kept: dict[Location, _Kept] = {}
_keeping = threading.Lock()


def _seen_complete(paths: Sequence[Location]) -> dict[Location, _Kept]:
    """Return the objects among them that were complete when they were last seen."""
    kept = {path: _kept.get(path) for path in paths if isinstance(path, ObjectPath)}
    return {path: one for path, one in kept.items() if one and one.footer.complete}


def _look(lake: Lake, table: Table, paths: Sequence[Location]) -> dict[Location, _Kept]:
    """Return what there is of these files."""
    found: dict[Location, _Kept] = {}
    changed: list[tuple[Location, str]] = []
    for path, now in _identities(lake, table, paths):
        kept = _kept.get(path)
        if kept and kept.identity == now:
            found[path] = kept
        else:
            changed.append((path, now))
    with ThreadPoolExecutor(_READERS, "footer") as pool:
        read = pool.map(lambda one: (one[0], _read(*one)), changed)
        found |= {path: kept for path, kept in read if kept}
    with _keeping:
        for path in paths:
            if path not in found:
                _kept.pop(path, None)
    return found


def _identities(
    lake: Lake, table: Table, paths: Sequence[Location]
) -> Iterator[tuple[Location, str]]:
    """Yield the files that there are, and the identity of each."""
    if len(paths) > _ONE_BY_ONE and not isinstance(lake.root, Path):
        # A listing brings the identity of each object along.
        listed = {path: path for path in lake.files(table)}
        paths = [listed[path] for path in paths if path in listed]
    for path in paths:
        with suppress(FileNotFoundError, NotADirectoryError):
            yield path, identity(path)


def _read(path: Location, now: str) -> _Kept | None:
    """Read a file's footer and keep it; None where it is gone."""
    try:
        kept = _Kept(now, read_footer(path))
    except GoneError:
        return None
    with _keeping:
        while len(_kept) >= _MOST_KEPT:
            del _kept[next(iter(_kept))]
        _kept[path] = kept
    return kept
