"""Whole extraction, HTTP to committed Parquet, against a bare loop over the same pages."""

import tempfile
from collections.abc import Callable
from pathlib import Path

import click

from benchmarks.measure import show, side_by_side, verdict
from benchmarks.source import UNLIMITED, bare_loop, days, make_client, start_sandbox
from zd_assets.catalog.chat import CHATS
from zd_assets.extract.events import PartitionReport
from zd_assets.extract.options import Options
from zd_assets.extract.run import extract
from zd_assets.lake.lake import Lake
from zd_assets.lake.partition import Partition
from zd_assets.zendesk.client import Client

_SLOWEST = 1.2
_BARE = "bare loop: download, orjson"


@click.command()
@click.option("--chats", default=100_000, show_default=True, help="Chats to extract, about.")
@click.option("--rounds", default=5, show_default=True, help="Runs of each contender.")
def extraction(chats: int, rounds: int) -> None:
    """Extract chats to a lake, against downloading and decoding the same pages."""
    partitions = days(chats)
    with start_sandbox(chats, cached=True) as sandbox:
        pages, size = 0, 0
        for body in bare_loop(sandbox.url, partitions, decode=False):  # Warms the cache, too.
            pages, size = pages + 1, size + len(body)
        client = make_client(sandbox.url)

        def bare(*, decode: bool) -> Callable[[], object]:
            return lambda: [len(body) for body in bare_loop(sandbox.url, partitions, decode=decode)]

        def windows(number: int) -> Callable[[], object]:
            return lambda: extract_to_scratch(client, partitions, number)

        items = extract_to_scratch(client, partitions, 1)
        ours = {f"extract, {number} window(s)": windows(number) for number in (1, 4)}
        times = side_by_side(
            rounds,
            {"download only: the server alone": bare(decode=False), _BARE: bare(decode=True)}
            | ours,
        )
    best = min((times[name].ratio_to(times[_BARE]) for name in ours), key=lambda r: r.median)
    show(
        f"Extraction: {items:,} chats, {pages} pages, {size / 1e6:.0f} MB, "
        f"{len(partitions)} partitions, median of {rounds} rounds (lowest to highest)",
        ["", "s", "chats/s", "times the bare loop", "CPU s", "times its CPU"],
        [
            [
                name,
                f"{one.median_s:.2f}",
                f"{items / one.median_s:,.0f}",
                str(one.ratio_to(times[_BARE])),
                f"{one.median_cpu_s:.2f}",
                str(one.cpu_ratio_to(times[_BARE])),
            ]
            for name, one in times.items()
        ],
        [verdict(f"at most {_SLOWEST} times the bare loop", best.median <= _SLOWEST)],
    )


def extract_to_scratch(client: Client, partitions: list[Partition], windows: int) -> int:
    """Extract to a lake that is thrown away; returns the number of items."""
    with tempfile.TemporaryDirectory(prefix="zd_assets-benchmark-") as folder:
        return extract_to(Lake(Path(folder)), client, partitions, windows)


def extract_to(lake: Lake, client: Client, partitions: list[Partition], windows: int) -> int:
    """Extract to a lake, each partition to its end; returns the number of items."""
    options = Options(max_pages=UNLIMITED, max_parallel_windows=windows)
    items = 0
    for report in extract(CHATS, partitions, client, lake, options, run_id="benchmark"):
        if isinstance(report, PartitionReport):
            assert report.footer.complete, report
            items += report.footer.items
    return items
