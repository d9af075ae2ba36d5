"""A client that others wrote, Zenpy, reads from the sandbox exactly what is there.

So the sandbox isn't only our own reading of the Support API. Zenpy is sent to it by the variables
it has for this, and follows the sandbox's own addresses.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from functools import partial
from itertools import islice
from typing import Any

import pytest
import requests
from zenpy import Zenpy
from zenpy.lib.exception import APIException

from zd_assets.sandbox import Running
from zd_assets_tests.conftest import UNLIMITED
from zd_assets_tests.helpers.runs import at_us, few

API_TOKEN = {"email": "agent@example.com", "token": "sandbox-api-token"}
OAUTH_TOKEN = {"oauth_token": "sandbox-oauth-token"}
PER_PAGE = 20
SINCE_S = at_us("2025-12-01T00:00:00") // 1_000_000
SIDELOADS = ["users", "groups", "organizations"]

SignIn = Callable[..., Zenpy]
Read = Callable[..., Any]

EXPORTS: dict[tuple[str, str], Callable[[Zenpy], Read]] = {
    ("tickets", "time"): lambda zenpy: partial(zenpy.tickets.incremental, paginate_by_time=True),
    ("tickets", "cursor"): lambda zenpy: zenpy.tickets.incremental,
    ("users", "time"): lambda zenpy: partial(zenpy.users.incremental, paginate_by_time=True),
    ("users", "cursor"): lambda zenpy: zenpy.users.incremental,
    ("organizations", "time"): lambda zenpy: zenpy.organizations.incremental,
    ("ticket_events", "time"): lambda zenpy: zenpy.tickets.events,
}
TICKETS = [export for export in EXPORTS if export[0] == "tickets"]


@pytest.fixture
def sign_in(sandbox: Running, monkeypatch: pytest.MonkeyPatch) -> Iterator[SignIn]:
    """Makes a Zenpy client of a sandbox with little data: `sign_in(**API_TOKEN)`."""
    few(sandbox, tickets_per_day=1, support_requests_per_minute=UNLIMITED)
    scheme, _, host = sandbox.url.partition("://")
    monkeypatch.setenv("ZENPY_FORCE_SCHEME", scheme)
    monkeypatch.setenv("ZENPY_FORCE_NETLOC", host)
    with requests.Session() as session:
        # Proxies are for the world outside.
        session.trust_env = False
        yield partial(Zenpy, subdomain="company", session=session)


@pytest.fixture
def zenpy(sign_in: SignIn) -> Zenpy:
    return sign_in(**API_TOKEN)


def truth(sandbox: Running, name: str, start: float = 0) -> list[dict[str, Any]]:
    return [json.loads(body) for _, body in sandbox.truth(name, start)]


def content(told: Any, item: Any) -> Any:
    """What one of Zenpy's objects tells of an item.

    Its class adds None for what items of its kind can have, and a nested `from` becomes `from_`.
    """
    if not (isinstance(told, dict) and isinstance(item, dict)):
        return told
    named = {"from" if name == "from_" else name: value for name, value in told.items()}
    return {
        name: content(value, item.get(name))
        for name, value in named.items()
        if value is not None or name in item
    }


def assert_same(found: Iterable[Any], items: list[dict[str, Any]]) -> list[Any]:
    """Compare what Zenpy found with items; returns Zenpy's objects.

    Pages by time repeat their boundary, and mingle the items of a second.
    """
    # So many more tell as much as all of a walk that doesn't end.
    objects = list({_version(each): each for each in islice(found, 3 * len(items) + 3)}.values())
    wanted = {(item["id"], item.get("updated_at")): item for item in items}
    assert {_version(each) for each in objects} == wanted.keys()
    assert len(wanted) == len(items)
    for each in objects:
        item = wanted[_version(each)]
        assert content(each.to_dict(), item) == item
    return objects


def assert_each(found: list[Any], items: list[dict[str, Any]]) -> None:
    """Compare Zenpy's objects with items one by one."""
    for each, item in zip(found, items, strict=True):
        assert content(each.to_dict(), item) == item


def _version(each: Any) -> tuple[Any, Any]:
    return each.id, getattr(each, "updated_at", None)


@pytest.mark.parametrize(("name", "kind"), EXPORTS)
def test_zenpy_reads_page_by_page_exactly_what_is_there(
    sandbox: Running, zenpy: Zenpy, name: str, kind: str
) -> None:
    items = truth(sandbox, name)
    assert len(items) > 3 * PER_PAGE
    assert_same(EXPORTS[name, kind](zenpy)(start_time=0, per_page=PER_PAGE), items)
    log = sandbox.requests()
    assert {(each["export"], each["endpoint"], each["status"]) for each in log} == {
        (name, kind, 200)
    }
    # A boundary is a second: of this little data, a few items at most.
    fewest = -(-len(items) // PER_PAGE)
    assert fewest <= len(log) <= (1 if kind == "cursor" else 1.5) * fewest


def test_zenpy_reads_metric_events_to_their_end_although_nothing_marks_it(
    sandbox: Running, zenpy: Zenpy
) -> None:
    items = truth(sandbox, "ticket_metric_events")
    assert_same(zenpy.tickets.metrics_incremental(start_time=0), items)
    counts = [each["count"] for each in sandbox.requests()]
    assert sum(counts) > len(items)
    assert len(counts) > 2
    assert counts[-1] == 0


@pytest.mark.parametrize(("name", "kind"), EXPORTS)
def test_zenpy_reads_from_a_moment_on(sandbox: Running, zenpy: Zenpy, name: str, kind: str) -> None:
    times_us = [time_us for time_us, _ in sandbox.truth(name)]
    start = times_us[len(times_us) // 2] // 1_000_000
    items = truth(sandbox, name, start)
    assert len(items) == pytest.approx(len(times_us) / 2, abs=3)
    moment = datetime.fromtimestamp(start, UTC)
    assert_same(EXPORTS[name, kind](zenpy)(start_time=moment), items)


@pytest.mark.parametrize(("name", "kind"), TICKETS)
def test_zenpy_reads_a_crowded_second_whole(
    sandbox: Running, zenpy: Zenpy, name: str, kind: str
) -> None:
    crowd = [{"id": id, "generated_timestamp": SINCE_S} for id in range(1, 3 * PER_PAGE)]
    sandbox.put(name, crowd)
    items = truth(sandbox, name, SINCE_S)
    assert items[: len(crowd)] == crowd
    assert_same(EXPORTS[name, kind](zenpy)(start_time=SINCE_S, per_page=PER_PAGE), items)


@pytest.mark.parametrize(
    ("name", "moved"),
    [
        ("tickets", {"generated_timestamp": at_us("2026-03-01T11:58:00") // 1_000_000}),
        ("users", {"updated_at": "2026-03-01T11:58:00Z"}),
    ],
)
def test_zenpy_goes_on_from_its_last_cursor_with_what_has_moved_since(
    sandbox: Running, zenpy: Zenpy, name: str, moved: dict[str, Any]
) -> None:
    read = EXPORTS[name, "cursor"](zenpy)
    found = read(start_time=0, per_page=PER_PAGE)
    items = truth(sandbox, name)
    assert_same(found, items)
    cursor = found.after_cursor
    assert_same(read(cursor=cursor), [])
    sandbox.put(name, [items[3] | moved])
    assert_same(read(cursor=cursor), [items[3] | moved])


@pytest.mark.parametrize("login", [API_TOKEN, OAUTH_TOKEN], ids=["api_token", "oauth_token"])
def test_zenpy_signs_in_with_either_token(
    sandbox: Running, sign_in: SignIn, login: dict[str, str]
) -> None:
    zenpy = sign_in(**login)
    assert_same(zenpy.organizations.incremental(start_time=0), truth(sandbox, "organizations"))


@pytest.mark.parametrize(
    "login",
    [API_TOKEN | {"token": "wrong"}, API_TOKEN | {"email": "x"}, {"oauth_token": "wrong"}],
    ids=["api_token", "email", "oauth_token"],
)
def test_zenpy_is_refused_with_any_other(sign_in: SignIn, login: dict[str, str]) -> None:
    with pytest.raises(APIException, match="authenticate") as refused:
        sign_in(**login).tickets.incremental(start_time=0)
    assert refused.value.response.status_code == 401


@pytest.mark.parametrize(("name", "kind"), TICKETS)
def test_zenpy_knows_by_sideloads_who_and_what_tickets_refer_to(
    sandbox: Running, zenpy: Zenpy, name: str, kind: str
) -> None:
    users, organizations = (
        {item["id"]: item for item in truth(sandbox, each)} for each in ("users", "organizations")
    )
    found = EXPORTS[name, kind](zenpy)(start_time=SINCE_S, per_page=PER_PAGE, include=SIDELOADS)
    tickets = assert_same(found, truth(sandbox, name, SINCE_S))
    assert len(sandbox.requests()) > 3
    assert_each(
        [each.requester for each in tickets], [users[each.requester_id] for each in tickets]
    )
    assigned = [each for each in tickets if isinstance(each.assignee_id, int)]
    assert_each(
        [each.assignee for each in assigned], [users[each.assignee_id] for each in assigned]
    )
    owned = [each for each in tickets if each.organization_id]
    assert_each(
        [each.organization for each in owned],
        [organizations[each.organization_id] for each in owned],
    )
    grouped = [each for each in tickets if each.group_id]
    assert [each.group.id for each in grouped] == [each.group_id for each in grouped]
    assert all((assigned, owned, grouped))


def test_zenpy_would_have_to_ask_without_sideloads(zenpy: Zenpy) -> None:
    ticket = next(zenpy.tickets.incremental(start_time=SINCE_S))
    with pytest.raises(APIException, match=f"users/{ticket.requester_id}"):
        _ = ticket.requester
