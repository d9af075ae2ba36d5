"""What is in the making belongs to its process while that lives, and is swept after."""

import fcntl
import os
from collections.abc import Callable, Iterable
from contextlib import suppress
from pathlib import Path


def claim(make: Callable[[], Path]) -> tuple[Path, int]:
    """Make a file or folder, and lock it; closing the lock gives it up, as the process's end."""
    while True:
        path = make()
        with suppress(FileNotFoundError):  # A sweep took it before it was locked.
            lock = os.open(path, os.O_RDONLY)
            fcntl.flock(lock, fcntl.LOCK_EX)
            if path.exists():
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
