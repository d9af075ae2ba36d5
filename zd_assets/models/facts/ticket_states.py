"""Where each ticket stood at the day's end."""

from zd_assets.catalog.columns import Column, Scalar
from zd_assets.catalog.support import TICKETS
from zd_assets.models.facts.ticket_field_changes import TICKET_FIELD_CHANGES
from zd_assets.models.model import Model, Source, read_sql

#: How far a lake's first day looks ahead for tickets that were there before.
AHEAD_DAYS = 28

TICKET_STATES = Model(
    name="ticket_states",
    description=(
        "Where each ticket stood at the day's end, or as far as it is known: tickets that weren't"
        " closed when the day began, or that the day touched, by a ticket event that set a field "
        "or by a version in the tickets export, whichever is newer. So what automations do "
        "without an event shows, too. Deleted tickets stay for 30 days, in which they may be "
        "restored. The lake's first day also looks 28 days ahead for older tickets; those of "
        "which nothing since tells the status aren't known. Of statuses that follow one another, "
        "the one before counts as the event sent it."
    ),
    columns=(
        Column("ticket_id", Scalar.ID, "The ticket."),
        Column(
            "status",
            Scalar.TEXT,
            "new, open, pending, hold, solved, ...; null if that was never seen.",
            repeats=True,
        ),
        Column(
            "status_since",
            Scalar.TIMESTAMP,
            "Since when it has had it, at the latest; null if it had it when it was first seen.",
        ),
        Column("group_id", Scalar.ID, "The group it is assigned to; null for none, or unknown."),
        Column(
            "is_group_known", Scalar.BOOL, "Whether its group was ever seen, or that there is none."
        ),
        Column("assignee_id", Scalar.ID, "The agent it is assigned to; null for none, or unknown."),
        Column(
            "is_assignee_known",
            Scalar.BOOL,
            "Whether its agent was ever seen, or that there is none.",
        ),
        Column("priority", Scalar.TEXT, "The priority, if that was ever seen.", repeats=True),
        Column("created_at", Scalar.TIMESTAMP, "When it was created, if that was ever seen."),
        Column("is_created", Scalar.BOOL, "Whether it was created on the day."),
        Column(
            "surfaced",
            Scalar.INTEGER,
            "1 if it was there before, unsolved, but nothing of the lake told so until this day.",
        ),
        Column("solves", Scalar.INTEGER, "How often it was solved on the day."),
        Column("reopens", Scalar.INTEGER, "How often it went from solved to unsolved on the day."),
        Column(
            "restores",
            Scalar.INTEGER,
            "How often it came back, unsolved, after it was closed or deleted.",
        ),
        Column(
            "leaves",
            Scalar.INTEGER,
            "How often it was closed, merged or deleted on the day while it was unsolved.",
        ),
        Column(
            "is_closed",
            Scalar.BOOL,
            "Whether it is closed or deleted: gone later, unless that touches it again.",
        ),
        Column("is_unsolved", Scalar.BOOL, "Whether it is neither solved, closed nor deleted."),
        Column("was_unsolved", Scalar.BOOL, "Whether it was so, and known, when the day began."),
        Column("group_before", Scalar.ID, "The group it had when the day began."),
        Column("is_group_before_known", Scalar.BOOL, "Whether that group is known."),
    ),
    key=("ticket_id",),
    sources=(
        Source(TICKET_FIELD_CHANGES, ahead_days=AHEAD_DAYS),
        Source(TICKETS, optional=True, ahead_days=AHEAD_DAYS),
    ),
    depends_on_past=True,
    sql=read_sql("facts/ticket_states"),
    assertions={
        "flows_add_up": """
            is_unsolved::int = was_unsolved::int + (is_created and status is not null)::int
                + surfaced + reopens + restores - solves - leaves
        """,
    },
)
