"""Where the measured pages come from: a sandbox with seeded chats, and the plainest way to ask."""

from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from urllib.parse import urlencode

import orjson
import requests

from zd_assets import sandbox
from zd_assets.lake.partition import Partition
from zd_assets.sandbox import Running, Settings
from zd_assets.zendesk.auth import bearer
from zd_assets.zendesk.budget import Budget
from zd_assets.zendesk.client import Client

START = date(2025, 1, 1)
UNLIMITED = 1_000_000
PAGE_SIZE = 1000
_TOKEN = "sandbox-token"
_CHATS_PER_DAY = 3000
_SLACK_DAYS = 3


def start_sandbox(chats: int, *, cached: bool, latency: float = 0.0) -> Running:
    """A sandbox with at least `chats` chats behind it; `cached` keeps them all encoded."""
    now = datetime.combine(START, datetime.min.time(), UTC) + timedelta(
        days=len(days(chats)) + _SLACK_DAYS
    )
    return sandbox.start(
        Settings(
            start=START,
            chats_per_day=_CHATS_PER_DAY,
            now=now.isoformat(),
            clock="frozen",
            latency=latency,
            requests_per_minute=UNLIMITED,
            item_cache=2 * chats if cached else 4000,
        )
    )


def days(chats: int) -> list[Partition]:
    """The days from `START` on that hold about so many chats."""
    midnight = datetime.combine(START, datetime.min.time(), UTC)
    found = []
    for number in range(max(1, round(chats / _CHATS_PER_DAY))):
        start_us = round((midnight + timedelta(days=number)).timestamp() * 1_000_000)
        key = f"{START + timedelta(days=number)}"
        found.append(Partition(key, start_us, start_us + 86_400_000_000))
    return found


def make_client(url: str) -> Client:
    """A client of the sandbox at `url` whose budget is never used up."""
    base_url = f"{url}/api/v2/chat"
    return Client(
        base_url=base_url,
        base_url_variable="ZENDESK_CHAT_URL",
        auth=bearer(_TOKEN, "ZENDESK_CHAT_TOKEN"),
        budget=Budget(base_url, UNLIMITED),
    )


def bare_loop(url: str, partitions: list[Partition], *, decode: bool) -> Iterator[bytes]:
    """Follow `next_page` over the same window with one session; yield each page's body.

    With `decode` each body is parsed by orjson, and the result thrown away.
    """
    session = requests.Session()
    session.trust_env = False
    session.headers["Authorization"] = f"Bearer {_TOKEN}"
    query = {
        "start_time": partitions[0].start_us // 1_000_000 - 1,
        "limit": PAGE_SIZE,
        "fields": "chats(*)",
    }
    page_url = f"{url}/api/v2/chat/incremental/chats?{urlencode(query)}"
    end_time = 0
    while end_time < partitions[-1].end_us // 1_000_000:
        response = session.get(page_url, timeout=60)
        response.raise_for_status()
        body = response.content
        page = _decode(body) if decode else _envelope(body)
        page_url, end_time = page["next_page"], page["end_time"]
        yield body
        if not page["count"]:
            return


def _decode(body: bytes) -> dict[str, Any]:
    try:
        page: dict[str, Any] = orjson.loads(body)
    except orjson.JSONDecodeError:
        # Half an emoji, escaped: orjson refuses the page where it comes upon it. A real loop
        # would lose the page or parse it again; this one isn't charged for either.
        return _envelope(body)
    return page


def _envelope(body: bytes) -> dict[str, Any]:
    """The rest of a page, without looking at the items."""
    page: dict[str, Any] = orjson.loads(b"{" + body[body.rindex(b'"count":') :])
    return page
