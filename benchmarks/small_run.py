"""What a follow-up run of forty rows costs above a run of an empty asset: CPU and memory."""

import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from statistics import median
from textwrap import dedent

import click

from benchmarks.measure import show
from zd_assets import sandbox

_EMPTY = dedent(
    """
    import dagster as dg

    @dg.asset
    def empty() -> None: ...

    defs = dg.Definitions([empty], executor=dg.in_process_executor)
    """
)


@click.command()
@click.option("--rounds", default=5, show_default=True, help="Runs of each, in alternation.")
def small_run(rounds: int) -> None:
    """Materialize an empty asset and a partition with a few chats, each in a process of its own."""
    with (
        tempfile.TemporaryDirectory() as folder,
        sandbox.start(sandbox.Settings(chats_per_day=80, odd=False)) as running,
    ):
        home = Path(folder) / "dagster"
        home.mkdir()
        (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
        (Path(folder) / "empty_asset.py").write_text(_EMPTY)
        yesterday = f"{datetime.now(UTC) - timedelta(days=1):%Y-%m-%d}"
        env = os.environ | {
            "DAGSTER_HOME": str(home),
            "PYTHONPATH": os.pathsep.join([folder, os.environ.get("PYTHONPATH", "")]),
            "ZD_LAKE": str(Path(folder) / "lake"),
            "ZD_START_DATE": yesterday,
            "ZENDESK_CHAT_URL": f"{running.url}/api/v2/chat",
            "ZENDESK_CHAT_TOKEN": "sandbox-token",
        }
        export = ("zd_assets.definitions", "zendesk_chat/chats", "--partition", yesterday)
        spent: dict[str, list[tuple[float, float]]] = {"empty": [], "chats": []}
        for _ in range(rounds):
            spent["empty"].append(_run(env, "empty_asset", "empty"))
            spent["chats"].append(_run(env, *export))
    rows = []
    for place, name in enumerate(("CPU, s", "peak memory, MB")):
        empty, chats = (median(one[place] for one in spent[kind]) for kind in ("empty", "chats"))
        rows.append([name, f"{empty:.2f}", f"{chats:.2f}", f"{chats - empty:+.2f}"])
    show(
        f"A run of one partition of chats against a run of an empty asset, medians of {rounds}",
        ["", "empty", "chats", "difference"],
        rows,
        [],
    )


def _run(env: Mapping[str, str], module: str, select: str, *options: str) -> tuple[float, float]:
    """CPU seconds and peak MB of one run."""
    command = [sys.executable, "-m", "dagster", "asset", "materialize", "-m", module]
    process = subprocess.Popen(
        [*command, "--select", select, *options],
        env=dict(env),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    _, status, usage = os.wait4(process.pid, 0)
    assert os.waitstatus_to_exitcode(status) == 0, f"the run of {select} failed"
    return _cpu_s(usage), usage.ru_maxrss / 1024


def _cpu_s(usage: resource.struct_rusage) -> float:
    return usage.ru_utime + usage.ru_stime
