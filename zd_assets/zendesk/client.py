"""One HTTP client for one API: authentication, time-outs, retries, the budget, one origin."""

import re
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import TypeVar
from urllib.parse import urljoin, urlsplit

import requests
import urllib3

from zd_assets.zendesk.auth import TokenAuth
from zd_assets.zendesk.body import read_body
from zd_assets.zendesk.budget import Budget
from zd_assets.zendesk.deadline import deadline, open_session
from zd_assets.zendesk.errors import (
    AuthenticationError,
    ConfigurationError,
    ForbiddenError,
    ForeignUrlError,
    RefusedError,
    StartTimeTooRecentError,
    StoppedError,
    UnavailableError,
)
from zd_assets.zendesk.network_errors import Load, cause, is_unknown_host, is_untrusted
from zd_assets.zendesk.oauth import ClientAuth
from zd_assets.zendesk.refusals import quoted
from zd_assets.zendesk.retry import PassingError, date_s, load_of, passes, retry_after_s, wait_s

T = TypeVar("T")
Notice = Callable[[str], None]

_CONNECT_S, _READ_S = 10, 60
_MAX_REDIRECTS = 5
_LOOPBACK = {"127.0.0.1", "localhost", "::1"}
# Chat's words: a start_time "must be more than five minutes in the past".
_TOO_RECENT = re.compile(rb"start_time.{0,80}(too recent|in the past)", re.IGNORECASE)


@dataclass(frozen=True)
class Body:
    """A 200's body, what was asked, and when: by the earlier of our clock and the server's.

    `server_s` is the server's own time, in epoch seconds; None where it doesn't say.
    """

    url: str
    content: bytes
    content_type: str
    asked_at_s: float
    server_s: float | None = None


class UnusableBodyError(Exception):
    """A reader's word that a body can't be used; the request is made again."""


@dataclass(frozen=True)
class Client:
    """Asks one API for URLs of one origin.

    `base_url` is what comes before `/incremental/...`; `attempts` bounds how often one request
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
        session = open_session()
        session.auth = self.auth
        session.headers["Accept-Encoding"] = "gzip"
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
            ConfigurationError: the host is unknown, or its certificate isn't trusted.
            UnavailableError: every attempt failed.
            StoppedError: `stop` was set.
        """
        stop = stop or threading.Event()
        asked, times, failures, broken = url, 0, 0, 0
        while True:
            times += 1
            try:
                return self._attempt(asked, read, stop, notice)
            except PassingError as error:
                broken += error.load is Load.BROKEN
                heavy = error.load is Load.TOO_SLOW or (error.load is Load.BROKEN and broken > 1)
                smaller = lighter(asked) if heavy else asked
                # A smaller page is another request, with attempts of its own.
                failures = 1 if smaller != asked else failures + 1
                asked = smaller
                if failures >= self.attempts:
                    often = f"; asked {times} times. What was committed stays; run again later."
                    raise UnavailableError(f"{error}{often if times > 1 else '.'}") from None
                pause_s = wait_s(failures, self.first_wait_s, error.retry_after_s)
                notice(f"{error}; asking again in {pause_s:.1f} s")
            if stop.wait(pause_s):
                raise StoppedError(f"stopped before asking {_shown(asked)} again")

    def _attempt(
        self, url: str, read: Callable[[Body], T], stop: threading.Event, notice: Notice
    ) -> T:
        body = self._body(url, stop, notice)
        try:
            return read(body)
        except UnusableBodyError as error:
            raise PassingError(f"{_shown(url)}: {error}", load=Load.BROKEN) from None

    def _body(self, url: str, stop: threading.Event, notice: Notice) -> Body:
        read_s = min(_READ_S, self.answer_deadline_s)
        for _ in range(_MAX_REDIRECTS):
            self._check_origin(url)
            self.budget.spend(stop, notice)
            if stop.is_set():
                raise StoppedError(f"stopped before asking {_shown(url)}")
            asked_at_s = time.time()
            try:
                with (
                    deadline(self.answer_deadline_s),
                    self._session.get(
                        url, timeout=(_CONNECT_S, read_s), allow_redirects=False, stream=True
                    ) as response,
                ):
                    if response.is_redirect:
                        url = urljoin(url, response.headers["Location"])
                        continue
                    content = read_body(response)
            except (requests.RequestException, urllib3.exceptions.HTTPError, OSError) as error:
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
                asked_at_s=min(asked_at_s, date_s(response) or asked_at_s),
                server_s=date_s(response),
            )
        raise RefusedError(f"{_shown(url)}: redirected {_MAX_REDIRECTS} times")

    def _check_origin(self, url: str) -> None:
        if origin(url) != origin(self.base_url):
            raise ForeignUrlError(
                f"the server sent us to {_site(url)}, but {self.base_url_variable} says "
                f"{_site(self.base_url)}; not followed, so that the token stays with its host. "
                f"If the account moved, set {self.base_url_variable}."
            )

    def _network_error(self, url: str, error: Exception) -> Exception:
        if is_unknown_host(error):
            return ConfigurationError(
                f"there is no host {urlsplit(url).hostname!r}; "
                f"check ZENDESK_SUBDOMAIN or {self.base_url_variable}"
            )
        words, load = cause(error)
        message = f"{_shown(url)} ({_site(url)}): {words}"
        return (
            ConfigurationError(message) if is_untrusted(error) else PassingError(message, load=load)
        )

    def _status_error(self, url: str, response: requests.Response, content: bytes) -> Exception:
        status, where = response.status_code, _shown(url)
        told = quoted(content, self.auth.scrub)
        if status == HTTPStatus.UNAUTHORIZED:
            return AuthenticationError(
                f"{where} answered 401{told}; check {self.auth.variables} "
                "(of an owner or administrator)"
            )
        if status == HTTPStatus.FORBIDDEN:
            return ForbiddenError(
                f"{where} answered 403{told}; the account's plan doesn't have it, or the role or "
                f"scope doesn't allow it: check {self.auth.variables} "
                "(of an owner or administrator)"
            )
        if passes(status):
            message = f"{where} answered {status}"
            return PassingError(message, retry_after_s(response), load_of(status))
        if b"StartTimeTooRecent" in content or _TOO_RECENT.search(content):
            return StartTimeTooRecentError(
                f"{where} answered {status}{told}", status, date_s(response)
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
