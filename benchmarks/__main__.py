"""The command line of the benchmarks."""

import click

from benchmarks.budget import budget
from benchmarks.conversion import conversion
from benchmarks.current import current
from benchmarks.delay import delay
from benchmarks.extraction import extraction
from benchmarks.following import following
from benchmarks.latency import latency
from benchmarks.memory import memory
from benchmarks.requests import requests
from benchmarks.small_run import small_run
from benchmarks.sweep import sweep
from benchmarks.ticks import ticks


@click.group()
def main() -> None:
    """Measure zd_assets against plain ways to do the same, side by side on this machine."""


_COMMANDS = (
    conversion,
    extraction,
    latency,
    memory,
    small_run,
    following,
    delay,
    ticks,
    sweep,
    current,
    requests,
    budget,
)
for command in _COMMANDS:
    main.add_command(command)

if __name__ == "__main__":
    main(prog_name="python -m benchmarks")
