"""Tickets by channel, brand, form, organization, priority, tag and group, and their ratings."""

from zd_assets.catalog.columns import Column, Scalar
from zd_assets.models.facts.ticket_attributes import TICKET_ATTRIBUTES
from zd_assets.models.facts.ticket_states import TICKET_STATES
from zd_assets.models.model import Model, Source, read_sql

TICKETS_BY_DIMENSION_DAILY = Model(
    name="tickets_by_dimension_daily",
    description=(
        "What came and went on the day, what is unsolved at its end, and what requesters said, by "
        "one dimension at a time as the ticket is at the day's end. Each dimension but tag adds "
        "up to the one row of `all`; a ticket counts for each of its tags."
    ),
    columns=(
        Column(
            "dimension",
            Scalar.TEXT,
            "all, channel, brand, form, organization, priority, group or tag.",
            repeats=True,
        ),
        Column("value", Scalar.TEXT, "The value, an id as text; null for none.", repeats=True),
        Column("is_known", Scalar.BOOL, "False for tickets of which it was never seen."),
        Column("created", Scalar.INTEGER, "Tickets created on the day."),
        Column("solved", Scalar.INTEGER, "Solves on the day; a ticket solved twice counts twice."),
        Column("reopened", Scalar.INTEGER, "Returns from solved to unsolved on the day."),
        Column("backlog", Scalar.INTEGER, "Unsolved tickets at the day's end."),
        Column("offered", Scalar.INTEGER, "Tickets for which a survey was offered on the day."),
        Column("good", Scalar.INTEGER, "Tickets rated good on the day."),
        Column("bad", Scalar.INTEGER, "Tickets rated bad on the day."),
        Column(
            "satisfaction",
            Scalar.DOUBLE,
            "Good of all rated tickets, 0 to 1, as Zendesk's satisfaction score; null for none.",
        ),
    ),
    key=("dimension", "value", "is_known"),
    sources=(Source(TICKET_STATES), Source(TICKET_ATTRIBUTES)),
    sql=read_sql("marts/tickets_by_dimension_daily"),
    assertions={"satisfaction_between_0_and_1": "satisfaction between 0 and 1"},
)
