"""How far an export is complete, by what its files in the lake say of themselves."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

import pyarrow.parquet as pq

from zd_assets.catalog.export import Export
from zd_assets.lake.errors import LakeError
from zd_assets.lake.footer import FOOTER_KEY, Footer, decode_footer
from zd_assets.lake.lake import Lake, reading
from zd_assets.lake.location import Location, below, nbytes, readable
from zd_assets.lake.partition import partition_at

_READERS = 16


@dataclass(frozen=True)
class ExportStatus:
    """What the lake has of one export.

    Partitions are named by Dagster's keys; `gaps` are ranges of partitions between the first and
    the last that have no file, `first...last`. `incomplete` leaves out the newest partition, which
    is open. `complete_until` is where the first hole is, ISO 8601. `last_error` names the
    partition whose last run an error ended, and `damaged` files that can't be read.
    """

    export: str
    partitions: int
    rows: int
    bytes: int
    first_complete: str | None
    last_complete: str | None
    complete_until: str | None
    gaps: tuple[str, ...]
    incomplete: tuple[str, ...]
    late_items: int
    latest_by_s: float
    last_error: str | None
    damaged: tuple[str, ...]

    @property
    def is_well(self) -> bool:
        """Whether nothing is missing or broken."""
        return not (self.gaps or self.incomplete or self.last_error or self.damaged)


@dataclass(frozen=True)
class _File:
    footer: Footer
    rows: int
    bytes: int


def export_status(lake: Lake, export: Export) -> ExportStatus:
    """Read the footer of every file of an export."""
    files, damaged = _read(lake, export)
    footers = [file.footer for file in files]
    complete = [footer.partition for footer in footers if footer.complete]
    failed = [one for one in footers if one.last_page and one.last_page.stop_reason is None]
    return ExportStatus(
        export="/".join(export.path),
        partitions=len(files),
        rows=sum(file.rows for file in files),
        bytes=sum(file.bytes for file in files),
        first_complete=complete[0] if complete else None,
        last_complete=complete[-1] if complete else None,
        complete_until=_complete_until(footers),
        gaps=tuple(_gaps(footers)),
        incomplete=tuple(one.partition for one in footers[:-1] if not one.complete),
        late_items=sum(footer.late_items for footer in footers),
        latest_by_s=max((footer.lateness_s for footer in footers), default=0.0),
        last_error=_failure(failed[-1]) if failed else None,
        damaged=tuple(damaged),
    )


def _read(lake: Lake, export: Export) -> tuple[list[_File], list[str]]:
    """Return the files in order of time, and what is wrong with those that can't be read."""
    paths = lake.files(export)
    with ThreadPoolExecutor(_READERS) as pool:
        found = list(pool.map(lambda path: _file(lake, path), paths))
    files = [one for one in found if isinstance(one, _File)]
    files.sort(key=lambda file: (file.footer.start_us, file.footer.end_us))
    return files, [one for one in found if isinstance(one, str)]


def _file(lake: Lake, path: Location) -> _File | str | None:
    try:
        with reading(path):
            metadata = pq.read_metadata(readable(path))
            footer = decode_footer((metadata.metadata or {})[FOOTER_KEY])
            return _File(footer, metadata.num_rows, nbytes(path))
    except FileNotFoundError:  # Replaced or removed meanwhile.
        return None
    except LakeError:
        return str(below(path, lake.root))


def _complete_until(footers: Sequence[Footer]) -> str | None:
    """Up to when everything is there, from the first partition on."""
    if not footers:
        return None
    reached_us = footers[0].start_us
    for footer in footers:
        if footer.start_us <= reached_us:
            reached_us = max(reached_us, footer.complete_until_us)
    return datetime.fromtimestamp(reached_us / 1_000_000, UTC).isoformat(timespec="seconds")


def _gaps(footers: Sequence[Footer]) -> Iterator[str]:
    """Yield the ranges of partitions without a file, between the first and the last with one."""
    reached_us = footers[0].start_us if footers else 0
    for footer in footers:
        if footer.start_us > reached_us:
            hourly = len(footer.partition) > len("2026-01-28")
            first = partition_at(reached_us, hourly=hourly).key
            last = partition_at(footer.start_us - 1, hourly=hourly).key
            yield first if first == last else f"{first}...{last}"
        reached_us = max(reached_us, footer.end_us)


def _failure(footer: Footer) -> str:
    return (
        f"{footer.partition}: run {footer.run_id} was stopped or ended by an error, "
        f"{footer.fetched_at}"
    )
