"""What was said in chats."""

from zd_assets.catalog.columns import Column, Scalar
from zd_assets.models.facts.chat_engagements import LATE_CHATS_H
from zd_assets.models.latest import CHATS_LATEST
from zd_assets.models.model import Model, Source, read_sql

CHAT_MESSAGES = Model(
    name="chat_messages",
    description=(
        "What was said in chats, on the day on which the chat started, also where it went on "
        "past midnight: the messages of their history, and the texts of offline messages. Those "
        "of deleted chats stay, flagged."
    ),
    columns=(
        Column("chat_id", Scalar.TEXT, "The chat."),
        Column(
            "ordinal",
            Scalar.INTEGER,
            "Which entry of the chat's history it is, from 1; 0 for an offline message's text.",
        ),
        Column("sent_at", Scalar.TIMESTAMP, "When it was sent."),
        Column("sender_type", Scalar.TEXT, "Visitor, Agent, Trigger, ..., as sent.", repeats=True),
        Column("agent_id", Scalar.ID, "The agent who sent it."),
        Column("sender_name", Scalar.TEXT, "The sender's displayed name."),
        Column("text", Scalar.TEXT, "What was said."),
        Column("characters", Scalar.INTEGER, "Length of the text, in characters."),
        Column("waited_s", Scalar.DOUBLE, "Seconds since the chat's message before, by whomever."),
        Column("is_offline", Scalar.BOOL, "Whether it is an offline message."),
        Column("is_deleted", Scalar.BOOL, "Whether the chat was deleted."),
    ),
    key=("chat_id", "ordinal"),
    sources=(Source(CHATS_LATEST, late_h=LATE_CHATS_H),),
    sql=read_sql("facts/chat_messages"),
)
