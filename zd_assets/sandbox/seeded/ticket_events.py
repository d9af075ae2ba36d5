"""Seeded ticket events: one for each step of a ticket's life, except system updates."""

from __future__ import annotations

from typing import Any

import orjson

from zd_assets.sandbox.seeded import world
from zd_assets.sandbox.seeded.hashing import mix, subseed
from zd_assets.sandbox.seeded.lives import ANSWERED, CLOSED, CREATED, REPLIED, SOLVED, SYSTEM, Lives
from zd_assets.sandbox.seeded.oddities import Oddities, big_integer, distort, lone_surrogate
from zd_assets.sandbox.seeded.tickets import Tickets, number
from zd_assets.sandbox.timestamps import iso

Item = dict[str, Any]

_FIRST_ID = 91_000_000_000
# An event and its child events have ids of one sequence.
_IDS = 8
_BY_AUTOMATION = -1
_VIA = {"channel": "web", "source": {"from": {}, "to": {}, "rel": None}}
_DRIFTS: tuple[Item, ...] = (
    {"updater_id": "system"},
    {"updater_id": big_integer()},
    {"via": {"channel": "web"}},
    {"system": {"client": lone_surrogate()}},
    {"child_events": None},
)


class TicketEvents:
    """The recipe of seeded ticket events, with their comments."""

    def __init__(self, seed: int, odd: bool, lives: Lives, tickets: Tickets) -> None:
        """Report on the steps of `lives`, which are those of `tickets`."""
        seed = subseed(seed, "ticket_events")
        self.timetable = lives.timetable
        self._lives = lives
        self._tickets = tickets
        self._contents = subseed(seed, "contents")
        self._oddities = Oddities(seed, odd)

    def id(self, slot: int) -> str:
        """Return the event's id."""
        return f"{_FIRST_ID + slot * _IDS:020}"

    def next(self, slot: int) -> int | None:
        """Events don't change; some steps have none."""
        here = self._lives.at(slot)
        if here is None or here.step == SYSTEM:
            return slot
        return slot if here.step == SOLVED and self._lives.by_automation(here.ticket) else None

    def item(self, slot: int) -> bytes:
        """Return an event as JSON."""
        here = self._lives.at(slot)
        assert here is not None
        ticket, step = here
        people = self._tickets.people(ticket)
        updater = people.requester if step in (CREATED, ANSWERED) else people.agent
        if step == CLOSED:
            updater = _BY_AUTOMATION
        place = world.PLACES[mix(self._contents, ticket) % len(world.PLACES)]
        second = self._lives.second(ticket, step)
        event: Item = {
            "child_events": self._children(slot, ticket, step, updater, second),
            "created_at": iso(second),
            "event_type": "Audit",
            "id": int(self.id(slot)),
            "merged_ticket_ids": [],
            "metadata": {},
            "system": {"client": "Mozilla/5.0", "location": place.city} if step != CLOSED else {},
            "ticket_id": number(ticket),
            "timestamp": second,
            "updater_id": updater,
            "via": "Rule" if step == CLOSED else "Web form",
        }
        distort(event, self._oddities.chance(slot), _DRIFTS)
        return orjson.dumps(event)

    def _children(self, slot: int, ticket: int, step: int, updater: int, second: int) -> list[Item]:
        first = int(self.id(slot)) + 1
        status = self._tickets.status(ticket, step)
        change: Item = {"id": first, "via": "Web form", "via_reference_id": None, "status": status}
        if step == CREATED:
            subject, text = self._tickets.opening(ticket)
            group = self._tickets.group(ticket)
            change |= {"subject": subject, "group_id": group, "event_type": "Create"}
        else:
            before = self._tickets.status(ticket, 3 if step == CLOSED else step - 1)
            change |= {"previous_value": before, "event_type": "Change"}
            phrases = world.QUESTIONS if step == ANSWERED else world.ANSWERS
            text = phrases[mix(self._contents, slot) % len(phrases)]
        children = [change]
        if step == REPLIED:
            assignee = self._tickets.people(ticket).agent
            # Nobody had it before: `previous_value` is absent.
            assigned = {"id": first + 1, "via": "Web form", "via_reference_id": None}
            children.append(assigned | {"assignee_id": assignee, "event_type": "Change"})
        if step != CLOSED:
            children.append(
                {
                    "id": first + 2,
                    "via": _VIA,
                    "via_reference_id": None,
                    "type": "Comment",
                    "author_id": updater,
                    "body": text,
                    "html_body": f'<div class="zd-comment"><p dir="auto">{text}</p></div>',
                    "public": mix(self._contents, slot) % 7 != 0,
                    "attachments": [],
                    "audit_id": first - 1,
                    "created_at": iso(second),
                    "event_type": "Comment",
                }
            )
        return children
