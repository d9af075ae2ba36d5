"""Seeded chats: slots are new chats and later updates of them."""

from __future__ import annotations

from random import Random
from typing import Any

import orjson

from zd_assets.sandbox.seeded import world
from zd_assets.sandbox.seeded.conversation import converse, offline
from zd_assets.sandbox.seeded.hashing import base62, mix, subseed
from zd_assets.sandbox.seeded.oddities import distort_chat
from zd_assets.sandbox.seeded.timetable import Timetable
from zd_assets.sandbox.seeded.versions import BLOCK, NEW, Versions
from zd_assets.sandbox.timestamps import SECOND_US, iso, month_code

Item = dict[str, Any]


class Chats:
    """The recipe of seeded chats."""

    def __init__(self, seed: int, start_us: int, chats_per_day: float) -> None:
        """Begin at `start_us` with `chats_per_day` new chats on an average day."""
        seed = subseed(seed, "chats")
        self.timetable = Timetable(seed, start_us, chats_per_day * BLOCK / NEW)
        self._versions = Versions(seed)
        self._ids = subseed(seed, "ids")
        self._contents = subseed(seed, "contents")
        self._updates = subseed(seed, "updates")
        self._oddities = subseed(seed, "oddities")
        self._random = Random()
        self.next = self._versions.next

    def id(self, slot: int) -> str:
        """Return the chat's id, the same for all its versions."""
        origin = slot
        while (earlier := self._versions.previous(origin)) is not None:
            origin = earlier
        return self._id(origin)

    def item(self, slot: int) -> bytes:
        """Return the version of a chat that a slot brought, as JSON."""
        origin, *updates = self._versions.chain(slot)
        chat = self._created(origin)
        for update in updates:
            self._update(chat, update)
        distort_chat(chat, mix(self._oddities, origin))
        return orjson.dumps(chat)

    def reference(self, slot: int) -> tuple[str, str, Item | None]:
        """Return id, `timestamp` and last engagement of the chat that stands at a slot."""
        origin = self._versions.chain(slot)[0]
        chat = self._created(origin)
        engagements = chat.get("engagements")
        return chat["id"], chat["timestamp"], engagements[-1] if engagements else None

    def _id(self, origin: int) -> str:
        day = self.timetable.time_us(origin) // (86400 * SECOND_US)
        return f"{month_code(day)}.{world.ACCOUNT}.{base62(mix(self._ids, origin))}"

    def _created(self, origin: int) -> Item:
        """Return the first version of a chat."""
        random = self._random
        random.seed(mix(self._contents, origin))
        updated = self.timetable.time_us(origin) // SECOND_US
        identifier = self._id(origin)
        if random.random() < 0.06:
            return offline(random, identifier, updated)
        return converse(random, identifier, updated)

    def _update(self, chat: Item, slot: int) -> None:
        """Turn a chat into its next version."""
        random = self._random
        random.seed(mix(self._updates, slot))
        second = self.timetable.time_us(slot) // SECOND_US
        chance = random.random()
        if chance < 0.12:
            chat["deleted"] = True
        elif chance < 0.3:
            chat["rating"] = "good" if random.random() < 0.8 else "bad"
            chat["comment"] = random.choice(world.COMMENTS)
        elif chance < 0.4:
            chat["visitor"]["notes"] = "called back, see ticket — 顧客対応済み"
        elif chance < 0.55:
            chat["zendesk_ticket_id"] = 100_000 + slot
        else:
            self._tag(chat, random.choice(world.TAGS), second)
        chat["unread"] = False
        chat["update_timestamp"] = iso(second)

    def _tag(self, chat: Item, tag: str, second: int) -> None:
        before = chat["tags"]
        chat["tags"] = [*before, tag] if tag not in before else [t for t in before if t != tag]
        history = chat.get("history")
        if history:
            history.append(
                {
                    "channel": history[0]["channel"],
                    "index": len(history),
                    "name": world.AGENTS[second % len(world.AGENTS)].name,
                    "new_tags": chat["tags"],
                    "tags": before,
                    "timestamp": iso(second),
                    "type": "chat.tag",
                }
            )
