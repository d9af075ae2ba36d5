"""Rewrite a lake between days and hours: `python -m zd_assets.lake.repartition day|hour`.

It rewrites what the exports and their sideloads have in the lake at `ZD_LAKE`, and asks Zendesk
for nothing. Stop the exports before: it is refused while a run writes to the same folder, and runs
are refused meanwhile. Killed at any instant, it goes on when it is run again.
Tables of analytics are made again from the exports' files.
"""

import os
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

import click
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from zd_assets.catalog.export import Export, Sideload, Table
from zd_assets.catalog.registry import EXPORTS
from zd_assets.lake.errors import LakeError
from zd_assets.lake.footer import Footer
from zd_assets.lake.lake import Lake, open_lake, read_footer
from zd_assets.lake.layout import is_hourly
from zd_assets.lake.layout_lock import changing_layout
from zd_assets.lake.location import Location, below
from zd_assets.lake.partition import Partition
from zd_assets.lake.swap import begin_swap, finish_swaps
from zd_assets.lake.writer import Keep, PartitionWriter, base_of, row_groups
from zd_assets.schema.arrow import arrow_schema
from zd_assets.schema.drift import drift_of
from zd_assets.schema.keys import Mask, has_keys, item_times_us

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class _Source:
    """A file to be rewritten, and what it says of itself."""

    path: Location
    footer: Footer


def repartition(lake: Lake, hourly: bool) -> Iterator[str]:
    """Rewrite all exports' partitions as hours or days; yields what was done, a line each.

    A day at a time takes the place of what was there, in a folder in one step. In a store, a
    reader may miss a day meanwhile, but sees none twice.

    Raises:
        LakeError: a file can't be read or written, or was changed by a run meanwhile; or another
            process rewrites the lake, or a run writes to it.
    """
    with changing_layout(lake) as renew:
        for export in EXPORTS:
            sideloads: list[Sideload | None] = [*export.sideloads, None]
            tables = [sideload.table if sideload else export for sideload in sideloads]
            for table in tables:
                finish_swaps(lake, table)
            # The items come last: hours of sideloads go by the day's items that refer to them.
            for sideload, table in zip(sideloads, tables, strict=True):
                for date, files in _days(lake, table).items():
                    if any(is_hourly(file) is not hourly for file in files):
                        renew()
                        made = _rewrite(lake, export, table, sideload, date, files, hourly)
                        yield f"{'/'.join(table.path)}/date={date}: {len(files)} -> {made} files"
                finish_swaps(lake, table)


def _days(lake: Lake, table: Table) -> dict[str, list[Location]]:
    """Return the table's files in order of time, by date."""
    folder = lake.root.joinpath(*table.path)
    days: dict[str, list[Location]] = {}
    for file in lake.files(table):
        days.setdefault(below(file, folder).parts[0].removeprefix("date="), []).append(file)
    return days


def _rewrite(
    lake: Lake,
    export: Export,
    table: Table,
    sideload: Sideload | None,
    date: str,
    files: Sequence[Location],
    hourly: bool,
) -> int:
    """Rewrite one day of a table; returns how many files it is now."""
    swap = begin_swap(lake, table, date)
    sources = [_Source(file, read_footer(file)) for file in files]
    footers = [source.footer for source in sources]
    windows = _windows(date, hourly)
    writers = [PartitionWriter(swap.staged, table, window) for window in windows]
    # Rows that came with pages of other partitions stay such, and the last ones of their file.
    added = [PartitionWriter(swap.staged, table, window) for window in windows]
    tallies = [_Tally() for _ in windows]
    referred = _referred(lake, export, sideload, date, windows) if sideload else None
    try:
        for source in sources:
            for group, is_added in _rows(source):
                rows = _fitted(table, source.path, group)
                times_us, _ = item_times_us(table, rows)
                for number, mask in _split(table, rows, windows, referred):
                    own = rows.filter(pa.array(mask))
                    new = (added if is_added else writers)[number].add(own, times_us[mask])
                    tallies[number].add(table, own.filter(pa.array(new)), is_added)
        made = [_footer(w, footers, tally) for w, tally in zip(windows, tallies, strict=True)]
        kept = [
            number
            for number, footer in enumerate(made)
            if number == 0 or tallies[number].rows or _is_begun(footer)
        ]
        # What isn't known of each window is told of the last, so that sums stay what they are.
        made[kept[-1]] = _with_sums(made[kept[-1]], footers)
        for number in kept:
            if table is export and made[number].sideloads:
                made[number] = _with_sideloads(lake, export, windows[number], made[number])
            writer, footer = writers[number], made[number]
            if not tallies[number].added_rows:
                writer.commit(footer, None)
                continue
            # None of the rows that follow is late: nothing is complete yet.
            writer.commit(replace(footer, complete=False, complete_until_us=0), None)
            base = base_of(swap.staged, table, windows[number])
            added[number].commit(footer, base, Keep.ALL, added=True)
    finally:
        for writer in (*writers, *added):
            writer.discard()
    swap.commit()
    return len(kept)


@dataclass
class _Tally:
    """What is counted of a window's rows."""

    rows: int = 0
    added_rows: int = 0
    without_key: int = 0
    without_time: int = 0
    drift: Counter[str] = field(default_factory=Counter)

    def add(self, table: Table, rows: pa.Table, is_added: bool) -> None:
        self.rows += rows.num_rows
        self.added_rows += rows.num_rows * is_added
        self.without_key += int((~has_keys(table, rows)).sum())
        self.without_time += int((~item_times_us(table, rows)[1]).sum())
        self.drift += drift_of(rows)


def _rows(source: _Source) -> Iterator[tuple[pa.Table, bool]]:
    """Yield a file's rows, and whether they came with pages of other partitions."""
    own = source.footer.items - source.footer.added_rows
    for rows in row_groups(source.path):
        cut = min(max(own, 0), rows.num_rows)
        own -= rows.num_rows
        if cut:
            yield rows[:cut], False
        if cut < rows.num_rows:
            yield rows[cut:], True


def _windows(date: str, hourly: bool) -> list[Partition]:
    """Return a day's partitions, with Dagster's keys."""
    start = datetime.fromisoformat(date).replace(tzinfo=UTC)
    if not hourly:
        return [Partition(date, _us(start), _us(start + _DAY))]
    hours = [start + number * _HOUR for number in range(24)]
    return [Partition(f"{hour:%Y-%m-%d-%H:00}", _us(hour), _us(hour + _HOUR)) for hour in hours]


def _us(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000)


def _fitted(table: Table, path: Location, rows: pa.Table) -> pa.Table:
    """Rows with today's columns; those that an older file lacks are null."""
    columns = []
    for own in arrow_schema(table.all_columns):
        if own.name in rows.column_names and rows[own.name].type != own.type:
            break
        known = own.name in rows.column_names
        columns.append(rows[own.name] if known else pa.nulls(rows.num_rows, own.type))
    else:
        if set(rows.column_names) <= {column.name for column in table.all_columns}:
            return pa.Table.from_arrays(columns, schema=arrow_schema(table.all_columns))
    raise LakeError(
        f"{path} has other columns than this version writes; set ZD_PARTITION to what it was, "
        "fetch its partition again, and then repartition"
    )


def _split(
    table: Table,
    rows: pa.Table,
    windows: Sequence[Partition],
    referred: Sequence[pa.Array] | None,
) -> Iterator[tuple[int, Mask]]:
    """Which rows go to which window, by its number: to each of those that refer to a sideloaded
    row, any other to that of its own time. Those without go to the first.
    """
    if len(windows) == 1:
        yield 0, np.ones(rows.num_rows, dtype=np.bool_)
        return
    if referred is None:
        times_us, has_time = item_times_us(table, rows)
        starts = [window.start_us for window in windows]
        numbers = np.searchsorted(starts, times_us, side="right") - 1
        numbers = np.where(has_time, np.clip(numbers, 0, None), 0)
        for number in np.unique(numbers).tolist():
            yield number, numbers == number
        return
    [key] = table.key
    own = [pc.is_in(rows[key], ids).to_numpy() for ids in referred]
    own[0] = own[0] | ~np.any(own, axis=0)
    for number, mask in enumerate(own):
        if mask.any():
            yield number, mask


def _referred(
    lake: Lake, export: Export, sideload: Sideload, date: str, windows: Sequence[Partition]
) -> list[pa.Array]:
    """Return the ids of sideloaded rows that each window's items refer to."""
    found: list[list[pa.Array]] = [[] for _ in windows]
    for file in _days(lake, export).get(date, []):
        for rows in row_groups(file):
            for number, mask in _split(export, rows, windows, None):
                own = rows.filter(pa.array(mask))
                for name in sideload.referred_by:
                    column = own[name].combine_chunks()
                    listed = pa.types.is_list(column.type)
                    found[number].append(column.flatten() if listed else column)
    return [pa.concat_arrays(ids) if ids else pa.array([], pa.int64()) for ids in found]


def _footer(window: Partition, sources: Sequence[Footer], tally: _Tally) -> Footer:
    """Return what is known of a window by the files that were there."""
    base, reached_us = sources[0], window.start_us
    for source in sorted(sources, key=lambda source: source.start_us):
        if source.start_us <= reached_us <= source.complete_until_us:
            base, reached_us = source, source.complete_until_us
    reached_us = min(reached_us, window.end_us)
    # A walk may go on only where it ended, in the last file of what it made complete.
    goes_on = reached_us == base.complete_until_us
    goes_on = goes_on and (base.complete or reached_us < window.end_us)
    alike = all(
        (source.schema, source.parameters) == (base.schema, base.parameters) for source in sources
    )
    return replace(
        base,
        partition=window.key,
        start_us=window.start_us,
        end_us=window.end_us,
        complete=reached_us >= window.end_us,
        complete_until_us=reached_us,
        resume_url=base.resume_url if goes_on else None,
        resume_time=base.resume_time if goes_on else None,
        fetched_at=min(source.fetched_at for source in sources),
        pages=0,
        unordered_pages=0,
        system_updates=0,
        system_updates_kept=0,
        items_before_first=0,
        late_items=0,
        lateness_s=0.0,
        skipped=tuple(sorted({us for one in sources for us in one.skipped if _has(window, us)})),
        items_without_key=tally.without_key,
        items_without_time=tally.without_time,
        drift=dict(tally.drift),
        # Files that were asked for differently are fetched whole when they are next asked for.
        parameters=base.parameters if alike else {"repartitioned": "from unlike files"},
    )


def _with_sums(footer: Footer, sources: Sequence[Footer]) -> Footer:
    return replace(
        footer,
        pages=sum(source.pages for source in sources),
        unordered_pages=sum(source.unordered_pages for source in sources),
        system_updates=sum(source.system_updates for source in sources),
        system_updates_kept=sum(source.system_updates_kept for source in sources),
        items_before_first=sum(source.items_before_first for source in sources),
        late_items=sum(source.late_items for source in sources),
        lateness_s=max(source.lateness_s for source in sources),
    )


def _with_sideloads(lake: Lake, export: Export, window: Partition, footer: Footer) -> Footer:
    """Return how many rows each sideload's file of the window has: they were rewritten before."""
    known = {
        one.table.name: lake.footer(one.table, window)
        for one in export.sideloads
        if one.table.name in footer.sideloads
    }
    return replace(footer, sideloads={name: own.items if own else 0 for name, own in known.items()})


def _has(window: Partition, time_us: int) -> bool:
    return window.start_us <= time_us < window.end_us


def _is_begun(footer: Footer) -> bool:
    return footer.complete_until_us > footer.start_us or footer.resume_url is not None


@click.command()
@click.argument("form", type=click.Choice(["day", "hour"]))
def main(form: str) -> None:
    """Rewrite the partitions of all exports as days or hours."""
    try:
        lake = open_lake(os.environ.get("ZD_LAKE") or "data")
        for line in repartition(lake, form == "hour"):
            click.echo(line)
    except LakeError as error:
        click.echo(error, err=True)
        sys.exit(2)
    click.echo(f"Every partition is {'an hour' if form == 'hour' else 'a day'} now.")


if __name__ == "__main__":
    main()
