"""The main job on the sandbox: `run` fills the last days and shows what came out, `ui` opens it.

Everything it makes is in `data/demo`: the lake, and Dagster's own storage.
"""

import os
import signal
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import click
import dagster as dg
from rich.console import Console
from rich.table import Table

from zd_assets import sandbox
from zd_assets.catalog.export import Api, Export
from zd_assets.catalog.registry import EXPORTS
from zd_assets.cli.instance import INSTANCE, WORKSPACE
from zd_assets.engine.day import Day
from zd_assets.engine.latest.manifest import read_manifest
from zd_assets.lake.footer import Footer
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.lake.partition import Partition
from zd_assets.models.latest import GROUP, LATEST
from zd_assets.report.input_version import report_file

_HOME = Path("data/demo").absolute()
_LAKE = _HOME / "lake"
_DAGSTER = _HOME / "dagster"
# An account's ten a minute would make the demo wait.
_SUPPORT_BUDGET = 1000
_DAY_US = 86_400_000_000
_TABLE_WIDTH = 116


@click.group()
def main() -> None:
    """The sandbox Zendesk, Dagster and a lake, all on this machine."""


@main.command()
@click.option("--days", default=7, show_default=True, help="Days to export, up to now.")
def run(days: int) -> None:
    """Materialize every export for the last days, and show what came out."""
    last = datetime.now(UTC).date()
    keys = [str(last - timedelta(days=ago)) for ago in reversed(range(days))]
    console = Console()
    console.width = max(console.width, _TABLE_WIDTH)
    with _sandbox(date.fromisoformat(keys[0])) as running:
        console.print(f"sandbox Zendesk at {running.url}; materializing {keys[0]} to {keys[-1]}")
        span = ("--partition-range", f"{keys[0]}...{keys[-1]}")
        _materialize(" or ".join(f"group:{api.value}" for api in Api), *span)
        pages = [entry for entry in running.requests() if entry["endpoint"] != "sample"]
        requests = Counter(str(entry["export"]) for entry in pages)
        table = _table(open_lake(str(_LAKE)), keys, requests)
        _materialize(f"group:{GROUP}", *span)
    console.print(table)
    console.print(_current(open_lake(str(_LAKE))))
    newest = report_file(open_lake(str(_LAKE)), Day(keys[-1]))
    # Not wrapped, so that it can be clicked and copied.
    console.print(f"The support report: {newest}", soft_wrap=True)
    console.print(f"The lake: {_LAKE}", soft_wrap=True)
    console.print("Open the UI on it: make dev, or zd-assets demo ui")


@main.command()
@click.option("--port", default=3000, show_default=True, help="Port of Dagster's UI.")
def ui(port: int) -> None:
    """Serve Dagster's UI on the demo's lake, next to the sandbox, until interrupted."""
    # However it is told to end, Dagster and the sandbox end with it; Dagster doesn't where it
    # inherits an ignored SIGINT, as a shell's background job does.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    with _sandbox(datetime.now(UTC).date() - timedelta(days=30)):
        dev = subprocess.Popen(
            [sys.executable, "-m", "dagster", "dev", "-w", "workspace.yaml", f"--port={port}"],
            cwd=_HOME,
        )
        try:
            dev.wait()
        except KeyboardInterrupt:
            dev.terminate()
            dev.wait()


@contextmanager
def _sandbox(first: date) -> Iterator[sandbox.Running]:
    """Give a sandbox with data from `first` on, and an environment that points at it."""
    _DAGSTER.mkdir(parents=True, exist_ok=True)
    (_DAGSTER / "dagster.yaml").write_text(INSTANCE)
    (_HOME / "workspace.yaml").write_text(WORKSPACE)
    settings = sandbox.Settings(odd=False, support_requests_per_minute=_SUPPORT_BUDGET)
    with sandbox.start(settings) as running:
        os.environ |= {
            "DAGSTER_HOME": str(_DAGSTER),
            "ZD_LAKE": str(_LAKE),
            "ZD_PARTITION": "day",
            "ZD_START_DATE": str(first - timedelta(days=30)),
            "ZENDESK_CHAT_URL": f"{running.url}/api/v2/chat",
            "ZENDESK_CHAT_TOKEN": settings.token,
            "ZENDESK_SUPPORT_URL": f"{running.url}/api/v2",
            "ZENDESK_EMAIL": settings.email,
            "ZENDESK_API_TOKEN": settings.api_token,
            "ZD_SUPPORT_REQUESTS_PER_MINUTE": str(_SUPPORT_BUDGET),
        }
        yield running


def _materialize(selection: str, *options: str) -> None:
    # In the demo's folder: the .env of another would hide what is set here from Dagster, and a
    # real account would be asked.
    command = [sys.executable, "-m", "dagster", "asset", "materialize"]
    command += ["-m", "zd_assets.definitions", "--select", selection, *options]
    log = _HOME / "materialize.log"
    with log.open("a") as output:
        result = subprocess.run(
            command, stdout=output, stderr=subprocess.STDOUT, cwd=_HOME, check=False
        )
    if result.returncode:
        raise click.ClickException(f"the run failed; its log is {log}")


@dataclass(frozen=True)
class _Outcome:
    """What the lake has of one export, and how long its step took."""

    footers: list[Footer]
    seconds: float

    @property
    def items(self) -> int:
        return sum(footer.items for footer in self.footers)

    @property
    def complete_until(self) -> str:
        reached = self.footers[0].start_us
        for footer in self.footers:
            if footer.start_us <= reached:
                reached = footer.complete_until_us
        return f"{datetime.fromtimestamp(reached / 1e6, UTC):%Y-%m-%d %H:%M:%S}"


def _table(lake: Lake, keys: list[str], requests: Counter[str]) -> Table:
    table = Table("export", title="What came out")
    for name in ("partitions", "items", "requests", "items/s", "complete until (UTC)"):
        table.add_column(name, justify="right")
    seconds = _step_seconds()
    for export in EXPORTS:
        outcome = _Outcome(_footers(lake, export, keys), seconds["__".join(export.path)])
        complete = sum(footer.complete for footer in outcome.footers)
        table.add_row(
            "/".join(export.path),
            f"{len(outcome.footers)} ({complete} complete)",
            f"{outcome.items:,}",
            f"{requests[export.name]:,}",
            f"{outcome.items / outcome.seconds:,.0f}",
            outcome.complete_until,
        )
    return table


def _current(lake: Lake) -> Table:
    table = Table("analytics", title="The newest version of everything")
    for name in ("items", "deleted"):
        table.add_column(name, justify="right")
    for latest in LATEST:
        months = read_manifest(lake.root.joinpath(*latest.path)).months.values()
        items, deleted = sum(m.items for m in months), sum(m.deleted for m in months)
        table.add_row("/".join(latest.path), f"{items:,}", f"{deleted:,}")
    return table


def _footers(lake: Lake, export: Export, keys: list[str]) -> list[Footer]:
    footers = []
    for key in keys:
        start_us = int(datetime.fromisoformat(f"{key}T00:00:00+00:00").timestamp() * 1_000_000)
        footer = lake.footer(export, Partition(key, start_us, start_us + _DAY_US))
        assert footer, f"{export.name} {key} has no file"
        footers.append(footer)
    return footers


def _step_seconds() -> dict[str, float]:
    with dg.DagsterInstance.from_config(str(_DAGSTER)) as instance:
        last = instance.get_runs(limit=1)[0]
        return {
            stats.step_key: (stats.end_time or 0) - (stats.start_time or 0)
            for stats in instance.get_run_step_stats(last.run_id)
        }


if __name__ == "__main__":
    main()
