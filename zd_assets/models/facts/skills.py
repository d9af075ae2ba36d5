"""The skills as they were at the day's end."""

from zd_assets.catalog.columns import Column, Scalar
from zd_assets.catalog.support import ROUTING_ATTRIBUTE_VALUES, ROUTING_ATTRIBUTES
from zd_assets.models.model import Model, Source, read_sql

SKILLS = Model(
    name="skills",
    description=(
        "The skills (values of routing attributes) as they were at the day's end, from the "
        "routing streams; deleted ones stay, flagged."
    ),
    columns=(
        Column(
            "attribute_value_id",
            Scalar.TEXT,
            "The skill: a routing attribute's value. Null for an attribute that has none yet.",
        ),
        Column("skill", Scalar.TEXT, "The skill's name."),
        Column("attribute_id", Scalar.TEXT, "The routing attribute: the type of skill."),
        Column("attribute", Scalar.TEXT, "The routing attribute's name.", repeats=True),
        Column("is_deleted", Scalar.BOOL, "Whether the skill was deleted; null without one."),
    ),
    key=("attribute_id", "attribute_value_id"),
    sources=(Source(ROUTING_ATTRIBUTE_VALUES), Source(ROUTING_ATTRIBUTES)),
    depends_on_past=True,
    sql=read_sql("facts/skills"),
)
