"""What the lake must hold and may hold, and what of it is lost, doubled or misplaced."""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any

from zd_assets.catalog.export import Export
from zd_assets.lake.lake import Lake
from zd_assets.lake.partition import Partition
from zd_assets.sandbox import Running
from zd_assets.sandbox.exports import EXPORTS, item_time_us
from zd_assets_tests.helpers.odd_items import meaning, read
from zd_assets_tests.helpers.truth import lake_items


@dataclass
class Findings:
    """What was looked at, and what was wrong with it."""

    compared: int = 0
    lost: int = 0
    doubled: int = 0
    misplaced: int = 0
    wrong: list[str] = field(default_factory=list)

    def say(self, text: str) -> None:
        """Note one thing that is wrong."""
        self.wrong.append(text)


@dataclass
class Truth:
    """Every version of every item that the API ever showed in a round, and when it belongs.

    `now` are those that it shows at the moment, by partition; `late` those put below what may
    have been read before; `older` those that it shows among younger ones, at a later place than
    their own.
    """

    export: Export
    partitions: Sequence[Partition]
    now: dict[str, dict[str, int]] = field(default_factory=dict)
    ever: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))
    late: set[str] = field(default_factory=set)
    older: set[str] = field(default_factory=set)

    def look(self, sandbox: Running, late: bool = False) -> int:
        """Take in what the API has now; with `late`, what is new came late. How many are new."""
        own = EXPORTS[self.export.name]
        now: dict[str, dict[str, int]] = {one.key: {} for one in self.partitions}
        new = 0
        for _, body in sandbox.truth(self.export.name):
            at_us = item_time_us(own, body)
            partition = self._of(at_us)
            if partition is None:
                continue
            text = meaning(self.export, read(body))
            now[partition][text] = at_us
            if text not in self.ever[partition]:
                self.ever[partition].add(text)
                new += 1
                if late:
                    self.late.add(text)
        self.now = now
        return new

    def _of(self, at_us: int) -> str | None:
        # Contiguous partitions of one length.
        first = self.partitions[0]
        number = (at_us - first.start_us) // (first.end_us - first.start_us)
        return self.partitions[number].key if 0 <= number < len(self.partitions) else None


def inspect(
    truth: Truth,
    lake: Lake,
    findings: Findings,
    *,
    older_too: bool = False,
    late_too: bool = False,
) -> None:
    """Compare every file with what it says of itself and with the truth.

    What lies below `complete_until` must be there, but for what is shown at a later place or came
    late; with `older_too` and `late_too`, those as well.
    """
    excused = (set() if older_too else truth.older) | (set() if late_too else truth.late)
    for partition in truth.partitions:
        footer = lake.footer(truth.export, partition)
        if footer is None:
            continue
        items = lake_items(lake, truth.export, partition)
        texts = Counter(meaning(truth.export, one) for one in items)
        findings.compared += len(items)
        if footer.items != len(items):
            findings.say(f"{partition.key}: the footer says {footer.items}, it has {len(items)}")
        _no_key_twice(truth.export, partition, items, findings)
        if foreign := [text for text in texts if text not in truth.ever[partition.key]]:
            elsewhere = [key for key, known in truth.ever.items() if foreign[0] in known]
            which = f"of {elsewhere[0]}" if elsewhere else "never served"
            findings.misplaced += len(foreign)
            findings.say(f"{partition.key}: {len(foreign)} {which}, e.g. {foreign[0][:300]}")
        missing = [
            text
            for text, at_us in truth.now[partition.key].items()
            if at_us < footer.complete_until_us and text not in texts and text not in excused
        ]
        if missing:
            findings.lost += len(missing)
            state = "complete" if footer.complete else f"until {footer.complete_until_us}"
            findings.say(f"{partition.key} ({state}): lost {len(missing)}, e.g. {missing[0][:300]}")


def found_late(truth: Truth, lake: Lake) -> int:
    """How many of the late items the lake holds."""
    found = 0
    for partition in truth.partitions:
        if lake.footer(truth.export, partition):
            texts = {
                meaning(truth.export, one) for one in lake_items(lake, truth.export, partition)
            }
            found += len(texts & truth.late)
    return found


def _no_key_twice(
    export: Export, partition: Partition, items: Iterable[Any], findings: Findings
) -> None:
    keys = Counter(
        json.dumps([one.get(name) for name in export.key]) if export.key else meaning(export, one)
        for one in items
        if isinstance(one, dict)
    )
    doubled = [key for key, times in keys.items() if times > 1]
    if doubled:
        findings.doubled += len(doubled)
        findings.say(f"{partition.key}: {len(doubled)} keys twice, e.g. {doubled[0][:200]}")
