"""Bringing current state up to date: from nothing, after one new day, after no change."""

import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from benchmarks.extraction import extract_to
from benchmarks.measure import show
from benchmarks.source import days, make_client, start_sandbox
from zd_assets.catalog.chat import CHATS
from zd_assets.engine.latest.update import update
from zd_assets.lake.footer import FOOTER_KEY, empty_footer
from zd_assets.lake.lake import Lake
from zd_assets.lake.partition import Partition
from zd_assets.models.latest import CHATS_LATEST
from zd_assets.schema.arrow import arrow_schema, dictionary_paths, statistics_paths

_PATTERNS = 6000
_UPDATED = 0.1
_WITHIN_DAYS = 60
_FIRST = datetime(2024, 1, 1, tzinfo=UTC)
_DAY_US = 86_400_000_000


@dataclass(frozen=True)
class _Run:
    """What a run did in a process of its own."""

    seconds: float
    peak_mb: float
    items: int
    months: int


@click.command()
@click.option("--chats", default=1_000_000, show_default=True, help="Chats in the partitions.")
@click.option("--partitions", default=100, show_default=True, help="Days that they are of.")
def current(chats: int, partitions: int) -> None:
    """Measure how current state of chats is brought up to date.

    One chat in ten of a day is an update of an earlier one, of up to 60 days before.
    """
    with tempfile.TemporaryDirectory(prefix="zd_assets-benchmark-") as folder:
        lake = Lake(Path(folder))
        patterns = _patterns(Path(folder) / "patterns")
        for day in range(partitions):
            _write(lake, patterns, day, chats // partitions)
        runs = {"from nothing": _run(lake)}
        _write(lake, patterns, partitions, chats // partitions)
        runs["after one new day"] = _run(lake)
        runs["after no change"] = _run(lake)
    first = runs["from nothing"]
    show(
        f"Current state: {chats:,} chats in {partitions} partitions",
        ["", "chats in the table", "months written", "s", "ratio", "peak MB"],
        [
            [
                name,
                f"{run.items:,}",
                str(run.months),
                f"{run.seconds:.1f}",
                f"{run.seconds / first.seconds:.3f}",
                f"{run.peak_mb:,.0f}",
            ]
            for name, run in runs.items()
        ],
        [],
    )


def _patterns(folder: Path) -> pa.Table:
    """Chats of the sandbox, as they are in a lake."""
    lake, partitions = Lake(folder), days(_PATTERNS)
    with start_sandbox(_PATTERNS, cached=False) as sandbox:
        extract_to(lake, make_client(sandbox.url), partitions, 1)
    files = [pq.read_table(path, partitioning=None) for path in lake.files(CHATS)]
    return pa.concat_tables(files)


def _write(lake: Lake, patterns: pa.Table, day: int, chats: int) -> None:
    """Write a partition of new chats, and of updates of earlier days' chats."""
    random = np.random.default_rng(day)
    rows = patterns.take(pa.array(random.integers(0, patterns.num_rows, chats)))
    created_on = np.full(chats, day)
    updated = random.random(chats) < _UPDATED
    earlier = day - random.integers(0, _WITHIN_DAYS, updated.sum())
    created_on[updated] = np.maximum(0, earlier)
    number = random.permutation(chats)
    first_us = round(_FIRST.timestamp() * 1_000_000)
    created = first_us + created_on * _DAY_US + number * (_DAY_US // chats)
    changed = first_us + day * _DAY_US + np.sort(random.integers(0, _DAY_US, chats))
    places = zip(created_on.tolist(), number.tolist(), strict=True)
    columns = {
        "id": pa.array([f"2401.{on}.{place:08}" for on, place in places]),
        "timestamp": _timestamps(created),
        "update_timestamp": _timestamps(changed),
    }
    schema = arrow_schema(CHATS.all_columns)
    table = pa.table([columns.get(name, rows[name]) for name in schema.names], schema=schema)
    key = f"{_FIRST + timedelta(days=day):%Y-%m-%d}"
    partition = Partition(key, first_us + day * _DAY_US, first_us + (day + 1) * _DAY_US)
    path = lake.path(CHATS, partition)
    path.parent.mkdir(parents=True)
    with pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        compression_level=1,
        use_dictionary=dictionary_paths(CHATS.columns),
        write_statistics=statistics_paths(CHATS.columns),
    ) as file:
        file.write_table(table)
        footer = replace(empty_footer(CHATS, partition, "benchmark"), items=chats)
        file.add_key_value_metadata({FOOTER_KEY: footer.encode()})


def _timestamps(us: np.ndarray[tuple[int], np.dtype[np.int64]]) -> pa.Array:
    return pa.array(us, pa.int64()).cast(pa.timestamp("us", tz="UTC"))


def _run(lake: Lake) -> _Run:
    """Bring the table up to date in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.current", str(lake.root)]
    return msgspec.json.decode(subprocess.check_output(command), type=_Run)


def _update_and_tell(root: str) -> None:
    report = update(CHATS_LATEST, Lake(Path(root)))
    peak = next(
        line.split()[1]
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmHWM:")
    )
    run = _Run(report.seconds, int(peak) * 1024 / 1e6, report.items, report.months)
    print(msgspec.json.encode(run).decode())


if __name__ == "__main__":
    _update_and_tell(sys.argv[1])
