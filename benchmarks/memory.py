"""Peak resident memory of an extracting process, for few chats and for many."""

import subprocess
import sys
import tempfile
from pathlib import Path

import click

from benchmarks.extraction import extract_to
from benchmarks.measure import show, verdict
from benchmarks.source import days, make_client, start_sandbox
from zd_assets.lake.lake import Lake

_FLAT = 1.10


@click.command()
@click.option("--few", default=100_000, show_default=True, help="Chats of the small extraction.")
@click.option("--many", default=1_000_000, show_default=True, help="Chats of the large one.")
@click.option("--windows", default=4, show_default=True, help="Windows side by side.")
@click.option("--rounds", default=1, show_default=True, help="Runs of each.")
def memory(few: int, many: int, windows: int, rounds: int) -> None:
    """Measure the peak memory of a process that extracts, for few chats and for many."""
    peaks: dict[int, list[int]] = {few: [], many: []}
    items = dict.fromkeys(peaks, 0)
    with start_sandbox(many, cached=False) as sandbox:
        for _ in range(rounds):
            for chats in peaks:
                items[chats], peak = _measure(sandbox.url, chats, windows)
                peaks[chats].append(peak)
    growth = max(peaks[many]) / min(peaks[few])
    show(
        f"Memory: peak resident set, {windows} window(s), {rounds} run(s)",
        ["chats", "partitions", "MB (lowest to highest)"],
        [
            [
                f"{items[chats]:,}",
                str(len(days(chats))),
                f"{min(peaks[chats]) / 1e6:.0f} to {max(peaks[chats]) / 1e6:.0f}",
            ]
            for chats in peaks
        ],
        [verdict(f"flat within {_FLAT - 1:.0%} (grew {growth - 1:+.0%})", growth <= _FLAT)],
    )


def _measure(url: str, chats: int, windows: int) -> tuple[int, int]:
    """Extract in a process of its own; returns its number of items and its peak in bytes."""
    with tempfile.TemporaryDirectory(prefix="zd_assets-benchmark-") as folder:
        command = [sys.executable, "-m", "benchmarks.memory", url, folder]
        output = subprocess.check_output([*command, str(chats), str(windows)], text=True)
    items, peak = output.split()
    return int(items), int(peak)


def _extract_and_tell(url: str, folder: str, chats: str, windows: str) -> None:
    items = extract_to(Lake(Path(folder)), make_client(url), days(int(chats)), int(windows))
    peak = next(
        line.split()[1]
        for line in Path("/proc/self/status").read_text().splitlines()
        if line.startswith("VmHWM:")
    )
    print(items, int(peak) * 1024)


if __name__ == "__main__":
    _extract_and_tell(*sys.argv[1:])
