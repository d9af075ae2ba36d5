"""The checks: from the partitions of a run, in order of time, to one finding each."""

import math
import re
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from statistics import median
from typing import Any

from zd_assets.catalog.columns import Struct
from zd_assets.catalog.export import Export
from zd_assets.checks.contents import Contents
from zd_assets.checks.descriptions import DESCRIPTIONS
from zd_assets.checks.finding import Finding, Severity
from zd_assets.lake.footer import Footer
from zd_assets.lake.format import is_known
from zd_assets.schema.drift import path_steps

#: How many days back `volume` looks.
VOLUME_DAYS = 14
_VOLUME_LEAST = 3
_VOLUME_TINY = 50
_SHOWN = 50
_QUOTED_OR_INDEX = re.compile(r'("(?:[^"\\]|\\.)*")|\[\]')


def check(
    export: Export,
    partitions: Sequence[Contents],
    earlier: Callable[[Footer], Sequence[Footer]],
    settled_us: int,
) -> list[Finding]:
    """Return all findings; `earlier` gives the footers that a complete partition is compared with.

    Windows that end by `settled_us` should be complete.
    """
    footers = [one.footer for one in partitions]
    return [
        keys_unique(partitions),
        items_in_window(partitions),
        late_items(export, footers),
        nothing_skipped(footers),
        keys_and_times_present(footers),
        known_attributes(export, footers),
        volume(footers, earlier),
        complete(footers, settled_us),
    ]


def keys_unique(partitions: Sequence[Contents]) -> Finding:
    """No key twice inside a partition."""
    repeated = {one.footer.partition: one.repeated for one in partitions if one.repeated}
    unread = _unread(partitions)
    text = f"{sum(repeated.values()):,} items repeat a key of their partition{_so_many(unread)}."
    return _finding("keys_unique", Severity.ERROR, text, repeated=repeated, unread=unread)


def items_in_window(partitions: Sequence[Contents]) -> Finding:
    """Items are in their window."""
    outside = {one.footer.partition: one.outside for one in partitions if one.outside}
    unread = _unread(partitions)
    text = (
        f"{sum(outside.values()):,} items are outside their partition's window{_so_many(unread)}."
    )
    return _finding("items_in_window", Severity.ERROR, text, outside=outside, unread=unread)


def late_items(export: Export, footers: Sequence[Footer]) -> Finding:
    """No item was later than the overlap."""
    late = {
        one.partition: {"late_items": one.late_items, "lateness_s": one.lateness_s}
        for one in footers
        if one.lateness_s > export.overlap_s
    }
    most_s = max((one.lateness_s for one in footers), default=0.0)
    text = (
        f"Items showed up as late as {most_s:,.0f} s after their time, which is more than the "
        f"{export.overlap_s} s that a poll looks back. Set overlap_s of {export.name} to "
        f"{_rounded_up(most_s)} or more."
    )
    return _finding("late_items", Severity.WARN, text, late=late)


def nothing_skipped(footers: Sequence[Footer]) -> Finding:
    """No second was left for the next one because of its many items."""
    skipped = {one.partition: {"at": [*map(_utc, one.skipped)]} for one in footers if one.skipped}
    text = (
        f"Of {sum(len(one.skipped) for one in footers)} single seconds the server gave no more "
        "than a page of items; there may be more. Materialize the partition with full_refresh to "
        "try again, and report it to Zendesk."
    )
    return _finding("nothing_skipped", Severity.ERROR, text, skipped=skipped)


def _rounded_up(seconds: float) -> int:
    """To whole minutes."""
    return math.ceil(seconds / 60) * 60


def keys_and_times_present(footers: Sequence[Footer]) -> Finding:
    """Items have keys and times."""
    keyless = {one.partition: one.items_without_key for one in footers if one.items_without_key}
    timeless = {one.partition: one.items_without_time for one in footers if one.items_without_time}
    text = (
        f"{sum(keyless.values()):,} items have no key and {sum(timeless.values()):,} no time; "
        "they are kept."
    )
    return _finding(
        "keys_and_times_present",
        Severity.WARN,
        text,
        without_key=keyless,
        without_time=timeless,
    )


def known_attributes(export: Export, footers: Sequence[Footer]) -> Finding:
    """Attributes have columns that they fit."""
    unknown: Counter[str] = Counter()
    drifted: Counter[str] = Counter()
    for footer in footers:
        for path, times in footer.drift.items():
            (drifted if _has_column(export, path) else unknown)[path] += times
    text = (
        f"{len(unknown)} attributes have no column and the values of {len(drifted)} don't fit "
        "theirs; they are kept in `_extra`."
    )
    bearing = {one.partition: sum(one.drift.values()) for one in footers if one.drift}
    return _finding(
        "known_attributes",
        Severity.WARN,
        text,
        unknown=dict(unknown.most_common()),
        drifted=dict(drifted.most_common()),
        partitions=bearing,
    )


def volume(footers: Sequence[Footer], earlier: Callable[[Footer], Sequence[Footer]]) -> Finding:
    """Complete partitions are about as large as those before them."""
    unusual = {}
    for footer in footers:
        if footer.complete:
            before = [one.items for one in earlier(footer) if one.complete]
            if _is_unusual(footer.items, before):
                unusual[footer.partition] = {"items": footer.items, "median": median(before)}
    text = f"{len(unusual)} partitions are far smaller or larger than those of the days before."
    return _finding("volume", Severity.WARN, text, unusual=unusual)


def complete(footers: Sequence[Footer], settled_us: int) -> Finding:
    """Partitions that are over are complete."""
    left = {
        one.partition: {"complete_until": _utc(one.complete_until_us)}
        for one in footers
        if one.end_us <= settled_us and not one.complete
    }
    text = f"{len(left)} partitions are over but not complete; launch them again."
    return _finding("complete", Severity.WARN, text, incomplete=left)


def _finding(name: str, severity: Severity, fault: str, **wrong: Mapping[str, Any]) -> Finding:
    """Passed if nothing is wrong."""
    found = {kind: facts for kind, facts in wrong.items() if facts}
    if not found:
        return Finding(name, True, severity, DESCRIPTIONS[name])
    shown: dict[str, Any] = {k: dict(islice(facts.items(), _SHOWN)) for k, facts in found.items()}
    for kind, facts in found.items():
        if len(facts) > _SHOWN:
            shown[f"{kind}_not_shown"] = len(facts) - _SHOWN
    return Finding(name, False, severity, fault, shown)


def _is_unusual(items: int, before: Sequence[int]) -> bool:
    """Weekdays differ: what is no further out than one of the days before is usual."""
    if len(before) < _VOLUME_LEAST or abs(items - median(before)) < _VOLUME_TINY:
        return False
    low = items < median(before) / 3 and items < min(before) / 2
    return low or (items > median(before) * 3 and items > max(before) * 2)


def _has_column(export: Export, path: str) -> bool:
    """Return whether a counted path leads to a column, also one of a sideload."""
    columns = export.all_columns
    for sideload in export.sideloads:
        if path.startswith(f"{sideload.name}[]."):
            columns, path = sideload.table.all_columns, path.removeprefix(f"{sideload.name}[].")
    steps = path_steps(_QUOTED_OR_INDEX.sub(lambda found: found[1] or "[0]", path))
    # A step of an index alone: the item itself is no object.
    return isinstance(steps[0], str) and is_known(Struct(columns), steps)


def _unread(partitions: Sequence[Contents]) -> dict[str, str]:
    return {one.footer.partition: one.unread for one in partitions if one.unread}


def _so_many(unread: Mapping[str, str]) -> str:
    return f"; {len(unread)} files couldn't be read" if unread else ""


def _utc(us: int) -> str:
    return datetime.fromtimestamp(us / 1_000_000, UTC).isoformat()
