"""Seeded tickets: each step of a ticket's life brings its next version."""

from __future__ import annotations

from random import Random
from typing import Any, NamedTuple

import orjson

from zd_assets.sandbox.seeded import world
from zd_assets.sandbox.seeded.hashing import mix, subseed
from zd_assets.sandbox.seeded.lives import (
    ANSWERED,
    CLOSED,
    REPLIED,
    SOLVED,
    STEPS,
    SYSTEM,
    Lives,
)
from zd_assets.sandbox.seeded.oddities import Oddities, big_integer, distort, lone_surrogate
from zd_assets.sandbox.seeded.users import Users
from zd_assets.sandbox.timestamps import iso

Item = dict[str, Any]

STATUS = ("new", "pending", "open", "solved", "solved", "closed")
"""The status after each step, unless the ticket is deleted."""

_FIRST_ID = 100_000
_CUSTOM: tuple[Any, ...] = (None, "745", "yes", True, 17.5, ["red", "blau"], 360000, "", False, [])
_DRIFTS: tuple[Item, ...] = (
    {"assignee_id": "vip"},
    {"tags": None},
    {"priority": 3},
    {"satisfaction_rating": "good"},
    {"problem_id": big_integer()},
    {"subject": lone_surrogate()},
    {"due_at": "2025-02-03T04:05:06.789Z"},
)


class People(NamedTuple):
    """Ids of who takes part in a ticket."""

    requester: int
    organization: int | None
    agent: int
    follower: int


class Tickets:
    """The recipe of seeded tickets."""

    def __init__(self, seed: int, odd: bool, lives: Lives, users: Users) -> None:
        """Let `users` request the tickets that live these `lives`."""
        seed = subseed(seed, "tickets")
        self.timetable = lives.timetable
        self._lives = lives
        self._users = users
        self._people = subseed(seed, "people")
        self._contents = subseed(seed, "contents")
        self._oddities = Oddities(seed, odd)
        self._random = Random()

    def id(self, slot: int) -> str:
        """Return the ticket's id, the same for all its versions."""
        step = self._lives.at(slot)
        return f"{number(step.ticket):020}" if step else ""

    def next(self, slot: int) -> int | None:
        """Return the slot of the ticket's next step."""
        here = self._lives.at(slot)
        if here is None:
            return slot
        return self._lives.slot(here.ticket, here.step + 1) if here.step + 1 < STEPS else None

    def item(self, slot: int) -> bytes:
        """Return the ticket after a step, as JSON."""
        here = self._lives.at(slot)
        assert here is not None
        item = self._item(here.ticket, here.step)
        distort(item, self._oddities.chance(here.ticket), _DRIFTS)
        return orjson.dumps(item)

    def people(self, ticket: int) -> People:
        """Return who takes part in a ticket."""
        lot = mix(self._people, ticket)
        created_us = self.timetable.time_us(self._lives.slot(ticket, 0))
        requester = self._users.pick(lot // 144, created_us)
        agents = world.AGENTS
        return People(
            self._users.number(requester),
            self._users.organization(requester),
            agents[lot % 12].id,
            agents[lot // 12 % 12].id,
        )

    def deleted(self, ticket: int) -> bool:
        """Return whether the ticket's last step deletes it."""
        return mix(self._people, ticket) % 17 == 0

    def status(self, ticket: int, step: int) -> str:
        """Return the status after a step."""
        return "deleted" if step == CLOSED and self.deleted(ticket) else STATUS[step]

    def opening(self, ticket: int) -> tuple[str, str]:
        """Return subject and description."""
        text = world.OPENERS[mix(self._contents, ticket) % len(world.OPENERS)]
        return text[:40], text

    def group(self, ticket: int) -> int:
        """Return the group it was assigned to when it was created."""
        return world.DEPARTMENTS[mix(self._people, ticket) // 7 % len(world.DEPARTMENTS)].id

    def _item(self, ticket: int, step: int) -> Item:
        random = self._random
        random.seed(mix(self._contents, ticket))
        draw = random.random
        requester, organization, agent, follower = self.people(ticket)
        subject, description = self.opening(ticket)
        group = self.group(ticket)
        followers = [follower] if draw() < 0.3 else []
        custom = [{"id": 27642 + 6 * place, "value": random.choice(_CUSTOM)} for place in range(3)]
        second = self._lives.second(ticket, step)
        # A system update leaves no event and no trace in `updated_at`, nor does an automation.
        touched = SOLVED if step == SYSTEM else step
        if touched == SOLVED and self._lives.by_automation(ticket):
            touched = ANSWERED
        updated = self._lives.second(ticket, touched)
        item: Item = {
            "allow_attachments": True,
            "allow_channelback": draw() < 0.02,
            "assignee_id": agent if step >= REPLIED else None,
            "brand_id": world.BRAND_ID,
            "collaborator_ids": followers,
            "created_at": iso(self._lives.second(ticket, 0)),
            "custom_fields": custom,
            "custom_status_id": 900 + STATUS.index(STATUS[step]),
            "description": description,
            "due_at": None,
            "email_cc_ids": [requester] if draw() < 0.05 else [],
            "external_id": f"order-{ticket}" if draw() < 0.2 else None,
            "fields": custom,
            "follower_ids": followers,
            "followup_ids": [],
            "forum_topic_id": None,
            "from_messaging_channel": draw() < 0.1,
            "generated_timestamp": second,
            "group_id": group,
            "has_incidents": False,
            "id": number(ticket),
            "is_public": draw() < 0.97,
            "organization_id": organization,
            "priority": random.choice((None, "low", "normal", "high", "urgent")),
            "problem_id": None,
            "raw_subject": subject,
            "recipient": "support@company.com" if draw() < 0.5 else None,
            "requester_id": requester,
            "satisfaction_rating": {"score": "unoffered"},
            "sharing_agreement_ids": [],
            "status": self.status(ticket, step),
            "subject": subject,
            "submitter_id": requester,
            "tags": [tag for tag in world.TAGS if draw() < 0.15],
            "ticket_form_id": world.FORM_ID,
            "type": random.choice((None, "question", "incident", "problem", "task")),
            "updated_at": iso(updated),
            "url": f"{world.ACCOUNT_URL}/tickets/{number(ticket)}.json",
            "via": random.choice(_VIAS),
        }
        if draw() < 0.05:
            # Real tickets may lack attributes that the document's example shows.
            del item["sharing_agreement_ids"]
        rating = random.choice(("good", "bad", "offered"))
        if step >= SOLVED and draw() < 0.4:
            comment = random.choice(world.COMMENTS)
            item["satisfaction_rating"] = {"id": 7000 + ticket, "score": rating, "comment": comment}
        if step >= ANSWERED and draw() < 0.3:
            item["tags"] = [*item["tags"], "answered"]
        return item


def number(ticket: int) -> int:
    """Return the id of a ticket."""
    return _FIRST_ID + ticket


_NOWHERE: Item = {"from": {}, "to": {}, "rel": None}
_VIAS: tuple[Item, ...] = (
    {"channel": "web"},
    {"channel": "web", "source": _NOWHERE},
    {"channel": "api", "source": _NOWHERE},
    {
        "channel": "email",
        "source": {
            "from": {"address": "joel@example.com", "name": "Joel", "original_recipients": []},
            "to": {"address": "support@company.com", "name": "Company"},
            "rel": None,
        },
    },
    {
        "channel": "chat",
        "source": {"from": {}, "to": {"chat_id": "2501.9339545.x"}, "rel": "zopim"},
    },
)
