"""A folder that is this user's alone, for what may be personal or decides for all processes."""

import os
import stat
from contextlib import suppress
from pathlib import Path

_PRIVATE = 0o700


def private_folder(folder: Path) -> Path:
    """Make a folder that nobody else can enter, or make one of this user's private.

    Raises:
        PermissionError: what is there isn't this user's folder.
        OSError: it can't be made.
    """
    with suppress(FileExistsError):
        folder.mkdir(mode=_PRIVATE)
    there = folder.lstat()  # A link could lead anywhere.
    if not stat.S_ISDIR(there.st_mode) or there.st_uid != os.getuid():
        raise PermissionError(f"{folder} isn't a folder of this user")
    if stat.S_IMODE(there.st_mode) != _PRIVATE:
        folder.chmod(_PRIVATE)
    return folder
