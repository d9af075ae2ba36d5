"""A page of an export on its way to the client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from zd_assets.sandbox.exports import Export
from zd_assets.sandbox.rawjson import join_members


@dataclass(slots=True)
class Page:
    """What a page says; faults change it before it is encoded."""

    export: Export
    items: list[bytes]
    """The items as served."""
    whole: list[bytes]
    """The same items with all their attributes."""
    facts: dict[str, Any]
    """What comes with the items: `count`, `end_time`, `next_page`, ..."""
    unmoved: dict[str, Any] = field(default_factory=dict)
    """Those facts as they would be had the cursor not moved."""
    beside: dict[str, list[bytes]] = field(default_factory=dict)
    """Sideloaded items, by the name of their list."""
    bare: bool = False
    """Whether the answer is the list itself, with nothing beside it."""


def encode(page: Page) -> bytes:
    """Write the page as JSON."""
    if page.bare:
        return b"[" + b",".join(page.items) + b"]"
    lists = {page.export.list_name: page.items} | page.beside
    parts = {name: b"[" + b",".join(items) + b"]" for name, items in lists.items()}
    return join_members(parts | {name: orjson.dumps(fact) for name, fact in page.facts.items()})


class RefusedError(Exception):
    """A request answered with an error: an HTTP status and a message."""

    def __init__(
        self, status: int, error: str, message: str, retry_after_s: int | None = None
    ) -> None:
        """Refuse with `error` as the machine-readable word."""
        super().__init__(message)
        self.status = status
        self.error = error
        self.retry_after_s = retry_after_s
