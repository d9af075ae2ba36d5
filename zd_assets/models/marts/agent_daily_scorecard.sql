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
        median(first_response_s) filter (accepted and not is_proactive)
            as first_response_median_s,
        quantile_cont(first_response_s, 0.9) filter (accepted and not is_proactive)
            as first_response_p90_s,
        bucket_counts(histogram(bucket(
            case when accepted and not is_proactive then first_response_s end
        ))) as first_response_histogram,
        count(duration_s) filter (accepted) as timed,
        avg(duration_s) filter (accepted) as duration_mean_s,
        count(*) filter (rating = 'good') as good,
        count(*) filter (rating = 'bad') as bad
    from chat_engagements
    where agent_id is not null and not is_deleted
    group by agent_id
),
-- Requesters update and comment on tickets, too.
agent as (
    select agent_id, any_value(name) as user_name
    from (
        select agent_id, null as name from agent_activity
        union all
        select agent_id, null from engaged
        union all
        select assignee_id, null from ticket_states
        union all
        select id, name from users_latest
    )
    where agent_id >= 0
    group by agent_id
),
change as (
    select
        case when not is_automatic then updater_id end as agent_id,
        is_automatic as is_automation,
        ticket_id,
        field = 'status' and value = 'solved'
            and previous_value is distinct from 'solved' as solves
    from ticket_field_changes
),
ticket as (
    select
        agent_id,
        is_automation,
        count(distinct ticket_id) as tickets_updated,
        count(distinct ticket_id) filter (solves) as tickets_solved
    from change
    where is_automation or agent_id in (select agent_id from agent)
    group by agent_id, is_automation
),
comment as (
    select
        author_id as agent_id,
        count(distinct ticket_id) filter (is_public) as tickets_replied,
        count(*) filter (is_public) as public_replies,
        count(*) filter (not is_public) as internal_notes
    from ticket_comments
    where author_id in (select agent_id from agent)
    group by author_id
),
doer as (
    select agent_id, false as is_automation from agent_activity
    union
    select agent_id, false from engaged
    union
    select agent_id, is_automation from ticket
    union
    select agent_id, false from comment
)
select
    doer.agent_id,
    doer.is_automation,
    coalesce(agent.user_name, engaged.agent_name) as agent_name,
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
    first_response_median_s,
    first_response_p90_s,
    coalesce(first_response_histogram, []) as first_response_histogram,
    coalesce(timed, 0) as timed,
    duration_mean_s,
    coalesce(good, 0) as good,
    coalesce(bad, 0) as bad,
    good / nullif(good + bad, 0) as satisfaction,
    coalesce(tickets_updated, 0) as tickets_updated,
    coalesce(tickets_solved, 0) as tickets_solved,
    coalesce(tickets_replied, 0) as tickets_replied,
    coalesce(public_replies, 0) as public_replies,
    coalesce(internal_notes, 0) as internal_notes,
    coalesce(online_s_by_hour, list_resize([0.0], 24, 0.0)) as online_s_by_hour
from doer
left join agent on agent.agent_id = doer.agent_id
left join agent_activity on agent_activity.agent_id = doer.agent_id
left join engaged on engaged.agent_id = doer.agent_id
left join ticket
    on ticket.agent_id is not distinct from doer.agent_id
    and ticket.is_automation = doer.is_automation
left join comment on comment.agent_id = doer.agent_id
