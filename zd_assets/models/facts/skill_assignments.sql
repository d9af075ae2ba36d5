with event as (
    select
        split_part(type, '_', 2) as holder,
        instance_id as holder_id,
        attribute_value_id,
        time as moment,
        bool_or(type like 'associate%') as gives
    from routing_instance_values
    where type in (
        'associate_agent', 'unassociate_agent', 'associate_ticket', 'unassociate_ticket'
    ) and instance_id is not null and attribute_value_id is not null
    group by all
    -- Given and taken away in one moment, in whatever order: all stays as it was.
    having count(distinct type) = 1
),
known as (select * from yesterday where until is null),
closed as (
    select distinct ticket_id as holder_id, changed_at as moment
    from ticket_field_changes
    where field = 'status' and value in ('closed', 'deleted')
),
step as (
    select * from event
    union all
    select 'ticket', closed.holder_id, attribute_value_id, closed.moment, false
    from closed join (
        select holder_id, attribute_value_id, null as given_at
        from known where holder = 'ticket'
        union
        select
            holder_id, attribute_value_id,
            case when arg_min(gives, moment) then min(moment) end
        from event where holder = 'ticket' group by all
    ) as held using (holder_id)
    -- What is given later wasn't held then.
    where given_at is null or given_at <= closed.moment
),
-- Of what is given twice the first counts, of what is taken away twice, too.
next as (
    select
        *,
        lag(gives) over moves as gave,
        lead(moment) over moves as next_at
    from (
        select * from (
            select
                *,
                lag(gives) over (
                    partition by holder, holder_id, attribute_value_id
                    order by moment, not gives
                ) as earlier
            from (
                select * from step
                union all
                select holder, holder_id, attribute_value_id, coalesce(since, day_start()),
                    true
                from known
            )
        ) where gives is distinct from earlier
    )
    window moves as (
        partition by holder, holder_id, attribute_value_id order by moment, not gives
    )
),
interval_ as (
    select holder, holder_id, attribute_value_id, moment as since, next_at as until
    from next where gives
    union all
    select holder, holder_id, attribute_value_id, null, moment
    from next where not gives and gave is null
)
select
    holder, holder_id, attribute_value_id, since, until,
    greatest(date_diff(
        'microseconds',
        greatest(coalesce(since, day_start()), day_start()),
        coalesce(until, greatest(known_until(), coalesce(since, day_start())))
    ), 0) / 1e6 as held_s,
    skill, attribute
from interval_ left join skills using (attribute_value_id)
