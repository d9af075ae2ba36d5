"""Objects of a store, used like files of a folder, on Arrow's file systems.

An object appears whole or not at all: it is made in a local file, and put in one call.
"""

import time
import uuid
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath

import pyarrow as pa
from pyarrow import fs

from zd_assets.lake.errors import LakeError

_SECOND_S = 1.0


@dataclass(frozen=True, order=True)
class ObjectPath:
    """An object, or what the keys of several begin with, below a bucket or container.

    `info` is what a listing said of it. As with paths, nothing says that it is there.
    """

    scheme: str
    key: PurePosixPath
    store: fs.FileSystem = field(compare=False, repr=False)
    info: fs.FileInfo | None = field(default=None, compare=False, repr=False)

    def __str__(self) -> str:
        return f"{self.scheme}://{self.key}"

    def __truediv__(self, name: str) -> "ObjectPath":
        return self.joinpath(name)

    def joinpath(self, *names: str) -> "ObjectPath":
        """Return what is below it under these names."""
        return ObjectPath(self.scheme, self.key.joinpath(*names), self.store)

    @property
    def name(self) -> str:
        """The last part of its key."""
        return self.key.name

    @property
    def parent(self) -> "ObjectPath":
        """What it is below."""
        return ObjectPath(self.scheme, self.key.parent, self.store)

    def as_uri(self) -> str:
        """Its address, as other tools take it."""
        return str(self)

    def glob(self, pattern: str) -> Iterator["ObjectPath"]:
        """Yield the objects below whose rest of the key matches; `*` matches slashes, too."""
        below = fs.FileSelector(str(self.key), allow_not_found=True, recursive=True)
        for info in self.store.get_file_info(below):
            key = PurePosixPath(info.path)
            if info.is_file and fnmatchcase(str(key.relative_to(self.key)), pattern):
                yield ObjectPath(self.scheme, key, self.store, info)

    def exists(self) -> bool:
        """Return whether there is such an object."""
        return bool(self._info().is_file)

    def stat(self) -> fs.FileInfo:
        """Its size in bytes and when it was put.

        Raises:
            FileNotFoundError: there is none.
        """
        info = self.info or self._info()
        if not info.is_file:
            raise FileNotFoundError(str(self))
        return info

    def open(self) -> pa.NativeFile:
        """Return the object, to be read anywhere.

        Raises:
            FileNotFoundError: there is none.
        """
        return self.store.open_input_file(str(self.key))

    def read_bytes(self) -> bytes:
        """Return all that is in it.

        Raises:
            FileNotFoundError: there is none.
        """
        with self.open() as file:
            return bytes(file.read())

    def get(self, path: Path) -> None:
        """Copy it to a local file.

        Raises:
            FileNotFoundError: there is none.
        """
        fs.copy_files(
            str(self.key),
            str(path),
            source_filesystem=self.store,
            destination_filesystem=fs.LocalFileSystem(),
        )

    def version(self) -> str | None:
        """Return what is there at this moment, in one request; None where nothing is.

        That is Google's generation, or the ETag of S3 and Azure with the time of the PUT.
        """
        said = self._head()
        if said is None:
            return None
        exact = said.get("generation") or said.get("etag", "")
        return f"{exact}-{said.get('last-modified', '')}" if exact else self._stamp()

    def put(self, path: Path) -> None:
        """Let it be what is in a local file.

        S3 and Azure tell when an object was put in whole seconds. So one that takes another's
        place within the second is put again in the next: a listing always shows that it changed.
        """
        before = self._head()
        self._put(path)
        while before and (second := before.get("last-modified")):
            after = self._head()
            if not after or after.get("last-modified") != second:
                return
            time.sleep(_SECOND_S / 4)
            self._put(path)

    def remove(self) -> None:
        """Let there be no such object."""
        with suppress(FileNotFoundError):
            self.store.delete_file(str(self.key))

    def _put(self, path: Path) -> None:
        # Arrow ends what it was given when a stream is dropped, also half of it: so all at once.
        content = pa.memory_map(str(path)).read_buffer() if path.stat().st_size else b""
        # Azure shows an object empty as soon as it is begun, so there it gets its name at the end.
        hidden = self.key.with_name(f".{self.key.name}.{uuid.uuid4().hex}.tmp")
        key = hidden if self.scheme.startswith("abfs") else self.key
        stream = self.store.open_output_stream(str(key))
        stream.write(content)
        stream.close()
        if key != self.key:
            self._rename(key)

    def _head(self) -> dict[str, str] | None:
        """Return what the store says of the object, names in lower case; None for none."""
        try:
            with self.store.open_input_file(str(self.key)) as file:
                said = file.metadata() or {}
        except FileNotFoundError:
            return None
        return {name.lower(): value.decode(errors="replace") for name, value in said.items()}

    def _stamp(self) -> str | None:
        info = self._info()
        return f"{info.size}-{info.mtime_ns}" if info.is_file else None

    def _rename(self, hidden: PurePosixPath) -> None:
        """Let a hidden object take this one's place."""
        try:
            self.store.move(str(hidden), str(self.key))
        except NotImplementedError:  # An account without hierarchical namespace renames nothing.
            self.store.copy_file(str(hidden), str(self.key))
            self.store.delete_file(str(hidden))

    def _info(self) -> fs.FileInfo:
        return self.store.get_file_info(str(self.key))


def _bears_credentials(scheme: str, rest: str) -> bool:
    """Return whether a URI holds more than names."""
    user = rest.partition("/")[0].rpartition("@")[0]
    if scheme.startswith("abfs"):  # The container or the account is there.
        secrets = ("client_secret", "sig")
        query = rest.partition("?")[2].split("&")
        return ":" in user or any(one.partition("=")[0] in secrets for one in query)
    named = {""} if scheme == "s3" else {"", "anonymous"}
    return user not in named


def object_path(uri: str) -> ObjectPath:
    """Return what a URI such as `s3://bucket/prefix` names; credentials are found the usual way.

    Raises:
        LakeError: it is no such URI, or has credentials in it.
    """
    scheme, _, rest = uri.partition("://")
    if _bears_credentials(scheme, rest):
        raise LakeError(
            "ZD_LAKE has credentials in it; give them to the environment (AWS_ACCESS_KEY_ID, ...)"
        )
    if not rest.strip("/"):
        raise LakeError(f"ZD_LAKE: {uri!r} names no bucket; set it to {scheme}://bucket/prefix")
    if scheme == "s3":
        # What is small is then put in one request, without the three of an upload in parts.
        uri += f"{'&' if '?' in uri else '?'}allow_delayed_open=true"
    try:
        store, key = fs.FileSystem.from_uri(uri)
    except (pa.ArrowException, ValueError, OSError) as error:
        raise LakeError(f"ZD_LAKE: {uri!r} can't be used: {error}") from error
    return ObjectPath(scheme, PurePosixPath(key.rstrip("/")), store)
