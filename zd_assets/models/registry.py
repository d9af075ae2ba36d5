"""All daily tables: facts first, then the answers made of them."""

from zd_assets.models.chat_facts import CHAT_FACTS
from zd_assets.models.facts.chat_page_views import CHAT_PAGE_VIEWS
from zd_assets.models.facts.ticket_comments import TICKET_COMMENTS
from zd_assets.models.facts.ticket_custom_fields import TICKET_CUSTOM_FIELDS
from zd_assets.models.marts import MARTS
from zd_assets.models.skill_facts import SKILL_FACTS
from zd_assets.models.ticket_facts import TICKET_FACTS

MODELS = (
    *CHAT_FACTS,
    CHAT_PAGE_VIEWS,
    *TICKET_FACTS,
    TICKET_COMMENTS,
    TICKET_CUSTOM_FIELDS,
    *SKILL_FACTS,
    *MARTS,
)
