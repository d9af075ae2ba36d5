with measurement as (
    select
        group_id,
        coalesce(is_group_known, false) as is_group_known,
        ticket_id,
        case
            when metric <> 'reply_time' then metric
            when instance_id = 1 then 'first_reply_time'
            else 'next_reply_time'
        end as measure,
        calendar_s,
        business_s
    from ticket_metrics
    left join ticket_states using (ticket_id)
    where fulfilled_at >= day_start()
)
select
    group_id,
    is_group_known,
    measure,
    count(*) as fulfilled,
    count(distinct ticket_id) as tickets,
    avg(calendar_s) as mean_s,
    median(calendar_s) as median_s,
    quantile_cont(calendar_s, 0.9) as p90_s,
    max(calendar_s) as max_s,
    bucket_counts(histogram(bucket(calendar_s))) as histogram,
    count(business_s) as in_business_hours,
    avg(business_s) as business_mean_s,
    median(business_s) as business_median_s,
    quantile_cont(business_s, 0.9) as business_p90_s,
    bucket_counts(histogram(bucket(business_s))) as business_histogram
from measurement
group by group_id, is_group_known, measure
