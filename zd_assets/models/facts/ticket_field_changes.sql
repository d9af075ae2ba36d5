with child as (
    select
        id, ticket_id, timestamp, updater_id, via,
        unnest(children) as child,
        generate_subscripts(children, 1) as ordinal
    from (select *, json_elements(child_events) as children from ticket_events)
),
each as (
    select *, unnest(map_entries(try_cast(child as map(varchar, json)))) as entry
    from child
    where (child ->> 'event_type') in ('Create', 'Change')
)
select
    id as event_id,
    ordinal,
    entry.key as field,
    ticket_id,
    to_timestamp(timestamp) as changed_at,
    updater_id,
    coalesce(updater_id < 0, false) or coalesce(lower(coalesce(
        (child -> 'via' ->> 'channel'),
        case when json_type((child -> 'via')) = 'VARCHAR' then (child ->> 'via') end,
        (readable(via) ->> 'channel')
    )) in ('rule', 'system'), false) as is_automatic,
    (child ->> 'event_type') as change,
    (entry.value ->> '$') as value,
    (child ->> 'previous_value') as previous_value
from each
where entry.key not in (
    'id', 'event_type', 'via', 'via_reference_id', 'previous_value', 'added_tags', 'removed_tags'
) and not (entry.key = 'type' and (child ->> 'type') in ('Create', 'Change'))
