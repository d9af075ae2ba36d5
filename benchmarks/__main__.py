"""The command line of the benchmarks."""

import click

from benchmarks.budget import budget
from benchmarks.conversion import conversion
from benchmarks.current import current
from benchmarks.delay import delay
from benchmarks.extraction import extraction
from benchmarks.latency import latency
from benchmarks.memory import memory
from benchmarks.requests import requests
from benchmarks.ticks import ticks


@click.group()
def main() -> None:
    """Measure zd_assets against plain ways to do the same, side by side on this machine."""


for command in (conversion, extraction, latency, memory, budget, requests, ticks, delay, current):
    main.add_command(command)

if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
