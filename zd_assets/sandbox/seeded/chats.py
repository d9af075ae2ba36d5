"""Seeded chats: slots are new chats and later updates of them."""

from __future__ import annotations

from zd_assets.sandbox.seeded import world
from zd_assets.sandbox.seeded.conversation import converse, offline
from zd_assets.sandbox.seeded.hashing import base62, chosen, mix, subseed
from zd_assets.sandbox.seeded.oddities import distort_chat
from zd_assets.sandbox.seeded.records import Item, Records
from zd_assets.sandbox.seeded.versions import BLOCK, NEW
from zd_assets.sandbox.timestamps import SECOND_US, iso, month_code


class Chats(Records):
    """The recipe of seeded chats."""

    def __init__(
        self,
        seed: int,
        odd: bool,
        start_us: int,
        chats_per_day: float,
        answered_dropped_rate: float = 0.0,
    ) -> None:
        """Begin at `start_us` with `chats_per_day` new chats on an average day.

        A share `answered_dropped_rate` of those that an agent answered count as dropped.
        """
        self._dropped = subseed(seed, "answered and dropped")
        self._dropped_rate = answered_dropped_rate
        super().__init__(seed, odd, "chats", start_us, chats_per_day * BLOCK / NEW)

    def reference(self, slot: int) -> tuple[str, str, Item | None]:
        """Return id, `timestamp` and last engagement of the chat at a slot."""
        chat = self._created(self.origin(slot))
        engagements = chat.get("engagements")
        return chat["id"], chat["timestamp"], engagements[-1] if engagements else None

    def _id(self, origin: int) -> str:
        day = self.timetable.time_us(origin) // (86400 * SECOND_US)
        return f"{month_code(day)}.{world.ACCOUNT}.{base62(mix(self._ids, origin))}"

    def _created(self, origin: int) -> Item:
        random = self._random
        random.seed(mix(self._contents, origin))
        updated = self._second(origin)
        identifier = self._id(origin)
        if random.random() < 0.06:
            return offline(random, identifier, updated)
        chat = converse(random, identifier, updated)
        if chat["agent_ids"] and chosen(self._dropped, origin, self._dropped_rate):
            chat["dropped"] = True
        return chat

    def _update(self, chat: Item, slot: int) -> None:
        random = self._random
        second = self._second(slot)
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

    def _distort(self, chat: Item, chance: int) -> None:
        distort_chat(chat, chance)

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
