with state as (
    select
        *,
        is_created and status is not null as counts_as_created,
        status not in ('new', 'open', 'pending', 'hold') as is_other,
        date_diff('microseconds', created_at, greatest(created_at, known_until())) / 1e6
            as age_s,
        was_unsolved and (
            group_id is distinct from group_before
            or is_group_known <> is_group_before_known
        ) as is_moved
    from ticket_states
),
had as (
    select
        group_before as group_id,
        is_group_before_known as is_group_known,
        count(*) as before,
        count(*) filter (is_moved) as moved_out
    from state where was_unsolved group by all
),
has as (
    select
        group_id, is_group_known,
        count(*) filter (is_unsolved) as backlog,
        count(*) filter (is_unsolved and status = 'new') as new,
        count(*) filter (is_unsolved and status = 'open') as open,
        count(*) filter (is_unsolved and status = 'pending') as pending,
        count(*) filter (is_unsolved and status = 'hold') as hold,
        count(*) filter (is_unsolved and is_other) as other,
        count(*) filter (
            is_unsolved and is_assignee_known and assignee_id is null
        ) as unassigned,
        count(*) filter (is_unsolved and not is_assignee_known) as agent_unknown,
        count(*) filter (counts_as_created) as created,
        sum(reopens) as reopened,
        sum(restores) as restored,
        sum(surfaced) as surfaced,
        count(*) filter (is_moved) as moved_in,
        sum(solves) as solved,
        sum(leaves) as "left",
        count(*) filter (is_closed and status_since >= day_start()) as closed,
        count(age_s) filter (is_unsolved) as aged,
        avg(age_s) filter (is_unsolved) as age_mean_s,
        max(age_s) filter (is_unsolved) as age_max_s,
        count(*) filter (is_unsolved and age_s > 1 * 86400) as older_than_day,
        count(*) filter (is_unsolved and age_s > 3 * 86400) as older_than_3_days,
        count(*) filter (is_unsolved and age_s > 7 * 86400) as older_than_week,
        count(*) filter (is_unsolved and age_s > 30 * 86400) as older_than_month
    from state
    group by all
)
select
    coalesce(has.group_id, had.group_id) as group_id,
    coalesce(has.is_group_known, had.is_group_known) as is_group_known,
    coalesce(backlog, 0) as backlog,
    coalesce(new, 0) as new,
    coalesce(open, 0) as open,
    coalesce(pending, 0) as pending,
    coalesce(hold, 0) as hold,
    coalesce(other, 0) as other,
    coalesce(unassigned, 0) as unassigned,
    coalesce(agent_unknown, 0) as agent_unknown,
    coalesce(before, 0) as before,
    coalesce(created, 0) as created,
    coalesce(reopened, 0) as reopened,
    coalesce(restored, 0) as restored,
    coalesce(surfaced, 0) as surfaced,
    coalesce(moved_in, 0) as moved_in,
    coalesce(moved_out, 0) as moved_out,
    coalesce(solved, 0) as solved,
    coalesce("left", 0) as "left",
    coalesce(closed, 0) as closed,
    coalesce(aged, 0) as aged,
    age_mean_s,
    age_max_s,
    coalesce(older_than_day, 0) as older_than_day,
    coalesce(older_than_3_days, 0) as older_than_3_days,
    coalesce(older_than_week, 0) as older_than_week,
    coalesce(older_than_month, 0) as older_than_month
from has
full join had
    on has.group_id is not distinct from had.group_id
    and has.is_group_known = had.is_group_known
-- Not those in which nothing is but what was deleted before.
where greatest(
    backlog, before, created, reopened, restored, surfaced, moved_in, solved, closed
) > 0
