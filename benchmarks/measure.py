"""Measuring contenders side by side, so that a noisy machine troubles all of them alike."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from statistics import median

from rich.console import Console
from rich.table import Table

console = Console(width=110, highlight=False)


@dataclass(frozen=True)
class Ratio:
    """A quotient, round by round."""

    values: list[float]

    @property
    def median(self) -> float:
        return median(self.values)

    def __str__(self) -> str:
        return f"{self.median:.2f} ({min(self.values):.2f} to {max(self.values):.2f})"


@dataclass(frozen=True)
class Times:
    """What one contender took, round by round, in seconds: by the clock and of this process's CPU.

    The server's CPU time isn't in it: it is another process.
    """

    wall_s: list[float]
    cpu_s: list[float]

    @property
    def median_s(self) -> float:
        return median(self.wall_s)

    @property
    def median_cpu_s(self) -> float:
        return median(self.cpu_s)

    def ratio_to(self, other: "Times") -> Ratio:
        """How many times the other's time by the clock, compared within each round."""
        return Ratio([a / b for a, b in zip(self.wall_s, other.wall_s, strict=True)])

    def cpu_ratio_to(self, other: "Times") -> Ratio:
        """How many times the other's CPU time, compared within each round."""
        return Ratio([a / b for a, b in zip(self.cpu_s, other.cpu_s, strict=True)])


def side_by_side(rounds: int, contenders: Mapping[str, Callable[[], object]]) -> dict[str, Times]:
    """Run every contender once a round, in turn; each round begins with another one."""
    names = list(contenders)
    times = {name: Times([], []) for name in names}
    for turn in range(rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            began_s, began_cpu_s = time.perf_counter(), time.process_time()
            contenders[name]()
            times[name].wall_s.append(time.perf_counter() - began_s)
            times[name].cpu_s.append(time.process_time() - began_cpu_s)
    return times


def show(title: str, columns: list[str], rows: list[list[str]], notes: list[str]) -> None:
    """Print a table and what is to be said about it."""
    table = Table(title=title, title_justify="left", title_style="bold")
    for number, name in enumerate(columns):
        table.add_column(name, justify="right" if number else "left")
    for row in rows:
        table.add_row(*row)
    console.print(table)
    for note in notes:
        console.print(note, soft_wrap=True)
    console.print()


def verdict(target: str, met: bool) -> str:
    """Whether a target was met."""
    return f"{'[green]met[/]' if met else '[red]missed[/]'}: {target}"
