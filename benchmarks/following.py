"""What following twelve exports costs: CPU, history, requests, sensors on against sensors off."""

import os
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import dagster as dg

from benchmarks.measure import show
from benchmarks.tree import cpu_s, rss_mb
from zd_assets import sandbox
from zd_assets.catalog.registry import EXPORTS
from zd_assets.cli.instance import INSTANCE

_WARM_UP_S = 90
_MB = 1_000_000


@dataclass(frozen=True)
class Spent:
    """What was spent in `minutes`."""

    minutes: float
    cpu_s: float
    history_bytes: int
    requests: int
    runs: int
    rss_mb: float

    @property
    def cpu_percent(self) -> float:
        return 100 * self.cpu_s / (60 * self.minutes)

    @property
    def history_mb_a_day(self) -> float:
        return self.history_bytes / _MB * 24 * 60 / self.minutes


@click.command()
@click.option("--minutes", default=20.0, show_default=True, help="How long to follow.")
@click.option("--busy", is_flag=True, help="20,000 chats and 10,000 tickets a day.")
@click.option("--poll", default=300, show_default=True, help="Polling interval, in seconds.")
def following(minutes: float, busy: bool, poll: int) -> None:
    """Follow all exports under `dagster dev`, first with the sensors off, then on."""
    settings = sandbox.Settings(
        start=(datetime.now(UTC) - timedelta(days=2)).date(),
        seeded=busy,
        chats_per_day=20_000,
        tickets_per_day=10_000,
        support_requests_per_minute=1000,
    )
    with tempfile.TemporaryDirectory() as folder, sandbox.start(settings) as running:
        env = _environment(Path(folder), running, poll)
        off = _spent(env, running, minutes, sensors=False)
        on = _spent(env, running, minutes, sensors=True)
    show(
        f"Following {len(EXPORTS)} exports of a {'busy' if busy else 'quiet'} account, "
        f"{minutes:.0f} minutes each, polling every {poll} s",
        ["", "sensors off", "sensors on", "difference"],
        [
            _row("CPU, % of a core", off.cpu_percent, on.cpu_percent),
            _row("history, MB a day", off.history_mb_a_day, on.history_mb_a_day),
            _row("requests", off.requests, on.requests),
            _row("requests an export and poll", 0, on.requests * poll / (60 * minutes) / 12),
            _row("runs", off.runs, on.runs),
            _row("memory of the tree at the end, MB", off.rss_mb, on.rss_mb),
        ],
        ["History is what Dagster's storage and logs grow by, before pruning."],
    )


def _row(name: str, off: float, on: float) -> list[str]:
    return [name, f"{off:.1f}", f"{on:.1f}", f"{on - off:+.1f}"]


def _environment(folder: Path, running: sandbox.Running, poll: int) -> dict[str, str]:
    home = folder / "dagster"
    home.mkdir()
    (home / "dagster.yaml").write_text(INSTANCE)
    return os.environ | {
        "DAGSTER_HOME": str(home),
        "ZD_LAKE": str(folder / "lake"),
        "ZD_START_DATE": f"{datetime.now(UTC) - timedelta(days=2):%Y-%m-%d}",
        "ZD_POLL_INTERVAL": str(poll),
        "ZD_SUPPORT_REQUESTS_PER_MINUTE": "1000",
        "ZENDESK_CHAT_URL": f"{running.url}/api/v2/chat",
        "ZENDESK_CHAT_TOKEN": "sandbox-token",
        "ZENDESK_SUPPORT_URL": f"{running.url}/api/v2",
        "ZENDESK_OAUTH_TOKEN": "sandbox-oauth-token",
    }


def _spent(
    env: dict[str, str], running: sandbox.Running, minutes: float, *, sensors: bool
) -> Spent:
    home = Path(env["DAGSTER_HOME"])
    with _dagster_dev({**env, "ZD_FOLLOW": "all" if sensors else ""}) as pid:
        # The first runs fetch what there is already; they aren't following.
        time.sleep(_WARM_UP_S * (3 if sensors else 1))
        cpu, size, asked, runs = cpu_s(pid), _bytes(home), _requests(running), _runs(home)
        began_s = time.monotonic()
        time.sleep(minutes * 60)
        return Spent(
            minutes=(time.monotonic() - began_s) / 60,
            cpu_s=cpu_s(pid) - cpu,
            history_bytes=_bytes(home) - size,
            requests=_requests(running) - asked,
            runs=_runs(home) - runs,
            rss_mb=rss_mb(pid),
        )


@contextmanager
def _dagster_dev(env: dict[str, str]) -> Iterator[int]:
    command = [sys.executable, "-m", "dagster", "dev", "--port=0", "-m", "zd_assets.definitions"]
    dev = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        yield dev.pid
    finally:
        dev.terminate()
        dev.wait()


def _bytes(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


def _requests(running: sandbox.Running) -> int:
    return sum(Counter(str(entry["export"]) for entry in running.requests()).values())


def _runs(home: Path) -> int:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        return instance.get_runs_count()
