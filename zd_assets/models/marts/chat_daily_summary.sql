with transfer as (
    select distinct chat_id from chat_engagements where is_transfer
),
chat as (
    select
        *,
        not is_deleted and coalesce(type, 'chat') <> 'offline_msg' as counts,
        not coalesce(missed, false) as is_served,
        not coalesce(missed, false) and not coalesce(dropped, false) as is_completed,
        local_hour(timestamp) as hour,
        transfer.chat_id is not null as is_transferred,
        case when counts and not is_completed then abandon_time end as abandon_s,
        case
            when counts and is_served and not coalesce(proactive, false)
            then response_time.first
        end as first_response_s
    from chats_latest left join transfer on id = transfer.chat_id
),
hours as (
    select department_id, list(chats order by hour) as chats_by_hour
    from (
        select
            department_id,
            slot as hour,
            count(*) filter (counts and hour = slot) as chats
        from chat cross join range(24) as slots(slot)
        group by department_id, slot
    )
    group by department_id
),
summary as (
    select
        department_id,
        arg_max(department_name, update_timestamp) as department_name,
        count(*) filter (counts) as chats,
        count(*) filter (counts and is_served) as served,
        count(*) filter (counts and is_completed) as completed,
        count(*) filter (counts and missed) as missed,
        count(*) filter (counts and dropped and not coalesce(missed, false)) as dropped,
        count(*) filter (counts and proactive) as proactive,
        count(*) filter (counts and is_transferred) as transferred,
        count(*) filter (not is_deleted and type = 'offline_msg') as offline_messages,
        count(*) filter (is_deleted) as deleted,
        count(abandon_s) as abandoned,
        avg(abandon_s) as abandon_mean_s,
        median(abandon_s) as abandon_median_s,
        quantile_cont(abandon_s, 0.9) as abandon_p90_s,
        bucket_counts(histogram(bucket(abandon_s))) as abandon_histogram,
        max(abandon_s) as abandon_max_s,
        count(first_response_s) as answered,
        avg(first_response_s) as first_response_mean_s,
        median(first_response_s) as first_response_median_s,
        quantile_cont(first_response_s, 0.9) as first_response_p90_s,
        bucket_counts(histogram(bucket(first_response_s))) as first_response_histogram,
        max(first_response_s) as first_response_max_s,
        count(response_time.avg) filter (counts and is_served) as responded,
        avg(response_time.avg) filter (counts and is_served) as response_mean_s,
        max(response_time.max) filter (counts and is_served) as response_max_s,
        count(duration) filter (counts and is_served) as timed,
        avg(duration) filter (counts and is_served) as duration_mean_s,
        count(*) filter (counts and rating = 'good') as good,
        count(*) filter (counts and rating = 'bad') as bad
    from chat
    group by department_id
)
select
    summary.*,
    missed / nullif(chats, 0) as missed_share,
    dropped / nullif(served, 0) as dropped_share,
    good / nullif(good + bad, 0) as satisfaction,
    chats_by_hour
from summary
join hours on summary.department_id is not distinct from hours.department_id
