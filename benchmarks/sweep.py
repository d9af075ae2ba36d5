"""What the automation's sweep over a long history costs, if nothing has changed."""

import tempfile
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from statistics import median

import click
import pyarrow as pa

from benchmarks.measure import show
from zd_assets.catalog.chat import AGENT_TIMELINE
from zd_assets.engine.day import Day
from zd_assets.engine.inputs import Finder, Quiet
from zd_assets.engine.make import make
from zd_assets.lake.footer import empty_footer
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.lake.partition import DAY_US, HOUR_US, Partition, partition_at
from zd_assets.lake.writer import PartitionWriter
from zd_assets.models.facts.agent_activity import AGENT_ACTIVITY
from zd_assets.schema.arrow import arrow_schema

_FIRST = datetime(2023, 1, 1, tzinfo=UTC)


@click.command()
@click.option("--days", default=1095, show_default=True, help="Days of history.")
@click.option("--hourly", is_flag=True, help="Partitions of an hour, not of a day.")
@click.option("--ticks", default=5, show_default=True, help="Ticks to take the median of.")
def sweep(days: int, hourly: bool, ticks: int) -> None:
    """Ask which days of `agent_activity`, which looks back, are due."""
    with tempfile.TemporaryDirectory() as folder:
        lake = open_lake(folder)
        partitions = _partitions(days, hourly)
        for partition in partitions:
            _write(lake, partition)
        keys = [f"{_FIRST + timedelta(days=number):%Y-%m-%d}" for number in range(days)]
        for _ in make(AGENT_ACTIVITY, lake, [Day(key) for key in keys], run_id="run"):
            pass
        quiet = Quiet()
        first_s = _tick(lake, quiet, keys)
        later_s = [_tick(lake, quiet, keys) for _ in range(ticks)]
    show(
        f"A sweep over {len(partitions):,} partitions and {days:,} days, nothing changed",
        ["", "s"],
        [
            ["the first tick of a process", f"{first_s:.2f}"],
            [f"each further one, median of {ticks}", f"{median(later_s):.3f}"],
        ],
        [],
    )


def _tick(lake: Lake, quiet: Quiet, keys: list[str]) -> float:
    began_s = time.perf_counter()
    due = quiet.due_days(Finder(lake), AGENT_ACTIVITY, keys)
    assert not due, f"{len(due)} days are due"
    return time.perf_counter() - began_s


def _partitions(days: int, hourly: bool) -> list[Partition]:
    first_us, step_us = int(_FIRST.timestamp()) * 1_000_000, HOUR_US if hourly else DAY_US
    ends_us = first_us + days * DAY_US
    return [partition_at(at, hourly=hourly) for at in range(first_us, ends_us, step_us)]


def _write(lake: Lake, partition: Partition) -> None:
    """A partition with one timespan of ten minutes."""
    start = datetime.fromtimestamp(partition.start_us / 1_000_000, UTC)
    row = {"agent_id": 1, "start_time": start, "status": "online", "duration": 600.0}
    schema = arrow_schema(AGENT_TIMELINE.all_columns)
    rows = pa.Table.from_pylist([{**dict.fromkeys(schema.names), **row}], schema)
    writer = PartitionWriter(lake, AGENT_TIMELINE, partition)
    writer.add(rows, pa.array([partition.start_us + 600_000_000]).to_numpy())
    footer = empty_footer(AGENT_TIMELINE, partition, "run")
    footer = replace(footer, complete=True, complete_until_us=partition.end_us)
    writer.commit(footer, None)
