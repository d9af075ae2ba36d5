"""Replace the files of a day by others under other names, even if a process dies."""

import ctypes
import json
import os
import shutil
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from zd_assets.catalog.export import Table
from zd_assets.lake.errors import ChangedError
from zd_assets.lake.lake import Lake, partition_files, writing
from zd_assets.lake.location import Location, below, version
from zd_assets.lake.temporary import replacing

_STAGED = ".repartition"
_MARKER = "swap.json"
_AT_CWD, _EXCHANGE = -100, 2  # As Linux names them: AT_FDCWD and RENAME_EXCHANGE.


@dataclass(frozen=True)
class Swap:
    """New files for a day of a table, hidden in the lake until `commit`."""

    lake: Lake
    table: Table
    date: str
    seen: tuple[tuple[Location, str | None], ...]

    @property
    def staged(self) -> Lake:
        """A lake for the new files."""
        return Lake(self.lake.root / _STAGED)

    def commit(self) -> None:
        """Let the staged files be the day's only ones.

        On Linux, in a folder, that is one step. Elsewhere the old ones are removed before the new
        ones come, so that no reader sees both; `finish_swaps` ends what a killed process began.

        Raises:
            ChangedError: an old file was changed, or one was added, since they were looked at.
        """
        folder = _day(self.lake, self.table, self.date)
        now = {file: version(file) for file in _files(self.lake, self.table, self.date)}
        if now != dict(self.seen):
            raise ChangedError(f"{folder} was changed by a run meanwhile; stop the exports first")
        staged = _day(self.staged, self.table, self.date)
        with writing(folder):
            if isinstance(folder, Path) and isinstance(staged, Path) and _exchange(staged, folder):
                _sync(folder.parent)
                shutil.rmtree(staged)
                return
            root, staged_root = folder.parent, staged.parent
            old = [str(below(file, root)) for file in now]
            new = [str(below(f, staged_root)) for f in partition_files(staged_root)]
            with replacing(staged / _MARKER) as marker:
                marker.write_text(json.dumps({"old": old, "new": new}))
        finish_swaps(self.lake, self.table)


def begin_swap(lake: Lake, table: Table, date: str) -> Swap:
    """Look at a day's files as they are now."""
    files = _files(lake, table, date)
    return Swap(lake, table, date, tuple((file, version(file)) for file in files))


def finish_swaps(lake: Lake, table: Table) -> None:
    """End the swaps of a table that were ready when their process died; drop all others."""
    folder = lake.root.joinpath(*table.path)
    staged = Lake(lake.root / _STAGED).root.joinpath(*table.path)
    with writing(folder):
        markers: list[Location] = list(staged.glob(f"date=*/{_MARKER}"))
        for marker in markers:
            files = json.loads(marker.read_bytes())
            for name in files["old"]:
                _remove(folder.joinpath(*name.split("/")))
            for name in files["new"]:
                _copy(staged.joinpath(*name.split("/")), folder.joinpath(*name.split("/")))
            _remove(marker)
        _clear(staged)


def _day(lake: Lake, table: Table, date: str) -> Location:
    return lake.root.joinpath(*table.path, f"date={date}")


def _files(lake: Lake, table: Table, date: str) -> Sequence[Location]:
    folder = _day(lake, table, date)
    return [file for file in lake.files(table) if str(file).startswith(f"{folder}/")]


def _exchange(one: Path, other: Path) -> bool:
    """Let two folders change places in one step; False where the system can't."""
    try:
        rename = ctypes.CDLL(None, use_errno=True).renameat2
    except AttributeError:
        return False
    return bool(rename(_AT_CWD, os.fsencode(one), _AT_CWD, os.fsencode(other), _EXCHANGE) == 0)


def _sync(folder: Path) -> None:
    opened = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(opened)
    finally:
        os.close(opened)


def _copy(source: Location, target: Location) -> None:
    with replacing(target) as path:
        if isinstance(source, Path):
            shutil.copyfile(source, path)
        else:
            source.get(path)


def _remove(file: Location) -> None:
    if not isinstance(file, Path):
        file.remove()
        return
    file.unlink(missing_ok=True)
    with suppress(OSError):  # Other hours are there, or somebody is at work.
        file.parent.rmdir()


def _clear(folder: Location) -> None:
    if not isinstance(folder, Path):
        for file in list(folder.glob("*")):
            file.remove()
        return
    shutil.rmtree(folder, ignore_errors=True)
    for parent in (folder.parent, folder.parent.parent):
        with suppress(OSError):
            parent.rmdir()
