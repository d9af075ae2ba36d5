with span as (
    select
        agent_id, status, start_time,
        coalesce(engagement_count, 0) as engagements,
        start_time + to_microseconds(cast(round(duration * 1e6) as bigint)) as end_time
    from (select distinct * from agent_timeline)
    -- A longer one is no duration, and would leave the range of timestamps.
    where agent_id is not null and duration > 0 and duration < 1e9
),
-- A later timespan ends the one before, so that no second counts twice.
cut as (
    select
        *,
        greatest(start_time, day_start()) as begin,
        least(end_time, day_end()) as stop,
        least(end_time, day_end(), lead(start_time) over (
            partition by agent_id order by start_time, end_time, status, engagements
        )) as until
    from span
    where start_time < day_end() and end_time > day_start()
),
part as (
    select
        *,
        greatest(date_diff('microseconds', begin, until), 0) / 1e6 as seconds,
        date_diff('microseconds', begin, stop) / 1e6 as whole
    from cut
),
-- Clocks are changed by half hours, too; an hour that comes twice is one of both.
slot as (
    select
        local_hour(begins_at) as number,
        begins_at,
        least(begins_at + interval 30 minutes, day_end()) as ends_at
    from (
        select unnest(generate_series(
            day_start(), day_end() - interval 1 microsecond, interval 30 minutes
        )) as begins_at
    )
),
hour as (
    select
        agent_id, number,
        sum(greatest(date_diff(
            'microseconds',
            greatest(begin, begins_at), least(until, ends_at)
        ), 0)) / 1e6 as online_s
    from part cross join slot
    where status = 'online'
    group by agent_id, number
),
hours as (
    select agent_id, list(coalesce(online_s, 0) order by number) as online_s_by_hour
    from (select distinct agent_id from hour) cross join range(24) as hours(number)
    left join hour using (agent_id, number)
    group by agent_id
)
select
    agent_id,
    coalesce(sum(seconds) filter (status = 'online'), 0) as online_s,
    coalesce(sum(seconds) filter (status = 'away'), 0) as away_s,
    coalesce(sum(seconds) filter (status = 'invisible'), 0) as invisible_s,
    coalesce(sum(seconds) filter (
        status is null or status not in ('online', 'away', 'invisible')
    ), 0) as other_s,
    coalesce(sum(seconds) filter (engagements > 0), 0) as engaged_s,
    sum(seconds * engagements) as engagement_s,
    max(engagements) as most_engagements,
    min(begin) as first_seen_at,
    max(stop) as last_seen_at,
    count(*) as timespans,
    sum(whole - seconds) as overlap_s,
    coalesce(any_value(online_s_by_hour), list_resize([0.0], 24, 0.0)) as online_s_by_hour
from part left join hours using (agent_id)
group by agent_id
