"""Who visits in a seeded chat, from where, and over which pages."""

from __future__ import annotations

from random import Random
from typing import Any

from zd_assets.sandbox.seeded import world
from zd_assets.sandbox.seeded.hashing import base62
from zd_assets.sandbox.timestamps import iso

Item = dict[str, Any]


def visitor(random: Random) -> Item:
    """Return a visitor; two in five gave a name and an address."""
    number = int(random.random() * 40_000_000)
    known = number % 5 < 2
    name = world.VISITORS[number % len(world.VISITORS)] if known else f"Visitor {number}"
    return {
        "email": f"visitor{number}@example.com" if known else "",
        "id": f"{world.ACCOUNT}.{base62(number * 7919)}",
        "name": name,
        "notes": "",
        "phone": f"+61 2 {number:08}" if number % 11 == 0 else "",
    }


def session(random: Random, identifier: str, began: int, ended: int) -> Item:
    """Return the visit during which the chat `identifier` took place."""
    draw = random.random
    place = world.PLACES[int(draw() * len(world.PLACES))]
    name, platform, system, engine = world.BROWSERS[int(draw() * len(world.BROWSERS))]
    return {
        "browser": name,
        "city": place.city,
        "country_code": place.country_code,
        "country_name": place.country_name,
        "end_date": iso(ended),
        "id": f"{identifier[:4]}.{world.ACCOUNT}.{base62(int(draw() * 2**53))}",
        "ip": f"13.55.{int(draw() * 256)}.{int(draw() * 256)}",
        "platform": platform,
        "region": place.region,
        "start_date": iso(began - int(draw() * 900)),
        "user_agent": f"Mozilla/5.0 ({system}) AppleWebKit/537.36 (KHTML, like Gecko) {engine}",
    }


def webpath(random: Random, began: int) -> list[Item]:
    """Return the pages seen before a chat that began at epoch second `began`."""
    draw = random.random
    path: list[Item] = []
    address = ""
    for step in range(1 + int(draw() * 5)):
        title, to = world.PAGES[int(draw() * len(world.PAGES))]
        visit = {"from": address, "timestamp": iso(began - 240 + 40 * step), "title": title}
        path.append(visit | {"to": to})
        address = to
    return path
