"""Reading the lake: partitions of an export or a model, and current state, in any frame.

from zd_assets import scan

chats = scan("chats", "2026-01-26", "2026-02-01", lake="s3://bucket/lake")
chats.polars(["id", "rating"])  # or .pandas(), .arrow(), .batches(), .duckdb(), .lazy()
chats.complete, chats.incomplete, chats.missing

scan("chats", latest=True).pandas()  # each chat once, in its newest version
scan("acme/analytics/chat_daily_summary")  # of the account with the prefix `acme`
"""

import os
from collections.abc import Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime

from zd_assets.catalog.export import Table
from zd_assets.catalog.reference import ReferenceList
from zd_assets.engine.day import read_day_footer
from zd_assets.engine.latest.manifest import Month, read_manifest
from zd_assets.engine.latest.merge import month_files
from zd_assets.engine.scanned import Scan, ScannedPartition
from zd_assets.engine.tables import AnyTable, find_table
from zd_assets.lake.errors import LakeError
from zd_assets.lake.lake import Lake, open_lake, partition_files, read_footer
from zd_assets.lake.layout import is_hourly
from zd_assets.lake.location import Location, below, identity
from zd_assets.lake.partition import DAY_US, HOUR_US, partition_at
from zd_assets.lake.reference import read_reference_footer, reference_file
from zd_assets.models.latest import Latest
from zd_assets.models.model import Model

_AT_ONCE = 32


def scan(
    table: str | Sequence[str],
    first: str | date | None = None,
    last: str | date | None = None,
    *,
    lake: str | Lake | None = None,
    prefix: str = "",
    latest: bool = False,
    complete_only: bool = False,
) -> Scan:
    """Find a table's partitions from `first` to `last`, both included, and read nothing yet.

    `table` is a name or an asset's key: `chats`, `zendesk_chat/chats`; of an account with a prefix
    `acme/zendesk_chat/chats`, or `prefix="acme"`. Partitions are named by their keys; a day names
    all of its hours, too. Where an end isn't given, it is that of what the lake holds. `lake` is
    a folder or URI, else that of ZD_LAKE, else `data`. `latest` takes an export's current state,
    `chats_latest`. `complete_only` leaves out what isn't complete yet.

    Raises:
        LakeError: there is no such table, an end is no key, or a file is none of the lake's.
    """
    path, prefix = _split(table, prefix)
    found = find_table(path, latest=latest)
    lake = (
        lake if isinstance(lake, Lake) else open_lake(lake or os.environ.get("ZD_LAKE") or "data")
    )
    if prefix:
        lake = Lake(lake.root.joinpath(prefix))
    if isinstance(found, Latest | ReferenceList):
        if first or last:
            raise LakeError(f"{found.name} has no partitions: leave out first and last")
        scanned = scan_keys(lake, found, None)
    else:
        scanned = _range(lake, found, _window(first), _window(last))
    if not complete_only:
        return scanned
    kept = tuple(one for one in scanned.partitions if one.complete)
    return Scan(found, kept, tuple(sorted((*scanned.missing, *scanned.incomplete))))


def scan_keys(lake: Lake, table: AnyTable, keys: Collection[str] | None) -> Scan:
    """Return the partitions of these keys; of current state and lists, or without keys, all.

    Raises:
        LakeError: a file is none of the lake's.
    """
    if isinstance(table, Latest):
        return _current_state(lake, table)
    if isinstance(table, ReferenceList):
        return _list(lake, table)
    if keys is None:
        return _range(lake, table, None, None)
    wanted = {_window(key): key for key in sorted(keys)}
    files = [file for file in _files(lake, table) if _file_window(lake, table, file) in wanted]
    scanned = _read(table, files)
    there = {one.key for one in scanned}
    return Scan(table, scanned, tuple(key for key in wanted.values() if key not in there))


def _range(
    lake: Lake, table: Table | Model, first: tuple[int, int] | None, last: tuple[int, int] | None
) -> Scan:
    files = _files(lake, table)
    windows = {file: _file_window(lake, table, file) for file in files}
    start_us = first[0] if first else min((start for start, _ in windows.values()), default=0)
    end_us = last[1] if last else max((end for _, end in windows.values()), default=0)
    inside = [file for file in files if start_us <= windows[file][0] and windows[file][1] <= end_us]
    # By hours where the lake, or what was asked for, says so.
    named = [window for window in (first, last, *windows.values()) if window]
    length_us = min((end - start for start, end in named), default=DAY_US)
    there = {windows[file] for file in inside}
    missing = tuple(
        partition_at(at_us, hourly=length_us == HOUR_US).key
        for at_us in range(start_us, end_us, length_us)
        if not any(start <= at_us < end for start, end in _around(there, at_us))
    )
    return Scan(table, _read(table, inside), missing)


def _around(there: Collection[tuple[int, int]], at_us: int) -> list[tuple[int, int]]:
    """Return the hour and the day that hold a moment, as far as they are there."""
    lengths = (HOUR_US, DAY_US)
    around = [(at_us // one * one, at_us // one * one + one) for one in lengths]
    return [window for window in around if window in there]


def _current_state(lake: Lake, table: Latest) -> Scan:
    """Return all months; they are complete where each file of the export is merged as it is now."""
    folder = lake.root.joinpath(*table.path)
    exported = lake.root.joinpath(*table.export.path)
    manifest = read_manifest(folder)
    now = {str(below(file, exported)): identity(file) for file in partition_files(exported)}
    merged = bool(manifest.months) and not manifest.full_refresh
    merged = merged and all(manifest.partitions.get(key) == seen for key, seen in now.items())
    months = []
    for month, path in sorted(month_files(folder).items()):
        seen, known = identity(path), manifest.months.get(month, Month(0, 0))
        complete = merged and known.identity == seen
        months.append(ScannedPartition(month, path, seen, complete, None, known.items))
    return Scan(table, tuple(months), () if months else ("every month",))


def _list(lake: Lake, table: ReferenceList) -> Scan:
    """Return a list is whole, as it was fetched last, or it isn't there."""
    path = reference_file(lake, table)
    if (footer := read_reference_footer(lake, table)) is None:
        return Scan(table, (), ("the list",))
    whole = ScannedPartition("", path, identity(path), True, None, footer.items)
    return Scan(table, (whole,))


def _files(lake: Lake, table: Table | Model) -> list[Location]:
    """Return the files of all partitions; of a day and its hours, one form."""
    files = partition_files(lake.root.joinpath(*table.path))
    days = {file.parent for file in files if not is_hourly(file)}
    return [file for file in files if not (is_hourly(file) and file.parent.parent in days)]


def _file_window(lake: Lake, table: Table | Model, file: Location) -> tuple[int, int]:
    names = below(file, lake.root.joinpath(*table.path)).parts
    key = "-".join(name.partition("=")[2] for name in names[:-1])
    return _window(f"{key}:00" if is_hourly(file) else key) or (0, 0)


def _read(table: Table | Model, files: Sequence[Location]) -> tuple[ScannedPartition, ...]:
    """Read what the files say of themselves, several at once."""

    def one(file: Location) -> ScannedPartition:
        seen = identity(file)
        if isinstance(table, Model):
            day = read_day_footer(file)
            return _partition(day.day, file, seen, day.complete, day.known_until_us, day.items)
        said = read_footer(file)
        return _partition(
            said.partition, file, seen, said.complete, said.complete_until_us, said.items
        )

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        return tuple(pool.map(one, files))


def _partition(
    key: str, file: Location, seen: str, complete: bool, until_us: int, rows: int
) -> ScannedPartition:
    until = datetime.fromtimestamp(until_us / 1_000_000, UTC)
    return ScannedPartition(key, file, seen, complete, until, rows)


def _split(table: str | Sequence[str], prefix: str) -> tuple[tuple[str, ...], str]:
    """Return a table's path, and the account's prefix."""
    parts = tuple(table.split("/") if isinstance(table, str) else table)
    if len(parts) == 3 and not prefix:
        return parts[1:], parts[0]
    return parts, prefix


def _window(key: str | date | None) -> tuple[int, int] | None:
    """Return the microseconds since 1970 between which a partition of this key lies."""
    if key is None:
        return None
    text = str(key)
    for form, length_us in (("%Y-%m-%d", DAY_US), ("%Y-%m-%d-%H:%M", HOUR_US)):
        try:
            start = datetime.strptime(text, form).replace(tzinfo=UTC)
        except ValueError:
            continue
        start_us = round(start.timestamp()) * 1_000_000
        return start_us, start_us + length_us
    raise LakeError(
        f"{text!r} is no partition; name a day, 2026-01-28, or an hour, 2026-01-28-13:00"
    )
