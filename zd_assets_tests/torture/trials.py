"""One-off trials with figures: `python -m zd_assets_tests.torture.trials NAME`.

Each takes minutes, prints its figures as one line, and fails when anything is lost.
"""

import logging
import os
import random
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import click

from zd_assets import sandbox as zendesk_sandbox
from zd_assets.catalog.chat import AGENT_TIMELINE, CHATS
from zd_assets.catalog.export import Endpoint, Export, Pagination
from zd_assets.catalog.support import TICKET_EVENTS, TICKETS, USERS
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.lake.partition import Partition
from zd_assets.sandbox import Running, Settings
from zd_assets_tests.conftest import NO_LIMITS, NOW
from zd_assets_tests.helpers.object_store import s3, unwell
from zd_assets_tests.helpers.runs import at_us, few, few_of, hours, incomplete, item, road
from zd_assets_tests.helpers.truth import days
from zd_assets_tests.torture import child, day, items
from zd_assets_tests.torture.proxy import KINDS, Proxy, running
from zd_assets_tests.torture.verdict import Findings, Truth, inspect

_TRANSPORT = (*KINDS["breaks"], *KINDS["passing statuses"])


@dataclass
class Place:
    """Where a trial happens."""

    sandbox: Running
    proxy: Proxy
    folder: Path
    lake: Lake
    begun: int = field(default=0)

    def task(
        self,
        export: Export,
        endpoint: Endpoint,
        partitions: Sequence[Partition],
        now: str = NOW,
        **options: Any,
    ) -> child.Task:
        """What a process is to fetch into this place's lake."""
        self.begun += 1
        return child.Task(
            url=self.proxy.url,
            export=export.name,
            pagination=endpoint.pagination,
            partitions=tuple(partitions),
            lake=str(self.lake.root),
            now_s=at_us(now.removesuffix("Z")) / 1e6,
            said=self.folder / f"said-{self.begun}",
            options={"page_size": 1000, **options},
        )

    def fetch(self, task: child.Task) -> "Ran":
        """Run a task to its end in a process of its own."""
        before, since_s = self.proxy.requests, time.monotonic()
        process = child.begin(task)
        process.join()
        said = task.said.read_text() if task.said.exists() else ""
        lines = said.splitlines()
        peak_mb = int(lines[-1]) if process.exitcode == child.DONE and lines else 0
        failure = "" if process.exitcode == child.DONE else (said or f"exit {process.exitcode}")
        took_s = time.monotonic() - since_s
        return Ran(took_s, self.proxy.requests - before, peak_mb, failure)

    def sizes(self) -> tuple[int, float]:
        """Files of the lake, and their megabytes."""
        files = list(Path(str(self.lake.root)).rglob("part-0.parquet"))
        return len(files), sum(path.stat().st_size for path in files) / 1e6


@dataclass(frozen=True)
class Ran:
    """How a process got on: seconds, requests, peak memory, and its error, if any."""

    took_s: float
    requests: int
    peak_mb: int
    failure: str

    def __str__(self) -> str:
        told = f"{self.took_s:.1f} s, {self.requests:,} requests, {self.peak_mb} MB at most"
        return f"{told}, {self.failure[:200]}" if self.failure else told


def crowded_second(place: Place) -> None:
    """100,000 items in one second, by each kind of cursor that has to get through it."""
    count = 100_000
    one = days("2026-02-10", 1)
    second_us = one[0].start_us + 3600 * 1_000_000
    for export, pagination in (
        (CHATS, Pagination.CHAT),
        (AGENT_TIMELINE, Pagination.CHAT),
        (TICKETS, Pagination.CURSOR),
        (TICKETS, Pagination.TIME),
        (TICKET_EVENTS, Pagination.TIME),
        (USERS, Pagination.TIME),
    ):
        place = fresh(place, f"{export.name}-{pagination}")
        few(place.sandbox, seeded=False)
        _, endpoint = road(export, pagination)
        # Where cursors count microseconds, a second has a million of them.
        apart_us = 10 if endpoint.unit_us == 1 else 0
        crowd = [item(export, second_us + n * apart_us, n) for n in range(count)]
        for number in (1, 2):  # And after it: what follows must be reached.
            crowd.append(item(export, second_us + number * 1_000_000, count + number))
        place.sandbox.put(export.name, crowd)
        ran = place.fetch(place.task(export, endpoint, one))
        findings = verdict(place, export, one)
        held = footer.items if (footer := place.lake.footer(export, one[0])) else 0
        say(f"{export.name} by {pagination}: {held:,} of {count + 2:,} held; {ran}", findings)


def changed_midwalk(place: Place) -> None:
    """Items are updated and deleted while a walk goes over them."""
    for export, pagination in (
        (CHATS, Pagination.CHAT),
        (TICKETS, Pagination.CURSOR),
        (USERS, Pagination.TIME),
    ):
        place = fresh(place, f"{export.name}-{pagination}")
        few_of(place.sandbox, export, 400, start="2026-02-15", latency=0.05)
        wanted = days("2026-02-17", 13)
        truth = Truth(export, wanted)
        truth.look(place.sandbox)
        _, endpoint = road(export, pagination)
        dice, changes = random.Random(7), 0
        process = child.begin(
            place.task(export, endpoint, wanted, page_size=25, max_parallel_windows=1)
        )
        while process.is_alive():
            known = place.sandbox.truth(export.name, start=wanted[0].start_us // 10**6)
            now_us = at_us(NOW.removesuffix("Z")) + changes * 100_000
            some = dice.sample(known, 20)
            moved = [
                items.newer(export, body, now_us // 10**6 * 10**6, 10**9 + changes + n, dice)
                for n, (_, body) in enumerate(some)
            ]
            changes += len(moved)
            place.sandbox.clock(now=now_us / 1e6)
            place.sandbox.put(export.name, moved)
            truth.look(place.sandbox)
            process.join(0.05)
        later = "2026-03-02T00:20:00Z"
        place.sandbox.settings(latency=0.0)
        place.sandbox.clock(now=later)
        truth.look(place.sandbox)
        runs = 1
        while (todo := incomplete(export, wanted, place.lake)) and runs < 6:
            runs += 1
            ran = place.fetch(place.task(export, endpoint, todo, later))
        findings = Findings()
        inspect(truth, place.lake, findings)
        say(f"{export.name} by {pagination}: {changes} changes in {runs} runs; {ran}", findings)


def many_hours(place: Place) -> None:
    """8,760 hourly partitions in one run."""
    few(place.sandbox, 100, start="2025-02-25")
    year = hours("2025-03-01T00:00:00", 8760)
    _, endpoint = road(CHATS, Pagination.CHAT)
    ran = place.fetch(place.task(CHATS, endpoint, year))
    files, mb = place.sizes()
    say(f"{files:,} files, {mb:.0f} MB; {ran}", verdict(place, CHATS, year))


def wide_chats(place: Place, count: int = 820_000) -> None:
    """A million wide chats in one day."""
    few(place.sandbox, count, start="2026-02-10", item_cache=0)
    one = days("2026-02-10", 1)
    _, endpoint = road(CHATS, Pagination.CHAT)
    # Without the proxy, which would be what is measured.
    asked = place.task(CHATS, endpoint, one, max_pages=10_000)
    ran = place.fetch(child.with_means(asked, url=place.sandbox.url))
    footer = place.lake.footer(CHATS, one[0])
    _, mb = place.sizes()
    entries = place.sandbox.requests()
    body_mb = sum(entry["bytes"] for entry in entries) / 1e6
    held = footer.items if footer else 0
    findings = Findings()
    first_s, end_s = one[0].start_us // 10**6, one[0].end_us // 10**6
    # By the hour: the truth of a day doesn't fit into memory.
    true = sum(
        len(place.sandbox.truth("chats", hour_s, hour_s + 3600))
        for hour_s in range(first_s, end_s, 3600)
    )
    findings.lost = true - held
    per_s = held / ran.took_s
    told = f"{held:,} chats in {len(entries)} pages of {body_mb:.0f} MB to {mb:.0f} MB"
    say(f"{told}, {per_s:,.0f}/s; {ran}", findings)


def object_store(place: Place) -> None:
    """An object store that fails, a server that fails, a small shared budget, kills, at once."""
    dice = random.Random(7)
    requests, window_s = 40, 2.0
    with s3() as store, unwell(store, one_in=12) as weak:
        uri = "s3://lake/torture"
        few_of(place.sandbox, CHATS, 200, start="2026-02-05", latency=0.02)
        wanted = days("2026-02-08", 12)
        truth = Truth(CHATS, wanted)
        truth.look(place.sandbox)
        _, endpoint = road(CHATS, Pagination.CHAT)
        place.proxy.storm("7", 0.15, _TRANSPORT, endpoint.items)
        findings, kills, runs, refused = Findings(), 0, 0, 0
        asked, struck = place.proxy.requests, place.proxy.struck.total()
        since_s = time.monotonic()
        for number in range(8):
            tasks = [
                place.task(CHATS, endpoint, wanted, page_size=60) for _ in range(1 + number % 3)
            ]
            budget = {"budget": (requests, window_s), "env": weak.env, "lake": uri}
            living = [child.begin(child.with_means(task, **budget)) for task in tasks]
            runs += len(living)
            for process in living:
                if number < 6 and dice.random() < 0.6:
                    process.join(dice.uniform(0.5, 3))
                    kills += process.is_alive()
                    process.kill()
                process.join()
                refused += process.exitcode == child.REFUSED
                if process.exitcode == child.RAW:
                    findings.say("not one clear message")
            with environment(store.env):
                inspect(truth, open_lake(uri), findings)
        place.proxy.calm()
        with environment(store.env):
            lake = open_lake(uri)
            todo = incomplete(CHATS, wanted, lake)
        if todo:
            calm = child.with_means(place.task(CHATS, endpoint, todo), env=store.env, lake=uri)
            ran = place.fetch(calm)
            if ran.failure:
                findings.say(ran.failure)
        with environment(store.env):
            if left := incomplete(CHATS, wanted, lake):
                findings.say(f"{len(left)} partitions aren't complete")
            inspect(truth, lake, findings)
        most = most_within(place.proxy.times_s[asked:], window_s)
        if most > requests:
            findings.say(f"{most} requests within {window_s} s")
        say(
            f"{runs} processes, {kills} killed, {refused} ended with an error; "
            f"{place.proxy.requests - asked} requests, at most {most} within {window_s} s (budget "
            f"{requests}); {place.proxy.struck.total() - struck} faults of the API's; "
            f"{len(weak.seen):,} requests to a store that fails one in 12; "
            f"{time.monotonic() - since_s:.0f} s",
            findings,
        )


def simulated_day(place: Place) -> None:
    """Sensors, schedules and roll-over through a day, with one request in ten failing."""
    since_s = time.monotonic()
    told, verdicts = day.live(place.sandbox, place.proxy, place.lake, 0.1, _TRANSPORT)
    for name, findings in verdicts.items():
        say(name, findings)
    print(
        f"{told.ticks} ticks, {told.runs} runs, {told.failed} failed, {place.proxy.requests:,} "
        f"requests, {place.proxy.struck.total()} faults; {told.late} items came "
        f"late, {told.found} of them found; {time.monotonic() - since_s:.0f} s"
    )


def fresh(place: Place, name: str) -> Place:
    """The same with another, empty lake."""
    folder = place.folder / name
    folder.mkdir()
    return Place(place.sandbox, place.proxy, folder, open_lake(str(folder / "lake")))


def verdict(place: Place, export: Export, partitions: Sequence[Partition]) -> Findings:
    """Compare the lake with what the sandbox has now."""
    truth, findings = Truth(export, partitions), Findings()
    truth.look(place.sandbox)
    inspect(truth, place.lake, findings)
    if left := incomplete(export, partitions, place.lake):
        findings.say(f"{len(left)} partitions aren't complete")
    return findings


def most_within(times_s: Sequence[float], window_s: float) -> int:
    """The most instants within any window."""
    first = most = 0
    for last, time_s in enumerate(times_s):
        while times_s[first] < time_s - window_s:
            first += 1
        most = max(most, last - first + 1)
    return most


@contextmanager
def environment(variables: Mapping[str, str]) -> Iterator[None]:
    """Set variables of this process for a while."""
    before = {name: os.environ.get(name) for name in variables}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


def say(figures: str, findings: Findings) -> None:
    """Print a trial's figures and its verdict."""
    _BAD.extend(findings.wrong)
    if findings.lost:
        _BAD.append(f"{findings.lost} lost")
    state = "nothing lost" if not findings.wrong and not findings.lost else "WRONG"
    print(f"{figures}; {findings.compared:,} compared: {state}", flush=True)
    for text in findings.wrong[:3]:
        print(f"  {text[:400]}", flush=True)


_BAD: list[str] = []

TRIALS: dict[str, Callable[[Place], None]] = {
    "crowded-second": crowded_second,
    "changed-midwalk": changed_midwalk,
    "many-hours": many_hours,
    "wide-chats": wide_chats,
    "object-store": object_store,
    "simulated-day": simulated_day,
}


@click.command()
@click.argument("names", nargs=-1, type=click.Choice([*TRIALS]))
def main(names: tuple[str, ...]) -> None:
    """Run trials by name; all of them without one."""
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    with (
        zendesk_sandbox.start(Settings(**NO_LIMITS)) as sandbox,
        running(sandbox.url) as proxy,
    ):
        for name in names or TRIALS:
            with tempfile.TemporaryDirectory(prefix=f"trial-{name}-") as folder:
                print(f"{name}: {TRIALS[name].__doc__}", flush=True)
                path = Path(folder)
                TRIALS[name](Place(sandbox, proxy, path, open_lake(str(path / "lake"))))
    raise SystemExit(bool(_BAD))


if __name__ == "__main__":
    main()
