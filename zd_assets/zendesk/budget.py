"""The account's requests in a minute or another span, shared by every process of this machine."""

import hashlib
import os
import tempfile
import threading
import time
from functools import cache
from pathlib import Path

from pyrate_limiter import Rate, RateItem, SQLiteBucket

from zd_assets.zendesk.errors import StoppedError

# So much longer than the window: a request's way to the server may take longer than another's.
_MARGIN_MS = 1_000
_LOOK_AGAIN_S = 0.2


class Budget:
    """At most so many requests in any window of time to one API of one account.

    The requests of the last window stand in a SQLite file in the machine's folder for
    temporary files, behind a file lock: all runs of this user count into the same budget, and
    a killed one leaves nothing to repair.
    """

    def __init__(self, account: str, requests: int, window_s: float = 60) -> None:
        """Open the budget of `account`, any text that names the API and its account.

        It allows `requests` in any `window_s` seconds. Each text has one window.
        """
        self.requests = requests
        self._bucket = _open(account, requests, round(window_s * 1000) + _MARGIN_MS)
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
            return max(0, self.requests - self._bucket.count())

    def _try(self) -> bool:
        # The file lock is for other processes; it polls, so threads queue here.
        with self._lock:
            self._bucket.leak(_now_ms())
            return self._bucket.put(RateItem("request", _now_ms()))


@cache
def _open(account: str, requests: int, window_ms: int) -> SQLiteBucket:
    digest = hashlib.sha256(account.encode()).hexdigest()[:16]
    folder = Path(tempfile.gettempdir()) / f"zd_assets-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    return SQLiteBucket.init_from_file(
        [Rate(requests, window_ms)],
        table="requests",
        db_path=str(folder / f"budget-{digest}.sqlite"),
        use_file_lock=True,
    )


def _now_ms() -> int:
    return time.time_ns() // 1_000_000
