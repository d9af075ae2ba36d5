"""What else is known of tickets, as it was at the day's end: channel, brand, tags, satisfaction."""

from zd_assets.catalog.columns import Column, List, Scalar
from zd_assets.catalog.support import TICKETS
from zd_assets.models.facts.ticket_states import AHEAD_DAYS, TICKET_STATES
from zd_assets.models.model import Model, Source, read_sql

TICKET_ATTRIBUTES = Model(
    name="ticket_attributes",
    description=(
        "What the newest version in the tickets export, up to the day's end, says of each ticket "
        "in ticket_states; none for those that the export didn't hold until then. On the lake's "
        "first day, of older tickets, the first version of the 28 days ahead. A ticket that is "
        "updated again before its day is fetched is in the export of that later day alone."
    ),
    columns=(
        Column("ticket_id", Scalar.ID, "The ticket."),
        Column("version_at", Scalar.TIMESTAMP, "When it last changed before that version."),
        Column("channel", Scalar.TEXT, "The channel it came by: web, email, ...", repeats=True),
        Column("brand_id", Scalar.ID, "The brand; null for none."),
        Column("ticket_form_id", Scalar.ID, "The form; null for none."),
        Column("organization_id", Scalar.ID, "The requester's organization; null for none."),
        Column("tags", List(Scalar.TEXT), "The tags.", repeats=True),
        Column(
            "satisfaction",
            Scalar.TEXT,
            "The score as sent: unoffered, offered, good, bad, ...",
            repeats=True,
        ),
        Column(
            "was_offered",
            Scalar.BOOL,
            "Whether a survey was offered on the day; null if the day before isn't known.",
        ),
        Column(
            "rated",
            Scalar.TEXT,
            "good or bad, if it was rated so on the day; null for no or for another day's rating.",
            repeats=True,
        ),
    ),
    key=("ticket_id",),
    sources=(Source(TICKET_STATES), Source(TICKETS, optional=True, ahead_days=AHEAD_DAYS)),
    depends_on_past=True,
    sql=read_sql("facts/ticket_attributes"),
)
