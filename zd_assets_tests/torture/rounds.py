"""One round: what is there, who fetches it, what goes wrong meanwhile, and the verdict."""

import random
import shutil
import time
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

from zd_assets.lake.lake import Lake, open_lake
from zd_assets.lake.partition import Partition
from zd_assets.sandbox import Running
from zd_assets_tests.helpers.odd_items import meaning, read
from zd_assets_tests.helpers.runs import ROADS, at_us, few_of, incomplete
from zd_assets_tests.helpers.truth import days
from zd_assets_tests.torture import child, items
from zd_assets_tests.torture.proxy import KINDS, Proxy
from zd_assets_tests.torture.verdict import Findings, Truth, found_late, inspect

_NOW = "2026-03-01T12:00:00Z"
_LATER = "2026-03-02T00:20:00Z"
_PATIENCE_S = 120
_CALM_RUNS = 6
#: Of items that are put in below what may have been read, so far back at most.
_LATE_S = 6 * 3600


#: Exports whose rows don't all come in order of their own time.
_SHOWS_OLDER = ("ticket_events", "routing_instance_values")


@dataclass
class Figures:
    """What a torture did, over all rounds."""

    rounds: int = 0
    requests: int = 0
    processes: int = 0
    kills: int = 0
    refused: int = 0
    faults: Counter[str] = field(default_factory=Counter)
    findings: Findings = field(default_factory=Findings)
    late: int = 0
    late_by_following: int = 0
    late_by_looking: int = 0


@dataclass
class Round:
    """One round's means; all chance comes from `dice`."""

    seed: int
    number: int
    sandbox: Running
    proxy: Proxy
    folder: Path
    figures: Figures
    light: bool = False

    def __post_init__(self) -> None:
        self.dice = random.Random(f"{self.seed}:{self.number}")
        self.export, self.endpoint = ROADS[self.number % len(ROADS)]
        self.lake: Lake = open_lake(str(self.folder / "lake"))
        self.put_so_far = 0
        self.now = _NOW

    @property
    def name(self) -> str:
        """What it is about."""
        return f"{self.export.name} by {self.endpoint.pagination}"

    def play(self) -> None:
        """Play it; what is wrong goes into the findings."""
        dice, count = self.dice, self.dice.randint(3, 4 if self.light else 12)
        # Some ranges end with the day that isn't over.
        first = "2026-02-10" if dice.random() < 0.5 else f"2026-02-{29 - count + 1:02d}"
        self.partitions = tuple(days(first, count))
        # A late start: routing is walked, and the truth read, from the beginning.
        few_of(
            self.sandbox,
            self.export,
            20 if self.light else dice.choice([20, 60, 150]),
            start="2026-02-05",
        )
        truth = Truth(self.export, self.partitions)
        self._put_fuzzed(dice.randint(0, 120))
        if self.export.name in _SHOWS_OLDER and dice.random() < 0.5:
            self._put_older(truth, dice.randint(1, 20))
        truth.look(self.sandbox)
        self._storm(truth)
        self.proxy.calm()
        self._calm(truth)
        self._look_again(truth)
        self.figures.rounds += 1

    def _storm(self, truth: Truth) -> None:
        dice, findings = self.dice, self.figures.findings
        families = dice.sample(sorted(KINDS), dice.randint(1, len(KINDS)))
        kinds = tuple(kind for family in families for kind in KINDS[family])
        rate = dice.choice([0.0, 0.03, 0.1, 0.25])
        self.sandbox.settings(latency=dice.choice([0.0, 0.0, 0.01, 0.03]))
        self.proxy.storm(f"{self.seed}:{self.number}", rate, kinds, self.endpoint.items)
        for _ in range(2 if self.light else dice.randint(2, 5)):
            # One alone mostly, sometimes several on the same range at once.
            running = [self._begin(findings) for _ in range(dice.choice([1, 1, 1, 2, 3]))]
            if dice.random() < 0.4:
                time.sleep(dice.uniform(0, 0.2))
                self._change(truth)
            for process, task in running:
                if dice.random() < 0.5:
                    process.join(dice.uniform(0, 0.5))
                    self._kill(process)
                self._end(process, task, findings)
            inspect(truth, self.lake, findings)
        self.sandbox.settings(latency=0.0)

    def _calm(self, truth: Truth) -> None:
        """The server is well again: everything becomes complete without any hand."""
        findings = self.figures.findings
        self.now = _LATER
        self.sandbox.clock(now=_LATER)
        truth.look(self.sandbox)
        for _ in range(_CALM_RUNS):
            todo = incomplete(self.export, self.partitions, self.lake)
            if not todo:
                break
            process, task = self._begin(findings, todo, calm=True)
            self._end(process, task, findings, calm=True)
        if left := incomplete(self.export, self.partitions, self.lake):
            findings.say(f"{[one.key for one in left]} aren't complete after {_CALM_RUNS} runs")
        inspect(truth, self.lake, findings, older_too=True)
        found = found_late(truth, self.lake)
        self.figures.late += len(truth.late)
        self.figures.late_by_following += found

    def _look_again(self, truth: Truth) -> None:
        """A second look at everything: what came late is there now, and nothing lies about."""
        findings = self.figures.findings
        before = found_late(truth, self.lake)
        process, task = self._begin(findings, self.partitions, calm=True, second_look=True)
        self._end(process, task, findings, calm=True)
        inspect(truth, self.lake, findings, older_too=True, late_too=True)
        self.figures.late_by_looking += found_late(truth, self.lake) - before
        root = Path(str(self.lake.root))
        if left := [path.name for path in root.rglob(".*") if path.is_file()]:
            findings.say(f"left over after a healthy run: {left[:3]}")

    def _begin(
        self,
        findings: Findings,
        partitions: Sequence[Partition] | None = None,
        *,
        calm: bool = False,
        **options: Any,
    ) -> tuple[BaseProcess, child.Task]:
        dice = self.dice
        chosen: dict[str, Any] = {
            "page_size": dice.choice([15, 40, 100]),
            "max_parallel_windows": dice.choice([1, 2, 4]),
        }
        if not calm:
            chosen["max_pages"] = dice.choice([2, 10, 500, 500, 500])
            chosen["full_refresh"] = dice.random() < 0.1
        self.figures.processes += 1
        task = child.Task(
            url=self.proxy.url,
            export=self.export.name,
            pagination=self.endpoint.pagination,
            partitions=tuple(partitions or self.partitions),
            lake=str(self.lake.root),
            now_s=at_us(self.now.removesuffix("Z")) / 1e6,
            said=self.folder / f"said-{self.figures.processes}",
            options=chosen | options,
        )
        return child.begin(task), task

    def _kill(self, process: BaseProcess) -> None:
        if process.is_alive():
            process.kill()
            self.figures.kills += 1

    def _end(
        self, process: BaseProcess, task: child.Task, findings: Findings, *, calm: bool = False
    ) -> None:
        process.join(_PATIENCE_S)
        if process.exitcode is None:
            process.kill()
            process.join()
            findings.say(f"still running after {_PATIENCE_S} s")
        elif process.exitcode == child.REFUSED:
            self.figures.refused += 1
            if calm:
                findings.say(f"failed on a healthy server: {task.said.read_text()[:500]}")
        elif process.exitcode == child.RAW:
            findings.say(f"not one clear message: {task.said.read_text()[-1500:]}")

    def _put_fuzzed(self, count: int) -> None:
        fresh = []
        for _ in range(count):
            time_us = self._instant_us(self.partitions[0].start_us, self._settled_us())
            fresh.append(items.fuzzed(self.export, time_us, self._number(), self.dice))
        self._put(fresh)

    def _put_older(self, truth: Truth, count: int) -> None:
        """Items that are shown among younger ones: events of a ticket that was deleted, say."""
        for _ in range(count):
            first_us = self.partitions[0].start_us
            end_us = min(self._settled_us(), self.partitions[-1].end_us)
            time_us, place_us = sorted(self._instant_us(first_us, end_us) for _ in range(2))
            body = items.fuzzed(self.export, time_us, self._number(), self.dice)
            self.sandbox.put(self.export.name, [body], time=place_us // 1_000_000)
            truth.older.add(meaning(self.export, read(body)))

    def _change(self, truth: Truth) -> None:
        """While it is fetched: items come late, and others change or are deleted."""
        dice, end_us, now_us = self.dice, self._settled_us(), at_us(_NOW.removesuffix("Z"))
        late = []
        for _ in range(dice.randint(0, 8)):
            last_us = min(end_us, self.partitions[-1].end_us)
            time_us = self._instant_us(last_us - _LATE_S * 1_000_000, last_us)
            late.append(items.fuzzed(self.export, time_us, self._number(), dice))
        self._put(late)
        truth.look(self.sandbox, late=True)
        if not self.export.key or self.export.name.startswith("routing"):
            return
        known = self.sandbox.truth(self.export.name, start=self.partitions[0].start_us // 10**6)
        moved = []
        for _, body in dice.sample(known, min(len(known), dice.randint(0, 5))):
            # An update is the newest thing there is: younger than all that counts as settled.
            time_us = self._instant_us(now_us - 30_000_000, now_us)
            moved.append(items.newer(self.export, body, time_us, self._number(), dice))
        self._put(moved)
        truth.look(self.sandbox)

    def _put(self, fresh: list[bytes]) -> None:
        if fresh:
            self.sandbox.put(self.export.name, fresh)

    def _settled_us(self) -> int:
        return at_us(_NOW.removesuffix("Z")) - 600_000_000

    def _instant_us(self, first_us: int, end_us: int) -> int:
        return self.dice.randrange(first_us // 10**6, end_us // 10**6) * 1_000_000

    def _number(self) -> int:
        # Ids far beyond those of the seeded items, and of as many digits.
        self.put_so_far += 1
        return 900_000_000 + self.put_so_far


def play(
    seed: int,
    number: int,
    sandbox: Running,
    proxy: Proxy,
    folder: Path,
    figures: Figures,
    *,
    light: bool = False,
) -> list[str]:
    """Play one round in a folder of its own, a `light` one with little; what went wrong in it."""
    known = len(figures.findings.wrong)
    before = Counter(proxy.struck), proxy.requests
    place = folder / f"round-{number}"
    place.mkdir(parents=True)
    one = Round(seed, number, sandbox, proxy, place, figures, light)
    one.play()
    figures.faults += proxy.struck - before[0]
    figures.requests += proxy.requests - before[1]
    wrong = [f"{one.name}: {text}" for text in figures.findings.wrong[known:]]
    if not wrong:
        shutil.rmtree(place)
    return wrong
