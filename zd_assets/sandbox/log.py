"""What was asked of the sandbox, and what it answered. Never a header or a token."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(slots=True)
class Entry:
    """One request; what the answer was is filled in once it is known."""

    at: float
    """Real time of arrival, epoch seconds, whatever the sandbox's clock says."""
    method: str
    path: str
    query: dict[str, str]
    export: str | None
    endpoint: str | None = None
    """Which endpoint of the API: `chat`, or Support's `time`, `cursor`, `pages`, `routing`, ..."""
    status: int | None = None
    count: int | None = None
    """Items in the page served."""
    bytes: int | None = None
    """Bytes of body sent."""
    fault: str | None = None
    """Kind of the fault that struck."""
