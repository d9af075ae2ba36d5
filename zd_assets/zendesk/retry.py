"""Which failures pass, and how long to wait before a request is made again."""

import random
import time
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus

import requests

from zd_assets.zendesk.network_errors import Load

_PASSING = {408, 409, 425, 429}
_TOO_SLOW = {504, 524}
_MAX_WAIT_S = 60
_MAX_RETRY_AFTER_S = 3600
# 2000-01-01: a clock that shows less isn't set.
_EARLIEST_S = 946_684_800


class PassingError(Exception):
    """A failure that may pass: the request is made again after `retry_after_s`, if given."""

    def __init__(
        self, message: str, retry_after_s: float | None = None, load: Load = Load.NOTHING
    ) -> None:
        """Keep the server's `Retry-After` in seconds, and what the failure says of the page."""
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.load = load


def passes(status: int) -> bool:
    """Return whether an HTTP status passes by itself, as the server's own troubles do."""
    return status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR


def load_of(status: int) -> Load:
    """Return what a status that passes says of the page that was asked for."""
    if status in _TOO_SLOW:
        return Load.TOO_SLOW
    return Load.BROKEN if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Load.NOTHING


def wait_s(failures: int, first_wait_s: float, retry_after_s: float | None) -> float:
    """Seconds to wait after so many failures in a row: what the server says, else doubled."""
    if retry_after_s is not None:
        return retry_after_s + min(1.0, first_wait_s)
    doubled_s = first_wait_s * 2.0 ** min(failures - 1, 30)
    return min(_MAX_WAIT_S, doubled_s + random.uniform(0, first_wait_s))


def retry_after_s(response: requests.Response) -> float | None:
    """`Retry-After` in seconds, be it a number or a date; None where absent or unreadable."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return min(float(text), _MAX_RETRY_AFTER_S)
    at_s = _http_date_s(text)
    if at_s is None:
        return None
    return min(max(0.0, at_s - (date_s(response) or time.time())), _MAX_RETRY_AFTER_S)


def date_s(response: requests.Response) -> float | None:
    """Return the server's time by its `Date`, in epoch seconds; None where absent or unreadable."""
    text = response.headers.get("Date")
    return _http_date_s(text) if text else None


def _http_date_s(text: str) -> float | None:
    try:
        at: datetime = parsedate_to_datetime(text)
        at_s = (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):  # The latter by a zone that there isn't.
        return None
    return at_s if at_s >= _EARLIEST_S else None
