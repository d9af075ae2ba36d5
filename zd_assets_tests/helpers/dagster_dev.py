"""Starting a whole `dagster dev`, and waiting for what comes of it."""

import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any

import requests

PATIENCE_S = 180


@contextmanager
def dagster_dev(target: Sequence[str], env: Mapping[str, str]) -> Iterator[str]:
    """Run `dagster dev` on a target, such as `-m module`; gives the UI's address."""
    port = free_port()
    process = subprocess.Popen(
        [sys.executable, "-m", "dagster", "dev", *target, f"--port={port}"],
        env=dict(env),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        wait(lambda: _answers(f"http://127.0.0.1:{port}/server_info"))
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        process.wait(60)


def wait(until: Callable[[], bool]) -> None:
    """Wait for something that is sure to come."""
    deadline = time.monotonic() + PATIENCE_S
    while not until():
        assert time.monotonic() < deadline, f"in vain for {PATIENCE_S} s"
        time.sleep(0.5)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=5).ok
    except requests.RequestException:
        return False


def free_port() -> int:
    """A port that nothing listens on."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        port: int = listener.getsockname()[1]
        return port


def wait_out_midnight() -> None:
    """Wait for the new day, and for something of it to be settled, if midnight is near."""
    since_s = (datetime.now(UTC) - midnight()).total_seconds()
    if since_s > 86_400 - PATIENCE_S * 2:
        since_s -= 86_400
    time.sleep(max(0.0, 600 - since_s))


def settled_chats(count: int) -> list[dict[str, Any]]:
    """Chats of today that are old enough to be exported, each a second after the other."""
    first = datetime.now(UTC) - timedelta(seconds=300 + 60 + count)
    return [
        {
            "id": f"2601.1.{number:06d}",
            "update_timestamp": f"{first + timedelta(seconds=number):%Y-%m-%dT%H:%M:%SZ}",
        }
        for number in range(count)
    ]


def midnight() -> datetime:
    """When today began, UTC."""
    return datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
