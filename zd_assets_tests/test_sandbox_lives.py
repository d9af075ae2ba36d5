"""Seeded lives as real ones are: solved by automations, measured late, answered and yet dropped."""

import json
from collections import defaultdict
from typing import Any

from zd_assets.sandbox import Running
from zd_assets_tests.helpers.runs import at_us, few

FIRST_S, LAST_S = (at_us(f"2026-02-{day}T00:00:00") / 1e6 for day in ("01", "07"))


def items(sandbox: Running, export: str, **rates: float) -> list[dict[str, Any]]:
    few(sandbox, 300, tickets_per_day=300, odd=False, start="2026-01-26", **rates)
    return [json.loads(text) for _, text in sandbox.truth(export, FIRST_S, LAST_S)]


def test_automations_solve_tickets_without_an_event_or_a_trace(sandbox: Running) -> None:
    plain = {one["id"]: one for one in items(sandbox, "tickets")}
    told = {one["id"]: one for one in items(sandbox, "tickets", automation_rate=0.5)}
    assert plain.keys() == told.keys()
    quiet = {key for key in told if told[key]["updated_at"] != plain[key]["updated_at"]}
    for key in quiet:
        assert told[key] == plain[key] | {"updated_at": told[key]["updated_at"]}
        assert told[key]["updated_at"] < plain[key]["updated_at"]
    solved = sum(one["status"] == "solved" for one in told.values())
    assert 0.2 < sum(told[key]["status"] == "solved" for key in quiet) / solved < 0.8
    events = {one["id"]: one for one in items(sandbox, "ticket_events")}
    left = {one["id"] for one in items(sandbox, "ticket_events", automation_rate=0.5)}
    assert left < events.keys()
    gone = [events[key]["child_events"][0] for key in events.keys() - left]
    assert {child["status"] for child in gone} == {"solved"}


def test_some_reply_times_are_activated_after_they_were_fulfilled(sandbox: Running) -> None:
    times: dict[int, dict[str, str]] = defaultdict(dict)
    for event in items(sandbox, "ticket_metric_events", late_activation_rate=0.3):
        if event["metric"] == "reply_time":
            times[event["ticket_id"]].setdefault(event["type"], event["time"])
    whole = [one for one in times.values() if {"activate", "fulfill"} <= one.keys()]
    late = [one for one in whole if one["activate"] > one["fulfill"]]
    assert 0.15 < len(late) / len(whole) < 0.45


def test_some_dropped_chats_were_answered(sandbox: Running) -> None:
    def answered(**rates: float) -> list[dict[str, Any]]:
        return [chat for chat in items(sandbox, "chats", **rates) if chat.get("agent_ids")]

    assert not any(chat["dropped"] for chat in answered())
    dropped = [chat["dropped"] for chat in answered(answered_dropped_rate=0.2)]
    assert 0.1 < sum(dropped) / len(dropped) < 0.3
