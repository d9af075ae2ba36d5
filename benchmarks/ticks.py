"""What the ticks of following cost: a sensor's and the nightly schedule's, over a long history."""

import shutil
import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import click
import dagster as dg

from benchmarks.measure import show, side_by_side
from zd_assets.catalog.export import Api, Export
from zd_assets.catalog.registry import EXPORTS
from zd_assets.defs.exports import follow_up_tick, schedules
from zd_assets.defs.exports.follow_up_policy import Poll
from zd_assets.defs.namespace import Namespace
from zd_assets.defs.resources import ZendeskSupport
from zd_assets.lake.footer import empty_footer
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.lake.partition import DAY_US, partition_at
from zd_assets.lake.writer import PartitionWriter

_NAMESPACE = Namespace(dg.DailyPartitionsDefinition(start_date="2020-01-01", end_offset=1))
_SUPPORT = [export for export in EXPORTS if export.api is Api.SUPPORT]


@click.command()
@click.option("--days", default=1000, show_default=True, help="Complete days of each export.")
@click.option("--rounds", default=15, show_default=True)
def ticks(days: int, rounds: int) -> None:
    """A tick of a follow-up sensor and of the nightly schedule of eight exports, on a folder."""
    now = datetime.now(UTC)
    with tempfile.TemporaryDirectory() as folder, dg.instance_for_test() as instance:
        lakes = {number: open_lake(str(Path(folder) / str(number))) for number in (10, days)}
        for number, lake in lakes.items():
            for export in _SUPPORT:
                _fill(lake, export, number, now)

        def follow(lake: Lake) -> None:
            follow_up_tick.evaluate(
                instance, lake, _SUPPORT[0], ZendeskSupport(), _NAMESPACE, Poll(), time.time()
            )

        def nightly(lake: Lake) -> None:
            schedules.evaluate(instance, lake, _SUPPORT, _NAMESPACE, now)

        times = side_by_side(
            rounds,
            {
                f"{name}, {number:,} days": lambda tick=tick, lake=lake: tick(lake)
                for name, tick in (("sensor", follow), ("nightly schedule", nightly))
                for number, lake in lakes.items()
            },
        )
        show(
            "Ticks over a short and over a long history",
            ["tick", "median ms"],
            [[name, f"{took.median_s * 1000:.1f}"] for name, took in times.items()],
            [
                "The schedule looks at eight exports. Footers were read before, as by the tick of "
                "the night before; a sensor looks at nine days."
            ],
        )


def _fill(lake: Lake, export: Export, days: int, now: datetime) -> None:
    """Complete days up to yesterday, all of them alike."""
    today_us = partition_at(int(now.timestamp() * 1e6), hourly=False).start_us
    first: Path | None = None
    for number in range(1, days + 1):
        partition = partition_at(today_us - number * DAY_US, hourly=False)
        path = lake.path(export, partition)
        assert isinstance(path, Path)
        path.parent.mkdir(parents=True)
        if first:
            shutil.copy(first, path)
        else:
            footer = replace(empty_footer(export, partition, "run"), complete=True)
            PartitionWriter(lake, export, partition).commit(footer, None)
            first = path
