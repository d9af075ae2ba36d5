"""What exporting costs in requests to Support, by the server's own log."""

import os
import subprocess
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, date, datetime, timedelta
from math import ceil
from pathlib import Path
from typing import Any

import click
from pyarrow.dataset import dataset

from benchmarks.measure import show
from zd_assets import sandbox
from zd_assets.catalog.export import Api
from zd_assets.catalog.registry import EXPORTS
from zd_assets.catalog.support import TICKETS
from zd_assets.sandbox import Running, Settings

_TICKETS_PER_DAY = 1123
_UNLIMITED = 1_000_000
_MINUTE_S = 60
_HEAVY = 300  # Items of a page that is too heavy.


@click.command()
@click.option("--days", default=90, show_default=True, help="Partitions of the backfill.")
@click.option("--minutes", default=4, show_default=True, help="How long to export all at once.")
def requests(days: int, minutes: int) -> None:
    """Count a backfill's requests, the rate of all exports at once, and sizes after a 504."""
    _backfill(days)
    _all_at_once(minutes)
    _heavy_pages(days // 10 or 1)


def _backfill(days: int) -> None:
    with _sandbox(days, _UNLIMITED) as running:
        with _lake(running, days, _UNLIMITED) as env:
            _wait([_materialize(TICKETS.name, days, env)])
            items = dataset(Path(env["ZD_LAKE"]).joinpath(*TICKETS.path)).count_rows()
        log = _pages(running)
    show(
        f"A backfill of {days} partitions of tickets, one run of Dagster",
        ["items", "requests", "ceil(items / 1000) + 2"],
        [[f"{items:,}", str(len(log)), str(ceil(items / 1000) + 2)]],
        [],
    )


def _all_at_once(minutes: int) -> None:
    """Every Support export in a process of its own, under ten requests a minute."""
    exports = [export.name for export in EXPORTS if export.api is Api.SUPPORT]
    # Few enough items that all of them end in about the time, at ten pages a minute.
    days = max(1, minutes - 2)
    with _sandbox(days, 10) as running:
        with _lake(running, days, 10) as env:
            _wait([_materialize(name, days, env) for name in exports])
        log = _pages(running)
    times_s = sorted(entry["at"] for entry in log)
    busiest = max(
        sum(start_s <= time_s < start_s + _MINUTE_S for time_s in times_s) for start_s in times_s
    )
    statuses = Counter(entry["status"] for entry in log)
    show(
        "All eight Support exports at once, each a process of its own, budget 10 a minute",
        ["requests", "seconds", "most in any 60 s", "answered"],
        [
            [
                str(len(log)),
                f"{times_s[-1] - times_s[0]:.0f}",
                str(busiest),
                ", ".join(f"{status}: {times}" for status, times in statuses.items()),
            ]
        ],
        [],
    )


def _heavy_pages(days: int) -> None:
    with _sandbox(days, _UNLIMITED) as running:
        running.faults(
            [{"kind": "status", "status": 504, "min_page_size": _HEAVY, "after": 2, "times": 3}]
        )
        with _lake(running, days, _UNLIMITED) as env:
            _wait([_materialize(TICKETS.name, days, env)])
        log = _pages(running)
    show(
        "Pages of tickets where three requests are too heavy",
        ["answer", "asked for", "items"],
        [[str(e["status"]), e["query"]["per_page"], str(e["count"] or "")] for e in log],
        [],
    )


def _pages(running: Running) -> list[dict[str, Any]]:
    """The requests for pages; samples of the format have a budget of their own."""
    return [entry for entry in running.requests() if entry["endpoint"] != "sample"]


@contextmanager
def _sandbox(days: int, per_minute: int) -> Iterator[Running]:
    with sandbox.start(
        Settings(
            start=_first(days),
            tickets_per_day=_TICKETS_PER_DAY,
            support_requests_per_minute=per_minute,
        )
    ) as running:
        yield running


@contextmanager
def _lake(running: Running, days: int, per_minute: int) -> Iterator[dict[str, str]]:
    """A new lake, as an environment that points at it and the sandbox."""
    settings = Settings()
    with tempfile.TemporaryDirectory() as folder:
        yield os.environ | {
            "ZD_LAKE": str(Path(folder) / "lake"),
            "ZD_START_DATE": str(_first(days)),
            "ZENDESK_SUPPORT_URL": f"{running.url}/api/v2",
            "ZENDESK_EMAIL": settings.email,
            "ZENDESK_API_TOKEN": settings.api_token,
            "ZD_SUPPORT_REQUESTS_PER_MINUTE": str(per_minute),
        }


def _materialize(export: str, days: int, env: dict[str, str]) -> subprocess.Popen[str]:
    first, last = _first(days), _first(0) - timedelta(days=1)
    command = [sys.executable, "-m", "dagster", "asset", "materialize"]
    command += ["-m", "zd_assets.definitions", "--select", f"zendesk_support/{export}"]
    command += ["--partition-range", f"{first}...{last}"]
    # An instance of its own: SQLite's can't be made by several processes at once.
    home = Path(env["ZD_LAKE"]).with_name(export)
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    return subprocess.Popen(
        command,
        env=env | {"DAGSTER_HOME": str(home)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def _wait(runs: Sequence[subprocess.Popen[str]]) -> None:
    for run in runs:
        said, _ = run.communicate()
        if run.returncode:
            raise click.ClickException(f"a run failed:\n{said[-2000:]}")


def _first(days: int) -> date:
    """The first of so many days that end with the day before yesterday."""
    return datetime.now(UTC).date() - timedelta(days=days + 1)
