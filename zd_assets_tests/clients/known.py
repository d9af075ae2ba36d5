"""The clients, how each is run, and how its output is read."""

import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

_PROGRAMS = Path(__file__).parent / "programs"

#: (export, item) as a client read them.
Rows = Iterator[tuple[str, dict[str, Any]]]

CHAT_EXPORTS = ("chats", "agent_timeline", "conversions", "department_events")
ROUTING = ("routing_attributes", "routing_attribute_values", "routing_instance_values")


@dataclass(frozen=True)
class Client:
    """A client: what pip installs, with which Python it works, and what it reads.

    `command` makes its command line, given the `bin` of its environment, a folder for its files,
    and the first day as `YYYY-MM-DDT00:00:00Z`; `rows` reads its output, line by line.
    """

    name: str
    requirements: tuple[str, ...]
    exports: tuple[str, ...]
    command: Callable[[Path, Path, str], Sequence[str]]
    rows: Callable[[Iterable[str]], Rows]
    pythons: tuple[str, ...] = ("3.11", "3.10")

    @property
    def version(self) -> str:
        """As it was asked for."""
        return self.requirements[0].partition("==")[2]


def _file(folder: Path, name: str, content: Any) -> str:
    path = folder / name
    path.write_text(json.dumps(content))
    return str(path)


def _airbyte(
    program: str, exports: Sequence[str], credentials: dict[str, str]
) -> Callable[[Path, Path, str], Sequence[str]]:
    streams = [
        {
            "stream": {"name": name, "json_schema": {}, "supported_sync_modes": ["full_refresh"]},
            "sync_mode": "full_refresh",
            "destination_sync_mode": "append",
        }
        for name in exports
    ]

    def command(bin: Path, folder: Path, start: str) -> Sequence[str]:
        config = {"subdomain": "acme", "start_date": start, "credentials": credentials}
        return [
            *(str(bin / program), "read", "--config", _file(folder, "config.json", config)),
            *("--catalog", _file(folder, "catalog.json", {"streams": streams})),
        ]

    return command


def _airbyte_rows(lines: Iterable[str]) -> Rows:
    for line in lines:
        message = json.loads(line) if line.startswith("{") else {}
        if message.get("type") == "RECORD":
            yield message["record"]["stream"], message["record"]["data"]


def _singer(bin: Path, folder: Path, start: str) -> Sequence[str]:
    # Discovery would ask for much that isn't an export; these are the streams it would find.
    keys = {"tickets": "generated_timestamp", "ticket_metric_events": "time"}
    streams = [
        {
            "stream": name,
            "tap_stream_id": name,
            "schema": {
                "type": "object",
                "properties": {
                    "id": {"type": ["null", "integer"]},
                    keys.get(name, "updated_at"): {"type": ["null", "integer", "string"]},
                },
            },
            "metadata": [
                {"breadcrumb": [], "metadata": {"selected": True, "table-key-properties": ["id"]}}
            ],
        }
        for name in _TAP_EXPORTS
    ]
    config = {"subdomain": "acme", "start_date": start, "access_token": "sandbox-oauth-token"}
    return [
        *(str(bin / "tap-zendesk"), "--config", _file(folder, "config.json", config)),
        *("--catalog", _file(folder, "catalog.json", {"streams": streams})),
    ]


def _singer_rows(lines: Iterable[str]) -> Rows:
    for line in lines:
        message = json.loads(line) if line.startswith("{") else {}
        if message.get("type") == "RECORD":
            yield message["stream"], message["record"]


def _program(name: str) -> Callable[[Path, Path, str], Sequence[str]]:
    def command(bin: Path, folder: Path, start: str) -> Sequence[str]:
        return [str(bin / "python"), str(_PROGRAMS / name), start, str(folder)]

    return command


def _program_rows(lines: Iterable[str]) -> Rows:
    for line in lines:
        if line.startswith('{"export"'):
            message = json.loads(line)
            yield message["export"], message["item"]


_AIRBYTE_CHAT = ("chats", "agent_timeline")
_AIRBYTE_SUPPORT = ("tickets", "users", "organizations", "ticket_metric_events")
_TAP_EXPORTS = ("tickets", "users", "organizations", "ticket_metric_events")
_ZENPY_EXPORTS = (*_TAP_EXPORTS, "ticket_events")

CLIENTS = (
    Client(
        "Airbyte source-zendesk-chat",
        ("airbyte-source-zendesk-chat==1.1.1", "setuptools<81"),
        _AIRBYTE_CHAT,
        _airbyte(
            "source-zendesk-chat",
            _AIRBYTE_CHAT,
            {"credentials": "access_token", "access_token": "sandbox-token"},
        ),
        _airbyte_rows,
    ),
    Client(
        "Airbyte source-zendesk-support",
        ("airbyte-source-zendesk-support==4.9.1", "setuptools<81"),
        _AIRBYTE_SUPPORT,
        _airbyte(
            "source-zendesk-support",
            _AIRBYTE_SUPPORT,
            {
                "credentials": "api_token",
                "email": "agent@example.com",
                "api_token": "sandbox-api-token",
            },
        ),
        _airbyte_rows,
    ),
    Client(
        "tap-zendesk", ("tap-zendesk==2.8.2", "setuptools<81"), _TAP_EXPORTS, _singer, _singer_rows
    ),
    Client("Zenpy", ("zenpy==2.0.57",), _ZENPY_EXPORTS, _program("with_zenpy.py"), _program_rows),
    Client(
        "dlt, our pipeline on its rest_api",
        ("dlt[duckdb]==1.31.0",),
        (*CHAT_EXPORTS, *_ZENPY_EXPORTS, *ROUTING),
        _program("with_dlt.py"),
        _program_rows,
    ),
)
