"""The items of every export: seeded and explicit ones, merged in the server's order."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping
from heapq import merge
from importlib import resources
from itertools import dropwhile

import msgspec

from zd_assets.sandbox.exports import Export, item_id, item_time_us, sortable
from zd_assets.sandbox.seeded.stream import Row, Stream

_EXAMPLES = ("chat_examples.json", "support_examples.json")
_Examples = dict[str, list[msgspec.Raw]]


class Store:
    """What the sandbox would answer if pages and limits didn't exist."""

    def __init__(self, exports: Mapping[str, Export], streams: Mapping[str, Stream]) -> None:
        """Start with the API document's example items as the only explicit ones."""
        self._exports = exports
        self.streams = streams
        self._explicit: dict[str, list[Row]] = {name: [] for name in exports}
        self._explicit_by_id: dict[str, dict[str, Row]] = {name: {} for name in exports}
        for file in _EXAMPLES:
            text = (resources.files("zd_assets.sandbox") / file).read_bytes()
            for name, items in msgspec.json.decode(text, type=_Examples).items():
                if name in exports:
                    self.put(name, [_compact(item) for item in items])

    def put(
        self, name: str, items: list[bytes], time_us: int | None = None, id: str | None = None
    ) -> None:
        """Add items; one whose id is known replaces the older. `time_us`, `id` override theirs."""
        export = self._exports[name]
        fresh: list[Row] = []
        for body in items:
            row_time_us = item_time_us(export, body) if time_us is None else time_us
            row_id = item_id(export, body) if id is None else id
            row_id = sortable(row_id) if export.integer_ids else row_id
            fresh.append(Row(row_time_us // export.unit_us, row_id, row_time_us, body))
        # Of several with one id the last counts; items without ids all count.
        newest = {row.id: row for row in fresh if row.id}
        fresh = [row for row in fresh if not row.id or newest[row.id] is row]
        kept = [row for row in self._explicit[name] if row.id not in newest]
        # A stable sort: items without id keep the order in which they were put.
        self._explicit[name] = sorted(kept + fresh, key=_order)
        self._explicit_by_id[name] |= newest

    def rows(self, name: str, time: int, now_us: int) -> Iterator[Row]:
        """Yield the rows of an export from `time` (in its unit) on, as they stand at `now_us`."""
        now_us -= self._exports[name].withheld_us
        explicit = self._explicit[name]
        first = bisect_left(explicit, time, key=lambda row: row.time)
        known = (row for row in explicit[first:] if row.time_us <= now_us)
        stream = self.streams.get(name)
        if stream is None:
            return known
        seeded = stream.rows(time, now_us)
        if replaced := self._explicit_by_id[name]:
            seeded = (row for row in seeded if row.id not in replaced)
        if first == len(explicit):
            return seeded
        return merge(seeded, known, key=_order)

    def rows_after(self, name: str, time: int, id: str, now_us: int) -> Iterator[Row]:
        """Yield the rows strictly after a place in the order of an export with ids."""
        rows = self.rows(name, time, now_us)
        return dropwhile(lambda row: (row.time, row.id) <= (time, id), rows)

    def find(self, name: str, id: str, now_us: int) -> bytes | None:
        """Return the item of an id as it stands at `now_us`, if there is one."""
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


def _order(row: Row) -> tuple[int, str]:
    return row.time, row.id


def _compact(item: msgspec.Raw) -> bytes:
    return msgspec.json.format(bytes(item), indent=-1)
