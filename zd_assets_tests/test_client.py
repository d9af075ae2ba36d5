"""The HTTP client over real connections: retries, refusals, one origin, and its secret."""

import socket
import threading
import time
from collections.abc import Callable
from typing import Any

import pytest
import requests
from hypothesis import given
from hypothesis import strategies as st
from requests import Response

from zd_assets.sandbox import Running
from zd_assets.zendesk import client as client_module
from zd_assets.zendesk.auth import bearer
from zd_assets.zendesk.budget import Budget
from zd_assets.zendesk.client import Body, Client, UnusableBodyError
from zd_assets.zendesk.errors import (
    AuthenticationError,
    ConfigurationError,
    ForeignUrlError,
    RefusedError,
    StoppedError,
    UnavailableError,
    ZendeskError,
)
from zd_assets.zendesk.retry import retry_after_s, wait_s
from zd_assets_tests.conftest import UNLIMITED
from zd_assets_tests.helpers.local_server import Answer, serving
from zd_assets_tests.helpers.runs import statuses
from zd_assets_tests.helpers.secrecy import SECRET, assert_secret_in_no_error

CHATS_URL = "/incremental/chats?start_time=1769904000&limit=3"


def content(body: Body) -> bytes:
    return body.content


def client_of(url: str, **settings: Any) -> Client:
    return Client(
        **{
            "base_url": url,
            "base_url_variable": "ZENDESK_CHAT_URL",
            "auth": bearer(SECRET, "ZENDESK_CHAT_TOKEN"),
            "budget": Budget(url, UNLIMITED),
            "attempts": 3,
            "first_wait_s": 0.01,
            **settings,
        }
    )


PASSING: dict[str, dict[str, Any]] = {
    **{str(status): {"kind": "status", "status": status} for status in (408, 425, 500, 502, 503)},
    "504": {"kind": "status", "status": 504},
    "429 without Retry-After": {"kind": "status", "status": 429},
    "429 with seconds": {"kind": "status", "status": 429, "retry_after": 0},
    "429 with a date": {
        "kind": "status",
        "status": 429,
        "retry_after": "Sun, 01 Mar 2026 12:00:00 GMT",
    },
    "429 with nonsense": {"kind": "status", "status": 429, "retry_after": "soon"},
    "reset": {"kind": "reset"},
    "cut": {"kind": "cut"},
}


@pytest.mark.parametrize("case", PASSING)
def test_a_fault_that_may_pass_is_announced_and_asked_again(
    case: str, sandbox: Running, client: Client
) -> None:
    sandbox.faults([PASSING[case] | {"times": 2}])
    notices: list[str] = []
    body = client.get(client.base_url + CHATS_URL, content, notice=notices.append)
    assert body.startswith(b'{"chats":')
    assert len(sandbox.requests()) == 3
    assert len(notices) == 2
    assert all("asking again in" in notice for notice in notices)


@pytest.mark.parametrize("case", PASSING)
def test_a_fault_that_stays_fails_after_the_last_attempt_with_one_clear_message(
    case: str, sandbox: Running, client: Client
) -> None:
    sandbox.faults([PASSING[case] | {"times": -1}])
    with pytest.raises(
        UnavailableError, match=r"asked 4 times\. What was committed stays"
    ) as failed:
        client.get(client.base_url + CHATS_URL, content)
    assert "/api/v2/chat/incremental/chats" in str(failed.value)
    assert "\n" not in str(failed.value)
    assert len(sandbox.requests()) == 4


def half(url: str) -> str:
    before, _, size = url.partition("=")
    return f"{before}={max(1, int(size) // 2)}"


# What the server answers in turn, until a 200 -> the sizes that it is asked for.
HEAVY: list[tuple[list[Answer], list[int]]] = [
    ([Answer(b"", 504)], [8, 4]),
    ([Answer(b"", 504), Answer(b"", 504), Answer(b"", 504)], [8, 4, 2, 1]),
    ([Answer(b"", 524)], [8, 4]),
    # What broke off is asked for smaller from the second time on.
    ([Answer(b"", 503), Answer(b"", 504), Answer(b"", 500)], [8, 8, 4, 2]),
    ([Answer(b"", 500), Answer(b"", 502), Answer(b"", 503)], [8, 8, 4, 2]),
    ([Answer(b"cut", 200, {"Content-Length": "99"})] * 3, [8, 8, 4, 2]),
    ([Answer(b"unusable")] * 2, [8, 8, 4]),
    ([Answer(b"", 429), Answer(b"", 409), Answer(b"", 429)], [8, 8, 8, 8]),
    ([Answer(b"", 504, {"Retry-After": "0"})], [8, 4]),
    *(
        ([Answer(b"", status)], [8, 8])
        for status in (408, 409, 425, 429, 500, 502, 503, 520, 530, 599)
    ),
    ([Answer(b"cut", 200, {"Content-Length": "99"})], [8, 8]),
    ([Answer(b"unusable")], [8, 8]),
    ([], [8]),
]


@pytest.mark.parametrize(("answers", "sizes"), HEAVY)
def test_after_a_time_out_or_a_second_break_something_lighter_is_asked_for(
    answers: list[Answer], sizes: list[int]
) -> None:
    def answer(path: str, number: int) -> Answer:
        return answers[number] if number < len(answers) else Answer(path.encode())

    def read(body: Body) -> tuple[str, bytes]:
        if body.content == b"unusable":
            raise UnusableBodyError("not yet")
        return body.url, body.content

    with serving(answer) as server:
        client = client_of(server.url, attempts=4)
        url, path = client.get(f"{server.url}/x?size=8", read, lighter=half)
        assert [path for path, _ in server.seen] == [f"/x?size={size}" for size in sizes]
        # The reader is told what was asked for in the end.
        assert url == f"{server.url}{path.decode()}" == f"{server.url}/x?size={sizes[-1]}"


# How each try at a page of more than one item ends -> how often the first size is tried.
UNENDING = {"504": (Answer(b"", 504), 1), "503": (Answer(b"", 503), 2)}


@pytest.mark.parametrize("kind", UNENDING)
def test_a_page_that_got_smaller_has_attempts_of_its_own(kind: str) -> None:
    answer, firsts = UNENDING[kind]
    with serving(lambda path, number: answer) as server:
        client = client_of(server.url, attempts=3)
        with pytest.raises(UnavailableError, match=f"/x answered {kind}; asked {firsts + 4} times"):
            client.get(f"{server.url}/x?size=8", content, lighter=half)
        asked = [path for path, _ in server.seen]
        assert asked == [f"/x?size={size}" for size in (*[8] * firsts, 4, 2, 1, 1)]
        # The next page begins as it is asked for.
        with pytest.raises(UnavailableError):
            client.get(f"{server.url}/x?size=8", content, lighter=half)
        assert server.seen[len(asked)][0] == "/x?size=8"


def test_a_client_of_one_attempt_asks_once() -> None:
    with serving(lambda path, number: Answer(b"", 504)) as server:
        with pytest.raises(UnavailableError, match="answered 504"):
            client_of(server.url, attempts=1).get(f"{server.url}/x?size=8", content, lighter=half)
        assert len(server.seen) == 1


def test_without_anything_lighter_a_504_is_asked_again_as_it_was() -> None:
    with serving(lambda path, number: Answer(b"", 200 if number else 504)) as server:
        client_of(server.url).get(f"{server.url}/x?size=8", content)
        assert [path for path, _ in server.seen] == ["/x?size=8"] * 2


def test_a_body_knows_the_url_that_a_redirect_led_to() -> None:
    def answer(path: str, number: int) -> Answer:
        return Answer(b"", 302, {"Location": "/x?size=5"}) if number == 0 else Answer()

    with serving(answer) as server:
        asked = client_of(server.url).get(f"{server.url}/x?size=8", lambda body: body.url)
        assert asked == f"{server.url}/x?size=5"


def test_a_body_its_reader_refuses_is_asked_for_again(sandbox: Running, client: Client) -> None:
    seen: list[bytes] = []

    def read(body: Body) -> int:
        seen.append(body.content)
        if len(seen) < 3:
            raise UnusableBodyError("not yet")
        return len(seen)

    assert client.get(client.base_url + CHATS_URL, read) == 3
    assert len(sandbox.requests()) == 3


@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_token_fails_at_once_and_names_its_variable(
    status: int, make_client: Callable[..., Client], sandbox: Running
) -> None:
    client = make_client(token=SECRET)
    if status == 401:
        sandbox.faults([{"kind": "status", "status": 401, "times": -1}])
        sandbox.settings(token=SECRET)
    with pytest.raises(AuthenticationError, match="ZENDESK_CHAT_TOKEN") as failed:
        client.get(client.base_url + CHATS_URL, content)
    assert statuses(sandbox) == [status]
    assert_secret_in_no_error(failed.value)


@pytest.mark.parametrize("status", [400, 404, 405, 410, 422, 301, 304])
def test_any_other_refusal_fails_at_once_with_what_the_server_said(status: int) -> None:
    body = b'{"error":"invalid_limit"}' if status != 304 else b""
    words = ": invalid_limit" if body else ""
    with serving(lambda path, number: Answer(body, status)) as server:
        client = client_of(server.url)
        with pytest.raises(RefusedError, match=f"answered {status}{words}") as failed:
            client.get(f"{server.url}/incremental/chats", content)
        assert len(server.seen) == 1
    assert failed.value.status == status


def test_a_redirect_within_the_origin_is_followed_with_the_token() -> None:
    def answer(path: str, number: int) -> Answer:
        return Answer(b"", 302, {"Location": "/there"}) if path == "/here" else Answer(b"found")

    with serving(answer) as server:
        assert client_of(server.url).get(f"{server.url}/here", content) == b"found"
        assert [path for path, _ in server.seen] == ["/here", "/there"]
        assert {headers["Authorization"] for _, headers in server.seen} == {f"Bearer {SECRET}"}


def test_redirects_in_a_circle_end() -> None:
    with serving(lambda path, number: Answer(b"", 302, {"Location": "/again"})) as server:
        with pytest.raises(RefusedError, match="redirected"):
            client_of(server.url).get(f"{server.url}/x", content)
        assert len(server.seen) < 10


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_another_origin_is_not_followed(status: int) -> None:
    with (
        serving(lambda path, number: Answer(b"stolen")) as foreign,
        serving(lambda path, number: Answer(b"", status, {"Location": foreign.url})) as own,
    ):
        with pytest.raises(ForeignUrlError, match="ZENDESK_CHAT_URL") as failed:
            client_of(own.url).get(f"{own.url}/x", content)
        assert foreign.seen == []
        assert len(own.seen) == 1
        assert_secret_in_no_error(failed.value)


# What a `next_page` or a redirect may name -> whether it is of http://127.0.0.1:8765's origin.
ORIGINS = {
    "http://127.0.0.1:8765/other/path": True,
    "HTTP://127.0.0.1:8765/": True,
    "http://127.0.0.1:8766/": False,
    "https://127.0.0.1:8765/": False,
    "http://127.0.0.1/": False,
    "http://127.0.0.1:8765.foreign.example/": False,
    "http://127.0.0.1:8765@foreign.example/": False,
    "http://foreign.example:8765/": False,
    "//foreign.example/": False,
    "/relative": False,
    "": False,
    "http://127.0.0.1:99999999/": False,
    "http://127.0.0.1:port/": False,
    "http://[bad/": False,
    "file:///etc/passwd": False,
}


@pytest.mark.parametrize("url", ORIGINS)
def test_only_urls_of_our_origin_are_asked(url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def get(session: object, url: str, **settings: object) -> Response:
        asked.append(url)
        raise OSError("not really asked")

    monkeypatch.setattr(requests.Session, "get", get)
    client = client_of("http://127.0.0.1:8765/api/v2", attempts=1)
    with pytest.raises(UnavailableError if ORIGINS[url] else ForeignUrlError):
        client.get(url, content)
    assert asked == [url] * ORIGINS[url]


@pytest.mark.parametrize(
    "url",
    [
        "http://acme.zendesk.com/api/v2/chat",
        "http://127.0.0.1.nip.io/api",
        "http://10.0.0.1/api",
        "ftp://acme.zendesk.com",
        "acme.zendesk.com",
        "",
        "https://",
        "https://acme.zendesk.com:port/api",
        "https://[bad/api",
    ],
)
def test_an_unsafe_or_unusable_base_url_is_refused_before_any_request(url: str) -> None:
    with pytest.raises(ConfigurationError, match="ZENDESK_CHAT_URL"):
        client_of(url, budget=Budget("unused", UNLIMITED))


@pytest.mark.parametrize(
    "url", ["http://localhost:1/api", "http://[::1]:1/api", "https://acme.zendesk.com/api/v2"]
)
def test_https_and_loopback_are_usable(url: str) -> None:
    client_of(url, budget=Budget("unused", UNLIMITED))


def test_an_unknown_host_is_named_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def nowhere(host: str, *more: object, **settings: object) -> object:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", nowhere)
    url = "https://no-such-account.zendesk.com/api/v2/chat"
    notices: list[str] = []
    with pytest.raises(ConfigurationError, match=r"no host 'no-such-account\.zendesk\.com'") as e:
        client_of(url).get(f"{url}/x", content, notice=notices.append)
    assert "ZENDESK_SUBDOMAIN" in str(e.value)
    assert notices == []


def test_a_name_server_that_is_away_for_a_moment_is_asked_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def away(host: str, *more: object, **settings: object) -> object:
        raise socket.gaierror(socket.EAI_AGAIN, "Temporary failure in name resolution")

    monkeypatch.setattr(socket, "getaddrinfo", away)
    url = "https://acme.zendesk.com/api/v2/chat"
    with pytest.raises(UnavailableError, match="asked 3 times"):
        client_of(url).get(f"{url}/x", content)


def test_a_refused_connection_is_tried_again() -> None:
    with serving(lambda path, number: Answer()) as server:
        url = server.url
    with pytest.raises(UnavailableError, match="asked 3 times"):
        client_of(url).get(f"{url}/x", content)


def test_a_server_that_falls_silent_is_left_and_asked_again(
    sandbox: Running, client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "_READ_S", 0.2)
    sandbox.faults([{"kind": "hang", "seconds": 5}])
    assert client.get(client.base_url + CHATS_URL, content)
    assert len(sandbox.requests()) == 2


def retried_after(text: str, date: str | None = None) -> float | None:
    response = Response()
    response.headers["Retry-After"] = text
    if date:
        response.headers["Date"] = date
    return retry_after_s(response)


@pytest.mark.parametrize(
    ("text", "date", "seconds"),
    [
        ("0", None, 0.0),
        ("17", None, 17.0),
        (" 17 ", None, 17.0),
        ("Sun, 01 Mar 2026 12:00:30 GMT", "Sun, 01 Mar 2026 12:00:00 GMT", 30.0),
        ("Sun, 01 Mar 2026 11:00:00 GMT", "Sun, 01 Mar 2026 12:00:00 GMT", 0.0),
        ("Sunday, 01-Mar-26 12:00:30 GMT", "Sun, 01 Mar 2026 12:00:00 GMT", 30.0),
        ("", None, None),
        ("soon", None, None),
        ("1.5", None, None),
        ("-3", None, None),
        ("²", None, None),
    ],
)
def test_retry_after_is_read_as_seconds_or_date(
    text: str, date: str | None, seconds: float | None
) -> None:
    assert retried_after(text, date) == seconds


def test_an_absurd_retry_after_is_no_wait_of_years() -> None:
    with serving(lambda path, number: Answer(b"", 429, {"Retry-After": "9" * 400})) as server:
        stop = threading.Event()
        waits: list[str] = []

        def notice(message: str) -> None:
            waits.append(message)
            stop.set()

        with pytest.raises(StoppedError):
            client_of(server.url).get(f"{server.url}/x", content, stop=stop, notice=notice)
    assert float(waits[0].rpartition(" in ")[2].removesuffix(" s")) <= 3601


@given(st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40))
def test_no_text_in_retry_after_breaks_the_client(text: str) -> None:
    seconds = retried_after(text, text)
    assert seconds is None or seconds >= 0


@pytest.mark.parametrize("failures", [1, 2, 3, 7, 30, 5000])
def test_without_retry_after_waits_double_up_to_a_minute(failures: int) -> None:
    doubled_s = 2 ** (failures - 1)
    assert min(60, doubled_s) <= wait_s(failures, 1.0, None) <= min(60, doubled_s + 1)


def test_stop_ends_a_wait_at_once_and_asks_nothing_more(
    sandbox: Running, make_client: Callable[..., Client]
) -> None:
    sandbox.faults([{"kind": "status", "status": 503, "retry_after": 600, "times": -1}])
    client, stop = make_client(), threading.Event()
    began_s = time.monotonic()

    def notice(message: str) -> None:
        threading.Timer(0.1, stop.set).start()

    with pytest.raises(StoppedError):
        client.get(client.base_url + CHATS_URL, content, stop=stop, notice=notice)
    assert time.monotonic() - began_s < 30
    assert len(sandbox.requests()) == 1


def test_stop_ends_a_wait_for_the_budget(
    sandbox: Running, make_client: Callable[..., Client]
) -> None:
    client = make_client(budget=Budget(f"{sandbox.url} {time.time_ns()}", 1))
    stop = threading.Event()
    client.get(client.base_url + CHATS_URL, content, stop=stop)
    threading.Timer(0.1, stop.set).start()
    with pytest.raises(StoppedError, match="budget"):
        client.get(client.base_url + CHATS_URL, content, stop=stop)
    assert len(sandbox.requests()) == 1


def test_each_attempt_counts_into_the_budget(
    sandbox: Running, make_client: Callable[..., Client]
) -> None:
    budget = Budget(f"{sandbox.url} {time.time_ns()}", 10)
    sandbox.faults([{"kind": "status", "times": 2}])
    client = make_client(budget=budget)
    client.get(client.base_url + CHATS_URL, content)
    assert budget.left() == 7


def test_the_time_of_asking_is_the_earlier_of_our_clock_and_the_servers(
    sandbox: Running, client: Client
) -> None:
    url = client.base_url + CHATS_URL
    assert client.get(url, lambda body: body.asked_at_s) == 1772366400.0
    ahead_s = time.time() + 3600
    sandbox.settings(now=ahead_s)
    assert abs(client.get(url, lambda body: body.asked_at_s) - time.time()) < 60


def test_every_error_is_a_zendesk_error() -> None:
    raised = (AuthenticationError, ConfigurationError, ForeignUrlError, RefusedError)
    assert all(issubclass(kind, ZendeskError) for kind in (*raised, UnavailableError, StoppedError))
