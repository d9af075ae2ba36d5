"""Seeded ticket metric events: what the steps of a ticket's life start, pause and fulfil."""

from __future__ import annotations

from typing import Any

import orjson

from zd_assets.sandbox.seeded import world
from zd_assets.sandbox.seeded.hashing import chosen, mix, subseed
from zd_assets.sandbox.seeded.lives import (
    ANSWERED,
    CLOSED,
    CREATED,
    REPLIED,
    SOLVED,
    Lives,
)
from zd_assets.sandbox.seeded.oddities import Oddities, big_integer, distort
from zd_assets.sandbox.seeded.tickets import number
from zd_assets.sandbox.seeded.timetable import Several
from zd_assets.sandbox.timestamps import iso

Item = dict[str, Any]
_Story = dict[int, tuple[str, ...]]

_FIRST_ID = 926_000_000_000
_A_STEP = 3
_BREACHED_AT = ANSWERED
# Every ticket has these; its story tells of one more metric.
_ALWAYS: _Story = {
    CREATED: ("reply_time activate", "resolution_time activate"),
    REPLIED: ("reply_time fulfill",),
    SOLVED: ("resolution_time fulfill",),
}
# The same, measured from the requester's answer on: after it was fulfilled.
_LATE: _Story = {
    CREATED: ("resolution_time activate",),
    REPLIED: ("reply_time fulfill",),
    ANSWERED: ("reply_time activate",),
    SOLVED: ("resolution_time fulfill",),
}
_PAUSED: _Story = {
    CREATED: ("{} activate",),
    REPLIED: ("{} pause",),
    ANSWERED: ("{} activate",),
    SOLVED: ("{} fulfill",),
}


def _of(metric: str) -> _Story:
    return {step: tuple(each.format(metric) for each in _PAUSED[step]) for step in _PAUSED}


_STORIES: tuple[_Story, ...] = (
    {},
    {
        CREATED: ("reply_time apply_sla",),
        REPLIED: ("reply_time update_status",),
        SOLVED: ("resolution_time update_status",),
    },
    {CREATED: ("resolution_time apply_sla",), _BREACHED_AT: ("resolution_time breach",)},
    {CREATED: ("group_ownership_time apply_group_sla",), SOLVED: ("reply_time measure",)},
    {CREATED: ("periodic_update_time activate",), REPLIED: ("periodic_update_time fulfill",)},
    {ANSWERED: ("pausable_update_time activate",), SOLVED: ("pausable_update_time fulfill",)},
    _of("agent_work_time"),
    _of("requester_wait_time"),
)
_DRIFTS: tuple[Item, ...] = (
    {"instance_id": "1"},
    {"ticket_id": big_integer()},
    {"metric": None},
    {"status": "ok"},
    {"type": 3},
)


class MetricEvents:
    """The recipe of seeded ticket metric events: three slots for each step, most of them empty."""

    def __init__(self, seed: int, odd: bool, lives: Lives, late_rate: float) -> None:
        """Measure these `lives`; of a share `late_rate`, the first reply after it came."""
        seed = subseed(seed, "ticket_metric_events")
        self.timetable = Several(lives.timetable, _A_STEP)
        self._lives = lives
        self._stories = subseed(seed, "stories")
        self._late = subseed(seed, "late activations")
        self._late_rate = late_rate
        self._oddities = Oddities(seed, odd)

    def id(self, slot: int) -> str:
        """Return the event's id."""
        return f"{_FIRST_ID + slot:020}"

    def next(self, slot: int) -> int | None:
        """Events don't change; many slots have none."""
        return None if self._event(slot) else slot

    def item(self, slot: int) -> bytes:
        """Return an event as JSON."""
        event = self._event(slot)
        assert event is not None
        ticket, step, metric, kind = event
        second = self._lives.second(ticket, step)
        item: Item = {
            "id": _FIRST_ID + slot,
            "instance_id": 1,
            "metric": metric,
            "ticket_id": number(ticket),
            "time": iso(second),
            "type": kind,
        }
        created = self._lives.second(ticket, CREATED)
        if kind == "update_status":
            minutes = (second - created) // 60
            item["status"] = {"business": minutes // 3, "calendar": minutes}
        elif kind == "breach":
            item["deleted"] = False
        elif kind.startswith("apply_"):
            # As tight as makes the breach come when it does.
            target_s = self._lives.second(ticket, _BREACHED_AT) - created
            if kind == "apply_group_sla":
                target_s = self._lives.second(ticket, CLOSED) - created
            item[kind.removeprefix("apply_")] = {
                "business_hours": False,
                "policy": world.SLA_POLICY,
                "target": target_s // 60,
                "target_in_seconds": target_s,
            }
        distort(item, self._oddities.chance(slot), _DRIFTS)
        return orjson.dumps(item)

    def _event(self, slot: int) -> tuple[int, int, str, str] | None:
        """Return ticket, step, metric and type of the event at a slot."""
        step_slot, place = divmod(slot, _A_STEP)
        here = self._lives.at(step_slot)
        if here is None:
            return None
        ticket, step = here
        story = _STORIES[mix(self._stories, ticket) % len(_STORIES)]
        always = _LATE if chosen(self._late, ticket, self._late_rate) else _ALWAYS
        told = (*always.get(step, ()), *story.get(step, ()))
        if place >= len(told):
            return None
        metric, _, kind = told[place].partition(" ")
        return ticket, step, metric, kind
