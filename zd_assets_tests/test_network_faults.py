"""What goes wrong between two machines: it passes, or the error names the cause and the mend."""

import gzip
import math
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from requests import Response

from zd_assets.catalog.chat import CHATS
from zd_assets.catalog.export import Api, Endpoint, Export, Pagination
from zd_assets.catalog.support import TICKET_EVENTS, TICKETS
from zd_assets.lake.lake import Lake
from zd_assets.sandbox import Running
from zd_assets.zendesk.client import Body, Client
from zd_assets.zendesk.errors import (
    AuthenticationError,
    ConfigurationError,
    RefusedError,
    StartTimeTooRecentError,
    UnavailableError,
)
from zd_assets.zendesk.retry import date_s
from zd_assets_tests.helpers.local_server import Answer, serving
from zd_assets_tests.helpers.runs import HOUR_US, Clients, fetch, few, item, over, road
from zd_assets_tests.helpers.truth import assert_lake_is_true, day

MakeClient = Callable[..., Client]

DAY = day("2026-02-01")


def content(body: Body) -> bytes:
    return body.content


#: What of an answer comes at once, and what comes then, byte by byte, for ever.
BEGINNING = b"HTTP/1.1 200 OK\r\n"
TRICKLES = {
    "a body of known length": (BEGINNING + b"Content-Length: 1000000\r\n\r\n", b" "),
    "a chunked body": (BEGINNING + b"Transfer-Encoding: chunked\r\n\r\n", b"1\r\n \r\n"),
    "a body until the connection ends": (BEGINNING + b"Connection: close\r\n\r\n", b" "),
    "what follows a chunked body": (
        BEGINNING + b"Transfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\n",
        b"x: y\r\n",
    ),
    "a status line": (b"HTTP/1.1 200 ", b"O"),
    "a header": (BEGINNING + b"X-Long: ", b"x"),
    "the word to go on": (b"", b"HTTP/1.1 100 Continue\r\n\r\n"),
}


@contextmanager
def trickling(seconds: float, at_once: bytes, piece: bytes) -> Iterator[str]:
    """A server that sends something at once, and then a piece every so many seconds, for ever."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        over = threading.Event()

        def serve() -> None:
            server.settimeout(0.1)
            while not over.is_set():
                try:
                    connection, _ = server.accept()
                except TimeoutError:
                    continue
                with connection, suppress(OSError):  # The client has given it up.
                    connection.recv(65536)
                    connection.sendall(at_once)
                    while not over.wait(seconds):
                        connection.sendall(piece)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


@pytest.mark.parametrize("what", TRICKLES)
def test_an_answer_that_trickles_in_is_given_up_at_its_deadline(
    what: str, make_client: MakeClient
) -> None:
    notices: list[str] = []
    with trickling(0.05, *TRICKLES[what]) as url:
        client = make_client(base_url=url, attempts=2, answer_deadline_s=0.3)
        began = time.monotonic()
        with pytest.raises(UnavailableError, match="took too long"):
            client.get(f"{url}/x", content, notice=notices.append)
    assert time.monotonic() - began >= 0.6
    assert len(notices) == 1


def test_the_answer_of_a_proxy_that_trickles_in_is_given_up_at_its_deadline(
    make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    with trickling(0.05, b"HTTP/1.1 502 ", b"x") as proxy:
        monkeypatch.setenv("HTTPS_PROXY", proxy)
        url = "https://acme.invalid"
        client = make_client(base_url=url, attempts=2, answer_deadline_s=0.3)
        with pytest.raises(UnavailableError, match="took too long"):
            client.get(f"{url}/x", content)


def test_other_requests_of_a_client_go_on_while_one_is_given_up(make_client: MakeClient) -> None:
    with (
        serving(lambda path, number: Answer(b"there")) as server,
        trickling(0.05, *TRICKLES["a header"]) as slow,
        ThreadPoolExecutor(1) as pool,
    ):
        client = make_client(base_url=server.url, attempts=1, answer_deadline_s=0.5)
        late = make_client(base_url=slow, attempts=1, answer_deadline_s=0.5)
        given_up = pool.submit(late.get, f"{slow}/x", content)
        while not given_up.done():
            assert client.get(f"{server.url}/x", content) == b"there"
        assert isinstance(given_up.exception(), UnavailableError)


@pytest.mark.parametrize("status", [409, 500, 502, 503, 504, 520, 521, 522, 524, 527, 530, 599])
def test_a_fault_that_passes_is_asked_again(status: int, make_client: MakeClient) -> None:
    def answer(path: str, number: int) -> Answer:
        return Answer(b"there") if number else Answer(b"<html>no</html>", status)

    with serving(answer) as server:
        client = make_client(base_url=server.url)
        assert client.get(f"{server.url}/x", content) == b"there"
    assert len(server.seen) == 2


#: Each way in which a page of more than twenty items ends.
HEAVY = [
    *({"kind": "status", "status": status} for status in (500, 502, 503, 504, 524)),
    {"kind": "cut"},
    {"kind": "reset"},
    {"kind": "invalid_json"},
    {"kind": "hang", "seconds": 3},
    {"kind": "slow", "seconds": 30},
    {"kind": "drip_head", "seconds": 0.3},
]


@pytest.mark.parametrize("fault", HEAVY, ids=lambda fault: str(fault.get("status", fault["kind"])))
@over([road(CHATS, Pagination.CHAT), road(TICKETS, Pagination.CURSOR)])
def test_a_page_that_never_comes_whole_is_got_through_in_smaller_ones(
    export: Export,
    endpoint: Endpoint,
    fault: dict[str, object],
    sandbox: Running,
    make_client: MakeClient,
    lake: Lake,
) -> None:
    few(sandbox, seeded=False)
    items = [item(export, DAY.start_us + n * HOUR_US // 4, n) for n in range(90)]
    sandbox.put(export.name, items)
    sandbox.faults([fault | {"times": -1, "min_page_size": 20}])
    how = {"attempts": 4, "first_wait_s": 0.001, "answer_deadline_s": 0.5}
    client = make_client(export.api, **how)
    fetch(export, [DAY], client, lake, endpoint=endpoint, page_size=80)
    assert_lake_is_true(sandbox, lake, export, [DAY])


@pytest.mark.parametrize("left", [1, 9, 400])
def test_a_compressed_answer_whose_end_is_missing_is_asked_for_again(
    left: int, make_client: MakeClient
) -> None:
    whole = gzip.compress(b"{" + b"0123456789" * 999 + b"}")

    def answer(path: str, number: int) -> Answer:
        body = whole if number else whole[:-left] if left < len(whole) else whole[:1]
        return Answer(body, 200, {"Content-Encoding": "gzip", "Content-Length": str(len(body))})

    notices: list[str] = []
    with serving(answer) as server:
        client = make_client(base_url=server.url)
        assert client.get(f"{server.url}/x", content, notice=notices.append).endswith(b"9}")
    assert len(server.seen) == 2
    assert "cut off" in notices[0]


REFUSALS = [
    (401, b'{"error": "invalid_token", "error_description": "x"}', "invalid_token; check ZENDESK_"),
    (
        403,
        b'{"error": {"title": "Forbidden", "message": "Plan lacks it"}}',
        "Forbidden: Plan lacks",
    ),
    (404, b"<html><title>No Help Desk</title><p>at this address</p></html>", "No Help Desk; check"),
    (422, b'{"description": "bad\\u0000\\n\\tcursor"}', ": bad cursor$"),
    (418, b"just text", ": just text$"),
]


@pytest.mark.parametrize(("status", "body", "words"), REFUSALS)
def test_a_refusal_is_told_in_the_servers_words(
    status: int, body: bytes, words: str, make_client: MakeClient
) -> None:
    with serving(lambda path, number: Answer(body, status)) as server:
        client = make_client(base_url=server.url)
        with pytest.raises((AuthenticationError, RefusedError), match=words) as failed:
            client.get(f"{server.url}/x", content)
    assert f"answered {status}" in str(failed.value)
    assert len(server.seen) == 1


TOO_RECENT = [
    (400, b'{"error": "StartTimeTooRecent", "description": "Too recent start_time."}'),
    (422, b'{"error": "StartTimeTooRecent"}'),
    # Chat's document says so of a younger `start_time`, and that it is rejected.
    (400, b'{"message": "start_time value must be more than five minutes in the past"}'),
]


@pytest.mark.parametrize(("status", "body"), TOO_RECENT)
@pytest.mark.parametrize(
    ("date", "now_s"),
    [("Sun, 01 Feb 2026 00:00:00 GMT", 1_769_904_000.0), ("noon", None), ("", None)],
)
def test_a_start_that_is_too_recent_by_the_servers_clock_tells_that_clock(
    status: int, body: bytes, date: str, now_s: float | None, make_client: MakeClient
) -> None:
    with serving(lambda path, number: Answer(body, status, {"Date": date})) as server:
        with pytest.raises(StartTimeTooRecentError) as failed:
            make_client(base_url=server.url).get(f"{server.url}/x", content)
        assert len(server.seen) == 1
    assert (failed.value.status, failed.value.server_now_s) == (status, now_s)


@pytest.mark.parametrize("api", Api)
def test_a_refused_connection_names_host_and_port(api: Api, make_client: MakeClient) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    url = f"http://127.0.0.1:{port}"
    with pytest.raises(UnavailableError, match=rf"127\.0\.0\.1:{port}\): the connection was refus"):
        make_client(api, base_url=url, attempts=1).get(f"{url}/x", content)


def test_https_spoken_to_a_server_of_http_says_so(make_client: MakeClient) -> None:
    with serving(lambda path, number: Answer()) as server:
        url = server.url.replace("http://", "https://")
        with pytest.raises(UnavailableError, match="check that the port speaks https"):
            make_client(base_url=url, attempts=1).get(f"{url}/x", content)


@pytest.fixture
def certificate(tmp_path: Path) -> Path:
    """A key, and a certificate for this machine that nobody else trusts, in one file."""
    path, key = tmp_path / "both.pem", tmp_path / "key.pem"
    asked = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=here -addext"
    names = "subjectAltName=DNS:localhost,IP:127.0.0.1"
    command = ["openssl", *asked.split(), names, "-keyout", str(key), "-out", str(path)]
    subprocess.run(command, check=True, capture_output=True)
    path.write_text(path.read_text() + key.read_text())
    return path


@contextmanager
def encrypted(certificate: Path, answer: bytes, piece: bytes = b"") -> Iterator[str]:
    """A server that sends the same over TLS to every client that connects, and cuts the connection.

    With `piece`, it goes on sending that for ever.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    with socket.create_server(("127.0.0.1", 0)) as server:
        over = threading.Event()

        def serve() -> None:
            server.settimeout(0.1)
            while not over.is_set():
                with suppress(OSError):  # Nobody came yet, or one who doesn't trust us.
                    plain, _ = server.accept()
                    plain.settimeout(10)
                    with context.wrap_socket(plain, server_side=True) as connection:
                        connection.recv(65536)
                        connection.sendall(answer)
                        while piece and not over.wait(0.05):
                            connection.sendall(piece)

        thread = threading.Thread(target=serve)
        thread.start()
        try:
            yield f"https://127.0.0.1:{server.getsockname()[1]}"
        finally:
            over.set()
            thread.join()


def test_a_certificate_that_isnt_trusted_is_a_setting_to_mend(
    certificate: Path, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REQUESTS_CA_BUNDLE", raising=False)
    notices: list[str] = []
    with (
        encrypted(certificate, b"") as url,
        pytest.raises(ConfigurationError, match="certificate isn't trusted; check the address"),
    ):
        make_client(base_url=url).get(f"{url}/x", content, notice=notices.append)
    assert notices == []


# What a server sends before it cuts an encrypted connection -> what is told.
CUTS = [
    (b"", "the connection was reset"),
    (b"HTTP/1.1 200 OK\r\nContent-Length: 900000\r\n\r\n[", "the answer was cut off"),
]


@pytest.mark.parametrize(("sent", "told"), CUTS)
def test_an_encrypted_answer_that_is_cut_asks_for_less(
    sent: bytes,
    told: str,
    certificate: Path,
    make_client: MakeClient,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    asked: list[str] = []

    def lighter(url: str) -> str:
        asked.append(url)
        return url

    with encrypted(certificate, sent) as url, pytest.raises(UnavailableError, match=told):
        make_client(base_url=url, attempts=3).get(f"{url}/x", content, lighter=lighter)
    assert len(asked) == 2


@pytest.mark.parametrize("what", ["a chunked body", "a header", "the word to go on"])
def test_an_encrypted_answer_that_trickles_in_is_given_up_at_its_deadline(
    what: str, certificate: Path, make_client: MakeClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("REQUESTS_CA_BUNDLE", str(certificate))
    with encrypted(certificate, *TRICKLES[what]) as url:
        client = make_client(base_url=url, attempts=2, answer_deadline_s=0.3)
        with pytest.raises(UnavailableError, match="took too long; asked 2 times"):
            client.get(f"{url}/x", content)


def test_an_unknown_name_is_a_setting_to_mend(make_client: MakeClient) -> None:
    url = "https://there-is-none.invalid"
    try:
        socket.getaddrinfo("there-is-none.invalid", 443)
    except socket.gaierror as error:
        if error.errno not in (socket.EAI_NONAME, socket.EAI_NODATA):
            return  # This machine asks nobody for names.
    with pytest.raises(ConfigurationError, match="ZENDESK_SUBDOMAIN"):
        make_client(base_url=url, attempts=1).get(f"{url}/x", content)


ABSURD = [
    "Sun, 01 Feb 2026 00:00:00 +999999",
    "Sun, 01 Feb 2026 00:00:00 +99999999999999999999",
    "Sun, 01 Feb 99999 00:00:00 GMT",
    "Mon, 01 Jan 1900 00:00:00 GMT",
    "Sun, 99 Feb 2026 99:99:99 GMT",
    "noon",
    "",
]


@pytest.mark.parametrize("date", ABSURD)
def test_an_absurd_date_is_passed_over(date: str, make_client: MakeClient) -> None:
    with serving(lambda path, number: Answer(b"there", 200, {"Date": date})) as server:
        body = make_client(base_url=server.url).get(f"{server.url}/x", lambda body: body)
    assert body.content == b"there"
    assert abs(body.asked_at_s - time.time()) < 600


@given(st.text(st.characters(min_codepoint=32, max_codepoint=255), max_size=40))
@example("Sun, 01 Feb 2026 00:00:00 +999999")
def test_no_text_in_date_breaks_the_client(text: str) -> None:
    response = Response()
    response.headers["Date"] = text
    seconds = date_s(response)
    assert seconds is None or math.isfinite(seconds)


@pytest.mark.parametrize("status", [400, 422])
def test_a_server_whose_clock_is_behind_is_asked_from_further_back(
    status: int, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    today = day("2026-03-01")
    few(sandbox, seeded=False, clock_skew=-600, too_recent_status=status)
    early = [item(TICKET_EVENTS, today.start_us + n * 1_000_000, n) for n in range(5)]
    sandbox.put("ticket_events", early)
    # Two minutes into the day by our clock, and eight before it by the server's.
    now = "2026-03-01T00:02:00Z"
    sandbox.settings(now=now)
    fetch(TICKET_EVENTS, [today], clients, lake, now=now)
    footer = lake.footer(TICKET_EVENTS, today)
    assert footer
    assert not footer.complete
    later = "2026-03-02T01:00:00Z"
    sandbox.settings(now=later)
    fetch(TICKET_EVENTS, [today], clients, lake, now=later)
    assert_lake_is_true(sandbox, lake, TICKET_EVENTS, [today])
