"""A slow server: one cursor against four windows side by side."""

from collections.abc import Callable

import click

from benchmarks.extraction import extract_to_scratch
from benchmarks.measure import show, side_by_side, verdict
from benchmarks.source import days, make_client, start_sandbox

_FASTER = 3


@click.command()
@click.option("--chats", default=100_000, show_default=True, help="Chats to extract, about.")
@click.option("--latency", "latency_s", default=0.3, show_default=True, help="Seconds a page.")
@click.option("--rounds", default=3, show_default=True, help="Runs of each contender.")
def latency(chats: int, latency_s: float, rounds: int) -> None:
    """Extract from a server that takes its time for each page."""
    partitions = days(chats)
    with start_sandbox(chats, cached=True) as sandbox:
        client = make_client(sandbox.url)
        items = extract_to_scratch(client, partitions, 4)  # Warms the cache.
        sandbox.settings(latency=latency_s)

        def windows(number: int) -> Callable[[], object]:
            return lambda: extract_to_scratch(client, partitions, number)

        times = side_by_side(rounds, {f"{number} window(s)": windows(number) for number in (1, 4)})
    one = times["1 window(s)"]
    show(
        f"Latency: {items:,} chats, {latency_s * 1e3:.0f} ms a page, "
        f"median of {rounds} rounds (lowest to highest)",
        ["", "s", "chats/s", "times one cursor's speed"],
        [
            [
                name,
                f"{each.median_s:.2f}",
                f"{items / each.median_s:,.0f}",
                str(one.ratio_to(each)),
            ]
            for name, each in times.items()
        ],
        [
            verdict(
                f"4 windows at least {_FASTER} times as fast as one cursor",
                one.ratio_to(times["4 window(s)"]).median >= _FASTER,
            )
        ],
    )
