"""Facts of skills, by day: which there were, and who had them."""

from zd_assets.catalog.columns import Column, Scalar
from zd_assets.catalog.support import (
    ROUTING_ATTRIBUTE_VALUES,
    ROUTING_ATTRIBUTES,
    ROUTING_INSTANCE_VALUES,
)
from zd_assets.engine.model import Model, Source
from zd_assets.models.ticket_facts import TICKET_FIELD_CHANGES

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
    sql="""
        with change as (
            -- In one second a thing is created first and deleted last.
            select *, (time, type <> 'create', type = 'delete') as place
            from routing_attribute_values
            where id is not null
        ),
        value as (
            select
                id as attribute_value_id,
                arg_max(name, place) as skill,
                arg_max(attribute_id, place) as attribute_id,
                arg_max(type, place) = 'delete' as is_deleted
            from change
            group by id
        ),
        attribute as (
            select
                id as attribute_id,
                arg_max(name, (time, type <> 'create', type = 'delete')) as attribute
            from routing_attributes
            where id is not null
            group by id
        ),
        known as (select * from yesterday where attribute_value_id is not null),
        skill as (
            select
                attribute_value_id,
                coalesce(value.skill, known.skill) as skill,
                coalesce(value.attribute_id, known.attribute_id) as attribute_id,
                coalesce(value.is_deleted, known.is_deleted) as is_deleted
            from value full join known using (attribute_value_id)
        ),
        name as (
            select attribute_id, coalesce(attribute.attribute, earlier.attribute) as attribute
            from attribute
            full join (
                select attribute_id, any_value(attribute) as attribute
                from yesterday where attribute_id is not null group by attribute_id
            ) as earlier using (attribute_id)
        )
        select attribute_value_id, skill, attribute_id, attribute, is_deleted
        from skill full join name using (attribute_id)
    """,
)

SKILL_ASSIGNMENTS = Model(
    name="skill_assignments",
    description=(
        "Which agents and tickets had which skill on the day: intervals, from the routing "
        "streams. An interval that goes on past midnight stands in each day that it touches. A "
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
            "When it was given; null if it was taken away though that was never seen: it then "
            "counts from midnight on.",
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
    sql="""
        with event as (
            select
                split_part(type, '_', 2) as holder,
                instance_id as holder_id,
                attribute_value_id,
                time as moment,
                bool_or(type like 'associate%') as gives
            from routing_instance_values
            where type in (
                'associate_agent', 'unassociate_agent', 'associate_ticket', 'unassociate_ticket'
            ) and instance_id is not null and attribute_value_id is not null
            group by all
            -- Given and taken away in one moment, in whatever order: all stays as it was.
            having count(distinct type) = 1
        ),
        known as (select * from yesterday where until is null),
        closed as (
            select distinct ticket_id as holder_id, changed_at as moment
            from ticket_field_changes
            where field = 'status' and value in ('closed', 'deleted')
        ),
        step as (
            select * from event
            union all
            select 'ticket', closed.holder_id, attribute_value_id, closed.moment, false
            from closed join (
                select holder_id, attribute_value_id, null as given_at
                from known where holder = 'ticket'
                union
                select
                    holder_id, attribute_value_id,
                    case when arg_min(gives, moment) then min(moment) end
                from event where holder = 'ticket' group by all
            ) as held using (holder_id)
            -- What is given later wasn't held then.
            where given_at is null or given_at <= closed.moment
        ),
        -- Of what is given twice the first counts, of what is taken away twice, too.
        next as (
            select
                *,
                lag(gives) over moves as gave,
                lead(moment) over moves as next_at
            from (
                select * from (
                    select
                        *,
                        lag(gives) over (
                            partition by holder, holder_id, attribute_value_id
                            order by moment, not gives
                        ) as earlier
                    from (
                        select * from step
                        union all
                        select holder, holder_id, attribute_value_id, coalesce(since, day_start()),
                            true
                        from known
                    )
                ) where gives is distinct from earlier
            )
            window moves as (
                partition by holder, holder_id, attribute_value_id order by moment, not gives
            )
        ),
        interval_ as (
            select holder, holder_id, attribute_value_id, moment as since, next_at as until
            from next where gives
            union all
            select holder, holder_id, attribute_value_id, null, moment
            from next where not gives and gave is null
        )
        select
            holder, holder_id, attribute_value_id, since, until,
            greatest(date_diff(
                'microseconds',
                greatest(coalesce(since, day_start()), day_start()),
                coalesce(until, greatest(known_until(), coalesce(since, day_start())))
            ), 0) / 1e6 as held_s,
            skill, attribute
        from interval_ left join skills using (attribute_value_id)
    """,
    assertions={"until_after_since": "until >= since", "a_day_has_24_hours": "held_s <= 86400"},
)

SKILL_FACTS = (SKILLS, SKILL_ASSIGNMENTS)
