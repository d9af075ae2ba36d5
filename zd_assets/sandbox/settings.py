"""What a sandbox can be told: data, clock, page fullness, limits."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Mapping
from typing import Any, Literal

import msgspec


@dataclasses.dataclass(frozen=True, slots=True)
class Settings:
    """The settings of one sandbox; every one is also an option of the command line.

    Those that are None by default do as `like` says.
    """

    like: Literal["observed", "documented"] = "observed"
    """As real accounts are reported to answer, or as the API documents have it."""
    seed: int = 1
    """Chooses the seeded data: same seed, same items."""
    start: dt.date = dt.date(2025, 1, 1)
    """UTC day of the first seeded chats and tickets; users and the like are some weeks older."""
    chats_per_day: int = 3000
    """New chats on an average day; the other Chat exports scale with it."""
    tickets_per_day: int = 800
    """New tickets on an average day; the other Support exports scale with it."""
    seeded: bool = True
    """Whether the seeded items are served with the explicit ones."""
    odd: bool = True
    """Whether one item in 250 doesn't look like the document."""
    pages: Literal["full", "documented"] = "full"
    """`full`: full pages but the last; `documented`: `count` < `limit` while more remain."""
    latency: float = 0.0
    """Seconds added to each page."""
    requests_per_minute: int = 200
    """Requests to the Chat API allowed in any 60 seconds."""
    token: str = dataclasses.field(default="sandbox-token", repr=False)
    """The accepted Chat access token."""
    support_requests_per_minute: int = 10
    """Requests to the Support API allowed in any 60 seconds, samples apart."""
    email: str = "agent@example.com"
    """Whose Support API token is accepted."""
    api_token: str = dataclasses.field(default="sandbox-api-token", repr=False)
    """The accepted Support API token."""
    oauth_token: str = dataclasses.field(default="sandbox-oauth-token", repr=False)
    """The accepted Support OAuth token."""
    client_id: str = "zd_assets"
    """The OAuth client that is given access tokens of Support."""
    client_secret: str = dataclasses.field(default="sandbox-client-secret", repr=False)
    """Its secret."""
    token_lifetime: float = 1800.0
    """Seconds after which an access token that was given expires."""
    now: str | float | None = None
    """The sandbox's time, ISO 8601 or epoch seconds; None is the real time."""
    clock: Literal["running", "frozen"] = "running"
    """Whether the sandbox's time goes on by itself."""
    clock_skew: float = 0.0
    """Seconds by which the server's own clock, in `Date` and for what is too recent, is ahead."""
    too_recent_status: Literal[400, 422] = 400
    """HTTP status of Support's StartTimeTooRecent."""
    advance_per_request: float = 0.0
    """Seconds by which the clock jumps after each served page."""
    item_cache: int = 4000
    """Encoded seeded items kept in memory, for each export."""
    overlap: bool | None = None
    """Whether time-based pages of several seconds end in their last second and the next repeats it;
    otherwise they hold it whole and end one second later."""
    second_cap: int | None = None
    """Most items of a page that is one second alone; it then doesn't move. None: the whole second.
    Only where pages overlap."""
    grouped: bool = True
    """Whether routing instance values are grouped by attribute value, instead of by time."""
    lenient: bool | None = None
    """Whether Support takes `start_time=1793318400.0` and caps the size of pages, not refuses."""
    recorded_headers: bool | None = None
    """Whether pages are compressed and chunked, with an ETag and what is left of the rate limit."""
    ai_agent_share: float = 0.0
    """Share of the seeded tickets that are AI agents': they and their events are only served to
    whom asks for `support_type_scope` `all` or `ai_agent`."""
    late_rate: float = 0.0
    """Share of the seeded items that are shown later than their own time."""
    late_by: float = 600.0
    """Seconds by which they are late at most."""
    late_law: Literal["exponential", "uniform"] = "exponential"
    """How lateness is spread: mostly by little, or evenly up to `late_by`."""
    late_exports: str = ""
    """Names of the exports with late items, separated by commas; empty: all."""
    older_events_rate: float = 0.0
    """Share of the ticket events with which the older ones of their ticket come again; one in four
    of those is then shown for the first time."""
    automation_rate: float = 0.0
    """Share of hours whose solved tickets an automation solves: it leaves no event, and only
    `generated_timestamp` moves."""
    late_activation_rate: float = 0.0
    """Share of seeded tickets whose reply time is activated after it was fulfilled."""
    answered_dropped_rate: float = 0.0
    """Share of answered seeded chats that count as dropped all the same."""


_RATES = (
    "late_rate",
    "older_events_rate",
    "ai_agent_share",
    "automation_rate",
    "late_activation_rate",
    "answered_dropped_rate",
)

_LIKE: dict[str, dict[str, Any]] = {
    "observed": {"overlap": True, "lenient": True, "recorded_headers": True},
    "documented": {"overlap": False, "lenient": False, "recorded_headers": False},
}


def resolved(settings: Settings) -> Settings:
    """Return `settings` with what is left open set as `like` says."""
    open_ones = {
        name: value
        for name, value in _LIKE[settings.like].items()
        if getattr(settings, name) is None
    }
    return dataclasses.replace(settings, **open_ones)


SECRETS = ("token", "api_token", "oauth_token", "client_secret")
"""Settings that are never shown."""


def changed(settings: Settings, changes: Mapping[str, Any]) -> Settings:
    """Return `settings` with `changes`, JSON values by name; ValueError says what is wrong."""
    names = {field.name for field in dataclasses.fields(Settings)}
    if unknown := sorted(set(changes) - names):
        raise ValueError(f"unknown settings: {', '.join(unknown)}")
    values = {name: getattr(settings, name) for name in names} | dict(changes)
    try:
        new = msgspec.convert(values, Settings)
    except msgspec.ValidationError as error:
        raise ValueError(str(error)) from error
    for name in (
        "chats_per_day",
        "tickets_per_day",
        "requests_per_minute",
        "support_requests_per_minute",
    ):
        if getattr(new, name) < 1:
            raise ValueError(f"{name} must be at least 1")
    for name in ("latency", "item_cache", "token_lifetime", "late_by"):
        if getattr(new, name) < 0:
            raise ValueError(f"{name} must not be negative")
    for name in _RATES:
        if not 0 <= getattr(new, name) <= 1:
            raise ValueError(f"{name} must be from 0 to 1")
    if new.second_cap is not None and new.second_cap < 1:
        raise ValueError("second_cap must be at least 1")
    return new
