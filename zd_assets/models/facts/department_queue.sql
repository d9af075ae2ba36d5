with event as (
    select
        id, department_id, timestamp as moment,
        try_cast(json_part(value, 'queue_size') as bigint) as size,
        try_cast(json_part(previous_value, 'queue_size') as bigint) as before
    from department_events
    where field_name = 'queue_sizes'
),
opening as (
    select
        coalesce(yesterday.department_id, first.department_id) as department_id,
        coalesce(yesterday.at_end, first.before) as size
    from yesterday
    full join (
        select department_id, arg_min_null(before, (moment, id)) as before
        from event where size is not null group by department_id
    ) as first on yesterday.department_id is not distinct from first.department_id
),
step as (
    select department_id, moment, id, size from event where size is not null
    union all
    select department_id, day_start(), '', size from opening where size is not null
),
segment as (
    select
        *,
        greatest(date_diff(
            'microseconds', moment,
            lead(moment, 1, greatest(moment, known_until())) over (
                partition by department_id order by moment, id
            )
        ), 0) / 1e6 as seconds
    from step
)
select
    department_id,
    arg_min(size, (moment, id)) filter (id = '') as at_start,
    arg_max(size, (moment, id)) as at_end,
    max(size) as peak,
    min(moment) filter (size = longest) as peak_at,
    sum(size * seconds) / nullif(sum(seconds), 0) as mean,
    coalesce(sum(seconds) filter (size > 0), 0) as waiting_s,
    sum(seconds) as known_s,
    count(*) filter (id <> '') as events
from (select *, max(size) over (partition by department_id) as longest from segment)
group by department_id
