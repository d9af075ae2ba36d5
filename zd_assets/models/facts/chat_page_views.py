"""`chat_page_views`: the pages that visitors saw before and during their chats."""

from zd_assets.catalog.columns import Column, Scalar
from zd_assets.models.facts.chat_engagements import LATE_CHATS_H
from zd_assets.models.latest import CHATS_LATEST
from zd_assets.models.model import Model, Source, read_sql

CHAT_PAGE_VIEWS = Model(
    name="chat_page_views",
    description=(
        "Pages that the visitor saw in the session of a chat, on the day on which the chat "
        "started, whenever that was. Those of deleted chats stay, flagged."
    ),
    columns=(
        Column("chat_id", Scalar.TEXT, "The chat."),
        Column("position", Scalar.INTEGER, "Which page of the visit it is, from 1."),
        Column("viewed_at", Scalar.TIMESTAMP, "When the page was opened."),
        Column("title", Scalar.TEXT, "The page's title."),
        Column("to_url", Scalar.TEXT, "The page's address: `to`, as sent."),
        Column("from_url", Scalar.TEXT, "Where the visitor came from; null if that was empty."),
        Column("is_deleted", Scalar.BOOL, "Whether the chat was deleted."),
    ),
    key=("chat_id", "position"),
    sources=(Source(CHATS_LATEST, late_h=LATE_CHATS_H),),
    sql=read_sql("facts/chat_page_views"),
    assertions={"positions_from_one": "position >= 1"},
)
