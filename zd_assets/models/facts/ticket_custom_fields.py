"""`ticket_custom_fields`: the custom fields of tickets, a row for each, by type."""

from zd_assets.catalog.columns import Column, List, Scalar
from zd_assets.catalog.reference import TICKET_FIELDS
from zd_assets.catalog.support import TICKETS
from zd_assets.models.latest import TICKETS_LATEST
from zd_assets.models.model import Model, Reference, Source, read_sql

TICKET_CUSTOM_FIELDS = Model(
    name="ticket_custom_fields",
    description=(
        "The custom fields of every ticket that changed on the day as its newest version of "
        "the day has them, those without a value as well. A ticket's current values are those of "
        "its newest day: ask for the greatest `version_at` of each ticket."
    ),
    columns=(
        Column("ticket_id", Scalar.ID, "The ticket."),
        Column("field_id", Scalar.ID, "The custom field."),
        Column(
            "field_title",
            Scalar.TEXT,
            "What the field is called today; `field` and its ID where the lake doesn't know.",
            repeats=True,
        ),
        Column(
            "field_type",
            Scalar.TEXT,
            "text, tagger, multiselect, checkbox, integer, ...; null where the lake doesn't know.",
            repeats=True,
        ),
        Column("version_at", Scalar.TIMESTAMP, "When the ticket last changed, to the second."),
        Column(
            "value_type",
            Scalar.TEXT,
            "What the value was sent as: text, number, flag, list or object; null for none.",
            repeats=True,
        ),
        Column(
            "text",
            Scalar.TEXT,
            "The value as text, such as the tag of an option; of a number or flag, how it is "
            "written; of an object its JSON; null for a list or none.",
        ),
        Column(
            "number",
            Scalar.DOUBLE,
            "The value as a number, where it is one or a text that reads as one: Zendesk sends "
            "those of numeric fields as texts.",
        ),
        Column("flag", Scalar.BOOL, "The value of a checkbox; null for all else."),
        Column("list", List(Scalar.TEXT), "The values of a multi-select; null for all else."),
    ),
    key=("ticket_id", "field_id"),
    sources=(Source(TICKETS), Source(TICKET_FIELDS, optional=True)),
    sql=read_sql("facts/ticket_custom_fields"),
    relationships=(Reference("ticket_id", TICKETS_LATEST, since="version_at"),),
)
