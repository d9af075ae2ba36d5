"""Signing in, in either way: the header, and that its secrets are nowhere else."""

from base64 import b64decode
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zd_assets.zendesk.auth import TokenAuth, basic, bearer
from zd_assets.zendesk.budget import Budget
from zd_assets.zendesk.client import Body, Client
from zd_assets.zendesk.errors import AuthenticationError, ConfigurationError, RefusedError
from zd_assets_tests.conftest import UNLIMITED
from zd_assets_tests.helpers.local_server import Answer, serving
from zd_assets_tests.helpers.secrecy import (
    EMAIL,
    LOGIN,
    SECRET,
    assert_secret_in_no_error,
    assert_secret_not_in,
)

VARIABLES = "ZENDESK_EMAIL and ZENDESK_API_TOKEN"
WAYS = {
    "OAuth token": (bearer(SECRET, "ZENDESK_OAUTH_TOKEN"), f"Bearer {SECRET}"),
    "API token": (basic(EMAIL, SECRET, VARIABLES), f"Basic {LOGIN}"),
}
EITHER_WAY = pytest.mark.parametrize("way", WAYS)


def client_of(url: str, auth: TokenAuth, **settings: Any) -> Client:
    how: dict[str, Any] = {
        "budget": Budget(url, UNLIMITED),
        "attempts": 2,
        "first_wait_s": 0.01,
    } | settings
    return Client(base_url=url, base_url_variable="ZENDESK_SUPPORT_URL", auth=auth, **how)


def content(body: Body) -> bytes:
    return body.content


@EITHER_WAY
def test_each_request_bears_exactly_this_header(way: str) -> None:
    auth, header = WAYS[way]
    with serving(lambda path, number: Answer(b"", 200 if number else 503)) as server:
        client_of(server.url, auth).get(f"{server.url}/x", content)
        assert [headers["Authorization"] for _, headers in server.seen] == [header] * 2
        # Nor anywhere else.
        for path, headers in server.seen:
            del headers["Authorization"]
            assert_secret_not_in(f"{path} {headers}")


def test_an_api_token_is_signed_in_with_as_documented() -> None:
    # The example of Zendesk's own "Security and authentication".
    with serving(lambda path, number: Answer()) as server:
        auth = basic("jdoe@example.com", "6wiIBWbGkBMo1mRDMuVwkw1EPsNkeUj95PIz2akv", VARIABLES)
        client_of(server.url, auth).get(f"{server.url}/x", content)
        assert server.seen[0][1]["Authorization"] == (
            "Basic amRvZUBleGFtcGxlLmNvbS90b2tlbjo2d2lJQldiR2tCTW8xbVJETXVWd2t3MUVQc05rZVVqOTVQ"
            "SXoyYWt2"
        )


@pytest.mark.parametrize("email", ["a@b.example\n", "a\r@b.example"])
def test_an_address_with_a_line_break_is_refused_though_base64_would_hide_it(email: str) -> None:
    with pytest.raises(ConfigurationError, match=VARIABLES):
        basic(email, "token", VARIABLES)


@given(
    st.text(min_size=1, max_size=40).filter(str.isprintable),
    st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=80),
)
def test_the_header_is_one_line_that_reads_back_whatever_the_address(
    email: str, token: str
) -> None:
    header = basic(email, token, VARIABLES)._header
    assert header.isascii()
    assert header.isprintable()
    kind, _, login = header.partition(" ")
    assert (kind, b64decode(login).decode()) == ("Basic", f"{email}/token:{token}")


@EITHER_WAY
def test_netrc_doesnt_override_it(
    way: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login other password other\n")
    netrc.chmod(0o600)
    monkeypatch.setenv("NETRC", str(netrc))
    auth, header = WAYS[way]
    with serving(lambda path, number: Answer()) as server:
        client_of(server.url, auth).get(f"{server.url}/x", content)
        assert server.seen[0][1]["Authorization"] == header


# --- The secrets are nowhere else ---------------------------------------------------------------


@EITHER_WAY
def test_the_secret_is_in_no_representation(way: str) -> None:
    auth, _ = WAYS[way]
    for thing in (auth, client_of("http://127.0.0.1:1/api", auth)):
        assert_secret_not_in(f"{thing} {thing!r} {[thing]}")
        assert "ZENDESK" in repr(thing)


QUOTED = [
    ("OAuth token", SECRET),
    ("OAuth token", f"Bearer {SECRET}"),
    ("API token", SECRET),
    ("API token", LOGIN),
    ("API token", f"Basic {LOGIN} is {EMAIL}/token:{SECRET}"),
]


@pytest.mark.parametrize(("way", "quoted"), QUOTED)
@pytest.mark.parametrize("before", range(150, 206, 11))
def test_a_server_that_quotes_it_doesnt_bring_it_into_the_message(
    way: str, quoted: str, before: int
) -> None:
    body = b"x" * before + f"no such token: {quoted}".encode()
    with serving(lambda path, number: Answer(body, 400)) as server:
        with pytest.raises(RefusedError) as failed:
            client_of(server.url, WAYS[way][0]).get(f"{server.url}/x", content)
        assert_secret_in_no_error(failed.value)
        # Nor a part of it, where the quotation ends.
        for part in (SECRET[:6], LOGIN[:6]):
            assert part not in str(failed.value)


@pytest.mark.parametrize("padding", ["==", "", "%3D%3D"])
def test_a_sign_in_is_scrubbed_however_its_padding_is_written(padding: str) -> None:
    auth = basic("abc@b.example", SECRET, VARIABLES)
    login = auth._header.partition(" ")[2]
    assert login.endswith("==")
    assert login[:-2] not in auth.scrub(f"no such login: {login[:-2]}{padding}")


@EITHER_WAY
@pytest.mark.parametrize("status", [401, 403])
def test_a_refused_sign_in_names_the_variables_and_not_their_values(way: str, status: int) -> None:
    auth, header = WAYS[way]
    with serving(lambda path, number: Answer(header.encode(), status)) as server:
        with pytest.raises(AuthenticationError, match=f"check {auth.variables}") as failed:
            client_of(server.url, auth).get(f"{server.url}/x", content)
        assert len(server.seen) == 1
        assert_secret_in_no_error(failed.value)


# What a variable read from a file, or typed by a word processor, may end with.
UNTYPABLE = ["two\nlines", "ends\n", "re\rturn", "typographic’s", "\x00", "\x7f"]


@pytest.mark.parametrize("end", UNTYPABLE)
@pytest.mark.parametrize(
    "sign",
    [lambda token: bearer(token, VARIABLES), lambda token: basic(EMAIL, token, VARIABLES)],
    ids=WAYS,
)
def test_a_token_that_no_header_can_carry_is_named_but_not_shown(
    sign: Callable[[str], TokenAuth], end: str
) -> None:
    with pytest.raises(ConfigurationError, match=f"^{VARIABLES}: there is a line break") as failed:
        sign(f"{SECRET}{end}")
    assert_secret_in_no_error(failed.value)
