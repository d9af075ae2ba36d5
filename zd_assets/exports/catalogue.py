"""Every export there is. A new one is one record here and one schema; nothing else changes."""

from zd_assets.exports.chat import AGENT_TIMELINE, CHATS, CONVERSIONS, DEPARTMENT_EVENTS
from zd_assets.exports.export import Export

CATALOGUE: tuple[Export, ...] = (CHATS, AGENT_TIMELINE, CONVERSIONS, DEPARTMENT_EVENTS)
