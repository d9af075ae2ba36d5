with version as (
    select id, generated_timestamp, custom_fields
    from tickets
    where id is not null
    -- A day in hourly partitions may hold several versions of a ticket.
    qualify row_number() over (partition by id order by generated_timestamp desc) = 1
),
each as (
    select
        id, generated_timestamp,
        unnest(custom_fields) as field,
        generate_subscripts(custom_fields, 1) as ordinal
    from version
),
sent as (
    select
        id as ticket_id,
        each.field.id as field_id,
        to_timestamp(generated_timestamp) as version_at,
        readable(each.field.value) as content,
        ordinal
    from each
),
once as (
    select *
    from sent
    where field_id is not null
    qualify row_number() over (partition by ticket_id, field_id order by ordinal desc) = 1
),
typed as (
    select
        *,
        case json_type(content)
            when 'VARCHAR' then 'text'
            when 'BOOLEAN' then 'flag'
            when 'ARRAY' then 'list'
            when 'OBJECT' then 'object'
            when 'NULL' then null
            else case when content is not null then 'number' end
        end as value_type,
        case when json_type(content) <> 'ARRAY' then (content ->> '$') end as text
    from once
)
select
    ticket_id,
    field_id,
    named('field', field_id, ticket_fields.title) as field_title,
    ticket_fields.type as field_type,
    version_at,
    value_type,
    text,
    case
        when value_type in ('text', 'number')
            and regexp_full_match(trim(text), '[+-]?[0-9]+([.][0-9]+)?([eE][+-]?[0-9]+)?')
        then try_cast(trim(text) as double)
    end as number,
    case when value_type = 'flag' then text = 'true' end as flag,
    case when value_type = 'list' then (content ->> '$[*]') end as list
from typed
left join ticket_fields on ticket_fields.id = field_id
