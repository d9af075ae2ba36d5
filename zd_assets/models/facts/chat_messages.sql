with entry as (
    select
        id, is_deleted,
        unnest(entries) as entry,
        generate_subscripts(entries, 1) as ordinal
    from (select *, json_elements(history) as entries from chats_latest)
),
message as (
    select
        id as chat_id,
        ordinal,
        try_cast((entry ->> 'timestamp') as timestamptz) as sent_at,
        (entry ->> 'sender_type') as sender_type,
        try_cast((entry ->> 'agent_id') as bigint) as agent_id,
        (entry ->> 'name') as sender_name,
        (entry ->> 'msg') as text,
        false as is_offline,
        is_deleted
    from entry
    where (entry ->> 'type') = 'chat.msg'
    union all
    select id, 0, timestamp, 'Visitor', null, visitor.name, message, true, is_deleted
    from chats_latest
    where type = 'offline_msg' and message is not null
)
select
    chat_id, ordinal, sent_at, sender_type, agent_id, sender_name, text,
    length(text) as characters,
    date_diff('microseconds', lag(sent_at) over talk, sent_at) / 1e6 as waited_s,
    is_offline, is_deleted
from message
window talk as (partition by chat_id order by ordinal)
