"""Rows that don't look like the document: unknown attributes, and values that drifted.

About one item in 500 carries attributes the document doesn't know, and as many have a value of
another type or range than it says.
"""

from __future__ import annotations

from typing import Any

import orjson

from zd_assets.sandbox.seeded.hashing import mix, subseed

_ONE_IN = 500
_ORDINARY = 2

Item = dict[str, Any]


class Oddities:
    """Chooses which items of a recipe are odd."""

    def __init__(self, seed: int, odd: bool) -> None:
        """Choose by the recipe's seed; none unless `odd`."""
        self._seed = subseed(seed, "oddities") if odd else None

    def chance(self, slot: int) -> int:
        """Return 64 bits, random ones if any item may be odd."""
        return _ORDINARY if self._seed is None else mix(self._seed, slot)


def kinds(chance: int) -> tuple[int | None, int | None]:
    """Choose from 64 random bits: which unknown attributes, and which drift (None: ordinary)."""
    lot, kind = chance % _ONE_IN, chance // _ONE_IN
    return (kind if lot == 0 else None), (kind if lot == 1 else None)


def distort_chat(item: Item, chance: int) -> None:
    """Make an odd chat of an ordinary one, by chance."""
    unknown, drift = kinds(chance)
    if unknown is not None:
        nested = [item, item["visitor"]]
        nested += [item["session"]] if "session" in item else []
        nested += item.get("engagements", [])[:1]
        nested[unknown % len(nested)] |= _unknown(unknown)
    if drift is not None:
        _CHAT_DRIFTS[drift % len(_CHAT_DRIFTS)](item)


def distort(item: Item, chance: int, drifts: tuple[Item, ...]) -> None:
    """Make an odd item of an ordinary flat one, by chance; `drifts` are its drifted values."""
    unknown, drift = kinds(chance)
    if unknown is not None:
        item |= _unknown(unknown)
    if drift is not None:
        item |= drifts[drift % len(drifts)]


def big_integer() -> orjson.Fragment:
    """Return an integer beyond 64 bits, which orjson can't spell by itself."""
    return orjson.Fragment(b"170141183460469231731687303715884105727")


def lone_surrogate() -> orjson.Fragment:
    """Return a text with half an emoji: valid in JSON, not in UTF-8."""
    return orjson.Fragment(rb'"cut in half: \ud83d"')


def _unknown(chance: int) -> Item:
    return (
        {"sentiment": {"label": "positive", "score": 0.87}},
        {"bot_handled": True, "x_channel": "whatsapp"},
        {"consent": ["marketing", None]},
        {"department_id_v2": "d-48810"},
    )[chance % 4]


def _department_vip(item: Item) -> None:
    item["department_id"] = "vip"


def _duration_text(item: Item) -> None:
    item["duration"] = "12"


def _tags_null(item: Item) -> None:
    item["tags"] = None


def _rating_number(item: Item) -> None:
    item["rating"] = 4.5


def _fractions(item: Item) -> None:
    # The order of chats counts in seconds, so update_timestamp's fraction is zero.
    for name, fraction in (("timestamp", ".25Z"), ("update_timestamp", ".000Z")):
        item[name] = item[name].replace("Z", fraction)


def _big_ticket(item: Item) -> None:
    item["zendesk_ticket_id"] = big_integer()


def _lone_surrogate(item: Item) -> None:
    text = lone_surrogate()
    if item.get("history"):
        messages = [entry for entry in item["history"] if "msg" in entry]
        (messages or item["history"])[0]["msg"] = text
    else:
        item["message"] = text


_CHAT_DRIFTS = (
    _department_vip,
    _duration_text,
    _tags_null,
    _rating_number,
    _fractions,
    _big_ticket,
    _lone_surrogate,
)
