"""Alerts by apprise: real addresses of its kind `json`, and a receiver of what it posts."""

import json
import logging
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from zd_assets import ZendeskExports
from zd_assets.defs.alerts import by_apprise
from zd_assets.defs.alerts.errors import AlertError
from zd_assets.defs.alerts.webhook import AlertWebhook
from zd_assets.extras import MissingExtraError
from zd_assets.zendesk.errors import ConfigurationError
from zd_assets_tests.helpers.secrecy import SECRET, assert_secret_in_no_error, assert_secret_not_in

FAILED = "FAILED: zendesk_chat/chats: answered 400 (run 1)\nOVER: analytics/a: made since"


class Receiver:
    """What was posted to each path; a path that has `no` in it refuses."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.posted: list[tuple[str, dict[str, Any]]] = []

    def address(self, name: str) -> str:
        return f"json://127.0.0.1:{self.port}/{name}/{SECRET}"

    def told(self, name: str) -> list[dict[str, Any]]:
        return [body for path, body in self.posted if path.startswith(f"/{name}/")]


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            here.posted.append((self.path, body))
            self.send_response(500 if "no" in self.path.split("/")[1] else 200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *arguments: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    here = Receiver(server.server_port)
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    try:
        yield here
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@pytest.fixture
def said(caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]) -> Iterator[None]:
    """Everything is logged, and no secret is in what anybody logs or prints."""
    caplog.set_level(logging.DEBUG)
    yield
    out, err = capfd.readouterr()
    for text in (caplog.text, out, err):
        assert_secret_not_in(text)


@pytest.mark.usefixtures("said")
def test_every_address_is_told_and_the_webhook_isnt(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZD_ALERT_WEBHOOK", f"http://127.0.0.1:{receiver.port}/webhook/{SECRET}")
    monkeypatch.setenv("ZD_ALERT_URLS", f"{receiver.address('a')}, {receiver.address('b')}\n")
    AlertWebhook().tell(FAILED)
    AlertWebhook().tell("FRESH: zendesk_chat/chats")
    for name in ("a", "b"):
        first, second = receiver.told(name)
        assert (first["title"], first["message"], first["type"]) == (
            "Zendesk exports",
            FAILED,
            "failure",
        )
        assert (second["message"], second["type"]) == ("FRESH: zendesk_chat/chats", "success")
    assert len(receiver.posted) == 4


@pytest.mark.usefixtures("said")
def test_a_long_text_comes_whole_in_as_many_messages_as_the_service_takes(
    receiver: Receiver,
) -> None:
    lines = [f"FAILED: {number}: {'x' * 700}" for number in range(100)]
    AlertWebhook(urls=receiver.address("a")).tell("\n".join(lines))
    told = [body["message"] for body in receiver.told("a")]
    assert len(told) > 1
    assert "".join("".join(told).split()) == "".join("".join(lines).split())


@pytest.mark.usefixtures("said")
def test_an_address_that_took_it_doesnt_hear_it_again_because_another_refused(
    receiver: Receiver, caplog: pytest.LogCaptureFixture
) -> None:
    AlertWebhook(urls=f"{receiver.address('no')} {receiver.address('a')}").tell(FAILED)
    assert len(receiver.told("a")) == 1
    [record] = [one for one in caplog.records if one.name == by_apprise.__name__]
    assert record.getMessage() == (
        "An alert reached only part of ZD_ALERT_URLS: address 1 of 2 didn't take it."
    )


@pytest.mark.usefixtures("said")
@pytest.mark.parametrize("name", ["no", "unreachable"])
def test_what_no_address_took_is_an_error_without_an_address(name: str, receiver: Receiver) -> None:
    urls = receiver.address("no") if name == "no" else f"json://127.0.0.1:1/{SECRET}"
    with pytest.raises(AlertError, match=r"isn't delivered.*; check ZD_ALERT_URLS") as raised:
        AlertWebhook(urls=urls).tell(FAILED)
    assert_secret_in_no_error(raised.value)


@pytest.mark.usefixtures("said")
@pytest.mark.parametrize("wrong", [SECRET, f"nosuch://{SECRET}", f"slack://{SECRET}"])
def test_an_address_that_apprise_cant_use_is_named_by_its_number_and_nothing_is_told(
    wrong: str, receiver: Receiver
) -> None:
    with pytest.raises(ConfigurationError, match="can't use address 2 of 2; ") as raised:
        AlertWebhook(urls=f"{receiver.address('a')} {wrong}").tell(FAILED)
    assert_secret_in_no_error(raised.value)
    assert receiver.posted == []


@pytest.mark.usefixtures("said")
def test_a_program_that_dies_is_an_alert_that_isnt_delivered(
    receiver: Receiver, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "dies.py").write_text("import sys; raise SystemExit(sys.stdin.read())")
    monkeypatch.setattr(by_apprise, "_PROGRAM", tmp_path / "dies.py")
    with pytest.raises(AlertError) as raised:
        AlertWebhook(urls=receiver.address("a")).tell(FAILED)
    assert_secret_in_no_error(raised.value)


def test_without_apprise_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(by_apprise, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'zd_assets\[alerts\]'") as raised:
        AlertWebhook(urls=f"json://127.0.0.1/{SECRET}").tell(FAILED)
    assert_secret_in_no_error(raised.value)


def test_the_addresses_are_in_no_repr_and_no_argument_of_a_process(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert_secret_not_in(repr(AlertWebhook(urls=f"json://127.0.0.1/{SECRET}")))
    commands: list[list[str]] = []

    def ran(command: list[str], **options: Any) -> subprocess.CompletedProcess[str]:
        commands.append(command)
        return subprocess.CompletedProcess(command, 0, "[true]", "")

    monkeypatch.setattr(subprocess, "run", ran)
    AlertWebhook(urls=f"json://127.0.0.1/{SECRET}").tell(FAILED)
    assert commands[0][0] == sys.executable
    assert_secret_not_in(repr(commands))


def test_a_component_names_the_variable_that_holds_them(
    receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ACME_ALERTS", receiver.address("acme"))
    exports = ZendeskExports.resolve_from_yaml('alert_urls: "{{ env.ACME_ALERTS }}"')
    assert_secret_not_in(repr(exports))
    definitions = exports.build_defs(dg.ComponentTree.for_test().load_context)
    [sensor] = [one for one in definitions.sensors or () if one.name == "failure_alerts"]
    assert isinstance(sensor, dg.SensorDefinition)
    resource = definitions.resources["alert_webhook"]
    with dg.build_resources({"alert_webhook": resource}) as resources:
        resources.alert_webhook.tell(FAILED)
    assert [body["message"] for body in receiver.told("acme")] == [FAILED]
