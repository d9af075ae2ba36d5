"""The seeded streams of the Chat API."""

from __future__ import annotations

from zd_assets.sandbox.exports import CHAT_EXPORTS
from zd_assets.sandbox.seeded.chats import Chats
from zd_assets.sandbox.seeded.conversions import Conversions
from zd_assets.sandbox.seeded.department_events import DepartmentEvents
from zd_assets.sandbox.seeded.stream import Recipe, Stream
from zd_assets.sandbox.seeded.timeline import Timeline

# Items for each new chat: 5,000 timespans, 400 conversions, 2,000 events for 3,000 chats.
_SPANS = 5 / 3
_CONVERSIONS = 2 / 15
_EVENTS = 2 / 3


def chat_streams(
    seed: int,
    odd: bool,
    start_us: int,
    chats_per_day: int,
    cached_items: int,
    answered_dropped_rate: float = 0.0,
) -> dict[str, Stream]:
    """Return the streams by name of export, beginning at `start_us` (a full hour)."""
    chats = Chats(seed, odd, start_us, chats_per_day, answered_dropped_rate)
    recipes: dict[str, Recipe] = {
        "chats": chats,
        "agent_timeline": Timeline(seed, odd, start_us, chats_per_day * _SPANS),
        "conversions": Conversions(seed, odd, start_us, chats_per_day * _CONVERSIONS, chats),
        "department_events": DepartmentEvents(seed, odd, start_us, chats_per_day * _EVENTS),
    }
    return {
        name: Stream(recipe, CHAT_EXPORTS[name].unit_us, cached_items)
        for name, recipe in recipes.items()
    }
