"""`ticket_comments`: what was said on tickets, and by whom."""

from zd_assets.catalog.columns import Column, Scalar
from zd_assets.catalog.support import TICKET_EVENTS
from zd_assets.models.latest import TICKETS_LATEST
from zd_assets.models.model import Model, Reference, Source, read_sql

TICKET_COMMENTS = Model(
    name="ticket_comments",
    description=(
        "Comments on tickets, public ones and internal notes, on the day of the ticket "
        "event that brought them. Where comments aren't asked for with the ticket events, there "
        "is a row for each, without what it says."
    ),
    columns=(
        Column("event_id", Scalar.ID, "The ticket event."),
        Column("ordinal", Scalar.INTEGER, "Which child event of it, from 1."),
        Column("comment_id", Scalar.ID, "The comment."),
        Column("ticket_id", Scalar.ID, "The ticket."),
        Column("author_id", Scalar.ID, "Who wrote it; negative for the system."),
        Column(
            "commented_at",
            Scalar.TIMESTAMP,
            "When it was written; where it doesn't say so, when the ticket event happened.",
        ),
        Column("is_public", Scalar.BOOL, "Whether the requester sees it; null if untold."),
        Column("type", Scalar.TEXT, "Comment or VoiceComment, as sent.", repeats=True),
        Column("channel", Scalar.TEXT, "The channel it came by: web, email, ...", repeats=True),
        Column("body", Scalar.TEXT, "What it says, as sent."),
        Column("html_body", Scalar.TEXT, "The same as HTML, as sent."),
        Column("characters", Scalar.INTEGER, "Length of the body, in characters."),
        Column("attachments", Scalar.INTEGER, "How many files are attached; null if untold."),
    ),
    key=("event_id", "ordinal"),
    sources=(Source(TICKET_EVENTS),),
    sql=read_sql("facts/ticket_comments"),
    assertions={"no_negative_counts": "characters >= 0 and attachments >= 0"},
    relationships=(Reference("ticket_id", TICKETS_LATEST, since="commented_at"),),
)
