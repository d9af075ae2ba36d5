"""Signing in as an OAuth client: tokens are got, shared, renewed, and never shown."""

import os
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import dagster as dg
import pytest
import requests

from zd_assets.catalog.support import TICKETS
from zd_assets.defs.resources import ZendeskSupport
from zd_assets.lake.lake import Lake
from zd_assets.sandbox import Running
from zd_assets.zendesk import oauth
from zd_assets.zendesk.budget import Budget
from zd_assets.zendesk.client import Client
from zd_assets.zendesk.errors import (
    AuthenticationError,
    ConfigurationError,
    UnavailableError,
)
from zd_assets.zendesk.oauth import ClientAuth
from zd_assets_tests.conftest import NO_LIMITS, NOW, UNLIMITED
from zd_assets_tests.helpers.dagster_runs import materialize, support_resource
from zd_assets_tests.helpers.local_server import Answer, serving
from zd_assets_tests.helpers.secrecy import SECRET, assert_secret_in_no_error, assert_secret_nowhere
from zd_assets_tests.helpers.truth import assert_lake_is_true, day

ASKED = "/api/v2/incremental/tickets.json?start_time=1767225600&per_page=5"


@pytest.fixture
def client(sandbox: Running) -> Client:
    sandbox.reset(**NO_LIMITS, now=NOW, clock="frozen", client_secret=SECRET)
    return client_of(sandbox.url, ClientAuth(sandbox.url, "zd_assets", SECRET))


def client_of(url: str, auth: ClientAuth) -> Client:
    return Client(
        base_url=f"{url}/api/v2",
        base_url_variable="ZENDESK_SUPPORT_URL",
        auth=auth,
        budget=Budget(url, UNLIMITED),
        attempts=3,
        first_wait_s=0.01,
    )


def get(client: Client) -> bytes:
    return client.get(client.base_url.removesuffix("/api/v2") + ASKED, lambda body: body.content)


def asked(sandbox: Running) -> list[tuple[str, int]]:
    return [(entry["endpoint"], entry["status"]) for entry in sandbox.requests()]


def test_one_token_serves_every_thread_and_every_request(client: Client, sandbox: Running) -> None:
    with ThreadPoolExecutor(8) as pool:
        bodies = list(pool.map(lambda _: get(client), range(24)))
    assert len(set(bodies)) == 1
    assert asked(sandbox).count(("oauth", 200)) == 1
    assert asked(sandbox).count(("time", 200)) == 24


def test_a_token_is_renewed_before_it_expires(client: Client, sandbox: Running) -> None:
    sandbox.settings(token_lifetime=4)
    while asked(sandbox).count(("oauth", 200)) < 3:
        get(client)
        time.sleep(0.05)
    assert ("time", 401) not in asked(sandbox)
    assert len(asked(sandbox)) > 10, "one token serves many requests"


def test_after_a_token_was_revoked_another_one_is_got(
    client: Client, sandbox: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    get(client)
    monkeypatch.setattr(oauth, "_MARGIN_S", 0.0)  # As if it were no longer young.
    sandbox.reset(**NO_LIMITS, now=NOW, clock="frozen", client_secret=SECRET)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: get(client), range(4)))
    assert ("oauth", 200) in asked(sandbox)
    assert asked(sandbox).count(("time", 200)) == 4


def test_a_young_token_that_is_refused_isnt_replaced_for_ever(
    client: Client, sandbox: Running
) -> None:
    get(client)
    sandbox.reset(**NO_LIMITS, now=NOW, clock="frozen", client_secret=SECRET)
    with pytest.raises(AuthenticationError, match="check ZENDESK_CLIENT_ID and") as raised:
        get(client)
    assert_secret_in_no_error(raised.value)
    assert asked(sandbox) == [("time", 401)]


def test_a_wrong_secret_is_one_clear_message(client: Client, sandbox: Running) -> None:
    sandbox.settings(client_secret="another")
    with pytest.raises(AuthenticationError) as raised:
        get(client)
    refused = f"{sandbox.url}/oauth/tokens answered 401: invalid_client; check ZENDESK_CLIENT_ID"
    assert str(raised.value).startswith(refused)
    assert_secret_in_no_error(raised.value)
    assert asked(sandbox) == [("oauth", 401)]


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        (Answer(b"{}"), "the answer is no access token"),
        (Answer(b"<html>"), "the answer is no access token"),
        (Answer(b"{}", 503), "answered 503"),
        (Answer(b"{}", 429, {"Retry-After": "0"}), "answered 429"),
        (Answer(b"{}", 520), "answered 520"),
    ],
)
def test_an_answer_that_is_no_token_is_asked_for_again(answer: Answer, told: str) -> None:
    with serving(lambda path, number: answer) as server:
        client = client_of(server.url, ClientAuth(server.url, "id", SECRET))
        told = rf"^{server.url}/oauth/tokens:? {told}; asked 3 times"
        with pytest.raises(UnavailableError, match=told) as raised:
            get(client)
        assert [path for path, _ in server.seen] == ["/oauth/tokens"] * 3
    assert_secret_in_no_error(raised.value)


def test_a_refused_client_is_told_in_the_servers_words_without_its_secret() -> None:
    body = b'{"error": "invalid_scope", "error_description": "no read for %s"}' % SECRET.encode()
    with serving(lambda path, number: Answer(body, 400)) as server:
        client = client_of(server.url, ClientAuth(server.url, "id", SECRET))
        with pytest.raises(AuthenticationError, match="answered 400: invalid_scope") as raised:
            get(client)
    assert_secret_in_no_error(raised.value)


def test_a_redirect_takes_the_secret_nowhere() -> None:
    with serving(lambda path, number: Answer()) as elsewhere:
        moved = Answer(b"", 307, {"Location": f"{elsewhere.url}/oauth/tokens"})
        with serving(lambda path, number: moved) as server:
            client = client_of(server.url, ClientAuth(server.url, "id", SECRET))
            with pytest.raises(AuthenticationError, match="answered 307"):
                get(client)
        assert not elsewhere.seen


def test_an_export_is_fetched_by_an_oauth_client_and_shows_no_secret(
    client: Client, sandbox: Running, lake: Lake, capfd: pytest.CaptureFixture[str]
) -> None:
    support = support_resource(
        sandbox, api_token=None, client_id="zd_assets", client_secret=SECRET, page_size=100
    )
    with dg.DagsterInstance.ephemeral() as instance:
        result = materialize(instance, TICKETS, "2026-02-03", support, lake)
    assert result.success
    assert_lake_is_true(sandbox, lake, TICKETS, [day("2026-02-03")])
    assert isinstance(lake.root, os.PathLike)
    assert_secret_nowhere([repr(support), *result.all_events, capfd.readouterr()], None, lake.root)


@pytest.mark.parametrize(
    ("fields", "variables", "variable"),
    [
        ({}, {"ZENDESK_CLIENT_ID": "id", "ZENDESK_CLIENT_SECRET": SECRET}, "CLIENT_SECRET"),
        ({"client_id": "id", "client_secret": SECRET}, {"ZENDESK_OAUTH_TOKEN": "t"}, "CLIENT_"),
        ({"oauth_token": "t"}, {"ZENDESK_CLIENT_SECRET": SECRET}, "ZENDESK_OAUTH_TOKEN"),
        ({"email": "a@b.c", "api_token": "t"}, {"ZENDESK_CLIENT_SECRET": SECRET}, "API_TOKEN"),
    ],
)
def test_a_secret_among_the_fields_counts_before_the_environment(
    fields: dict[str, Any],
    variables: dict[str, str],
    variable: str,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    support = ZendeskSupport(url="https://acme.example/api/v2", **fields)
    assert variable in support.client().auth.variables


def test_a_secret_without_its_client_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ZENDESK_CLIENT_SECRET", SECRET)
    with pytest.raises(ConfigurationError, match="ZENDESK_CLIENT_ID is not set"):
        ZendeskSupport(url="https://acme.example/api/v2").client()


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"no JSON", 400),
        (b"[]", 400),
        (b'{"grant_type": "password"}', 400),
        (b'{"grant_type": "client_credentials"}', 401),
    ],
)
def test_the_sandbox_refuses_what_is_no_request_for_a_token(
    body: bytes, status: int, sandbox: Running
) -> None:
    answer = requests.post(f"{sandbox.url}/oauth/tokens", data=body, timeout=30)
    assert answer.status_code == status
    assert set(answer.json()) == {"error", "error_description"}
