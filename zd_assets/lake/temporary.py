"""What appears whole or not at all: written under a hidden name, then renamed, or put."""

import os
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from zd_assets.lake import locks
from zd_assets.lake.errors import ChangedError
from zd_assets.lake.location import Location, version
from zd_assets.lake.objects import ObjectPath
from zd_assets.lake.staging import in_staging, leave_staging, tidy


@dataclass(frozen=True)
class TemporaryFile:
    """A hidden file, locked by its process for as long as that lives.

    It is in its target's folder; for an object, in a private folder of this machine.
    """

    path: Path
    target: Location
    _lock: int

    def commit(self) -> None:
        """Make the content durable, then let it take the target's place in one step."""
        self._commit(lambda: None)

    def commit_if_unchanged(self, seen: str | None) -> None:
        """Commit only if the target's `version` is still what was seen (None: there was no file).

        In a folder nobody of this machine commits between the comparison and the rename. Arrow has
        no conditional PUT: in a store, the processes of this machine that share a temporary folder
        wait for each other, and those of other machines are noticed up to the moment of the PUT.

        Raises:
            ChangedError: it was replaced, made or removed since; this file stays, uncommitted.
        """

        def check() -> None:
            if version(self.target) != seen:
                raise ChangedError(f"{self.target} was changed by another run meanwhile")

        self._commit(check)

    def _commit(self, check: Callable[[], None]) -> None:
        if isinstance(self.target, ObjectPath):
            # A process that wants to commit has a file in this folder: so it stays while one waits.
            with locks.folder_lock(self.path.parent):
                check()
                self.target.put(self.path)
            self.discard()
            return
        os.fsync(self._lock)
        with locks.folder_lock(self.target.parent) as folder:
            check()
            self.path.rename(self.target)
            os.fsync(folder)
        os.close(self._lock)

    def discard(self) -> None:
        """Remove it; the target stays as it was."""
        self.path.unlink(missing_ok=True)
        os.close(self._lock)
        leave_staging(self.target, self.path.parent)


def create(target: Location) -> TemporaryFile:
    """Open a hidden file for `target`, making its folder.

    Raises:
        LakeError: the folder for what goes to a store isn't this user's.
    """
    # What a store is to show or hide, this machine hides.
    mode = 0o600 if isinstance(target, ObjectPath) else 0o666

    def hidden(folder: Path) -> Path:
        path = folder / f".{target.name}.{uuid.uuid4().hex}.tmp"
        path.touch(mode, exist_ok=False)
        return path

    path, lock = locks.claim(lambda: in_staging(target.parent, hidden))
    return TemporaryFile(path, target, lock)


@contextmanager
def replacing(target: Location) -> Iterator[Path]:
    """Give a hidden file that replaces the target in one step at the end, or not at all.

    What crashed processes left of the target is swept before.
    """
    sweep(target)
    temporary = create(target)
    try:
        yield temporary.path
        temporary.commit()
    except BaseException:
        temporary.discard()
        raise


def sweep(target: Location) -> None:
    """Remove what crashed processes left of `target`; a living one's file is locked.

    Of a store, what they left of any object.
    """
    if isinstance(target, ObjectPath):
        tidy()
    else:
        locks.sweep(target.parent.glob(f".{target.name}.*.tmp"), Path.unlink)
