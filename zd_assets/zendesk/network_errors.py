"""What a failed connection says of its cause, in words, and whether the page may be too heavy."""

import http.client
import socket
import ssl
from collections.abc import Iterator
from enum import Enum

import requests
import urllib3


class Load(Enum):
    """What a failure says of the page that was asked for."""

    NOTHING = "nothing"
    TOO_SLOW = "it takes the server too long: ask for less at once"
    BROKEN = "it broke off: ask for less if that happens again"


def is_unknown_host(error: BaseException) -> bool:
    """Return whether no such host is known, for good."""
    unknown = (socket.EAI_NONAME, socket.EAI_NODATA)
    causes = list(_causes(error))
    if any(isinstance(one, requests.exceptions.ProxyError) for one in causes):
        return False  # It is the proxy's.
    return any(isinstance(one, socket.gaierror) and one.errno in unknown for one in causes)


def is_untrusted(error: BaseException) -> bool:
    """Return whether the server's certificate isn't trusted, which asking again doesn't change."""
    return any(isinstance(one, ssl.SSLCertVerificationError) for one in _causes(error))


def cause(error: BaseException) -> tuple[str, Load]:
    """Return the cause of a failed request, and what it says of the page.

    >>> cause(ConnectionRefusedError())
    ('the connection was refused; check the address and the port', Load.NOTHING)
    """
    causes = list(_causes(error))
    for kinds, words, load in _CAUSES:
        if any(isinstance(one, kinds) for one in causes):
            return words, load
    return f"the connection failed ({type(error).__name__})", Load.BROKEN


_CAUSES: list[tuple[tuple[type[BaseException], ...], str, Load]] = [
    (
        (requests.exceptions.ProxyError, urllib3.exceptions.ProxyError),
        "the proxy can't be used; check HTTPS_PROXY and NO_PROXY",
        Load.NOTHING,
    ),
    (
        (ssl.SSLCertVerificationError,),
        "its certificate isn't trusted; check the address, the clock and REQUESTS_CA_BUNDLE",
        Load.NOTHING,
    ),
    (
        (ssl.SSLError, requests.exceptions.SSLError),
        "the encrypted connection failed; check that the port speaks https",
        Load.NOTHING,
    ),
    ((socket.gaierror,), "its name can't be looked up now; check the network", Load.NOTHING),
    (
        (ConnectionRefusedError,),
        "the connection was refused; check the address and the port",
        Load.NOTHING,
    ),
    (
        (requests.exceptions.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError),
        "no connection came about in time; check the network and the firewall",
        Load.NOTHING,
    ),
    (
        (TimeoutError, requests.exceptions.ReadTimeout, urllib3.exceptions.ReadTimeoutError),
        "the answer took too long",
        Load.TOO_SLOW,
    ),
    ((ConnectionResetError, BrokenPipeError), "the connection was reset", Load.BROKEN),
    (
        (
            http.client.HTTPException,
            requests.exceptions.ChunkedEncodingError,
            urllib3.exceptions.ProtocolError,
            urllib3.exceptions.DecodeError,
        ),
        "the answer was cut off",
        Load.BROKEN,
    ),
]


def _causes(error: BaseException | None) -> Iterator[BaseException]:
    """Yield the error and what it wraps: in its arguments, its reason, its cause or its context."""
    seen: set[int] = set()
    waiting = [error]
    while waiting:
        one = waiting.pop(0)
        if not isinstance(one, BaseException) or id(one) in seen:
            continue
        seen.add(id(one))
        yield one
        context = None if one.__suppress_context__ else one.__context__
        waiting += [*one.args, getattr(one, "reason", None), one.__cause__, context]
