"""A page of an export on its way to the client."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import orjson

from zd_assets.sandbox.exports import Export


@dataclass(slots=True)
class Page:
    """What a page says; faults change it before it is encoded."""

    export: Export
    items: list[bytes]
    """The items as served."""
    whole: list[bytes]
    """The same items with all their attributes."""
    facts: dict[str, Any]
    """What stands beside the items: `count`, `end_time`, `next_page`, ..."""
    unmoved: dict[str, Any] = field(default_factory=dict)
    """Those facts as they would be had the cursor not moved."""


def encode(page: Page) -> bytes:
    """Write the page as JSON."""
    name = orjson.dumps(page.export.name)
    facts = orjson.dumps(page.facts)
    # An object without members has nothing to separate.
    rest = b"," + facts[1:] if page.facts else b"}"
    return b"".join((b"{", name, b":[", b",".join(page.items), b"]", rest))


class RefusedError(Exception):
    """A request answered with an error: an HTTP status and a message."""

    def __init__(
        self, status: int, error: str, message: str, retry_after_s: int | None = None
    ) -> None:
        """Refuse with `error` as the machine-readable word."""
        super().__init__(message)
        self.status = status
        self.body = orjson.dumps({"error": error, "message": message})
        self.retry_after_s = retry_after_s
