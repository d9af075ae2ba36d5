"""The sandbox shows items late or again, and its truth tells which and when."""

from __future__ import annotations

import json
from typing import Any

import pytest
import requests

from zd_assets.catalog.registry import EXPORTS as OURS
from zd_assets.sandbox import Running
from zd_assets.sandbox.exports import CHAT_EXPORTS, EXPORTS
from zd_assets.sandbox.timestamps import SECOND_US
from zd_assets_tests.conftest import NOW
from zd_assets_tests.helpers.runs import at_us, few, iso, item

NOW_US = at_us(NOW.removesuffix("Z"))
DAY_S = 86_400


def read(sandbox: Running, name: str, start_s: int, **query: Any) -> list[Any]:
    """One page of an export from a second on, whole items."""
    export = EXPORTS[name]
    base = "/api/v2/chat/incremental" if name in CHAT_EXPORTS else "/api/v2/incremental"
    token = "sandbox-token" if name in CHAT_EXPORTS else "sandbox-oauth-token"
    query |= {"start_time": start_s * SECOND_US // export.unit_us}
    if export.expands:
        query["fields"] = f"{name}(*)"
    answer = requests.get(
        f"{sandbox.url}{base}/{export.path or name}",
        params=query,
        headers={"Authorization": f"Bearer {token}"},
        timeout=20,
    )
    listed: list[Any] = answer.json()[export.list_name]
    return listed


def spelled(items: list[Any]) -> list[str]:
    return sorted(json.dumps(each, sort_keys=True) for each in items)


@pytest.mark.parametrize("law", ["exponential", "uniform"])
@pytest.mark.parametrize("name", EXPORTS)
def test_seeded_items_are_shown_late_and_the_truth_tells_when(
    sandbox: Running, name: str, law: str
) -> None:
    few(
        sandbox, 400, tickets_per_day=150, start="2026-02-20",
        late_rate=0.5, late_by=4 * 3600, late_law=law,
    )  # fmt: skip
    start_s = NOW_US // SECOND_US - DAY_S // 2
    told = sandbox.shown(name, start_s)
    assert [(time_us, body) for time_us, _, body in told] == sandbox.truth(name, start_s)
    withheld_us = EXPORTS[name].withheld_us
    delays = [shown_us - time_us - withheld_us for time_us, shown_us, _ in told]
    assert all(0 <= delay <= 4 * 3600 * SECOND_US for delay in delays)
    if len(told) > 50:
        assert 0.3 < sum(delay > 0 for delay in delays) / len(delays) < 0.7
    shown = [json.loads(body) for _, shown_us, body in told if shown_us <= NOW_US]
    page = [json.dumps(each, sort_keys=True) for each in read(sandbox, name, start_s)]
    if not name.startswith("routing"):
        # A version that isn't shown yet leaves the one before it to be seen.
        assert set(spelled(shown)) <= set(page)
    hidden = [json.loads(body) for _, shown_us, body in told if shown_us > NOW_US]
    assert not set(spelled(hidden)) & set(page)
    sandbox.clock(advance=5 * 3600)
    once = spelled([json.loads(body) for _, body in sandbox.truth(name, start_s)])
    if not name.startswith("routing") and len(once) < 1000:
        later = [json.dumps(each, sort_keys=True) for each in read(sandbox, name, start_s)]
        late_still = [
            json.dumps(json.loads(body), sort_keys=True)
            for _, shown_us, body in sandbox.shown(name, start_s)
            if shown_us > NOW_US + 5 * 3600 * SECOND_US
        ]
        assert set(once) - set(late_still) <= set(later)


def test_only_the_named_exports_are_late(sandbox: Running) -> None:
    few(sandbox, 100, late_rate=1, late_exports="users, chats")
    start_s = NOW_US // SECOND_US - DAY_S
    for name in ("users", "chats", "conversions", "tickets"):
        late = [shown_us > time_us for time_us, shown_us, _ in sandbox.shown(name, start_s)]
        assert any(late) == all(late) == (name in ("users", "chats"))


@pytest.mark.parametrize("export", OURS, ids=lambda export: export.name)
def test_explicit_items_are_shown_from_when_they_are_told_to(sandbox: Running, export: Any) -> None:
    few(sandbox, seeded=False)
    late, early = (item(export, NOW_US - 3600 * SECOND_US + ago, ago) for ago in (0, 2 * SECOND_US))
    start_s = NOW_US // SECOND_US - 2 * 3600
    before = spelled(read(sandbox, export.name, start_s))
    sandbox.put(export.name, [early])
    sandbox.put(export.name, [late], shown_from="2026-03-01T12:10:00Z")
    assert spelled([json.loads(body) for _, body in sandbox.truth(export.name, start_s)]) == (
        spelled([late, early])
    )
    from_us = {body: shown_us for _, shown_us, body in sandbox.shown(export.name, start_s)}
    last = max(from_us, key=lambda body: from_us[body])
    assert (json.loads(last), from_us[last]) == (late, NOW_US + 600 * SECOND_US)
    assert spelled(read(sandbox, export.name, start_s)) == sorted([*before, *spelled([early])])
    sandbox.clock(advance=600)
    assert spelled(read(sandbox, export.name, start_s)) == (
        sorted([*before, *spelled([late, early])])
    )


def test_what_an_item_replaces_is_seen_until_it_is_shown(sandbox: Running) -> None:
    few(sandbox, seeded=False)
    old = {"id": 1, "updated_at": iso(NOW_US - DAY_S * SECOND_US, fraction=False)}
    new = {"id": 1, "updated_at": iso(NOW_US - 3600 * SECOND_US, fraction=False)}
    start_s = NOW_US // SECOND_US - 2 * DAY_S
    sandbox.put("users", [old])
    sandbox.put("users", [new], shown_from="2026-03-01T12:10:00Z")
    assert read(sandbox, "users", start_s) == [old]
    assert [json.loads(body) for _, body in sandbox.truth("users", start_s)] == [new]
    sandbox.clock(advance=600)
    assert read(sandbox, "users", start_s) == [new]


def test_older_ticket_events_come_again_and_some_for_the_first_time(sandbox: Running) -> None:
    few(sandbox, tickets_per_day=6, start="2026-02-01", older_events_rate=0.3)
    placed = [(us, json.loads(body)) for us, body in sandbox.truth("ticket_events", "1769904000")]
    own = [json.loads(body) for _, body in sandbox.truth("ticket_events", "1769904000", by="own")]
    ids = [event["id"] for event in own]
    assert len(set(ids)) == len(ids) > 100
    again = [(us, event) for us, event in placed if us > event["timestamp"] * SECOND_US]
    assert again
    at_own = {event["id"] for us, event in placed if us == event["timestamp"] * SECOND_US}
    new, known = (
        {event["id"] for _, event in again if (event["id"] in at_own) is there}
        for there in (False, True)
    )
    assert new
    assert known
    assert {event["id"] for _, event in placed} <= set(ids)
    page = read(sandbox, "ticket_events", 1769904000, per_page=1000)
    assert spelled(page) == spelled([event for _, event in placed])
    shown_us = {json.loads(b)["id"]: us for _, us, b in sandbox.shown("ticket_events", by="own")}
    first = {}
    for us, event in placed:
        first.setdefault(event["id"], us + 60 * SECOND_US)
    assert {id: shown_us[id] for id in first} == first


@pytest.mark.parametrize("export", OURS, ids=lambda export: export.name)
def test_an_item_can_come_again_and_belongs_to_its_own_time(sandbox: Running, export: Any) -> None:
    few(sandbox, seeded=False)
    own_us, placed_us = NOW_US - 3 * DAY_S * SECOND_US, NOW_US - 3600 * SECOND_US
    one = item(export, own_us, 0)
    window = own_us // SECOND_US - 60, own_us // SECOND_US + 60
    sandbox.put(export.name, [one])
    sandbox.put(export.name, [one], time=placed_us // SECOND_US, again=True)
    for by, count in (("place", 2), ("own", 1)):
        found = sandbox.truth(export.name, window[0], by=by)
        assert [json.loads(body) for _, body in found] == [one] * count
    assert [us for us, _ in sandbox.truth(export.name, *window, by="own")] == [own_us]
    assert read(sandbox, export.name, window[0]).count(one) == 2
    sandbox.put(export.name, [one], time=placed_us // SECOND_US)
    if export.name != "agent_timeline":
        assert sandbox.truth(export.name, *window) == []
    assert [us for us, _ in sandbox.truth(export.name, *window, by="own")][:1] == [own_us]
