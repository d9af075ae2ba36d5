"""Which agents and tickets had which skill."""

from zd_assets.catalog.columns import Column, Scalar
from zd_assets.catalog.support import ROUTING_INSTANCE_VALUES
from zd_assets.models.facts.skills import SKILLS
from zd_assets.models.facts.ticket_field_changes import TICKET_FIELD_CHANGES
from zd_assets.models.model import Model, Source, read_sql

SKILL_ASSIGNMENTS = Model(
    name="skill_assignments",
    description=(
        "Which agents and tickets had which skill on the day: intervals, from the routing "
        "streams. An interval that goes on past midnight is in each day that it touches. A "
        "ticket's ends when the skill is taken away or the ticket is closed. What is given twice "
        "is held since the first time; given and taken away in one moment, all stays as it was."
    ),
    columns=(
        Column("holder", Scalar.TEXT, "agent or ticket.", repeats=True),
        Column("holder_id", Scalar.ID, "The agent or the ticket."),
        Column("attribute_value_id", Scalar.TEXT, "The skill."),
        Column(
            "since",
            Scalar.TIMESTAMP,
            "When it was given; null if the day's first move takes it away though it wasn't known "
            "to be held: it then counts from midnight on.",
        ),
        Column("until", Scalar.TIMESTAMP, "When it was taken away; null if not on this day."),
        Column("held_s", Scalar.DOUBLE, "Seconds of the day in which it was held."),
        Column("skill", Scalar.TEXT, "The skill's name, if that was ever seen.", repeats=True),
        Column("attribute", Scalar.TEXT, "The type of skill, if that was ever seen.", repeats=True),
    ),
    key=("holder", "holder_id", "attribute_value_id", "since"),
    sources=(
        Source(ROUTING_INSTANCE_VALUES),
        Source(SKILLS),
        Source(TICKET_FIELD_CHANGES),
    ),
    depends_on_past=True,
    sql=read_sql("facts/skill_assignments"),
    assertions={
        "until_after_since": "until >= since",
        "within_the_day": "held_s <= longest_day_s()",
    },
)
