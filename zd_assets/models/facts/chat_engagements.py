"""Agents' engagements in chats."""

from zd_assets.catalog.columns import Column, Scalar
from zd_assets.models.latest import CHATS_LATEST
from zd_assets.models.model import Model, Source, read_sql

#: Hours after a day in which chats that started on it may still end, and be exported.
LATE_CHATS_H = 6

CHAT_ENGAGEMENTS = Model(
    name="chat_engagements",
    description=(
        "Agents' engagements in chats, on the day on which the chat started, whenever they "
        "were. Those of deleted chats stay, flagged. Chats that don't say when they started are in "
        "no day."
    ),
    columns=(
        Column("chat_id", Scalar.TEXT, "The chat."),
        Column("ordinal", Scalar.INTEGER, "Which engagement of the chat it is, from 1."),
        Column("engagement_id", Scalar.TEXT, "The engagement's ID."),
        Column("started_at", Scalar.TIMESTAMP, "When the agent joined, or was asked to."),
        Column("ended_at", Scalar.TIMESTAMP, "When the agent left: the start plus the duration."),
        Column("duration_s", Scalar.DOUBLE, "Duration, in seconds."),
        Column("started_by", Scalar.TEXT, "visitor, agent or transfer.", repeats=True),
        Column("is_transfer", Scalar.BOOL, "Whether it began by a transfer."),
        Column("agent_id", Scalar.ID, "The agent."),
        Column("agent_name", Scalar.TEXT, "The agent's full name, or else the displayed one."),
        Column("department_id", Scalar.ID, "The department of the engagement; null for none."),
        Column("assigned", Scalar.BOOL, "Whether the agent was assigned."),
        Column("accepted", Scalar.BOOL, "Whether the agent accepted and joined; false if untold."),
        Column(
            "first_response_s",
            Scalar.DOUBLE,
            "Seconds until the agent's first response; null if there was none.",
        ),
        Column("mean_response_s", Scalar.DOUBLE, "Mean seconds until a response."),
        Column("max_response_s", Scalar.DOUBLE, "Longest seconds until a response."),
        Column("agent_messages", Scalar.INTEGER, "Messages of the agent."),
        Column("visitor_messages", Scalar.INTEGER, "Messages of the visitor."),
        Column("rating", Scalar.TEXT, "The visitor's rating: good, bad or none.", repeats=True),
        Column("skills_requested", Scalar.JSON, "Skills requested, as sent (JSON)."),
        Column("skills_fulfilled", Scalar.BOOL, "Whether the agent had the skills."),
        Column("is_proactive", Scalar.BOOL, "Whether an agent started the chat; false if untold."),
        Column("is_deleted", Scalar.BOOL, "Whether the chat was deleted."),
    ),
    key=("chat_id", "ordinal"),
    sources=(Source(CHATS_LATEST, late_h=LATE_CHATS_H),),
    sql=read_sql("facts/chat_engagements"),
    assertions={"durations_not_negative": "duration_s >= 0"},
)
