-- What is told of a ticket, in order: by events, and by versions, which know the events
-- of their second. What was before an event is told by it, too: before its own value.
with told as (
    select
        ticket_id, changed_at as moment, false as is_version,
        event_id, ordinal, field, value, change = 'Create' as creates,
        change = 'Change' as changes, previous_value
    from ticket_field_changes
    where ticket_id is not null
    union all
    select
        id, to_timestamp(generated_timestamp), true, 0, 0,
        unnest(['status', 'group_id', 'assignee_id', 'priority']),
        unnest([
            status, cast(group_id as varchar), cast(assignee_id as varchar), priority
        ]),
        false, false, null
    from tickets
    where id is not null
),
placed as (select *, (moment, is_version, event_id, ordinal) as place from told),
born as (
    select ticket_id, min(moment) filter (creates) as created_at
    from placed group by ticket_id
),
version as (
    select id as ticket_id, arg_max(created_at, generated_timestamp) as created_at
    from tickets group by id
),
-- On the lake's first day: what was there before, by the first that is told of it later.
first as (
    select
        ticket_id, field,
        arg_min_null(case when changes then previous_value else value end, place) as value,
        arg_min(changes and previous_value is null, place) as is_change_alone
    from placed
    where begins() and field in ('status', 'group_id', 'assignee_id', 'priority')
        and (field <> 'status' or value is not null)
    group by ticket_id, field
),
opening as (
    select
        ticket_id,
        any_value(value) filter (field = 'status') as status,
        any_value(try_cast(value as bigint)) filter (field = 'group_id') as group_id,
        bool_or(field = 'group_id') as is_group_known,
        any_value(try_cast(value as bigint)) filter (field = 'assignee_id') as assignee_id,
        bool_or(field = 'assignee_id') as is_assignee_known,
        any_value(value) filter (field = 'priority') as priority,
        any_value(version.created_at) as created_at
    from first
    join born using (ticket_id)
    left join version using (ticket_id)
    where born.created_at is null
        and coalesce(version.created_at < day_start(), true)
    group by ticket_id
    having any_value(value) filter (field = 'status') not in ('closed', 'deleted')
),
today as (select * from placed where moment < day_end()),
known as (
    select
        ticket_id, status, status_since, group_id, is_group_known, assignee_id,
        is_assignee_known, priority, created_at, is_unsolved
    from yesterday
    where not is_closed
        or (status = 'deleted' and status_since >= day_start() - interval 30 days)
        or ticket_id in (select ticket_id from today)
    union all
    select
        ticket_id, status, null, group_id, is_group_known, assignee_id,
        is_assignee_known, priority, created_at, status <> 'solved'
    from opening
),
version_today as (
    select id as ticket_id, arg_max(created_at, generated_timestamp) as created_at
    from tickets where to_timestamp(generated_timestamp) < day_end() group by id
),
touched as (
    select
        ticket_id,
        arg_max_null(value, place) filter (field = 'group_id') as group_id,
        bool_or(field = 'group_id' or creates) as tells_group,
        arg_max_null(value, place) filter (field = 'assignee_id') as assignee_id,
        bool_or(field = 'assignee_id' or creates) as tells_assignee,
        arg_max_null(value, place) filter (field = 'priority') as priority,
        bool_or(field = 'priority') as tells_priority,
        min(moment) filter (creates) as created_at
    from today
    group by ticket_id
),
birth as (
    select
        ticket_id,
        -- An imported ticket may be older than the event that brought it.
        coalesce(version_today.created_at, known.created_at, touched.created_at)
            as created_at,
        known.status is null and (
            touched.created_at is not null
            or coalesce(version_today.created_at >= day_start(), false)
        ) as is_created
    from known
    full join touched using (ticket_id)
    left join version_today using (ticket_id)
),
step as (
    select ticket_id, moment, (place, true) as place, value as status, changes
    from today where field = 'status' and value is not null
    union all
    select ticket_id, moment, (place, false), previous_value, false
    from today where field = 'status' and changes and previous_value is not null
),
kind as (
    select
        ticket_id, moment, place, step.status, changes, is_created,
        case
            when step.status in ('closed', 'deleted') then 'gone'
            when step.status = 'solved' then 'solved'
            else 'unsolved'
        end as kind,
        coalesce(
            lag(step.status) over (partition by ticket_id order by place), known.status
        ) as earlier
    from step
    left join known using (ticket_id)
    join birth using (ticket_id)
),
move as (
    select
        *,
        case
            when earlier in ('closed', 'deleted') then 'gone'
            when earlier = 'solved' then 'solved'
            when earlier is not null then 'unsolved'
            when is_created then 'nowhere'
            -- It can only have been solved if it was unsolved.
            when changes and kind = 'solved' then 'unknown, unsolved'
            else 'unknown'
        end as came_from
    from kind
),
moved as (
    select
        ticket_id,
        arg_max(status, place) as status,
        bool_or(status is distinct from earlier) as differs,
        max(moment) filter (
            status is distinct from earlier and came_from <> 'unknown'
                or earlier is null and changes
        ) as since,
        count(*) filter (
            came_from = 'unknown' and kind = 'unsolved' or came_from = 'unknown, unsolved'
        ) as surfaced,
        count(*) filter (
            kind = 'solved' and came_from in ('unsolved', 'nowhere', 'unknown, unsolved')
        ) as solves,
        count(*) filter (kind = 'unsolved' and came_from = 'solved') as reopens,
        count(*) filter (kind = 'unsolved' and came_from = 'gone') as restores,
        count(*) filter (
            kind = 'gone' and came_from in ('unsolved', 'nowhere')
        ) as leaves
    from move
    group by ticket_id
),
state as (
    select
        ticket_id,
        coalesce(moved.status, known.status) as status,
        case when differs then moved.since else known.status_since end as status_since,
        case when tells_group then try_cast(touched.group_id as bigint)
            else known.group_id end as group_id,
        coalesce(tells_group, false) or coalesce(known.is_group_known, false)
            as is_group_known,
        case when tells_assignee then try_cast(touched.assignee_id as bigint)
            else known.assignee_id end as assignee_id,
        coalesce(tells_assignee, false) or coalesce(known.is_assignee_known, false)
            as is_assignee_known,
        case when tells_priority then touched.priority else known.priority end as priority,
        birth.created_at,
        birth.is_created,
        coalesce(moved.surfaced, 0) as surfaced,
        coalesce(moved.solves, 0) as solves,
        coalesce(moved.reopens, 0) as reopens,
        coalesce(moved.restores, 0) as restores,
        coalesce(moved.leaves, 0) as leaves,
        coalesce(known.is_unsolved, false) as was_unsolved,
        known.group_id as group_before,
        coalesce(known.is_group_known, false) as is_group_before_known
    from known
    full join touched using (ticket_id)
    join birth using (ticket_id)
    left join moved using (ticket_id)
)
select
    *,
    coalesce(status in ('closed', 'deleted'), false) as is_closed,
    coalesce(status not in ('solved', 'closed', 'deleted'), false) as is_unsolved
from state
