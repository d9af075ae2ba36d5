"""The lake: Parquet files, one for each partition, which are its only state."""

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from errno import EDQUOT, EFBIG, ENOSPC
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from zd_assets.catalog.export import Table
from zd_assets.lake.errors import GoneError, LakeError
from zd_assets.lake.footer import FOOTER_KEY, Footer, decode_footer
from zd_assets.lake.location import Location, is_hidden, locate, readable
from zd_assets.lake.partition import FILE_NAME, Partition, file_path

# Days, and hours in them.
_LEVELS = 2


@dataclass(frozen=True)
class Lake:
    """The lake below `root`, a folder of this machine or a part of an object store.

    `time_zone` is the IANA name of the zone of the days of models; partitions are UTC.
    """

    root: Location
    time_zone: str = "UTC"

    def path(self, table: Table, partition: Partition) -> Location:
        """Return the partition's file."""
        return self.root.joinpath(*file_path(table, partition).parts)

    def footer(self, table: Table, partition: Partition) -> Footer | None:
        """Return what the partition's file says of itself; None where there is none.

        Raises:
            LakeError: there is a file, but not one of ours.
        """
        return _footer(self.path(table, partition))

    def files(self, table: Table) -> list[Location]:
        """Return the files of all partitions, in order of time."""
        return partition_files(self.root.joinpath(*table.path))

    def footers_before(self, table: Table, partition: Partition) -> Iterator[Footer]:
        """Yield what the files of earlier partitions say, the newest first.

        Raises:
            LakeError: a file is none of ours.
        """
        files = reversed(self.files(table))
        earlier = (path for path in files if str(path) < str(self.path(table, partition)))
        # A lake that went from hours to days has such files inside the partition, too.
        for footer in map(_footer, earlier):
            if footer and footer.end_us <= partition.start_us:
                yield footer


def partition_files(folder: Location, name: str = FILE_NAME) -> list[Location]:
    """Return the files of this name of all partitions of a table, in order of time."""
    found: Iterable[Location]
    if isinstance(folder, Path):
        found = map(Path, _below(str(folder), ("date=", "hour="), name))
    else:
        found = (file for file in folder.glob(f"date=*/{name}") if not is_hidden(file, folder))
    # Their names sort by time.
    return sorted(found, key=str)


def _below(folder: str, levels: Sequence[str], name: str) -> Iterator[str]:
    """Yield the files of this name in folders whose names begin like the levels, at any of them.

    Ten times as fast as a pattern, which matters for the hours of several years.
    """
    with suppress(FileNotFoundError, NotADirectoryError), os.scandir(folder) as entries:
        for entry in entries:
            if levels and entry.name.startswith(levels[0]):
                yield from _below(entry.path, levels[1:], name)
            elif entry.name == name and len(levels) < _LEVELS:
                yield entry.path


def read_footer(path: Location) -> Footer:
    """Return what a partition's file says of itself.

    Raises:
        LakeError: it is none of ours, or gone.
    """
    if footer := _footer(path):
        return footer
    raise GoneError(f"{path} is gone: it was removed meanwhile; run again")


def open_lake(location: str) -> Lake:
    """Return the lake at a folder, or at a URI such as `s3://bucket/prefix`.

    Raises:
        LakeError: another kind of URI, or an unusable one.
    """
    return Lake(locate(location))


@contextmanager
def reading(path: Location) -> Iterator[None]:
    """Turn what Arrow says of a damaged or foreign file into one clear message.

    Raises:
        GoneError: there is none, which is a `FileNotFoundError`, too.
        LakeError: it can't be read.
    """
    try:
        yield
    except (LakeError, MemoryError):
        raise
    except (FileNotFoundError, NotADirectoryError) as error:
        raise GoneError(f"{path} is gone: it was removed meanwhile; run again") from error
    except (pa.ArrowException, KeyError, ValueError, OSError) as error:
        raise LakeError(
            f"{path} can't be read as a file of this lake ({type(error).__name__}); "
            "move it away and run again to fetch the partition again"
        ) from error


def _footer(path: Location) -> Footer | None:
    try:
        with reading(path):
            metadata = pq.read_metadata(readable(path)).metadata or {}
            return decode_footer(metadata[FOOTER_KEY])
    except GoneError:
        return None


@contextmanager
def writing(path: Location) -> Iterator[None]:
    """Turn what the system says of a failed write into one clear message."""
    try:
        yield
    except LakeError:
        raise
    except OSError as error:
        if error.errno in (ENOSPC, EDQUOT, EFBIG):
            raise LakeError(
                f"no room to write {path}: {error.strerror or error}; free space and run again. "
                "What was committed stays"
            ) from error
        raise LakeError(
            f"can't write {path}: {error.strerror or error}; "
            "ZD_LAKE must name a folder or bucket that this user may write to"
        ) from error
