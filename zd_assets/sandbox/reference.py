"""The lists of what ids are called: groups, brands and ticket fields of Support, and departments.

Those of Support are paged by cursor where `page[size]` asks for it, and else come whole; Chat's
departments are a plain array.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from importlib import resources
from typing import Any

import msgspec

from zd_assets.sandbox import parameters
from zd_assets.sandbox.exports import Export
from zd_assets.sandbox.page import Page, RefusedError
from zd_assets.sandbox.rawjson import members

_FILE = "reference_lists.json"
_MAX_PAGE_SIZE = 100

OF_CHAT = ("departments",)
LISTS = ("groups", "brands", "ticket_fields", *OF_CHAT)


def paths() -> Iterator[tuple[str, str]]:
    """Yield (path, list) of what there is."""
    for name in LISTS:
        if name in OF_CHAT:
            # Today's base, and the document's.
            yield f"/api/v2/chat/{name}", name
            yield f"/api/v2/{name}", name
        else:
            yield f"/api/v2/{name}", name
            yield f"/api/v2/{name}.json", name


class Lists:
    """What the lists hold; their ids are those that seeded items refer to."""

    def __init__(self) -> None:
        """Begin with the lists of the seeded account."""
        text = (resources.files("zd_assets.sandbox") / _FILE).read_bytes()
        found = msgspec.json.decode(text, type=dict[str, list[msgspec.Raw]])
        self._items: dict[str, dict[int, bytes]] = {name: {} for name in LISTS}
        for name, items in found.items():
            self.put(name, [msgspec.json.format(bytes(item), indent=-1) for item in items])

    def put(self, name: str, items: list[bytes]) -> None:
        """Add items; one whose id is known replaces the older. ValueError: one has no id."""
        for item in items:
            text = members(item).get("id", b"")
            if not text.isdigit():
                raise ValueError(f"an item of {name} without a usable id")
            self._items[name][int(text)] = item

    def all(self, name: str) -> list[tuple[int, bytes]]:
        """Return a list's ids and items, in order of id."""
        return sorted(self._items[name].items())


def serve(lists: Lists, name: str, query: Mapping[str, str], url: str) -> Page:
    """Answer one request; `url` is the address asked, without its query."""
    listed = lists.all(name)
    export = Export(name, "updated_at", integer_ids=True)
    if name in OF_CHAT:
        items = [item for _, item in listed]
        return Page(export, items, items, {}, bare=True)
    if not any(parameter.startswith("page[") for parameter in query):
        items = [item for _, item in listed]
        whole: dict[str, Any] = {"next_page": None, "previous_page": None, "count": len(items)}
        return Page(export, items, items, whole, whole)
    size = parameters.size(query, "page[size]", _MAX_PAGE_SIZE)
    after = query.get("page[after]", "")
    if after and not after.isdecimal():
        raise RefusedError(400, "InvalidCursor", f"not a cursor: {after}")
    rest = [(id, item) for id, item in listed if id > int(after or -1)]
    page, more = rest[:size], len(rest) > size
    items = [item for _, item in page]
    last = str(page[-1][0]) if page else None
    return Page(
        export,
        items,
        items,
        _facts(url, size, last, more),
        _facts(url, size, after or None, True),
    )


def _facts(url: str, size: int, cursor: str | None, more: bool) -> dict[str, Any]:
    onward = {"page[size]": str(size)} | ({"page[after]": cursor} if cursor else {})
    return {
        "meta": {"has_more": more, "after_cursor": cursor, "before_cursor": None},
        "links": {"next": parameters.address(url, onward) if more else None, "prev": None},
    }
