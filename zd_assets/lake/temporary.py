"""What appears whole or not at all: written under a hidden name, then renamed, or put."""

import os
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from zd_assets.lake import claims
from zd_assets.lake.location import Location, workplace
from zd_assets.lake.objects import ObjectPath


@dataclass(frozen=True)
class TemporaryFile:
    """A hidden file, locked by its process for as long as that lives.

    It stands beside its target, if that is a file, and in this machine's workplace for an object.
    """

    path: Path
    target: Location
    _lock: int

    def commit(self) -> None:
        """Make the content durable, then let it take the target's place in one step."""
        if isinstance(self.target, ObjectPath):
            self.target.put(self.path)
            self.discard()
            return
        os.fsync(self._lock)
        self.path.rename(self.target)
        folder = os.open(self.target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        os.close(self._lock)

    def discard(self) -> None:
        """Remove it; the target stays as it was."""
        self.path.unlink(missing_ok=True)
        os.close(self._lock)


def create(target: Location) -> TemporaryFile:
    """Open a hidden file for `target`, making its folder."""
    folder = workplace(target.parent)
    folder.mkdir(parents=True, exist_ok=True)

    def hidden() -> Path:
        path = folder / f".{target.name}.{uuid.uuid4().hex}.tmp"
        path.touch(exist_ok=False)
        return path

    path, lock = claims.claim(hidden)
    return TemporaryFile(path, target, lock)


@contextmanager
def replacing(target: Location) -> Iterator[Path]:
    """A hidden file, which takes the target's place in one step at the end, unless anything fails.

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
    """Remove what crashed processes left of `target`; a living one's file is locked."""
    left = workplace(target.parent).glob(f".{target.name}.*.tmp")
    claims.sweep(left, Path.unlink)
