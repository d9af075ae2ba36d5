"""The account's requests in a minute or another span, shared by all that asks for it."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pyrate_limiter import RateItem

from zd_assets.zendesk.buckets import in_postgres, on_machine, unreachable
from zd_assets.zendesk.errors import StoppedError

# So much longer than the window: a request's way to the server may take longer than another's.
_MARGIN_MS = 1_000
_LOOK_AGAIN_S = 0.2


class Budget:
    """At most so many requests in any window of time to one API of one account.

    All runs of this user on this machine count into the same budget, or all runs that share a
    Postgres, whatever machine they are on; a killed one leaves nothing to repair.
    """

    def __init__(
        self, account: str, requests: int, window_s: float = 60, *, shared: str = ""
    ) -> None:
        """Open the budget of `account`, any text that names the API and its account.

        It allows `requests` in any `window_s` seconds. Each text has one window. `shared` is the
        address of the Postgres to count in; without one, this machine counts for itself.

        Raises:
            ConfigurationError: `shared` is of no Postgres, or its driver isn't installed.
            UnavailableError: the Postgres can't be reached.
        """
        self.requests = requests
        window_ms = round(window_s * 1000) + _MARGIN_MS
        self._bucket, self._lost = (
            in_postgres(shared, account, requests, window_ms)
            if shared
            else on_machine(account, requests, window_ms)
        )
        self._lock = threading.Lock()

    def spend(self, stop: threading.Event) -> None:
        """Wait until a request may be made, and count it.

        Raises:
            StoppedError: `stop` was set meanwhile.
            UnavailableError: the Postgres can't be reached.
        """
        while not self._try():
            if stop.wait(_LOOK_AGAIN_S):
                raise StoppedError("stopped while waiting for the request budget")

    def left(self) -> int:
        """How many requests may be made at this moment.

        Raises:
            UnavailableError: the Postgres can't be reached.
        """
        with self._without_old() as (bucket, _):
            return max(0, self.requests - int(bucket.count()))

    def _try(self) -> bool:
        with self._without_old() as (bucket, now_ms):
            return bool(bucket.put(RateItem("request", now_ms)))

    @contextmanager
    def _without_old(self) -> Iterator[tuple[Any, int]]:
        """The bucket with the last window's requests alone, and its time in milliseconds."""
        # The file lock is for other processes; it polls, so threads queue here.
        with self._lock:
            try:
                now_ms = self._bucket.now()
                self._bucket.leak(now_ms)
                yield self._bucket, now_ms
            except self._lost as error:
                raise unreachable(error) from None
