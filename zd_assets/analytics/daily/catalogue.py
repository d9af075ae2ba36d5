"""All daily tables: facts first, then the answers made of them."""

from zd_assets.analytics.daily.answers import ANSWERS
from zd_assets.analytics.daily.chat import CHAT_FACTS
from zd_assets.analytics.daily.support import SUPPORT_FACTS

DAILY = (*CHAT_FACTS, *SUPPORT_FACTS, *ANSWERS)
