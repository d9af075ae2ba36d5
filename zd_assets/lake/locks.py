"""Locks of this machine's processes and threads: they end with their holder."""

import fcntl
import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


def claim(make: Callable[[], Path]) -> tuple[Path, int]:
    """Make a file or folder, and lock it; closing the lock gives it up, as the process's end."""
    while True:
        path = make()
        with suppress(FileNotFoundError):  # A sweep took it before it was locked.
            lock = os.open(path, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if _is_at(path, lock):
                return path, lock
            os.close(lock)


def sweep(paths: Iterable[Path], remove: Callable[[Path], None]) -> None:
    """Remove those that no living process has claimed."""
    for path in paths:
        with suppress(FileNotFoundError):
            lock = os.open(path, os.O_RDONLY)
            try:
                with suppress(BlockingIOError):
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                    remove(path)
            finally:
                os.close(lock)


@contextmanager
def folder_lock(folder: Path) -> Iterator[int]:
    """Wait until no other thread or process holds the folder; nothing is left in it.

    Yields the folder's file descriptor.

    Raises:
        FileNotFoundError: there is no such folder.
    """
    lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock
    finally:
        os.close(lock)


@contextmanager
def file_lock(path: Path, *, wait: bool = True) -> Iterator[None]:
    """Wait until no other thread or process holds the lock file, which goes with its last holder.

    Its folder has to be there.

    Raises:
        BlockingIOError: somebody holds it, and we aren't to wait.
    """
    while True:
        lock = os.open(path, os.O_CREAT | os.O_RDWR, 0o666)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX if wait else fcntl.LOCK_EX | fcntl.LOCK_NB)
            if _is_at(path, lock):
                break
        except BaseException:
            os.close(lock)
            raise
        os.close(lock)  # Who held it before removed it.
    try:
        yield
    finally:
        path.unlink(missing_ok=True)
        os.close(lock)


def _is_at(path: Path, opened: int) -> bool:
    """Return whether a path still names what was opened."""
    try:
        return os.path.samestat(path.stat(), os.fstat(opened))
    except FileNotFoundError:
        return False
