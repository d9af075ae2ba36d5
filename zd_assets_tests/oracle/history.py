"""What exports hold, and what each table of a day made of it is to be."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from zd_assets_tests.oracle import agents, backlog, chats, skills, tickets
from zd_assets_tests.oracle.rows import DAY_US, Item, Row


@dataclass(frozen=True)
class History:
    """The items of exports, by name; the lake has each day from `first` to `last`."""

    items: Mapping[str, list[Item]]
    first: int
    last: int

    def of(self, export: str) -> list[Item]:
        """An export's items."""
        return self.items.get(export, [])


def _states(known: History, day: int) -> list[Row]:
    return backlog.ticket_states(
        known.of("ticket_events"), known.of("tickets"), known.first, day, known.last
    )


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
    "agent_activity": lambda known, day: agents.agent_activity(known.of("agent_timeline"), day),
    "agent_daily_scorecard": lambda known, day: agents.agent_daily_scorecard(
        known.of("agent_timeline"), known.of("chats"), known.of("ticket_events"), day
    ),
    "ticket_field_changes": lambda known, day: tickets.ticket_field_changes(
        known.of("ticket_events"), day
    ),
    "skills": lambda known, day: skills.skills(
        known.of("routing_attribute_values"), known.of("routing_attributes"), known.first, day
    ),
    "skill_assignments": lambda known, day: skills.skill_assignments(
        known.of("routing_instance_values"),
        known.of("routing_attribute_values"),
        known.of("routing_attributes"),
        known.of("ticket_events"),
        known.first,
        day,
    ),
    "ticket_states": _states,
    "ticket_backlog_daily": lambda known, day: backlog.ticket_backlog_daily(
        _states(known, day), day, day + DAY_US
    ),
}
