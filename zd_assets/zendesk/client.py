"""One HTTP client for one API: authentication, time-outs, retries, the budget, one origin."""

import gzip
import re
import threading
import time
import zlib
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

import requests
import tenacity
import urllib3
from requests.adapters import HTTPAdapter

from zd_assets.zendesk.auth import TokenAuth
from zd_assets.zendesk.budget import Budget
from zd_assets.zendesk.errors import (
    AuthenticationError,
    ConfigurationError,
    ForeignUrlError,
    RefusedError,
    StartTimeTooRecentError,
    StoppedError,
    UnavailableError,
)
from zd_assets.zendesk.network_errors import Load, cause, is_unknown_host
from zd_assets.zendesk.oauth import ClientAuth
from zd_assets.zendesk.refusals import said, shortened

T = TypeVar("T")
Notice = Callable[[str], None]

_CONNECT_S, _READ_S = 10, 60
_CHUNK = 1 << 18
_MAX_WAIT_S = 60
_MAX_RETRY_AFTER_S = 3600
_MAX_REDIRECTS = 5
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
_PASSING = {408, 409, 425, 429}
_TOO_SLOW = {504, 524}
_NETWORK_ERRORS = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    OSError,
    EOFError,  # The end of what is compressed is missing.
    zlib.error,
)
# Chat's words: a start_time "must be more than five minutes in the past".
_TOO_RECENT = re.compile(rb"start_time.{0,40}(too recent|in the past)", re.IGNORECASE)


@dataclass(frozen=True)
class Body:
    """A 200's body, what was asked, and when: by the earlier of our clock and the server's."""

    url: str
    content: bytes
    content_type: str
    asked_at_s: float


class UnusableBodyError(Exception):
    """A reader's word that a body can't be used; the request is made again."""


class _PassingError(Exception):
    """A failure that may pass: the request is made again after `retry_after_s`, if given."""

    def __init__(
        self, message: str, retry_after_s: float | None = None, load: Load = Load.NOTHING
    ) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s
        self.load = load


@dataclass(frozen=True)
class Client:
    """Asks one API for URLs of one origin.

    `base_url` is what stands before `/incremental/...`; `attempts` bounds how often one request
    is made; `first_wait_s` is the wait after the first failure, doubled after each further one;
    `answer_deadline_s` is how long, in seconds, one answer may take as a whole.
    """

    base_url: str
    base_url_variable: str
    auth: TokenAuth | ClientAuth
    budget: Budget
    attempts: int = 8
    first_wait_s: float = 1.0
    answer_deadline_s: float = 300.0
    _session: requests.Session = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        """Check the base URL and open the session."""
        scheme, host, _ = origin(self.base_url)
        if scheme not in ("http", "https") or not host:
            raise ConfigurationError(
                f"{self.base_url_variable}: {self.base_url!r} is no http(s) address; "
                "give one such as https://acme.zendesk.com/api/v2"
            )
        if scheme == "http" and host not in _LOOPBACK:
            raise ConfigurationError(
                f"{self.base_url_variable}: {self.base_url!r} is plain http, over which the token "
                "could be read on its way; use https (http only to this machine itself)"
            )
        session = requests.Session()
        session.auth = self.auth
        session.headers["Accept-Encoding"] = "gzip"
        session.mount(f"{scheme}://", HTTPAdapter(pool_maxsize=32))
        object.__setattr__(self, "_session", session)

    def get(
        self,
        url: str,
        read: Callable[[Body], T],
        *,
        stop: threading.Event | None = None,
        notice: Notice = lambda message: None,
        lighter: Callable[[str], str] = lambda url: url,
    ) -> T:
        """Ask for `url` until `read` can use its body; each attempt counts into the budget.

        Retried with back-off and jitter, or after the server's `Retry-After`: 408, 409, 425, 429,
        any 5xx, broken connections, time-outs, cut bodies, and bodies that `read` refuses with
        `UnusableBodyError`. `notice` is told of each wait. After a time-out, or when the answer
        broke off a second time, what `lighter` makes of the URL is asked for instead.

        Raises:
            AuthenticationError: 401 or 403.
            StartTimeTooRecentError: the server's clock is behind what we ask for.
            RefusedError: another 4xx, or a redirect to nowhere.
            ForeignUrlError: `url` or a redirect leaves the origin of `base_url`.
            ConfigurationError: the host is unknown.
            UnavailableError: every attempt failed.
            StoppedError: `stop` was set.
        """
        stop = stop or threading.Event()
        asked, broken = url, 0

        def attempt() -> T:
            nonlocal asked, broken
            try:
                return self._attempt(asked, read, stop, notice)
            except _PassingError as error:
                broken += error.load is Load.BROKEN
                if error.load is Load.TOO_SLOW or (error.load is Load.BROKEN and broken > 1):
                    asked = lighter(asked)
                raise

        def announce(state: tenacity.RetryCallState) -> None:
            assert state.outcome
            assert state.next_action
            wait_s = state.next_action.sleep
            notice(f"{state.outcome.exception()}; asking again in {wait_s:.1f} s")

        retrying = tenacity.Retrying(
            retry=tenacity.retry_if_exception_type(_PassingError),
            stop=tenacity.stop_after_attempt(self.attempts),
            wait=self._wait_s,
            sleep=tenacity.sleep_using_event(stop),
            before_sleep=announce,
            reraise=True,
        )
        try:
            answer: T = retrying(attempt)
            return answer
        except _PassingError as error:
            raise UnavailableError(
                f"{error}; asked {self.attempts} times. What was committed stays; run again later."
            ) from None

    def _wait_s(self, state: tenacity.RetryCallState) -> float:
        error = state.outcome.exception() if state.outcome else None
        backoff_s = tenacity.wait_exponential_jitter(
            multiplier=self.first_wait_s, max=_MAX_WAIT_S, jitter=self.first_wait_s
        )(state)
        after_s = error.retry_after_s if isinstance(error, _PassingError) else None
        return backoff_s if after_s is None else after_s + min(1.0, self.first_wait_s)

    def _attempt(
        self, url: str, read: Callable[[Body], T], stop: threading.Event, notice: Notice
    ) -> T:
        body = self._body(url, stop, notice)
        try:
            return read(body)
        except UnusableBodyError as error:
            raise _PassingError(f"{_shown(url)}: {error}", load=Load.BROKEN) from None

    def _body(self, url: str, stop: threading.Event, notice: Notice) -> Body:
        for _ in range(_MAX_REDIRECTS):
            self._check_origin(url)
            self.budget.spend(stop, notice)
            if stop.is_set():
                raise StoppedError(f"stopped before asking {_shown(url)}")
            asked_at_s = time.time()
            try:
                response = self._session.get(
                    url, timeout=(_CONNECT_S, _READ_S), allow_redirects=False, stream=True
                )
                with response:
                    if response.is_redirect:
                        url = urljoin(url, response.headers["Location"])
                        continue
                    content = self._read(response)
            except _NETWORK_ERRORS as error:
                raise self._network_error(url, error) from None
            if response.status_code == 401 and self.auth.another(
                response.request.headers.get("Authorization", "")
            ):
                continue
            if response.status_code != 200:
                raise self._status_error(url, response, content)
            return Body(
                url=url,
                content=content,
                content_type=response.headers.get("Content-Type", "no content type"),
                asked_at_s=min(asked_at_s, _date_s(response) or asked_at_s),
            )
        raise RefusedError(f"{_shown(url)}: redirected {_MAX_REDIRECTS} times")

    def _check_origin(self, url: str) -> None:
        if origin(url) != origin(self.base_url):
            raise ForeignUrlError(
                f"the server sent us to {_site(url)}, but {self.base_url_variable} says "
                f"{_site(self.base_url)}; not followed, so that the token stays with its host. "
                f"If the account moved, set {self.base_url_variable}."
            )

    def _read(self, response: requests.Response) -> bytes:
        """The whole body; as it comes in, so that a trickle doesn't go on for ever."""
        until_s = time.monotonic() + self.answer_deadline_s
        parts = []
        # Not `.content`: it joins a 5 MB page from 10 KB pieces. As it comes: decoding on the way
        # waits inside for something to decode, and doesn't notice where the end is missing.
        while part := response.raw.read1(_CHUNK, decode_content=False):
            parts.append(part)
            if time.monotonic() > until_s:
                raise TimeoutError(f"not whole after {self.answer_deadline_s:.0f} s")
        body = b"".join(parts)
        return gzip.decompress(body) if response.headers.get("Content-Encoding") == "gzip" else body

    def _network_error(self, url: str, error: Exception) -> Exception:
        if is_unknown_host(error):
            return ConfigurationError(
                f"there is no host {urlsplit(url).hostname!r}; "
                f"check ZENDESK_SUBDOMAIN or {self.base_url_variable}"
            )
        words, load = cause(error)
        return _PassingError(f"{_shown(url)} ({_site(url)}): {words}", load=load)

    def _status_error(self, url: str, response: requests.Response, content: bytes) -> Exception:
        status, where = response.status_code, _shown(url)
        # Scrubbed as it was sent and as it is read, and only then cut.
        words = self.auth.scrub(said(self.auth.scrub(content.decode("utf-8", "replace")).encode()))
        told = f": {shortened(words)}" if words else ""
        if status == HTTPStatus.UNAUTHORIZED:
            return AuthenticationError(
                f"{where} answered 401{told}; check {self.auth.variables} "
                "(of an owner or administrator)"
            )
        if status == HTTPStatus.FORBIDDEN:
            return AuthenticationError(
                f"{where} answered 403{told}; the account's plan doesn't have it, or the role or "
                f"scope doesn't allow it: check {self.auth.variables} "
                "(of an owner or administrator)"
            )
        if status in _PASSING or status >= HTTPStatus.INTERNAL_SERVER_ERROR:
            load = Load.TOO_SLOW if status in _TOO_SLOW else Load.BROKEN
            load = load if status >= HTTPStatus.INTERNAL_SERVER_ERROR else Load.NOTHING
            return _PassingError(f"{where} answered {status}", _retry_after_s(response), load)
        if b"StartTimeTooRecent" in content or (_TOO_RECENT.search(content) and status < 500):
            return StartTimeTooRecentError(
                f"{where} answered {status}{told}", status, _date_s(response)
            )
        hint = (
            f"; check {self.base_url_variable} or ZENDESK_SUBDOMAIN, or the account's plan lacks it"
            if status == HTTPStatus.NOT_FOUND
            else ""
        )
        return RefusedError(f"{where} answered {status}{told}{hint}", status)


def origin(url: str) -> tuple[str, str, int | None]:
    """Scheme, host and port of `url`; what decides whether a URL may be followed.

    Of a text that is no URL: nothing, which is nobody's origin.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return ("", "", None)
    default_port = {"http": 80, "https": 443}.get(parts.scheme)
    return (parts.scheme, (parts.hostname or "").lower(), port or default_port)


def _site(url: str) -> str:
    """`url` up to its host and port, for messages: nothing else that a server put into it."""
    scheme, host, port = origin(url)
    return f"{scheme}://{host}:{port}" if host else "what is no address"


def _shown(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}{parts.path}"


def _date_s(response: requests.Response) -> float | None:
    text = response.headers.get("Date")
    return _http_date_s(text) if text else None


def _retry_after_s(response: requests.Response) -> float | None:
    """`Retry-After` in seconds, be it a number or a date; None where absent or unreadable."""
    text = response.headers.get("Retry-After", "").strip()
    if text.isdecimal():
        return min(float(text), _MAX_RETRY_AFTER_S)
    at_s = _http_date_s(text)
    if at_s is None:
        return None
    return min(max(0.0, at_s - (_date_s(response) or time.time())), _MAX_RETRY_AFTER_S)


def _http_date_s(text: str) -> float | None:
    try:
        at: datetime = parsedate_to_datetime(text)
        return (at if at.tzinfo else at.replace(tzinfo=UTC)).timestamp()
    except (ValueError, OverflowError):  # The latter by a zone that there isn't.
        return None
