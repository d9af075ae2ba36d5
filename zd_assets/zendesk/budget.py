"""The account's requests per minute, shared by every process of this machine."""

import hashlib
import os
import tempfile
import threading
import time
from functools import cache
from pathlib import Path

from pyrate_limiter import Rate, RateItem, SQLiteBucket

from zd_assets.zendesk.errors import StoppedError

# A second more than the minute: a request's way to the server may take longer than another's.
_WINDOW_MS = 61_000
_LOOK_AGAIN_S = 0.2


class Budget:
    """At most `per_minute` requests in any minute to one API of one account.

    The requests of the last minute stand in a SQLite file in the machine's folder for
    temporary files, behind a file lock: all runs of this user count into the same budget, and
    a killed one leaves nothing to repair.
    """

    def __init__(self, account: str, per_minute: int) -> None:
        """Open the budget of `account`, any text that names the API and its account."""
        self.per_minute = per_minute
        self._bucket = _open(account, per_minute)
        self._lock = threading.Lock()

    def spend(self, stop: threading.Event) -> None:
        """Wait until a request may be made, and count it.

        Raises:
            StoppedError: `stop` was set meanwhile.
        """
        while not self._try():
            if stop.wait(_LOOK_AGAIN_S):
                raise StoppedError("stopped while waiting for the request budget")

    def left(self) -> int:
        """How many requests may be made at this moment."""
        with self._lock:
            self._bucket.leak(_now_ms())
            return max(0, self.per_minute - self._bucket.count())

    def _try(self) -> bool:
        # The file lock is for other processes; it polls, so threads queue here.
        with self._lock:
            self._bucket.leak(_now_ms())
            return self._bucket.put(RateItem("request", _now_ms()))


@cache
def _open(account: str, per_minute: int) -> SQLiteBucket:
    digest = hashlib.sha256(account.encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"zd_assets-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return SQLiteBucket.init_from_file(
        [Rate(per_minute, _WINDOW_MS)],
        table="requests",
        db_path=str(folder / f"budget-{digest}.sqlite"),
        use_file_lock=True,
    )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
