"""All daily tables: facts first, then the answers made of them."""

from zd_assets.models.chat_facts import CHAT_FACTS
from zd_assets.models.marts import MARTS
from zd_assets.models.skill_facts import SKILL_FACTS
from zd_assets.models.ticket_facts import TICKET_FACTS

MODELS = (*CHAT_FACTS, *TICKET_FACTS, *SKILL_FACTS, *MARTS)
