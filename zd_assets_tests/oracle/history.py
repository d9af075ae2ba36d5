"""What exports hold, and what each table of a day made of it is to be."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from zd_assets_tests.oracle import chats
from zd_assets_tests.oracle.rows import Item, Row


@dataclass(frozen=True)
class History:
    """The items of exports, by name; the lake's days begin with `first`."""

    items: Mapping[str, list[Item]]
    first: int

    def of(self, export: str) -> list[Item]:
        """An export's items."""
        return self.items.get(export, [])


#: What a table holds of a day, by its name.
ORACLE: dict[str, Callable[[History, int], list[Row]]] = {
    "chat_engagements": lambda known, day: chats.chat_engagements(known.of("chats"), day),
    "chat_messages": lambda known, day: chats.chat_messages(known.of("chats"), day),
    "chat_daily_summary": lambda known, day: chats.chat_daily_summary(known.of("chats"), day),
    "conversion_attribution": lambda known, day: chats.conversion_attribution(
        known.of("conversions"), day
    ),
    "department_queue": lambda known, day: chats.department_queue(
        known.of("department_events"), known.first, day
    ),
}
