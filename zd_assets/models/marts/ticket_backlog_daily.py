"""Unsolved tickets by group, and what came and went."""

from zd_assets.catalog.columns import Column, Scalar
from zd_assets.models.facts.ticket_states import TICKET_STATES
from zd_assets.models.model import Model, Source, read_sql

TICKET_BACKLOG_DAILY = Model(
    name="ticket_backlog_daily",
    description=(
        "Unsolved tickets at the day's end (today: as far as it is known), and what came and went "
        "on the day, by the group at its end. backlog = before + created + reopened + restored + "
        "surfaced + moved_in - moved_out - solved - left, in every row. Old tickets that nothing "
        "touched since the exports' first day aren't known, and missing."
    ),
    columns=(
        Column("group_id", Scalar.ID, "The group that tickets are assigned to; null for none."),
        Column("is_group_known", Scalar.BOOL, "False for tickets whose group was never seen."),
        Column("backlog", Scalar.INTEGER, "Unsolved tickets: neither solved, closed nor deleted."),
        Column("new", Scalar.INTEGER, "Unsolved tickets of status new."),
        Column("open", Scalar.INTEGER, "Unsolved tickets of status open."),
        Column("pending", Scalar.INTEGER, "Unsolved tickets of status pending."),
        Column("hold", Scalar.INTEGER, "Unsolved tickets of status hold."),
        Column("other", Scalar.INTEGER, "Unsolved tickets of any other status."),
        Column("unassigned", Scalar.INTEGER, "Unsolved tickets that have no agent."),
        Column("agent_unknown", Scalar.INTEGER, "Unsolved tickets of which it isn't known."),
        Column("before", Scalar.INTEGER, "The group's unsolved tickets when the day began."),
        Column("created", Scalar.INTEGER, "Tickets created on the day."),
        Column("reopened", Scalar.INTEGER, "Tickets' returns from solved to unsolved on the day."),
        Column("restored", Scalar.INTEGER, "Tickets' returns, unsolved, from deletion on the day."),
        Column(
            "surfaced",
            Scalar.INTEGER,
            "Unsolved tickets from before the exports of which this day tells first.",
        ),
        Column(
            "moved_in", Scalar.INTEGER, "Unsolved tickets of before that other groups had then."
        ),
        Column("moved_out", Scalar.INTEGER, "Tickets of before that other groups have now."),
        Column("solved", Scalar.INTEGER, "Solves on the day; a ticket solved twice counts twice."),
        Column(
            "left",
            Scalar.INTEGER,
            "Tickets closed, merged or deleted on the day while they were unsolved.",
        ),
        Column(
            "closed", Scalar.INTEGER, "Tickets closed or deleted on the day, solved before or not."
        ),
        Column("aged", Scalar.INTEGER, "Unsolved tickets whose creation is known."),
        Column("age_mean_s", Scalar.DOUBLE, "Mean age of aged tickets, in seconds."),
        Column("age_max_s", Scalar.DOUBLE, "Age of the oldest aged ticket, in seconds."),
        Column("older_than_day", Scalar.INTEGER, "Aged tickets over 1 day old."),
        Column("older_than_3_days", Scalar.INTEGER, "Aged tickets over 3 days old."),
        Column("older_than_week", Scalar.INTEGER, "Aged tickets over 7 days old."),
        Column("older_than_month", Scalar.INTEGER, "Aged tickets over 30 days old."),
    ),
    key=("group_id", "is_group_known"),
    sources=(Source(TICKET_STATES),),
    sql=read_sql("marts/ticket_backlog_daily"),
    assertions={
        "statuses_add_up": "backlog = new + open + pending + hold + other",
        "counts_within_the_backlog": "greatest(unassigned + agent_unknown, aged) <= backlog",
        "flows_add_up": """
            backlog = before + created + reopened + restored + surfaced + moved_in - moved_out
                - solved - "left"
        """,
    },
)
