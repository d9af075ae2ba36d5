"""Folders of this machine for what isn't committed yet; what holds personal data is private."""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from zd_assets.files.private_folder import private_folder
from zd_assets.lake import locks
from zd_assets.lake.errors import LakeError
from zd_assets.lake.location import Location
from zd_assets.lake.objects import ObjectPath

#: How the names of folders begin that end with their process.
SCRATCH = ".spill-"

T = TypeVar("T")


def in_staging(location: Location, make: Callable[[Path], T]) -> T:
    """Call `make` with the folder in which to write what is to be committed below a location.

    Of a folder, it is the folder itself. Of a store, it is one of this user's own in the folder
    for temporary files (TMPDIR), which nobody else can enter; `make` is called again where
    another process removed it meanwhile, since it was empty.

    Raises:
        LakeError: somebody else has a file or folder there.
        OSError: it can't be made.
    """
    if isinstance(location, Path):
        location.mkdir(parents=True, exist_ok=True)
        return make(location)
    room = own_folder(_room())
    digest = hashlib.sha256(str(location).encode()).hexdigest()[:16]
    while True:
        with suppress(FileNotFoundError):
            return make(own_folder(room / f"{location.name}-{digest}"))


def leave_staging(location: Location, folder: Path) -> None:
    """Remove the folder in which something for a store was written, if that was the last of it."""
    if isinstance(location, ObjectPath):
        with suppress(OSError):  # Others are at work there.
            folder.rmdir()


def own_folder(folder: Path) -> Path:
    """Make a folder that is this user's alone, or make one of this user's private.

    Raises:
        LakeError: what is there isn't this user's folder.
        OSError: it can't be made.
    """
    try:
        return private_folder(folder)
    except PermissionError as error:
        raise LakeError(
            f"{error}, so nothing is written there; "
            "remove it, or set TMPDIR to a folder of your own"
        ) from None


def tidy() -> None:
    """Remove what dead processes left in this user's private folders, and those that are empty.

    What a living process has locked stays.

    Raises:
        LakeError: somebody else has a file or folder there.
    """
    room = _room()
    if not room.exists():
        return
    own_folder(room)
    for pattern in ("*/.*.tmp", "*/.*.lock"):
        locks.sweep(_found(room, pattern), Path.unlink)
    locks.sweep(_found(room, f"*/{SCRATCH}*"), remove_folder)
    for folder in _found(room, "*"):
        with suppress(OSError):  # A file, or somebody is at work there.
            folder.rmdir()


def _found(room: Path, pattern: str) -> list[Path]:
    """Return what matches; nothing where another process removes a folder at this moment."""
    try:
        return list(room.glob(pattern))
    except FileNotFoundError:
        return []


def remove_folder(folder: Path) -> None:
    """Remove a folder with all that is in it, or as much as can be."""
    shutil.rmtree(folder, ignore_errors=True)


def _room() -> Path:
    return Path(tempfile.gettempdir(), f"zd_assets-{os.getuid()}")
