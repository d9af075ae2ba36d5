with measurement as (
    select
        *,
        coalesce(breached_at >= day_start(), false) as breaches_today
    from ticket_metrics
    -- Others have no target.
    where policy is not null or target_s is not null or breached_at is not null
),
answer as (
    select
        metric,
        policy,
        count(*) filter (breaches_today) as breaches,
        count(*) filter (met_at >= day_start()) as met,
        count(*) filter (late_at >= day_start()) as late,
        count(*) filter (
            breached_at is not null and fulfilled_at is null and ended_at is null
        ) as still_late,
        count(*) filter (
            coalesce(met_at, late_at) is null and ended_at >= day_start()
        ) as ended,
        count(distinct ticket_id) filter (breaches_today) as tickets
    from measurement
    group by metric, policy
    having breaches + met + late + still_late + ended > 0
)
select *, met / nullif(met + late, 0) as met_share
from answer
