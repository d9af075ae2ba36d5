"""All models, in the order in which they are made: facts first, then the marts made of them."""

from zd_assets.models.facts.agent_activity import AGENT_ACTIVITY
from zd_assets.models.facts.chat_engagements import CHAT_ENGAGEMENTS
from zd_assets.models.facts.chat_messages import CHAT_MESSAGES
from zd_assets.models.facts.chat_page_views import CHAT_PAGE_VIEWS
from zd_assets.models.facts.conversion_attribution import CONVERSION_ATTRIBUTION
from zd_assets.models.facts.department_queue import DEPARTMENT_QUEUE
from zd_assets.models.facts.skill_assignments import SKILL_ASSIGNMENTS
from zd_assets.models.facts.skills import SKILLS
from zd_assets.models.facts.ticket_attributes import TICKET_ATTRIBUTES
from zd_assets.models.facts.ticket_comments import TICKET_COMMENTS
from zd_assets.models.facts.ticket_custom_fields import TICKET_CUSTOM_FIELDS
from zd_assets.models.facts.ticket_field_changes import TICKET_FIELD_CHANGES
from zd_assets.models.facts.ticket_metrics import TICKET_METRICS
from zd_assets.models.facts.ticket_states import TICKET_STATES
from zd_assets.models.marts.agent_daily_scorecard import AGENT_DAILY_SCORECARD
from zd_assets.models.marts.chat_daily_summary import CHAT_DAILY_SUMMARY
from zd_assets.models.marts.demand_by_hour_daily import DEMAND_BY_HOUR_DAILY
from zd_assets.models.marts.sla_breaches_daily import SLA_BREACHES_DAILY
from zd_assets.models.marts.team_daily_summary import TEAM_DAILY_SUMMARY
from zd_assets.models.marts.ticket_backlog_daily import TICKET_BACKLOG_DAILY
from zd_assets.models.marts.ticket_times_daily import TICKET_TIMES_DAILY
from zd_assets.models.marts.tickets_by_dimension_daily import TICKETS_BY_DIMENSION_DAILY

FACTS = (
    CHAT_ENGAGEMENTS,
    CHAT_MESSAGES,
    CHAT_PAGE_VIEWS,
    AGENT_ACTIVITY,
    DEPARTMENT_QUEUE,
    CONVERSION_ATTRIBUTION,
    TICKET_FIELD_CHANGES,
    TICKET_STATES,
    TICKET_ATTRIBUTES,
    TICKET_METRICS,
    TICKET_COMMENTS,
    TICKET_CUSTOM_FIELDS,
    SKILLS,
    SKILL_ASSIGNMENTS,
)

MARTS = (
    CHAT_DAILY_SUMMARY,
    AGENT_DAILY_SCORECARD,
    TICKET_BACKLOG_DAILY,
    SLA_BREACHES_DAILY,
    TICKET_TIMES_DAILY,
    TEAM_DAILY_SUMMARY,
    TICKETS_BY_DIMENSION_DAILY,
    DEMAND_BY_HOUR_DAILY,
)

#: What the support report shows, each with its chart.
REPORTED = (
    CHAT_DAILY_SUMMARY,
    AGENT_DAILY_SCORECARD,
    TICKET_BACKLOG_DAILY,
    TICKET_TIMES_DAILY,
    SLA_BREACHES_DAILY,
)

#: All that the support report is made of.
REPORT_SOURCES = (*REPORTED, TEAM_DAILY_SUMMARY)

MODELS = (*FACTS, *MARTS)
