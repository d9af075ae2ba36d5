"""How long an item waits from being settled to being committed, under a real `dagster dev`."""

import os
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median

import click
import dagster as dg

from benchmarks.measure import show
from zd_assets import sandbox
from zd_assets.catalog.chat import CHATS

_SENSOR_S = 10


@click.command()
@click.option("--poll", default=30, show_default=True, help="Polling interval, in seconds.")
@click.option("--seconds", default=180, show_default=True, help="How long to follow.")
def delay(poll: int, seconds: int) -> None:
    """Follow `chats` and compare the delay with polling interval + sensor interval + one run."""
    with (
        tempfile.TemporaryDirectory() as folder,
        sandbox.start(sandbox.Settings(chats_per_day=20_000)) as running,
    ):
        home = Path(folder) / "dagster"
        home.mkdir()
        (home / "dagster.yaml").write_text("telemetry: {enabled: false}\nnux: {enabled: false}\n")
        env = os.environ | {
            "DAGSTER_HOME": str(home),
            "ZD_LAKE": str(Path(folder) / "lake"),
            "ZD_START_DATE": f"{datetime.now(UTC) - timedelta(days=3):%Y-%m-%d}",
            "ZD_POLL_INTERVAL": str(poll),
            "ZENDESK_CHAT_URL": f"{running.url}/api/v2/chat",
            "ZENDESK_CHAT_TOKEN": "sandbox-token",
        }
        command = [sys.executable, "-m", "dagster"]
        module = ["-m", "zd_assets.definitions"]
        subprocess.run(
            [*command, "sensor", "start", "chats_follow_up", *module], env=env, check=True
        )
        dev = subprocess.Popen([*command, "dev", "--port=0", *module], env=env)
        try:
            time.sleep(seconds)
        finally:
            dev.terminate()
            dev.wait()
        with dg.DagsterInstance.from_config(str(home)) as instance:
            _show(instance, poll)


def _show(instance: dg.DagsterInstance, poll_s: int) -> None:
    key = dg.AssetKey(list(CHATS.path))
    records = instance.fetch_materializations(key, limit=1000, ascending=True).records
    commits = []
    for record in records:
        event = record.asset_materialization
        assert event
        until_s = event.metadata["complete_until"].value
        assert isinstance(until_s, float)
        commits.append((record.timestamp, until_s + CHATS.settle_s))
    runs = [r for r in instance.get_run_records() if r.start_time and r.end_time]
    run_s = max((r.end_time or 0) - (r.start_time or 0) for r in runs)
    # The item that waited longest was settled just after the commit before was cut.
    longest = [at - settled for (at, _), (_, settled) in zip(commits[1:], commits, strict=False)]
    bound_s = poll_s + _SENSOR_S + run_s
    show(
        "From settled to committed, the longest wait of each poll",
        ["polls", "median s", "largest s", "poll + sensor + longest run, s"],
        [[str(len(longest)), f"{median(longest):.1f}", f"{max(longest):.1f}", f"{bound_s:.1f}"]],
        ["The daemon's own loop of five seconds and a run's start, about two, come on top."],
    )
