with chat as (
    select
        local_hour(timestamp) as hour,
        count(*) as chats,
        count(*) filter (missed) as missed_chats
    from chats_latest
    where not is_deleted and coalesce(type, 'chat') <> 'offline_msg'
    group by hour
),
ticket as (
    select local_hour(created_at) as hour, count(*) as tickets_created
    from ticket_states
    where is_created and status is not null
    group by hour
),
staff as (
    select hour, count(*) filter (online_s > 0) as agents, sum(online_s) as online_s
    from (
        select
            unnest(online_s_by_hour) as online_s,
            generate_subscripts(online_s_by_hour, 1) - 1 as hour
        from agent_activity
    )
    group by hour
)
select
    hour,
    local_weekday() as weekday,
    coalesce(chats, 0) as chats,
    coalesce(missed_chats, 0) as missed_chats,
    coalesce(tickets_created, 0) as tickets_created,
    coalesce(agents, 0) as agents,
    coalesce(online_s, 0) as online_s,
    coalesce(chats, 0) * 3600 / nullif(online_s, 0) as chats_per_agent_hour
from range(24) as hours(hour)
left join chat using (hour)
left join ticket using (hour)
left join staff using (hour)
where coalesce(chats, 0) + coalesce(tickets_created, 0) + coalesce(agents, 0) > 0
