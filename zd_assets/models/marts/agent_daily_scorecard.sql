with engaged as (
    select
        agent_id,
        arg_max(agent_name, started_at) as agent_name,
        count(*) as offered,
        count(*) filter (accepted) as accepted,
        count(*) filter (not accepted) as not_accepted,
        count(*) filter (accepted and is_transfer) as taken_over,
        count(*) filter (accepted and is_proactive) as proactive,
        count(distinct chat_id) filter (accepted) as chats,
        sum(agent_messages) filter (accepted) as messages,
        count(first_response_s) filter (accepted and not is_proactive) as answered,
        avg(first_response_s) filter (accepted and not is_proactive)
            as first_response_mean_s,
        count(duration_s) filter (accepted) as timed,
        avg(duration_s) filter (accepted) as duration_mean_s,
        count(*) filter (rating = 'good') as good,
        count(*) filter (rating = 'bad') as bad
    from chat_engagements
    where agent_id is not null and not is_deleted
    group by agent_id
),
change as (
    select
        updater_id as agent_id,
        ticket_id,
        field = 'status' and value = 'solved'
            and previous_value is distinct from 'solved' as solves
    from ticket_field_changes
),
ticket as (
    select
        agent_id,
        count(distinct ticket_id) as tickets_updated,
        count(distinct ticket_id) filter (solves) as tickets_solved
    from change
    -- Requesters update tickets, too.
    where agent_id in (
        select agent_id from agent_activity union select agent_id from engaged
    )
    group by agent_id
)
select
    agent_id,
    agent_name,
    coalesce(online_s, 0) as online_s,
    coalesce(away_s, 0) as away_s,
    coalesce(invisible_s, 0) as invisible_s,
    coalesce(engaged_s, 0) as engaged_s,
    coalesce(engagement_s, 0) as engagement_s,
    engagement_s / nullif(engaged_s, 0) as concurrency,
    coalesce(most_engagements, 0) as most_engagements,
    coalesce(offered, 0) as offered,
    coalesce(accepted, 0) as accepted,
    coalesce(not_accepted, 0) as not_accepted,
    coalesce(taken_over, 0) as taken_over,
    coalesce(proactive, 0) as proactive,
    coalesce(chats, 0) as chats,
    coalesce(messages, 0) as messages,
    coalesce(answered, 0) as answered,
    first_response_mean_s,
    coalesce(timed, 0) as timed,
    duration_mean_s,
    coalesce(good, 0) as good,
    coalesce(bad, 0) as bad,
    good / nullif(good + bad, 0) as satisfaction,
    coalesce(tickets_updated, 0) as tickets_updated,
    coalesce(tickets_solved, 0) as tickets_solved,
    coalesce(online_s_by_hour, list_resize([0.0], 24, 0.0)) as online_s_by_hour
from agent_activity
full join engaged using (agent_id)
left join ticket using (agent_id)
