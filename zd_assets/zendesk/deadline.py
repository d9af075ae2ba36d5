"""A deadline for an answer as a whole: status line, headers and body, however they come in.

A read time-out strikes only after a silence, so an answer that comes byte by byte has none.
"""

import socket
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from functools import cache
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from urllib3.connection import HTTPConnection
from urllib3.connectionpool import ConnectionPool

_POOL_SIZE = 32
_AGAIN_S = 0.1


@contextmanager
def deadline(seconds: float) -> Iterator[None]:
    """Bound the answers that are read inside, of sessions that `open_session` made.

    Connecting isn't bounded by it, but by the connect time-out.

    Raises:
        TimeoutError: what is inside took more than `seconds`, and was broken off.
    """
    watch = _Watch()
    thread = threading.Thread(target=watch.run, args=(seconds,), daemon=True)
    outer = _WATCH.set(watch)
    thread.start()
    try:
        yield
    except Exception:
        if not watch.late.is_set():
            raise
    finally:
        watch.ended.set()
        _WATCH.reset(outer)
    if watch.late.is_set():
        raise TimeoutError(f"not whole after {seconds:.0f} s") from None


def open_session() -> requests.Session:
    """Return a session whose answers `deadline` can bound."""
    session = requests.Session()
    for scheme in ("https://", "http://"):
        session.mount(scheme, _Adapter(pool_maxsize=_POOL_SIZE))
    return session


class _Watch:
    """What ends the connection of one request at its deadline."""

    def __init__(self) -> None:
        self.socket: socket.socket | None = None
        self.late = threading.Event()
        self.ended = threading.Event()

    def run(self, seconds: float) -> None:
        if self.ended.wait(seconds):
            return
        self.late.set()
        # Until the request has ended: it may have no socket yet, or get another one.
        while not self.ended.is_set():
            if self.socket:
                with suppress(OSError):  # The other side has just closed it.
                    self.socket.shutdown(socket.SHUT_RDWR)
            self.ended.wait(_AGAIN_S)


_WATCH: ContextVar[_Watch | None] = ContextVar("deadline of the request", default=None)


class _Adapter(HTTPAdapter):
    def get_connection_with_tls_context(
        self,
        request: requests.PreparedRequest,
        verify: bool | str | None,
        proxies: Mapping[str, str] | None = None,
        cert: tuple[str, str] | str | None = None,
    ) -> ConnectionPool:
        pool: Any = super().get_connection_with_tls_context(request, verify, proxies, cert)
        pool.ConnectionCls = _watched(pool.ConnectionCls)
        return pool  # type: ignore[no-any-return]


@cache
def _watched(kind: type[HTTPConnection]) -> type[HTTPConnection]:
    """Make connections of a kind tell the deadline of a request which socket it uses."""
    if issubclass(kind, _Watched):
        return kind
    return type(f"Watched{kind.__name__}", (_Watched, kind), {})


class _Watched(HTTPConnection):
    def __setattr__(self, name: str, value: Any) -> None:
        super().__setattr__(name, value)
        if name == "sock":
            _tell(value)

    def request(self, *args: Any, **kwargs: Any) -> None:
        _tell(self.sock)  # One that an earlier request left open.
        super().request(*args, **kwargs)


def _tell(own: socket.socket | None) -> None:
    watch = _WATCH.get()
    if watch and own:  # A connection that is closed keeps its socket for the rest of the answer.
        watch.socket = own
        if watch.late.is_set():  # Nothing is sent on what is shut down.
            raise TimeoutError
