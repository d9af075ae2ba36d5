"""Seeded organizations: slots are new ones and later updates of them."""

from __future__ import annotations

from zd_assets.sandbox.seeded import world
from zd_assets.sandbox.seeded.hashing import mix
from zd_assets.sandbox.seeded.oddities import big_integer, distort
from zd_assets.sandbox.seeded.records import Item, Records
from zd_assets.sandbox.timestamps import iso

_FIRST_ID = 4_200_000
_DRIFTS: tuple[Item, ...] = (
    {"external_id": 17},
    {"tags": None},
    {"group_id": "48810"},
    {"shared_tickets": "false"},
    {"external_id": big_integer()},
)


class Organizations(Records):
    """The recipe of seeded organizations."""

    def __init__(self, seed: int, odd: bool, start_us: int, slots_per_day: float) -> None:
        """Begin at `start_us` with `slots_per_day` new and updated ones on an average day."""
        super().__init__(seed, odd, "organizations", start_us, slots_per_day)

    def pick(self, lot: int, time_us: int) -> int | None:
        """Choose the id of an organization that exists at a time, by lot."""
        known = self.timetable.first_at(time_us)
        return _FIRST_ID + self.origin(lot % known) if known else None

    def slot(self, id: str) -> int | None:
        """Return the slot that brought an organization."""
        slot = int(id) - _FIRST_ID
        return slot if slot >= 0 and self.origin(slot) == slot else None

    def _id(self, origin: int) -> str:
        return f"{_FIRST_ID + origin:020}"

    def _created(self, origin: int) -> Item:
        random = self._random
        random.seed(mix(self._contents, origin))
        draw = random.random
        identifier = _FIRST_ID + origin
        name = f"{random.choice(world.FIRMS)} {origin}"
        at = iso(self._second(origin))
        return {
            "created_at": at,
            "details": random.choice(("", "key account", "Großkunde, zahlt per Rechnung")),
            "domain_names": [f"firm{origin}.example"] if draw() < 0.7 else [],
            "external_id": f"crm-{identifier}" if draw() < 0.4 else None,
            "group_id": random.choice(world.DEPARTMENTS).id if draw() < 0.5 else None,
            "id": identifier,
            "name": name,
            "notes": None if draw() < 0.5 else random.choice(world.COMMENTS),
            "organization_fields": {
                "contract_ends": "2026-11-04T00:00:00+00:00" if draw() < 0.5 else None,
                "seats": int(draw() * 500),
                "plan": random.choice(("plan_basic", "plan_pro", None)),
                "premium": draw() < 0.2,
            },
            "shared_comments": False,
            "shared_tickets": draw() < 0.2,
            "tags": [tag for tag in world.TAGS if draw() < 0.1],
            "updated_at": at,
            "url": f"{world.ACCOUNT_URL}/organizations/{identifier}.json",
        }

    def _update(self, item: Item, slot: int) -> None:
        item["updated_at"] = iso(self._second(slot))
        if self._random.random() < 0.5:
            item["notes"] = self._random.choice(world.COMMENTS)
        else:
            item["organization_fields"]["seats"] += 10

    def _distort(self, item: Item, chance: int) -> None:
        distort(item, chance, _DRIFTS)
