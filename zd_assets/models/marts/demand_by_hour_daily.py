"""Demand and staffing by hour: what came in, and who was there."""

from zd_assets.catalog.columns import Column, Scalar
from zd_assets.models.facts.agent_activity import AGENT_ACTIVITY
from zd_assets.models.facts.chat_engagements import LATE_CHATS_H
from zd_assets.models.facts.ticket_states import TICKET_STATES
from zd_assets.models.latest import CHATS_LATEST
from zd_assets.models.model import Model, Source, read_sql

DEMAND_BY_HOUR_DAILY = Model(
    name="demand_by_hour_daily",
    description=(
        "What came in each hour of the day, local time, and how many agents were there for it. "
        "Hours in which nothing came and nobody was there have no row; where clocks are changed, "
        "an hour that comes twice is one row of both."
    ),
    columns=(
        Column("hour", Scalar.INTEGER, "The hour of the day, 0 to 23."),
        Column("weekday", Scalar.INTEGER, "The day of the week, ISO: 1 is Monday, 7 Sunday."),
        Column("chats", Scalar.INTEGER, "Chats that started, without deleted ones and messages."),
        Column("missed_chats", Scalar.INTEGER, "Those of them that were missed."),
        Column("tickets_created", Scalar.INTEGER, "Tickets that were created."),
        Column("agents", Scalar.INTEGER, "Agents who were online in Chat at any time of it."),
        Column("online_s", Scalar.DOUBLE, "Seconds online of all agents: 3600 are one agent."),
        Column(
            "chats_per_agent_hour",
            Scalar.DOUBLE,
            "Chats for each hour that agents were online; null if nobody was.",
        ),
    ),
    key=("hour",),
    sources=(
        Source(CHATS_LATEST, late_h=LATE_CHATS_H),
        Source(AGENT_ACTIVITY),
        Source(TICKET_STATES),
    ),
    sql=read_sql("marts/demand_by_hour_daily"),
    assertions={"missed_within_chats": "missed_chats <= chats"},
)
