"""What all agents did together on the day, what several did counted once."""

from zd_assets.catalog.columns import Column, Scalar
from zd_assets.models.facts.chat_engagements import CHAT_ENGAGEMENTS
from zd_assets.models.facts.ticket_comments import TICKET_COMMENTS
from zd_assets.models.facts.ticket_field_changes import TICKET_FIELD_CHANGES
from zd_assets.models.marts.agent_daily_scorecard import AGENT_DAILY_SCORECARD
from zd_assets.models.model import Model, Source, read_sql

TEAM_DAILY_SUMMARY = Model(
    name="team_daily_summary",
    description=(
        "What all agents of agent_daily_scorecard did on the day, and what automation did: each "
        "chat and ticket once, where the scorecard counts it for each agent who had a part in it."
    ),
    columns=(
        Column("is_automation", Scalar.BOOL, "Whether the row is of triggers and the like."),
        Column("agents", Scalar.INTEGER, "Agents with a row in the scorecard; 0 for automation."),
        Column("chats", Scalar.INTEGER, "Chats in which any agent accepted an engagement."),
        Column("tickets_updated", Scalar.INTEGER, "Tickets of which any changed a field."),
        Column("tickets_solved", Scalar.INTEGER, "Tickets that any solved."),
        Column("tickets_replied", Scalar.INTEGER, "Tickets with a public comment of any."),
    ),
    key=("is_automation",),
    sources=(
        Source(AGENT_DAILY_SCORECARD),
        Source(CHAT_ENGAGEMENTS),
        Source(TICKET_FIELD_CHANGES),
        Source(TICKET_COMMENTS),
    ),
    sql=read_sql("marts/team_daily_summary"),
)
