"""What exports hold, and what each table of a day made of it is to be."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

from zd_assets_tests.oracle import (
    agents,
    backlog,
    chats,
    contents,
    dimensions,
    skills,
    sla,
    tickets,
)
from zd_assets_tests.oracle.rows import DAY_US, Item, Row

ByDay = Mapping[int, list[Row]]


@dataclass(frozen=True)
class History:
    """The items of exports, by name; the lake has each day from `first` to `last`."""

    items: Mapping[str, list[Item]]
    first: int
    last: int

    def of(self, export: str) -> list[Item]:
        """An export's items."""
        return self.items.get(export, [])

    @property
    def days(self) -> list[int]:
        """The lake's days."""
        return list(range(self.first, self.last + DAY_US, DAY_US))

    @cached_property
    def ticket_states(self) -> ByDay:
        """Where tickets stood."""
        return backlog.ticket_states(self.of("ticket_events"), self.of("tickets"), self.days)

    @cached_property
    def ticket_attributes(self) -> ByDay:
        """What else was known of tickets."""
        return dimensions.ticket_attributes(self.of("tickets"), self.ticket_states)

    @cached_property
    def ticket_metrics(self) -> ByDay:
        """What was measured of tickets."""
        return sla.ticket_metrics(self.of("ticket_metric_events"), self.ticket_states)

    def day_of_agents(self, day: int) -> agents.AgentsDay:
        """What agents did on a day."""
        return agents.agents_day(self.items, self.ticket_states[day], day)

    @cached_property
    def skills(self) -> ByDay:
        """What skills there were."""
        of = (self.of("routing_attribute_values"), self.of("routing_attributes"), self.first)
        return {day: skills.skills(*of, day) for day in self.days}

    @cached_property
    def skill_assignments(self) -> ByDay:
        """Who had them."""
        moves = self.of("routing_instance_values")
        return skills.skill_assignments(moves, self.skills, self.of("ticket_events"))


#: What a table holds of a day, by its name.
ORACLE: dict[str, Callable[[History, int], list[Row]]] = {
    "chat_engagements": lambda known, day: chats.chat_engagements(known.of("chats"), day),
    "chat_messages": lambda known, day: chats.chat_messages(known.of("chats"), day),
    "chat_page_views": lambda known, day: contents.chat_page_views(known.of("chats"), day),
    "chat_daily_summary": lambda known, day: chats.chat_daily_summary(known.of("chats"), day),
    "conversion_attribution": lambda known, day: chats.conversion_attribution(
        known.of("conversions"), day
    ),
    "department_queue": lambda known, day: chats.department_queue(
        known.of("department_events"), known.first, day
    ),
    "agent_activity": lambda known, day: agents.agent_activity(known.of("agent_timeline"), day),
    "agent_daily_scorecard": lambda known, day: agents.agent_daily_scorecard(
        known.day_of_agents(day)
    ),
    "team_daily_summary": lambda known, day: agents.team_daily_summary(known.day_of_agents(day)),
    "ticket_times_daily": lambda known, day: sla.ticket_times_daily(
        known.ticket_metrics[day], known.ticket_states[day], day
    ),
    "ticket_field_changes": lambda known, day: tickets.ticket_field_changes(
        known.of("ticket_events"), day
    ),
    "ticket_comments": lambda known, day: contents.ticket_comments(known.of("ticket_events"), day),
    "ticket_custom_fields": lambda known, day: contents.ticket_custom_fields(
        known.of("tickets"), day
    ),
    "ticket_states": lambda known, day: known.ticket_states[day],
    "ticket_attributes": lambda known, day: known.ticket_attributes[day],
    "tickets_by_dimension_daily": lambda known, day: dimensions.tickets_by_dimension_daily(
        known.ticket_states[day], known.ticket_attributes[day]
    ),
    "demand_by_hour_daily": lambda known, day: dimensions.demand_by_hour_daily(
        known.of("chats"),
        agents.agent_activity(known.of("agent_timeline"), day),
        known.ticket_states[day],
        day,
    ),
    "ticket_backlog_daily": lambda known, day: backlog.ticket_backlog_daily(
        known.ticket_states[day], day, day + DAY_US
    ),
    "ticket_metrics": lambda known, day: known.ticket_metrics[day],
    "sla_breaches_daily": lambda known, day: sla.sla_breaches_daily(known.ticket_metrics[day], day),
    "skills": lambda known, day: known.skills[day],
    "skill_assignments": lambda known, day: known.skill_assignments[day],
}
