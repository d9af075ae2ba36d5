"""Every export there is. A new one is one record here and one schema; nothing else changes."""

from zd_assets.catalog.chat import AGENT_TIMELINE, CHATS, CONVERSIONS, DEPARTMENT_EVENTS
from zd_assets.catalog.export import Export
from zd_assets.catalog.support import (
    ORGANIZATIONS,
    ROUTING_ATTRIBUTE_VALUES,
    ROUTING_ATTRIBUTES,
    ROUTING_INSTANCE_VALUES,
    TICKET_EVENTS,
    TICKET_METRIC_EVENTS,
    TICKETS,
    USERS,
)

EXPORTS: tuple[Export, ...] = (
    CHATS,
    AGENT_TIMELINE,
    CONVERSIONS,
    DEPARTMENT_EVENTS,
    TICKETS,
    TICKET_EVENTS,
    TICKET_METRIC_EVENTS,
    USERS,
    ORGANIZATIONS,
    ROUTING_ATTRIBUTES,
    ROUTING_ATTRIBUTE_VALUES,
    ROUTING_INSTANCE_VALUES,
)
