"""Who may change a lake between days and hours: nobody while a run writes, nor two at once.

In a folder a lock on it tells, which ends with its process. A store has no locks: whoever changes
it leaves a claim there, one a machine, and looks for others after that. Of two that come at once,
at most one goes on.
"""

import fcntl
import hashlib
import os
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

from zd_assets.lake.errors import ChangedError, LakeError
from zd_assets.lake.lake import Lake, writing
from zd_assets.lake.location import Location
from zd_assets.lake.locks import file_lock
from zd_assets.lake.objects import ObjectPath
from zd_assets.lake.staging import in_staging
from zd_assets.lake.temporary import replacing

_CLAIMS = ".repartition-claims"
_DEAD_AFTER_S = 900


@contextmanager
def writing_partitions(lake: Lake) -> Iterator[None]:
    """Let a run write partitions, beside other runs.

    Of a store, it only looks whether somebody changes it now.

    Raises:
        LakeError: somebody changes the lake between days and hours.
    """
    if isinstance(lake.root, ObjectPath):
        if others := _living(lake.root):
            raise _refusal(lake.root, others[0].name)
        yield
        return
    with _folder_lock(lake.root, fcntl.LOCK_SH):
        yield


@contextmanager
def changing_layout(lake: Lake) -> Iterator[Callable[[], None]]:
    """Be the only one that changes a lake between days and hours.

    Yields what is to be called before each step, at least every few minutes: it raises
    `ChangedError` where another machine took this process for dead.

    Raises:
        LakeError: another process does so, or a run writes to the folder.
    """
    if not isinstance(lake.root, ObjectPath):
        with _folder_lock(lake.root, fcntl.LOCK_EX):
            yield lambda: None
        return
    with ExitStack() as stack:

        def enter(folder: Path) -> str:
            stack.enter_context(file_lock(folder / ".repartition.lock", wait=False))
            # On this machine there is no other: what is there of this name is a dead process's.
            return f"{socket.gethostname()}-{hashlib.sha256(str(folder).encode()).hexdigest()[:8]}"

        try:
            name = in_staging(lake.root, enter)
        except BlockingIOError:
            raise _refusal(lake.root, "this machine") from None
        yield stack.enter_context(_claim(lake.root, name))


@contextmanager
def _folder_lock(folder: Path, kind: int) -> Iterator[None]:
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)
        lock = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        try:
            fcntl.flock(lock, kind | fcntl.LOCK_NB)
        except BlockingIOError:
            raise _refusal(folder, "this machine") from None
        yield
    finally:
        os.close(lock)


@contextmanager
def _claim(root: ObjectPath, name: str) -> Iterator[Callable[[], None]]:
    claim = root.joinpath(_CLAIMS, name)

    def renew() -> None:
        if not claim.exists():
            raise ChangedError(f"another machine rewrites {root} since this one was too slow")
        _put(claim)

    _put(claim)
    try:
        if others := [other for other in _living(root) if other.name != name]:
            raise _refusal(root, others[0].name)
        for dead in _claims(root):
            if dead.name != name:
                dead.remove()
        yield renew
    finally:
        with suppress(OSError):  # It is dead in a quarter of an hour.
            claim.remove()


def _put(claim: ObjectPath) -> None:
    with writing(claim), replacing(claim) as path:
        path.write_text(claim.name)


def _living(root: ObjectPath) -> list[ObjectPath]:
    oldest_s = time.time() - _DEAD_AFTER_S
    return [claim for claim in _claims(root) if claim.stat().mtime_ns / 1e9 > oldest_s]


def _claims(root: ObjectPath) -> list[ObjectPath]:
    return list(root.joinpath(_CLAIMS).glob("*"))


def _refusal(root: Location, by: str) -> LakeError:
    return LakeError(
        f"the partitions of {root} are being rewritten, or written by a run (on {by}): only one of "
        "both at a time. Run again when that has ended, or, if it was killed on another machine, "
        "after 15 minutes"
    )
