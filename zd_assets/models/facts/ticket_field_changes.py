"""Every field that a ticket event set."""

from zd_assets.catalog.columns import Column, Scalar
from zd_assets.catalog.support import TICKET_EVENTS
from zd_assets.models.latest import TICKETS_LATEST
from zd_assets.models.model import Model, Reference, Source, read_sql

TICKET_FIELD_CHANGES = Model(
    name="ticket_field_changes",
    description=(
        "Every field that a ticket event of the day set, with its value before and after. Comments "
        "set none."
    ),
    columns=(
        Column("event_id", Scalar.ID, "The ticket event."),
        Column("ordinal", Scalar.INTEGER, "Which child event of it, from 1."),
        Column("field", Scalar.TEXT, "The field: status, assignee_id, ...", repeats=True),
        Column("ticket_id", Scalar.ID, "The ticket."),
        Column("changed_at", Scalar.TIMESTAMP, "When it was changed, to the second."),
        Column("updater_id", Scalar.ID, "Who changed it; negative for the system."),
        Column(
            "is_automatic",
            Scalar.BOOL,
            "Whether a trigger, an automation or the system changed it, in whosever update.",
        ),
        Column("change", Scalar.TEXT, "Create or Change, as sent.", repeats=True),
        Column("value", Scalar.TEXT, "The value now; lists and objects as JSON."),
        Column("previous_value", Scalar.TEXT, "The value before; null where none was sent."),
    ),
    key=("event_id", "ordinal", "field"),
    sources=(Source(TICKET_EVENTS),),
    sql=read_sql("facts/ticket_field_changes"),
    relationships=(Reference("ticket_id", TICKETS_LATEST, since="changed_at"),),
)
