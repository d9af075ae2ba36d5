"""The items of every export: seeded and explicit ones, merged in the server's order."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Callable, Iterator, Mapping
from heapq import merge
from importlib import resources
from itertools import dropwhile

import msgspec

from zd_assets.sandbox.exports import Export, item_id, item_time_us, sortable
from zd_assets.sandbox.late import Late
from zd_assets.sandbox.rawjson import join_members, members
from zd_assets.sandbox.seeded.stream import Row, Stream

_EXAMPLES = ("chat_examples.json", "support_examples.json")
_Examples = dict[str, list[msgspec.Raw]]
_GENERATIONS = 8


class Store:
    """What the sandbox would answer if pages and limits didn't exist."""

    def __init__(
        self,
        exports: Mapping[str, Export],
        streams: Mapping[str, Stream],
        late: Mapping[str, Late] | None = None,
        fields: bool = False,
    ) -> None:
        """Start with the API document's example items as the only explicit ones.

        `fields`: with the attribute that every recorded ticket has, and the document's lacks.
        """
        self._exports = exports
        self.streams = streams
        self.late: Mapping[str, Late] = late or {}
        self._replaced: dict[str, list[tuple[Row, Row]]] = {name: [] for name in exports}
        self._told_us = self._moment_us = 0
        self._generations: dict[tuple[str, int, int], list[Row]] = {}
        self._explicit: dict[str, list[Row]] = {name: [] for name in exports}
        self._explicit_by_id: dict[str, dict[str, Row]] = {name: {} for name in exports}
        for file in _EXAMPLES:
            text = (resources.files("zd_assets.sandbox") / file).read_bytes()
            for name, items in msgspec.json.decode(text, type=_Examples).items():
                if name in exports:
                    examples = [_compact(item) for item in items]
                    if fields and name == "tickets":
                        examples = [_with_fields(each) for each in examples]
                    self.put(name, examples)

    def put(
        self,
        name: str,
        items: list[bytes],
        time_us: int | None = None,
        id: str | None = None,
        shown_us: int = 0,
        again: bool = False,
    ) -> None:
        """Add items; one whose id is known replaces the older. `time_us`, `id` override theirs.

        They are shown from `shown_us` on if that is later than their time. `again` leaves the
        known one where it is, too.
        """
        export = self._exports[name]
        # Clients that were told of this moment haven't seen them.
        put_us = self._moment_us = self._told_us + 1
        fresh: list[Row] = []
        for body in items:
            own_us = None if time_us is None else _own_time_us(export, body)
            row_time_us = item_time_us(export, body) if time_us is None else time_us
            row_id = item_id(export, body) if id is None else id
            row_id = sortable(row_id) if export.integer_ids else row_id
            row_time = row_time_us // export.unit_us
            fresh.append(Row(row_time, row_id, row_time_us, body, shown_us, own_us, put_us))
        # Of several with one id the last counts; items without ids all count.
        newest = {row.id: row for row in fresh if row.id}
        fresh = [row for row in fresh if not row.id or newest[row.id] is row]
        known = self._explicit[name]
        if not again:
            kept = [row for row in known if row.id not in newest]
            if shown_us:
                # What they replace is shown until they are.
                gone = [row for row in known if row.id in newest]
                self._replaced[name] += [(row, newest[row.id]) for row in gone]
            known = kept
            self._explicit_by_id[name] |= newest
        # A stable sort: items without id keep the order in which they were put.
        self._explicit[name] = sorted(known + fresh, key=_order)
        self._generations.clear()

    def rows(self, name: str, time: int, now_us: int, id: str = "") -> Iterator[Row]:
        """Yield the rows of an export from `time` (in its unit) on, as the API shows them.

        With `id`, those of `time` itself before that id may be left out.
        """
        late = self.late.get(name)
        shown_at_us = now_us
        now_us -= self._exports[name].withheld_us

        def shown(row: Row) -> bool:
            return row.time_us <= now_us and row.shown_us <= shown_at_us

        # Lazily: of a crowd of rows, a page takes the first ones.
        explicit = (row for row in self._from(name, time, id) if shown(row))
        replaced_rows = [
            row
            for row, by in self._replaced[name]
            if row.time >= time and shown(row) and not shown(by)
        ]
        if replaced_rows:
            explicit = merge(explicit, sorted(replaced_rows, key=_order), key=_order)
        stream = self.streams.get(name)
        if stream is None:
            return explicit
        seeded = stream.rows(time, now_us, late.delay_us if late else None)
        if replaced := self._explicit_by_id[name]:
            seeded = (row for row in seeded if not ((by := replaced.get(row.id)) and shown(by)))
        return merge(seeded, explicit, key=_order) if self._explicit[name] else seeded

    def true_rows(self, name: str, time: int, now_us: int) -> Iterator[Row]:
        """Yield the rows from `time` on as they are, whether the API shows them yet or not."""
        now_us -= self._exports[name].withheld_us
        explicit = [row for row in self._from(name, time) if row.time_us <= now_us]
        return self._with_seeded(name, explicit, lambda stream: stream.rows(time, now_us), now_us)

    def own_rows(self, name: str, time: int, now_us: int) -> Iterator[Row]:
        """Yield the rows by the items' own time, each item once, wherever it is served."""
        export = self._exports[name]
        now_us -= export.withheld_us
        known = {
            row.id or row.source: row._replace(time=own_us // export.unit_us, time_us=own_us)
            for row in self._explicit[name]
            if row.time_us <= now_us
            for own_us in [row.time_us if row.own_us is None else row.own_us]
        }
        explicit = sorted((row for row in known.values() if row.time >= time), key=_order)
        return self._with_seeded(
            name, explicit, lambda stream: stream.own_rows(time, now_us), now_us
        )

    def shown_from_us(self, name: str, row: Row) -> int:
        """Return the time from which the API shows a row."""
        withheld_us = self._exports[name].withheld_us
        if isinstance(row.source, bytes):
            return max(row.shown_us, row.time_us + withheld_us)
        late = self.late.get(name)
        return self.streams[name].shown_us(row, late.delay_us if late else None) + withheld_us

    def moment_us(self, now_us: int) -> int:
        """Tell a moment by which everything that is there now had appeared."""
        self._told_us = max(now_us, self._moment_us)
        return self._told_us

    def appeared(self, name: str, after_us: int, until_us: int, now_us: int) -> list[Row]:
        """Return the rows that appeared in a span of such moments, grouped by attribute value.

        What brings an instance its value is listed with what takes it, by the time of the latter.
        """
        key = name, after_us, until_us
        if key not in self._generations:
            rows = [
                row
                for row in self.rows(name, 0, now_us)
                if after_us < max(self.shown_from_us(name, row), row.put_us) <= until_us
            ]
            # Walks that are under way, and little more.
            while len(self._generations) >= _GENERATIONS:
                del self._generations[next(iter(self._generations))]
            self._generations[key] = _grouped(rows, self.bodies(name, rows))
        return self._generations[key]

    def rows_after(self, name: str, time: int, id: str, now_us: int) -> Iterator[Row]:
        """Yield the rows strictly after a place in the order of an export with ids."""
        rows = self.rows(name, time, now_us, id)
        return dropwhile(lambda row: (row.time, row.id) <= (time, id), rows)

    def _from(self, name: str, time: int, id: str = "") -> list[Row]:
        explicit = self._explicit[name]
        return explicit[bisect_left(explicit, (time, id), key=lambda row: (row.time, row.id)) :]

    def _with_seeded(
        self,
        name: str,
        explicit: list[Row],
        seeded_rows: Callable[[Stream], Iterator[Row]],
        now_us: int,
    ) -> Iterator[Row]:
        stream = self.streams.get(name)
        if stream is None:
            return iter(explicit)
        seeded = seeded_rows(stream)
        if replaced := self._explicit_by_id[name]:
            seeded = (
                row for row in seeded if not ((by := replaced.get(row.id)) and by.time_us <= now_us)
            )
        return merge(seeded, explicit, key=_order)

    def find(self, name: str, id: str, now_us: int) -> bytes | None:
        """Return the item of an id as it is at `now_us`, if there is one."""
        if explicit := self._explicit_by_id[name].get(id):
            return self.body(name, explicit) if explicit.time_us <= now_us else None
        stream = self.streams.get(name)
        return stream.find(id, now_us) if stream else None

    def body(self, name: str, row: Row) -> bytes:
        """Return a row's whole item as JSON."""
        source = row.source
        return source if isinstance(source, bytes) else self.streams[name].item(source)

    def bodies(self, name: str, rows: list[Row]) -> list[bytes]:
        """Return the whole items of rows as JSON."""
        return [self.body(name, row) for row in rows]


def _own_time_us(export: Export, body: bytes) -> int | None:
    try:
        return item_time_us(export, body)
    except ValueError:
        return None


def _grouped(rows: list[Row], bodies: list[bytes]) -> list[Row]:
    items = [members(body) for body in bodies]
    ends = {
        item.get("id"): row.time
        for row, item in zip(rows, items, strict=True)
        if item.get("type", b"").startswith(b'"un')
    }
    keys = [
        (item.get("attribute_value_id", b""), ends.get(item.get("id"), row.time), row.time, row.id)
        for row, item in zip(rows, items, strict=True)
    ]
    return [row for _, row in sorted(zip(keys, rows, strict=True), key=lambda pair: pair[0])]


def _order(row: Row) -> tuple[int, str]:
    return row.time, row.id


def _with_fields(ticket: bytes) -> bytes:
    item = members(ticket)
    return join_members(item | {"fields": item["custom_fields"]})


def _compact(item: msgspec.Raw) -> bytes:
    return msgspec.json.format(bytes(item), indent=-1)
