with child as (
    select
        id, ticket_id, timestamp,
        unnest(children) as child,
        generate_subscripts(children, 1) as ordinal
    from (
        select id, ticket_id, timestamp, json_elements(child_events) as children
        from ticket_events
    )
)
select
    id as event_id,
    ordinal,
    try_cast((child ->> 'id') as bigint) as comment_id,
    ticket_id,
    try_cast((child ->> 'author_id') as bigint) as author_id,
    coalesce(
        try_cast((child ->> 'created_at') as timestamptz), to_timestamp(timestamp)
    ) as commented_at,
    -- Where comments weren't asked for, they're only mentioned: `comment_public`.
    case coalesce((child ->> 'public'), (child ->> 'comment_public'))
        when 'true' then true
        when 'false' then false
    end as is_public,
    coalesce((child ->> 'type'), (child ->> 'event_type')) as type,
    case json_type(child -> 'via')
        when 'OBJECT' then (child ->> '$.via.channel')
        when 'VARCHAR' then (child ->> 'via')
    end as channel,
    (child ->> 'body') as body,
    (child ->> 'html_body') as html_body,
    length(child ->> 'body') as characters,
    case
        when json_type(child -> 'attachments') = 'ARRAY'
        then json_array_length(child -> 'attachments')
    end as attachments
from child
where (child ->> 'event_type') in ('Comment', 'VoiceComment')
    or (child ->> 'type') in ('Comment', 'VoiceComment')
