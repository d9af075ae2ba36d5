"""Seeded users: slots are new users and later updates of them; the first ones are the agents."""

from __future__ import annotations

from zd_assets.sandbox.seeded import world
from zd_assets.sandbox.seeded.hashing import mix
from zd_assets.sandbox.seeded.oddities import big_integer, distort, lone_surrogate
from zd_assets.sandbox.seeded.organizations import Organizations
from zd_assets.sandbox.seeded.records import Item, Records
from zd_assets.sandbox.timestamps import SECOND_US, iso

_FIRST_ID = 400_000_000_000
_AGENT_SLOTS = {agent.id: slot for slot, agent in enumerate(world.AGENTS)}
_DRIFTS: tuple[Item, ...] = (
    {"locale_id": "1176"},
    {"verified": 1},
    {"tags": "vip"},
    {"organization_id": big_integer()},
    {"notes": lone_surrogate()},
    {"last_login_at": "2025-01-02T03:04:05.678Z"},
    {"user_fields": None},
)


class Users(Records):
    """The recipe of seeded users."""

    def __init__(
        self,
        seed: int,
        odd: bool,
        start_us: int,
        slots_per_day: float,
        organizations: Organizations,
    ) -> None:
        """Begin at `start_us` with `slots_per_day` new and updated users on an average day."""
        super().__init__(seed, odd, "users", start_us, slots_per_day)
        self._organizations = organizations

    def pick(self, lot: int, time_us: int) -> int:
        """Choose the origin slot of a user who exists at a time, by lot."""
        return self.origin(lot % max(1, self.timetable.first_at(time_us)))

    def number(self, origin: int) -> int:
        """Return the id of the user whom a slot brought."""
        return world.AGENTS[origin].id if origin < len(world.AGENTS) else _FIRST_ID + origin

    def name(self, origin: int) -> str:
        """Return that user's name."""
        if origin < len(world.AGENTS):
            return world.AGENTS[origin].full_name
        return f"{world.VISITORS[origin % len(world.VISITORS)]} {origin}"

    def organization(self, origin: int) -> int | None:
        """Return the id of that user's organization."""
        lot = mix(self._ids, origin)
        if origin < len(world.AGENTS) or lot % 3 == 0:
            return None
        return self._organizations.pick(lot // 3, self.timetable.time_us(origin))

    def slot(self, id: str) -> int | None:
        """Return the slot that brought a user."""
        number = int(id)
        if number in _AGENT_SLOTS:
            return _AGENT_SLOTS[number]
        slot = number - _FIRST_ID
        return slot if slot >= len(world.AGENTS) and self.origin(slot) == slot else None

    def _id(self, origin: int) -> str:
        return f"{self.number(origin):020}"

    def _created(self, origin: int) -> Item:
        random = self._random
        random.seed(mix(self._contents, origin))
        draw = random.random
        agent = origin < len(world.AGENTS)
        number, name = self.number(origin), self.name(origin)
        second = self.timetable.time_us(origin) // SECOND_US
        user = {
            "active": True,
            "alias": world.AGENTS[origin].name if agent else "",
            "created_at": iso(second),
            "custom_role_id": random.choice(world.ROLE_IDS) if agent else None,
            "details": "",
            "email": f"{'agent' if agent else 'user'}{origin}@example.com",
            "external_id": f"shop-{number}" if draw() < 0.5 else None,
            "id": number,
            "last_login_at": iso(second) if draw() < 0.6 else None,
            "locale": "de" if draw() < 0.2 else "en-US",
            "locale_id": 1176 if draw() < 0.2 else 1,
            "moderator": agent,
            "name": name,
            "notes": random.choice(world.COMMENTS) if draw() < 0.1 else "",
            "only_private_comments": False,
            "organization_id": self.organization(origin),
            "phone": f"+61 2 {origin:08}" if draw() < 0.3 else None,
            "photo": _photo(number) if agent or draw() < 0.05 else None,
            "restricted_agent": not agent,
            "role": ("admin" if origin == 0 else "agent") if agent else "end-user",
            "role_type": 4 if agent else None,
            "shared": False,
            "shared_agent": False,
            "signature": f"Best,\n{name}" if agent else None,
            "suspended": draw() < 0.02,
            "tags": [tag for tag in world.TAGS if draw() < 0.05],
            "ticket_restriction": None if agent else "requested",
            "time_zone": "Copenhagen" if draw() < 0.3 else "Pacific Time (US & Canada)",
            "updated_at": iso(second),
            "url": f"{world.ACCOUNT_URL}/users/{number}.json",
            "user_fields": {
                "user_date": "2012-07-23T00:00:00Z" if draw() < 0.3 else None,
                "user_decimal": round(draw() * 10, 1),
                "user_dropdown": random.choice(("option_1", "option_2", None)),
                "newsletter": draw() < 0.5,
            },
            "verified": draw() < 0.8,
            # Not in the document's example; recorded by others.
            "chat_only": False,
            "iana_time_zone": "America/Los_Angeles",
            "permanently_deleted": False,
            "report_csv": origin == 0,
            "shared_phone_number": None,
            "two_factor_auth_enabled": agent,
        }
        if user["time_zone"] == "Copenhagen":
            user["iana_time_zone"] = "Europe/Copenhagen"
        if agent:
            # What the groups of a user are sideloaded by.
            user["default_group_id"] = world.DEPARTMENTS[origin % len(world.DEPARTMENTS)].id
        return user

    def _update(self, item: Item, slot: int) -> None:
        second = self._second(slot)
        chance = self._random.random()
        item["updated_at"] = iso(second)
        if chance < 0.1 and item["role"] == "end-user":
            item |= {"active": False, "email": None}
        elif chance < 0.5:
            item["last_login_at"] = iso(second)
        elif chance < 0.7:
            item["phone"] = f"+49 30 {slot:07}"
        else:
            item["tags"] = [*item["tags"], self._random.choice(world.TAGS)]

    def _distort(self, item: Item, chance: int) -> None:
        distort(item, chance, _DRIFTS)


def _photo(number: int) -> Item:
    address = f"https://company.zendesk.com/photos/{number}"

    def picture(id: int, name: str, size: int, side: int) -> Item:
        url = f"{address}{name}"
        return {
            "content_type": "image/png",
            "content_url": url,
            "file_name": f"{number}{name}",
            "height": side,
            "id": id,
            "inline": False,
            "mapped_content_url": url,
            "name": f"{number}{name}",
            "size": size,
            "url": f"{world.ACCOUNT_URL}/attachments/{id}.json",
            "width": side,
        }

    small = picture(number + 2, "_thumb.png", 58298, 32)
    return picture(number + 1, ".png", 166144, 80) | {"thumbnails": [small]}
