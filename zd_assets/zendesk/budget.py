"""The account's requests in a minute or another span, shared by all that asks for it."""

import threading
import time
from collections.abc import Callable
from functools import partial
from typing import Any

from pyrate_limiter import RateItem

from zd_assets.zendesk.buckets import (
    Opened,
    count_from_now,
    in_postgres,
    is_damage,
    on_machine,
    replace_damaged,
    unreachable,
    unusable_folder,
)
from zd_assets.zendesk.errors import StoppedError

# So much longer than the window: a request's way to the server may take longer than another's.
_MARGIN_MS = 1_000
_LOOK_AGAIN_S = 0.2
_TELL_AFTER_S = 5.0


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
        self._account, self._window_s, self._shared = account, window_s, bool(shared)
        self._open: Callable[[], Opened] = (
            partial(in_postgres, shared, account, requests, window_ms)
            if shared
            else partial(on_machine, account, requests, window_ms)
        )
        self._open()
        self._lock = threading.Lock()

    def spend(
        self, stop: threading.Event, notice: Callable[[str], None] = lambda message: None
    ) -> None:
        """Wait until a request may be made, and count it; `notice` is told how long that may be.

        Raises:
            StoppedError: `stop` was set meanwhile.
            UnavailableError: the Postgres, or the machine's folder, can't be used.
        """
        began_s, told = time.monotonic(), False
        while wait_s := self._in_bucket(_spend):
            waited_s = time.monotonic() - began_s
            if not told and waited_s + wait_s > _TELL_AFTER_S:
                notice(
                    f"waiting {wait_s:.0f} s for the request budget: {self.requests} in "
                    f"{self._window_s:.0f} s, shared by all runs"
                )
                told = True
            if stop.wait(_LOOK_AGAIN_S):
                raise StoppedError("stopped while waiting for the request budget")

    def try_spend(self) -> bool:
        """Count a request if one may be made now; never waits.

        Raises:
            UnavailableError: the Postgres, or the machine's folder, can't be used.
        """
        return not self._in_bucket(_spend)

    def left(self) -> int:
        """Return how many requests may be made at this moment.

        Raises:
            UnavailableError: the Postgres, or the machine's folder, can't be used.
        """
        return max(0, self.requests - int(self._in_bucket(lambda bucket, _: bucket.count())))

    def _in_bucket(self, act: Callable[[Any, int], Any]) -> Any:
        """Run `act` on the bucket with the last window's requests and the milliseconds now."""
        # The file lock is for other processes; it polls, so threads queue here.
        with self._lock:
            try:
                return self._act(act)
            except _LostError as error:
                if self._shared:
                    raise unreachable(error.reason) from None
                if is_damage(error.reason):
                    replace_damaged(self._account)
            # The file is opened again: its folder may have been removed under our hands.
            try:
                return self._act(act)
            except _LostError as error:
                raise unusable_folder(error.reason) from None

    def _act(self, act: Callable[[Any, int], Any]) -> Any:
        bucket, lost = self._open()
        try:
            now_ms = bucket.now()
            count_from_now(bucket, now_ms)
            bucket.leak(now_ms)
            return act(bucket, now_ms)
        except lost as error:
            raise _LostError(error) from None


def _spend(bucket: Any, now_ms: int) -> float:
    """Count a request, or return the seconds until one may be made; 0 where it was counted."""
    request = RateItem("request", now_ms)
    return 0.0 if bucket.put(request) else max(int(bucket.waiting(request)), 1) / 1000


class _LostError(Exception):
    """The bucket failed under way."""

    def __init__(self, reason: Exception) -> None:
        super().__init__(reason)
        self.reason = reason
