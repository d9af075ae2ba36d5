"""What days are made of: which files, whether they are complete, and whether they changed."""

import hashlib
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pyarrow.parquet as pq

from zd_assets.analytics.current.manifest import Manifest, read_manifest
from zd_assets.analytics.current.merge import month_file
from zd_assets.analytics.current.tables import Latest
from zd_assets.analytics.daily.day import Day, DayFooter, day_file, day_footer
from zd_assets.analytics.daily.table import DailyTable, Source
from zd_assets.exports.export import Export
from zd_assets.lake.footer import Footer
from zd_assets.lake.lake import Lake, identity, reading


@dataclass(frozen=True)
class Input:
    """What a day is made of, of one source: `identity` changes when the rows in `files` may have.

    `known_until_us` is as far as the day's rows are known, in microseconds since 1970.
    """

    source: Source
    files: tuple[Path, ...]
    identity: str
    complete: bool
    known_until_us: int


@dataclass(frozen=True)
class Inputs:
    """All that a day is made of; `yesterday` is the day before of a table that carries."""

    sources: tuple[Input, ...]
    yesterday: DayFooter | None
    made_of: str

    @property
    def anything(self) -> bool:
        """Whether the lake holds anything of the day itself."""
        return any(one.identity for one in self.sources)


@dataclass(frozen=True)
class _File:
    """A partition's file as it was found."""

    path: Path
    identity: str


class Finder:
    """Finds what days are made of, in the lake as it was when it was first asked."""

    def __init__(self, lake: Lake) -> None:
        """Nothing is read yet."""
        self._lake = lake
        self._exports: dict[Export, Mapping[str, list[_File]]] = {}
        self._manifests: dict[Latest, Manifest] = {}

    def inputs(self, table: DailyTable, day: Day) -> Inputs:
        """What a day is made of now.

        Raises:
            LakeError: a file or manifest can't be read.
        """
        sources = tuple(self._input(source, day) for source in table.sources)
        yesterday = day_footer(self._lake, table, day.before) if table.carries else None
        parts = [table.definition, yesterday.content if yesterday else ""]
        # How far it is known counts, since figures go as far as that.
        parts += [f"{one.identity}:{one.complete}:{one.known_until_us}" for one in sources]
        made_of = hashlib.sha256(";".join(parts).encode()).hexdigest()[:16]
        return Inputs(sources, yesterday, made_of)

    def is_due(self, table: DailyTable, day: Day) -> bool:
        """Whether a day's file isn't what would be made now.

        Raises:
            LakeError: a file or manifest can't be read.
        """
        now, footer = self.inputs(table, day), day_footer(self._lake, table, day)
        return now.anything if footer is None else footer.made_of != now.made_of

    def _input(self, source: Source, day: Day) -> Input:
        match source.table:
            case Export() as export:
                return self._of_export(source, export, day)
            case Latest() as latest:
                return self._of_latest(source, latest, day)
            case DailyTable() as table:
                return self._of_daily(source, table, day)

    def _of_export(self, source: Source, export: Export, day: Day) -> Input:
        files = self._partitions(export).get(day.key, [])
        complete, known_until_us = self._reach(files, day)
        if source.reaches_back:
            files = [*files, *self._that_reach_back(export, source.reaches_back, day)]
        return Input(
            source,
            tuple(file.path for file in files),
            ",".join(file.identity for file in files),
            complete,
            known_until_us,
        )

    def _of_latest(self, source: Source, latest: Latest, day: Day) -> Input:
        folder = self._lake.root.joinpath(*latest.path)
        if latest not in self._manifests:
            self._manifests[latest] = read_manifest(folder)
        manifest = self._manifests[latest]
        month = manifest.months.get(day.month)
        content = month.days.get(day.key, "") if month else ""
        # An item is exported once it was created, so the day's partitions tell how far it is known.
        exported = self._lake.root.joinpath(*latest.export.path)
        merged = [
            file
            for file in self._partitions(latest.export).get(day.key, [])
            if str(file.path.relative_to(exported)) in manifest.partitions
        ]
        complete, known_until_us = self._reach(merged, day)
        files = (month_file(folder, day.month),) if content else ()
        # A day without items differs from a day that isn't there.
        content = content or ("empty" if merged else "")
        return Input(source, files, content, complete, known_until_us)

    def _of_daily(self, source: Source, table: DailyTable, day: Day) -> Input:
        footer = day_footer(self._lake, table, day)
        if footer is None:
            return Input(source, (), "", complete=False, known_until_us=day.start_us)
        path = day_file(self._lake, table, day)
        return Input(source, (path,), footer.content, footer.complete, footer.known_until_us)

    def _partitions(self, export: Export) -> Mapping[str, list[_File]]:
        """The files of an export's partitions in order of time, by day."""
        if export not in self._exports:
            folder = self._lake.root.joinpath(*export.path)
            found = defaultdict(list)
            for path in self._lake.files(export):
                key = path.relative_to(folder).parts[0].removeprefix("date=")
                found[key].append(_File(path, identity(path)))
            self._exports[export] = found
        return self._exports[export]

    def _reach(self, files: Sequence[_File], day: Day) -> tuple[bool, int]:
        """Whether a day's partitions are complete, and how far they reach without a gap."""
        reached = day.start_us
        for file in files:
            footer = _footer(self._lake, file)
            if footer.start_us <= reached:
                reached = max(reached, footer.complete_until_us)
        return reached >= day.end_us, min(reached, day.end_us)

    def _that_reach_back(self, export: Export, column: str, day: Day) -> list[_File]:
        """The files of later partitions that hold items from before the day's end."""
        return [
            file
            for key, files in self._partitions(export).items()
            if key > day.key
            for file in files
            if (earliest := _earliest(file, column)) is not None and earliest < day.end_us
        ]


# Files are replaced, never changed: what was read of one stays true while its identity does.
@lru_cache(maxsize=100_000)
def _footer(lake: Lake, file: _File) -> Footer:
    return lake.read_footer(file.path)


@lru_cache(maxsize=100_000)
def _earliest(file: _File, column: str) -> int | None:
    """The least value of a column of timestamps, in microseconds since 1970, by its statistics."""
    with reading(file.path):
        metadata = pq.read_metadata(file.path)
    paths = [metadata.schema.column(place).path for place in range(metadata.num_columns)]
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    found = [group.column(paths.index(column)).statistics for group in groups]
    least = [statistics.min for statistics in found if statistics and statistics.has_min_max]
    return round(min(least).timestamp() * 1_000_000) if least else None
