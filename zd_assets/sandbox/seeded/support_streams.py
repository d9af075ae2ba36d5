"""The seeded streams of the Support API."""

from __future__ import annotations

from zd_assets.sandbox.exports import SUPPORT_EXPORTS
from zd_assets.sandbox.seeded.lives import Lives
from zd_assets.sandbox.seeded.metric_events import MetricEvents
from zd_assets.sandbox.seeded.older_events import OlderEvents
from zd_assets.sandbox.seeded.organizations import Organizations
from zd_assets.sandbox.seeded.routing import Attributes, AttributeValues, InstanceValues
from zd_assets.sandbox.seeded.stream import Recipe, Stream
from zd_assets.sandbox.seeded.ticket_events import TicketEvents
from zd_assets.sandbox.seeded.tickets import Tickets
from zd_assets.sandbox.seeded.users import Users
from zd_assets.sandbox.timestamps import HOUR_US

# Rows for each new ticket: 300 of users, 20 of organizations, ... for 800 tickets.
_USERS = 3 / 8
_ORGANIZATIONS = 1 / 40
_ATTRIBUTES = 1 / 800
_VALUES = 1 / 200
_INSTANCE_VALUES = 1 / 20

_WEEK_US = 7 * 24 * HOUR_US


def support_streams(
    seed: int,
    odd: bool,
    start_us: int,
    tickets_per_day: int,
    cached_items: int,
    older_events_rate: float = 0.0,
    automation_rate: float = 0.0,
    late_activation_rate: float = 0.0,
) -> dict[str, Stream]:
    """Return the streams by name of export; tickets begin at `start_us` (a full hour).

    What tickets refer to begins so many weeks earlier that there is some of it by then, even at
    the lowest rate: at least one row a week. The rates are the settings'.
    """

    def weeks_before(number: int) -> int:
        return start_us - number * _WEEK_US

    lives = Lives(seed, start_us, tickets_per_day, automation_rate)
    organizations = Organizations(seed, odd, weeks_before(5), tickets_per_day * _ORGANIZATIONS)
    users = Users(seed, odd, weeks_before(4), tickets_per_day * _USERS, organizations)
    tickets = Tickets(seed, odd, lives, users)
    attributes = Attributes(seed, odd, weeks_before(2), tickets_per_day * _ATTRIBUTES)
    values = AttributeValues(seed, odd, weeks_before(1), tickets_per_day * _VALUES, attributes)
    events = TicketEvents(seed, odd, lives, tickets)
    recipes: dict[str, Recipe] = {
        "tickets": tickets,
        "ticket_events": events,
        "ticket_metric_events": MetricEvents(seed, odd, lives, late_activation_rate),
        "users": users,
        "organizations": organizations,
        "routing_attributes": attributes,
        "routing_attribute_values": values,
        "routing_instance_values": InstanceValues(
            seed, odd, start_us, tickets_per_day * _INSTANCE_VALUES, values, lives
        ),
    }
    found = {"users": users.slot, "organizations": organizations.slot}
    streams = {
        name: Stream(recipe, SUPPORT_EXPORTS[name].unit_us, cached_items, found.get(name))
        for name, recipe in recipes.items()
    }
    if older_events_rate:
        streams["ticket_events"] = OlderEvents(events, lives, older_events_rate, seed, cached_items)
    return streams
