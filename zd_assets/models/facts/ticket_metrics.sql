with sent as (
    select
        ticket_id, metric, instance_id, type, time as moment, id,
        readable(status) as status, readable(coalesce(group_sla, sla)) as sla
    from ticket_metric_events
    where not coalesce(deleted, false)
        and ticket_id is not null and metric is not null and instance_id is not null
),
closed as (
    -- When isn't known of what was closed when it was first seen.
    select ticket_id, coalesce(status_since, day_start()) as closed_at
    from ticket_states where is_closed
),
known as (
    select yesterday.* replace (
        -- Whether it runs again when its ticket is restored isn't told.
        case when ended_at is null or fulfilled_at is not null then is_running end
            as is_running
    ),
        activated_at is null and pauses = 0 and coalesce(met_at, late_at) is null
            as is_untold
    from yesterday
    left join (
        select ticket_id, metric, instance_id, min(moment) as moment
        from sent group by all
    ) as next using (ticket_id, metric, instance_id)
    where (
        ended_at is null or ticket_id in (select ticket_id from ticket_states)
    ) and (
        fulfilled_at is null
        or greatest(coalesce(next.moment, day_start()), day_start())
            <= fulfilled_at + interval 30 days
    )
),
-- A second that both starts and stops leaves a measurement as it was before, whatever the ids
-- say: what runs stops first, what doesn't starts first.
second as (
    select
        ticket_id, metric, instance_id, moment,
        coalesce(
            last_value(runs_after ignore nulls) over (
                partition by ticket_id, metric, instance_id order by moment
                rows between unbounded preceding and 1 preceding
            ),
            known.is_running,
            false
        ) as runs_before
    from (
        select
            ticket_id, metric, instance_id, moment,
            case
                when bool_or(type = 'activate') <> bool_or(type in ('pause', 'fulfill'))
                then bool_or(type = 'activate')
            end as runs_after
        from sent group by all
    )
    left join known using (ticket_id, metric, instance_id)
),
event as (
    select sent.*, (moment, (type = 'activate') = runs_before, id) as place
    from sent join second using (ticket_id, metric, instance_id, moment)
),
turn as (
    select ticket_id, metric, instance_id, moment, place, type
    from event where type in ('activate', 'pause', 'fulfill')
),
-- What ends with the ticket: after all else that is told of that second.
ending as (
    select
        ticket_id, metric, instance_id,
        greatest(closed_at, latest) as moment
    from (
        select
            ticket_id, metric, instance_id,
            max(began_at) as latest
        from (
            select ticket_id, metric, instance_id,
                coalesce(ended_at, activated_at) as began_at
            from known
            union all
            select ticket_id, metric, instance_id,
                case when type in ('activate', 'pause') then moment end
            from event
        )
        group by all
    )
    join closed using (ticket_id)
),
step as (
    select
        ticket_id, metric, instance_id, moment, place,
        case when type = 'activate' then true else false end as runs
    from turn
    union all
    select
        ticket_id, metric, instance_id, moment,
        (moment, true, 9223372036854775807), false
    from ending
    union all
    select
        ticket_id, metric, instance_id, day_start(),
        (day_start() - interval 1 microsecond, false, 0), is_running
    from known where is_running is not null
),
segment as (
    select
        *,
        lead(moment, 1, greatest(moment, known_until())) over (
            partition by ticket_id, metric, instance_id order by place
        ) as until
    from step
),
report as (
    select
        ticket_id, metric, instance_id,
        max(moment) filter (coalesce(
            try_cast((status ->> 'calendar') as double),
            try_cast((status ->> 'business') as double)
        ) is not null) as reported_at,
        arg_max(try_cast((status ->> 'calendar') as double), place) * 60 as reported_s,
        max(moment) filter (
            try_cast((status ->> 'calendar') as double) is not null
        ) as since,
        arg_max(try_cast((status ->> 'business') as double), place) * 60 as business_s
    from event group by all
),
run as (
    select
        ticket_id, metric, instance_id,
        coalesce(sum(greatest(date_diff('microseconds', moment, until), 0))
            filter (runs), 0) / 1e6 as seconds,
        coalesce(sum(greatest(date_diff(
            'microseconds', greatest(moment, coalesce(report.since, moment)), until
        ), 0)) filter (runs), 0) / 1e6 as seconds_since,
        arg_max(runs, place) as is_running
    from segment left join report using (ticket_id, metric, instance_id)
    group by all
),
today as (
    select
        ticket_id, metric, instance_id,
        -- What is paused or fulfilled first had begun before.
        case when arg_min(type, place) filter (type in ('activate', 'pause', 'fulfill'))
            = 'activate' then min(moment) filter (type = 'activate') end as activated_at,
        arg_max(type, place) filter (type in ('activate', 'fulfill')) as last_type,
        max(moment) filter (type = 'fulfill') as fulfilled_at,
        count(*) filter (type = 'pause') as pauses,
        arg_max(coalesce(
            (sla -> 'policy' ->> 'title'),
            'policy ' || (sla -> 'policy' ->> 'id'),
            case when json_type((sla -> 'policy')) <> 'OBJECT' then (sla ->> 'policy') end
        ), place) as policy,
        arg_max(coalesce(
            try_cast((sla ->> 'target_in_seconds') as double),
            try_cast((sla ->> 'target') as double) * 60
        ), place) as target_s,
        min(moment) filter (type = 'breach') as breached_at,
        count(*) as events
    from event group by all
),
outcome as (
    select
        ticket_id, metric, instance_id,
        min(moment) as first_at,
        min(moment) filter (
            moment >= coalesce(known.breached_at, today.breached_at)
        ) as late_at
    from turn
    left join known using (ticket_id, metric, instance_id)
    join today using (ticket_id, metric, instance_id)
    where type = 'fulfill'
    group by all
),
state as (
    select
        ticket_id, metric, instance_id,
        case when known.ticket_id is null or known.is_untold
                then today.activated_at else known.activated_at end as activated_at,
        case
            when last_type = 'fulfill' then today.fulfilled_at
            when last_type is null then known.fulfilled_at
        end as fulfilled_at,
        ending.moment as ended_at,
        run.is_running,
        coalesce(known.pauses, 0) + coalesce(today.pauses, 0) as pauses,
        coalesce(report.reported_s, known.calendar_s, 0) + coalesce(
            case when report.reported_s is null then run.seconds else run.seconds_since end,
            0
        ) as calendar_s,
        coalesce(report.reported_at, known.reported_at) as reported_at,
        coalesce(report.reported_s, known.reported_s) as reported_s,
        coalesce(known.measured_s, 0) + coalesce(run.seconds, 0) as measured_s,
        coalesce(report.business_s, known.business_s) as business_s,
        coalesce(today.policy, known.policy) as policy,
        coalesce(today.target_s, known.target_s) as target_s,
        coalesce(known.breached_at, today.breached_at) as breached_at,
        coalesce(
            known.met_at,
            case when known.late_at is null
                and outcome.first_at is distinct from outcome.late_at
                then outcome.first_at end
        ) as met_at,
        coalesce(known.late_at, outcome.late_at) as late_at,
        coalesce(today.events, 0) as events
    from known
    full join today using (ticket_id, metric, instance_id)
    left join run using (ticket_id, metric, instance_id)
    left join report using (ticket_id, metric, instance_id)
    left join ending using (ticket_id, metric, instance_id)
    left join outcome using (ticket_id, metric, instance_id)
)
select * from state
