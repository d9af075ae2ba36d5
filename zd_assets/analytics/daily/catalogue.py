"""All daily tables: facts first, then the answers made of them."""

from zd_assets.analytics.daily.answers import ANSWERS
from zd_assets.analytics.daily.chat import CHAT_FACTS
from zd_assets.analytics.daily.skills import SKILL_FACTS
from zd_assets.analytics.daily.tickets import TICKET_FACTS

DAILY = (*CHAT_FACTS, *TICKET_FACTS, *SKILL_FACTS, *ANSWERS)
