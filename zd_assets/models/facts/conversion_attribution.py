"""Conversions, and the chats they are attributed to."""

from zd_assets.catalog.chat import CONVERSIONS
from zd_assets.catalog.columns import Column, Scalar
from zd_assets.models.latest import CHATS_LATEST
from zd_assets.models.model import Model, Reference, Source, read_sql

CONVERSION_ATTRIBUTION = Model(
    name="conversion_attribution",
    description=(
        "Conversions that happened on the day, and the chat, agent and department they are owed "
        "to, each null for none."
    ),
    columns=(
        Column("conversion_id", Scalar.TEXT, "The conversion."),
        Column("converted_at", Scalar.TIMESTAMP, "When it happened."),
        Column("goal_id", Scalar.ID, "The goal."),
        Column("goal_name", Scalar.TEXT, "The goal's name.", repeats=True),
        Column("is_attributed", Scalar.BOOL, "Whether it is attributed to a chat."),
        Column("chat_id", Scalar.TEXT, "The chat that it is attributed to; null for none."),
        Column("chat_started_at", Scalar.TIMESTAMP, "When that chat started."),
        Column("after_s", Scalar.DOUBLE, "Seconds from the chat's start to the conversion."),
        Column("agent_id", Scalar.ID, "The agent that it is attributed to."),
        Column("department_id", Scalar.ID, "The department that it is attributed to."),
    ),
    key=("conversion_id",),
    sources=(Source(CONVERSIONS),),
    sql=read_sql("facts/conversion_attribution"),
    assertions={"after_the_chat_started": "after_s >= 0"},
    relationships=(Reference("chat_id", CHATS_LATEST, since="chat_started_at"),),
)
