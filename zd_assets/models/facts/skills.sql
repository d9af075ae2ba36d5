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
