"""What days are made of: which files, whether they are complete, and whether they changed."""

import hashlib
from bisect import bisect_left, bisect_right
from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from math import inf
from pathlib import Path

import pyarrow.parquet as pq

from zd_assets.catalog.export import Export
from zd_assets.catalog.reference import ReferenceList
from zd_assets.engine.day import Day, DayFooter, day_file, first_day, read_day_footer, utc_days
from zd_assets.engine.latest.manifest import Manifest, read_manifest
from zd_assets.engine.latest.merge import month_file, month_files
from zd_assets.lake.errors import LakeError
from zd_assets.lake.footer import Footer
from zd_assets.lake.lake import Lake, partition_files, read_footer, reading
from zd_assets.lake.location import Location, below, identity, readable
from zd_assets.lake.partition import FILE_NAME
from zd_assets.lake.reference import read_reference_footer, reference_file
from zd_assets.models.latest import Latest
from zd_assets.models.model import Model, Only, Source

_AT_ONCE = 32
_HOUR_US = 3_600_000_000


@dataclass(frozen=True)
class Input:
    """What a day is made of, of one source: `identity` changes when the rows in `files` may have.

    `known_until_us` is as far as the day's rows are known, in microseconds since 1970.
    `is_lacking` says that the lake holds nothing of an optional source, whatever the day.
    """

    source: Source
    files: tuple[Location, ...]
    identity: str
    complete: bool
    known_until_us: int
    is_lacking: bool = False


@dataclass(frozen=True)
class Inputs:
    """All that a day is made of; `yesterday` is the day before of a table that carries.

    `ahead` are the days after it that the first day of those which are handed on looks at.
    """

    sources: tuple[Input, ...]
    ahead: tuple[Input, ...]
    yesterday: DayFooter | None
    complete: bool
    input_version: str

    @property
    def anything(self) -> bool:
        """Whether the lake holds anything of the day itself; what is optional doesn't make it."""
        return any(one.identity for one in self.sources if not one.source.optional)

    @property
    def known_until_us(self) -> int:
        """As far as the day is known, in microseconds since 1970, by what isn't optional."""
        return min(one.known_until_us for one in self.sources if not one.source.optional)


@dataclass(frozen=True)
class File:
    """A file as it was found."""

    path: Location
    identity: str


@dataclass(frozen=True)
class LookBack:
    """The files of an export by day, in order, and the least value of a column in each.

    `from_day` has for each day the least value in its files and all later ones, so that a search
    ends where nothing later can matter. Values are microseconds since 1970.
    """

    days: Sequence[str]
    files: Sequence[Sequence[tuple[float, File]]]
    from_day: Sequence[float]

    def before(self, end_us: int, after: str) -> list[File]:
        """Return the files of days after one that hold a value before `end_us`."""
        found = []
        for place in range(bisect_right(self.days, after), len(self.days)):
            if self.from_day[place] >= end_us:
                break
            found += [file for least_us, file in self.files[place] if least_us < end_us]
        return found


class Finder:
    """Finds what days are made of, in the lake as it was when it was first asked.

    Each table is listed once, and of what it holds only what is new to this process is read.
    """

    def __init__(self, lake: Lake) -> None:
        """Nothing is read yet."""
        self._lake = lake
        self._tables: dict[tuple[str, ...], dict[str, list[File]]] = {}
        self._manifests: dict[Latest, Manifest] = {}
        self._few: dict[tuple[Latest, Only], _Few] = {}
        self._firsts: dict[tuple[str, ...], str] = {}
        self._look_backs: dict[tuple[tuple[str, ...], str], LookBack] = {}
        self._versions: dict[tuple[str, ...], str] = {}
        self._names: dict[ReferenceList, str] = {}

    def day(self, key: str) -> Day:
        """Return the day of the lake's zone."""
        return Day(key, self._lake.time_zone)

    def footer(self, table: Model, day: Day) -> DayFooter | None:
        """Return what a day's file says of itself; None where there is none.

        Raises:
            LakeError: there is a file, but not one of ours.
        """
        files = self.files(table.path, FILE_NAME, _day_footer).get(day.key)
        return _day_footer(files[0]) if files else None

    def made(self, table: Model, day: Day) -> None:
        """Look again at a day that was made since."""
        path = day_file(self._lake, table, day)
        self.files(table.path, FILE_NAME, _day_footer)[day.key] = [File(path, identity(path))]

    def inputs(self, table: Model, day: Day) -> Inputs:
        """Return what a day is made of now.

        Raises:
            LakeError: a file or manifest can't be read.
        """
        sources = tuple(self._input(source, day) for source in table.sources)
        yesterday = self.footer(table, day.before) if table.depends_on_past else None
        ahead = (
            tuple(self._ahead(table, day)) if table.depends_on_past and yesterday is None else ()
        )
        complete = all(one.complete or one.is_lacking for one in sources)
        if table.depends_on_past:
            complete = complete and self._goes_on(table, day, yesterday)
        parts = [
            table.code_version,
            day.time_zone,
            yesterday.data_version if yesterday else "",
            str(complete),
        ]
        # How far it is known counts, since figures go as far as that.
        parts += [f"{one.identity}:{one.complete}:{one.known_until_us}" for one in sources]
        parts += [one.identity for one in ahead]
        input_version = hashlib.sha256(";".join(parts).encode()).hexdigest()[:16]
        return Inputs(sources, ahead, yesterday, complete, input_version)

    def is_due(self, table: Model, day: Day, *, rests_since_s: float = inf) -> bool:
        """Return whether a day's file isn't what would be made now.

        A day that was made since `rests_since_s` (epoch seconds) rests, unless it completes now.

        Raises:
            LakeError: a file or manifest can't be read.
        """
        now, footer = self.inputs(table, day), self.footer(table, day)
        if footer is None:
            return now.anything
        if footer.input_version == now.input_version:
            return False
        completes = now.complete and not footer.complete
        return completes or datetime.fromisoformat(footer.made_at).timestamp() < rests_since_s

    def version(self, table: Export | Latest | Model | ReferenceList) -> str:
        """Return a text that changes when any file does that any day of a table is made of."""
        if table.path not in self._versions:
            if isinstance(table, Latest):
                parts = [self.version(table.export), repr(self._manifest(table))]
            elif isinstance(table, ReferenceList):
                parts = [self._names_version(table)]
            else:
                is_model = isinstance(table, Model)
                files = self.files(table.path, FILE_NAME, _day_footer if is_model else _footer)
                parts = [f"{file.path}{file.identity}" for day in files.values() for file in day]
            if isinstance(table, Model):
                parts += [table.code_version, *(self.version(one.table) for one in table.sources)]
            self._versions[table.path] = hashlib.sha256(";".join(parts).encode()).hexdigest()
        return self._versions[table.path]

    def _input(self, source: Source, day: Day) -> Input:
        match source.table:
            case Export() as export:
                found = self._of_export(source, export, day)
            case Latest() as latest:
                found = self._of_latest(source, latest, day)
            case Model() as table:
                found = self._of_daily(source, table, day)
            case ReferenceList() as listed:
                return self._of_list(source, listed, day)
        return replace(found, is_lacking=source.optional and not self._first(source.table))

    def _ahead(self, table: Model, day: Day) -> Iterator[Input]:
        """Yield the days after a first one, of each source while they are there and complete."""
        for source in table.sources:
            at = day
            for _ in range(source.ahead_days):
                before, at = self._input(source, at), at.after
                now = self._input(source, at)
                if not (before.complete and now.complete):
                    break
                yield now

    def _goes_on(self, table: Model, day: Day, yesterday: DayFooter | None) -> bool:
        """Return whether what the day before hands on is all there is, or the lake begins here."""
        firsts = {first for one in table.sources if (first := self._first(one.table))}
        if day.key in firsts:
            return True
        if yesterday:
            return yesterday.complete and yesterday.time_zone == day.time_zone
        return all(first > day.key for first in firsts)

    def _first(self, table: Export | Latest | Model | ReferenceList) -> str:
        """Return the first day of which the lake has anything for a table; empty for none."""
        if isinstance(table, ReferenceList):
            return ""
        if table.path not in self._firsts:
            if isinstance(table, Model):
                firsts = [first for one in table.sources if (first := self._first(one.table))]
            else:
                export = table if isinstance(table, Export) else table.export
                zone = self._lake.time_zone
                firsts = [first_day(one, zone).key for one in list(self._partitions(export))[:1]]
            self._firsts[table.path] = min(firsts, default="")
        return self._firsts[table.path]

    def _of_export(self, source: Source, export: Export, day: Day) -> Input:
        files = self._of_the_day(export, day)
        complete, known_until_us = self._reach(export, day, source.late_h)
        if source.lookback_column:
            look_back = self._look_back(export, source.lookback_column)
            files = [*files, *look_back.before(day.end_us, after=day.utc_days[-1])]
        return Input(
            source,
            tuple(file.path for file in files),
            ",".join(file.identity for file in files),
            complete,
            known_until_us,
        )

    def _of_few(self, source: Source, latest: Latest, only: Only, day: Day) -> Input:
        """Return all items of a kind that were created before the day's end."""
        if (latest, only) not in self._few:
            self._few[latest, only] = _few(self._lake.root.joinpath(*latest.path), latest, only)
        few = self._few[latest, only]
        versions = few.versions[: bisect_left(few.created_us, day.end_us)]
        content = hashlib.sha256(";".join(versions).encode()).hexdigest()[:16]
        return Input(source, few.files, content, complete=True, known_until_us=day.end_us)

    def _of_latest(self, source: Source, latest: Latest, day: Day) -> Input:
        if source.only:
            return self._of_few(source, latest, source.only, day)
        folder, manifest = self._lake.root.joinpath(*latest.path), self._manifest(latest)
        contents = {
            one: month.days[one]
            for one in day.utc_days
            if (month := manifest.months.get(one[:7])) and one in month.days
        }
        # An item is exported once it was created, so the day's partitions tell how far it is known.
        exported = self._lake.root.joinpath(*latest.export.path)
        known = {
            file: manifest.partitions[key]
            for files in self._next_days(latest.export, day, source.late_h)
            for file in files
            if (key := str(below(file.path, exported))) in manifest.partitions
        }
        there = self._of_the_day(latest.export, day)
        complete, known_until_us = self._reach(latest.export, day, source.late_h, known)
        # What was written since isn't merged yet.
        complete = complete and all(known.get(file) == file.identity for file in there)
        months = dict.fromkeys(one[:7] for one in contents)
        files = tuple(month_file(folder, month) for month in months)
        # A day without items differs from a day that isn't there.
        content = ",".join(contents.values()) or ("empty" if known.keys() & set(there) else "")
        return Input(source, files, content, complete, known_until_us)

    def _of_daily(self, source: Source, table: Model, day: Day) -> Input:
        footer = self.footer(table, day)
        if footer is None:
            return Input(source, (), "", complete=False, known_until_us=day.start_us)
        path = day_file(self._lake, table, day)
        complete = footer.complete and footer.time_zone == day.time_zone
        return Input(source, (path,), footer.data_version, complete, footer.known_until_us)

    def _of_list(self, source: Source, listed: ReferenceList, day: Day) -> Input:
        version = self._names_version(listed)
        files = (reference_file(self._lake, listed),) if version else ()
        return Input(
            source,
            files,
            version,
            complete=True,
            known_until_us=day.end_us,
            is_lacking=not version,
        )

    def _names_version(self, listed: ReferenceList) -> str:
        """Return what changes with a list's names; empty where the lake hasn't got it."""
        if listed not in self._names:
            footer = read_reference_footer(self._lake, listed)
            self._names[listed] = footer.names_version if footer else ""
        return self._names[listed]

    def _partitions(self, export: Export) -> Mapping[str, list[File]]:
        """Return the files of an export's partitions in order of time, by day."""
        return self.files(export.path, FILE_NAME, _footer)

    def files(
        self, path: tuple[str, ...], name: str, read: Callable[[File], object]
    ) -> dict[str, list[File]]:
        """Return the files of this name of a table in order of time, by day.

        Of a store, `read` is called beforehand for all of them, several at once.
        """
        if path not in self._tables:
            folder = self._lake.root.joinpath(*path)
            found, prefix = defaultdict(list), f"{folder}/date="
            for file in partition_files(folder, name):
                key = str(file)[len(prefix) :].partition("/")[0]
                found[key].append(File(file, identity(file)))
            if not isinstance(folder, Path):
                _read_at_once(read, [file for files in found.values() for file in files])
            self._tables[path] = dict(found)
        return self._tables[path]

    def _of_the_day(self, export: Export, day: Day) -> list[File]:
        """Return the files that have a part of a day, or have got to where it begins."""
        return [
            file
            for files in self._next_days(export, day, 0)
            for file in files
            if (footer := _footer(file)).start_us < day.end_us
            and footer.complete_until_us >= day.start_us
            and footer.end_us > day.start_us
        ]

    def _next_days(self, export: Export, day: Day, late_h: int) -> Iterator[list[File]]:
        """Yield the files of a day's days of UTC, and of those that the day waits for."""
        for one in utc_days(day.start_us, day.end_us + late_h * _HOUR_US):
            yield self._partitions(export).get(one, [])

    def _reach(
        self, export: Export, day: Day, late_h: int, among: Collection[File] | None = None
    ) -> tuple[bool, int]:
        """Return whether a day's items are all there, and how far they reach without a gap.

        They are once the partitions, or those `among` them, reach `late_h` hours past its end.
        """
        reached = day.start_us
        for files in self._next_days(export, day, late_h):
            for file in files:
                if among is not None and file not in among:
                    continue
                footer = _footer(file)
                if footer.start_us <= reached:
                    reached = max(reached, footer.complete_until_us)
        return reached >= day.end_us + late_h * _HOUR_US, min(reached, day.end_us)

    def _manifest(self, latest: Latest) -> Manifest:
        if latest not in self._manifests:
            self._manifests[latest] = read_manifest(self._lake.root.joinpath(*latest.path))
        return self._manifests[latest]

    def _look_back(self, export: Export, column: str) -> LookBack:
        key = (export.path, column)
        if key not in self._look_backs:
            partitions = self._partitions(export)
            days = sorted(partitions)
            files = [[(_earliest(file, column), file) for file in partitions[day]] for day in days]
            from_day, least_us = [], inf
            for found in reversed(files):
                least_us = min([least_us, *(us for us, _ in found)])
                from_day.append(least_us)
            self._look_backs[key] = LookBack(days, files, from_day[::-1])
        return self._look_backs[key]


@dataclass(frozen=True)
class _Few:
    """Few items of current state: what is read of each, in order of their creation."""

    files: tuple[Location, ...]
    created_us: tuple[int, ...]
    versions: tuple[str, ...]


def _few(folder: Location, latest: Latest, only: Only) -> _Few:
    found = {
        path: _few_of(File(path, identity(path)), latest, only)
        for path in month_files(folder).values()
    }
    every = sorted(one for some in found.values() for one in some)
    return _Few(
        tuple(sorted((path for path, some in found.items() if some), key=str)),
        tuple(created_us for created_us, _ in every),
        tuple(version for _, version in every),
    )


# Files are replaced, never changed: what was read of one stays true while its identity does.
@lru_cache(maxsize=100_000)
def _footer(file: File) -> Footer:
    return read_footer(file.path)


@lru_cache(maxsize=100_000)
def _day_footer(file: File) -> DayFooter:
    return read_day_footer(file.path)


def _read_at_once(read: Callable[[File], object], files: Sequence[File]) -> None:
    """A store answers many requests at once sooner than one after the other."""

    def quietly(file: File) -> None:
        with suppress(LakeError, OSError):  # The caller that needs it asks again, and hears of it.
            read(file)

    with ThreadPoolExecutor(_AT_ONCE) as pool:
        list(pool.map(quietly, files))


@lru_cache(maxsize=1_000)
def _few_of(file: File, latest: Latest, only: Only) -> tuple[tuple[int, str], ...]:
    """Of a month's items of a kind, when each was created and what is read of it."""
    columns = [*latest.export.key, *only.reads]
    with reading(file.path):
        rows = pq.read_table(
            readable(file.path),
            columns=[latest.created, *columns],
            filters=[(only.column, "in", only.values)],
            partitioning=None,
        )
    created = rows[latest.created].cast("int64").to_pylist()
    texts = map(str, rows.select(columns).to_pylist())
    return tuple(zip((one or 0 for one in created), texts, strict=True))


@lru_cache(maxsize=100_000)
def _earliest(file: File, column: str) -> float:
    """Return the least value of a column of timestamps, in microseconds, by its statistics."""
    with reading(file.path):
        metadata = pq.read_metadata(readable(file.path))
    paths = [metadata.schema.column(place).path for place in range(metadata.num_columns)]
    groups = (metadata.row_group(number) for number in range(metadata.num_row_groups))
    found = [group.column(paths.index(column)).statistics for group in groups]
    least = [statistics.min for statistics in found if statistics and statistics.has_min_max]
    return round(min(least).timestamp() * 1_000_000) if least else inf


@dataclass
class Quiet:
    """Remembers of each table the version for which none of some days was due.

    So a tick over a lake in which nothing changed lists files, and looks at no day.
    """

    _known: dict[tuple[str, ...], tuple[str, frozenset[str]]] = field(default_factory=dict)

    def due_days(
        self, finder: Finder, table: Model, days: Iterable[str], rests_since_s: float = inf
    ) -> set[str]:
        """Return those of the days (by key) that are due; what can't be read is due, too."""
        asked, version = frozenset(days), ""
        with suppress(LakeError):
            version = finder.version(table)
        known = self._known.get(table.path)
        if known and known[0] == version and asked <= known[1]:
            return set()
        changed = {day for day in asked if _or_unreadable(finder, table, finder.day(day), inf)}
        if version and not changed:
            self._known[table.path] = (version, asked)
        return {
            day for day in changed if _or_unreadable(finder, table, finder.day(day), rests_since_s)
        }


def _or_unreadable(finder: Finder, table: Model, day: Day, rests_since_s: float) -> bool:
    try:
        return finder.is_due(table, day, rests_since_s=rests_since_s)
    except LakeError:
        return True
