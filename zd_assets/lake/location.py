"""Where things of the lake are: files of a folder, or objects of a store."""

from pathlib import Path, PurePosixPath

import pyarrow as pa

from zd_assets.lake.errors import LakeError
from zd_assets.lake.objects import ObjectPath, object_path
from zd_assets.lake.schemes import SCHEMES

Location = Path | ObjectPath


def locate(text: str) -> Location:
    """Return the folder or the part of a store that a path or URI names.

    Raises:
        LakeError: another kind of URI, or an unusable one.
    """
    scheme, separator, rest = text.partition("://")
    if separator and scheme in SCHEMES:
        return object_path(text)
    if separator and scheme != "file":
        raise LakeError(
            f"ZD_LAKE: {scheme}:// is no folder and no store; use one of {', '.join(SCHEMES)}"
        )
    return Path(rest if separator else text).expanduser().absolute()


def identity(location: Location) -> str:
    """Changes whenever the file or object is replaced; a listing tells it.

    Where the lake was copied, all count as replaced.

    Raises:
        FileNotFoundError: there is none.
    """
    if isinstance(location, ObjectPath):
        info = location.stat()
        return f"{info.size}-{info.mtime_ns}"
    stat = location.stat()
    return f"{stat.st_ino}-{stat.st_size}-{stat.st_mtime_ns}"


def version(location: Location) -> str | None:
    """Return what is there at this moment: a text that changes with it, or None where nothing is.

    Of a store it costs one request, whatever a listing said before.
    """
    if isinstance(location, ObjectPath):
        return location.version()
    try:
        return identity(location)
    except (FileNotFoundError, NotADirectoryError):
        return None


def nbytes(location: Location) -> int:
    """Its size.

    Raises:
        FileNotFoundError: there is none.
    """
    if isinstance(location, ObjectPath):
        return int(location.stat().size)
    return location.stat().st_size


def below(location: Location, folder: Location) -> PurePosixPath:
    """Return where it is below a folder."""
    return PurePosixPath(str(location)).relative_to(PurePosixPath(str(folder)))


def is_hidden(location: Location, folder: Location) -> bool:
    """Return whether a name below the folder begins with a dot: that is no data, or not yet."""
    return any(name.startswith(".") for name in below(location, folder).parts)


def readable(location: Location) -> Path | pa.NativeFile:
    """As Arrow's reader of Parquet takes it."""
    return location.open() if isinstance(location, ObjectPath) else location
