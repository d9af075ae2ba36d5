"""Facts of tickets, by day."""

from zd_assets.analytics.current.tables import TICKETS_LATEST
from zd_assets.analytics.daily.table import DailyTable, Reference, Source
from zd_assets.exports.columns import Column, Scalar
from zd_assets.exports.support import TICKET_EVENTS, TICKET_METRIC_EVENTS

TICKET_FIELD_CHANGES = DailyTable(
    name="ticket_field_changes",
    description=(
        "Every field that a ticket event of the day set, with its value before and after. Comments "
        "set none."
    ),
    columns=(
        Column("event_id", Scalar.ID, "The ticket event."),
        Column("ordinal", Scalar.INTEGER, "Which child event of it, from 1."),
        Column("field", Scalar.TEXT, "The field: status, assignee_id, ...", repeats=True),
        Column("ticket_id", Scalar.ID, "The ticket."),
        Column("changed_at", Scalar.TIMESTAMP, "When it was changed, to the second."),
        Column("updater_id", Scalar.ID, "Who changed it; negative for the system."),
        Column("change", Scalar.TEXT, "Create or Change, as sent.", repeats=True),
        Column("value", Scalar.TEXT, "The value now; lists and objects as JSON."),
        Column("previous_value", Scalar.TEXT, "The value before; null where none was sent."),
    ),
    key=("event_id", "ordinal", "field"),
    sources=(Source(TICKET_EVENTS),),
    sql="""
        with child as (
            select
                id, ticket_id, timestamp, updater_id,
                unnest(children) as child,
                generate_subscripts(children, 1) as ordinal
            from (select *, json_elements(child_events) as children from ticket_events)
        ),
        each as (
            select *, unnest(map_entries(try_cast(child as map(varchar, json)))) as entry
            from child
            where child ->> 'event_type' in ('Create', 'Change')
        )
        select
            id as event_id,
            ordinal,
            entry.key as field,
            ticket_id,
            to_timestamp(timestamp) as changed_at,
            updater_id,
            child ->> 'event_type' as change,
            entry.value ->> '$' as value,
            child ->> 'previous_value' as previous_value
        from each
        where entry.key not in (
            'id', 'event_type', 'via', 'via_reference_id', 'previous_value'
        ) and not (entry.key = 'type' and child ->> 'type' in ('Create', 'Change'))
    """,
    refers=(Reference("ticket_id", TICKETS_LATEST, since="changed_at"),),
)

TICKET_STATES = DailyTable(
    name="ticket_states",
    description=(
        "Where each ticket stood at the day's end, or as far as it is known: tickets that weren't "
        "closed when the day began, or that the day touched. Tickets that no event has touched "
        "since the exports' first day aren't known."
    ),
    columns=(
        Column("ticket_id", Scalar.ID, "The ticket."),
        Column(
            "status",
            Scalar.TEXT,
            "new, open, pending, hold, solved, ...; null if that was never seen.",
            repeats=True,
        ),
        Column("status_since", Scalar.TIMESTAMP, "Since when it has had it; null if unknown."),
        Column("group_id", Scalar.ID, "The group it is assigned to, if that was ever seen."),
        Column("assignee_id", Scalar.ID, "The agent it is assigned to, if that was ever seen."),
        Column("priority", Scalar.TEXT, "The priority, if that was ever seen.", repeats=True),
        Column("created_at", Scalar.TIMESTAMP, "When it was created; null if before all exports."),
        Column("is_created", Scalar.BOOL, "Whether it was created on the day."),
        Column("solves", Scalar.INTEGER, "How often it was solved on the day."),
        Column("reopens", Scalar.INTEGER, "How often it went from solved to unsolved on the day."),
        Column(
            "is_closed",
            Scalar.BOOL,
            "Whether it is closed or deleted: gone the day after, unless that touches it again.",
        ),
        Column("is_unsolved", Scalar.BOOL, "Whether it is neither solved, closed nor deleted."),
    ),
    key=("ticket_id",),
    sources=(Source(TICKET_FIELD_CHANGES),),
    carries=True,
    sql="""
        with change as (
            select *, (changed_at, event_id, ordinal) as place
            from ticket_field_changes
            where ticket_id is not null
        ),
        status as (
            select *, lag(value) over (partition by ticket_id order by place) as earlier
            from change
            where field = 'status' and value is not null
        ),
        today as (
            select
                ticket_id,
                arg_max_null(value, place) filter (field = 'group_id') as group_id,
                bool_or(field = 'group_id') as sets_group,
                arg_max_null(value, place) filter (field = 'assignee_id') as assignee_id,
                bool_or(field = 'assignee_id') as sets_assignee,
                arg_max_null(value, place) filter (field = 'priority') as priority,
                bool_or(field = 'priority') as sets_priority,
                min(changed_at) filter (change = 'Create') as created_at
            from change
            group by ticket_id
        ),
        moved as (
            select
                status.ticket_id,
                arg_max(value, place) as status,
                arg_max(changed_at, place) filter (
                    value is distinct from coalesce(earlier, previous_value, yesterday.status)
                ) as since,
                count(*) filter (
                    value = 'solved'
                    and coalesce(earlier, previous_value, yesterday.status, '') <> 'solved'
                ) as solves,
                count(*) filter (
                    value not in ('solved', 'closed', 'deleted')
                    and coalesce(earlier, previous_value, yesterday.status) = 'solved'
                ) as reopens
            from status left join yesterday on status.ticket_id = yesterday.ticket_id
            group by status.ticket_id
        ),
        known as (
            select * from yesterday
            where not is_closed or ticket_id in (select ticket_id from change)
        ),
        state as (
            select
                ticket_id,
                coalesce(moved.status, known.status) as status,
                coalesce(moved.since, known.status_since) as status_since,
                case when sets_group then try_cast(today.group_id as bigint)
                    else known.group_id end as group_id,
                case when sets_assignee then try_cast(today.assignee_id as bigint)
                    else known.assignee_id end as assignee_id,
                case when sets_priority then today.priority else known.priority end as priority,
                coalesce(today.created_at, known.created_at) as created_at,
                today.created_at is not null as is_created,
                coalesce(moved.solves, 0) as solves,
                coalesce(moved.reopens, 0) as reopens
            from known
            full join today using (ticket_id)
            left join moved using (ticket_id)
        )
        select
            *,
            coalesce(status in ('closed', 'deleted'), false) as is_closed,
            coalesce(status not in ('solved', 'closed', 'deleted'), false) as is_unsolved
        from state
    """,
)

TICKET_METRICS = DailyTable(
    name="ticket_metrics",
    description=(
        "What is measured of tickets (reply time, resolution time, waits), as it stood at the "
        "day's end: measurements that went on from the day before, or that the day touched. A "
        "measurement runs from activate to pause or fulfill, and is gone the day after that; "
        "deleted events don't count. Those that began before the exports' first day are known "
        "from their first activate, pause or fulfill on."
    ),
    columns=(
        Column("ticket_id", Scalar.ID, "The ticket."),
        Column("metric", Scalar.TEXT, "reply_time, resolution_time, ...", repeats=True),
        Column("instance_id", Scalar.INTEGER, "Which time the ticket is measured so; counts up."),
        Column("activated_at", Scalar.TIMESTAMP, "When it began; null if before all exports."),
        Column("fulfilled_at", Scalar.TIMESTAMP, "When it was fulfilled; null while it goes on."),
        Column("is_running", Scalar.BOOL, "Whether time counts at the day's end."),
        Column("pauses", Scalar.INTEGER, "How often it was paused until now."),
        Column(
            "calendar_s",
            Scalar.DOUBLE,
            "Calendar seconds that counted until now: as the API last said, in whole minutes, "
            "or else from the events.",
        ),
        Column(
            "business_s",
            Scalar.DOUBLE,
            "Seconds of business hours that counted until now, as the API last said.",
        ),
        Column("reported_s", Scalar.DOUBLE, "Calendar seconds as the API last said; or null."),
        Column("measured_s", Scalar.DOUBLE, "Calendar seconds that counted by the events."),
        Column("policy", Scalar.TEXT, "The SLA policy applied last, by its title.", repeats=True),
        Column("target_s", Scalar.DOUBLE, "The target of the SLA policy applied last."),
        Column("breached_at", Scalar.TIMESTAMP, "When the target was first missed."),
        Column("events", Scalar.INTEGER, "Events on the day."),
    ),
    key=("ticket_id", "metric", "instance_id"),
    sources=(Source(TICKET_METRIC_EVENTS),),
    carries=True,
    sql="""
        with event as (
            select
                ticket_id, metric, instance_id, type, time as moment, id, (time, id) as place,
                readable(status) as status, readable(coalesce(group_sla, sla)) as sla
            from ticket_metric_events
            where not coalesce(deleted, false)
                and ticket_id is not null and metric is not null and instance_id is not null
        ),
        -- What was never seen to begin can't be seen to go on.
        known as (
            select * from yesterday
            where fulfilled_at is null and (activated_at is not null or is_running or pauses > 0)
        ),
        step as (
            select ticket_id, metric, instance_id, moment, id, type = 'activate' as runs
            from event where type in ('activate', 'pause', 'fulfill')
            union all
            select
                ticket_id, metric, instance_id, day_start(), cast(null as bigint), is_running
            from known
        ),
        stretch as (
            select
                *,
                date_diff(
                    'microseconds', moment,
                    lead(moment, 1, greatest(moment, known_until())) over (
                        partition by ticket_id, metric, instance_id
                        order by moment, id nulls first
                    )
                ) / 1e6 as seconds
            from step
        ),
        run as (
            select
                ticket_id, metric, instance_id,
                coalesce(sum(seconds) filter (runs), 0) as seconds,
                arg_max(runs, (moment, id is not null, id)) as is_running
            from stretch group by all
        ),
        today as (
            select
                ticket_id, metric, instance_id,
                -- What is paused or fulfilled first had begun before.
                case when arg_min(type, place) filter (type in ('activate', 'pause', 'fulfill'))
                    = 'activate' then min(moment) filter (type = 'activate') end as activated_at,
                arg_max(type, place) filter (type in ('activate', 'pause', 'fulfill')) as last_type,
                max(moment) filter (type = 'fulfill') as fulfilled_at,
                count(*) filter (type = 'pause') as pauses,
                arg_max(try_cast(status ->> 'calendar' as double), place) * 60 as calendar_s,
                arg_max(try_cast(status ->> 'business' as double), place) * 60 as business_s,
                arg_max(coalesce(sla -> 'policy' ->> 'title', sla ->> 'policy'), place) as policy,
                arg_max(coalesce(
                    try_cast(sla ->> 'target_in_seconds' as double),
                    try_cast(sla ->> 'target' as double) * 60
                ), place) as target_s,
                min(moment) filter (type = 'breach') as breached_at,
                count(*) as events
            from event group by all
        ),
        state as (
            select
                ticket_id, metric, instance_id,
                case when known.is_running is null then today.activated_at
                    else known.activated_at end as activated_at,
                case when last_type = 'fulfill' then today.fulfilled_at end as fulfilled_at,
                coalesce(run.is_running, false) as is_running,
                coalesce(known.pauses, 0) + coalesce(today.pauses, 0) as pauses,
                coalesce(today.calendar_s, known.reported_s) as reported_s,
                coalesce(known.measured_s, 0) + coalesce(run.seconds, 0) as measured_s,
                coalesce(today.business_s, known.business_s) as business_s,
                coalesce(today.policy, known.policy) as policy,
                coalesce(today.target_s, known.target_s) as target_s,
                coalesce(known.breached_at, today.breached_at) as breached_at,
                coalesce(today.events, 0) as events
            from known
            full join today using (ticket_id, metric, instance_id)
            left join run using (ticket_id, metric, instance_id)
        )
        select *, coalesce(reported_s, measured_s) as calendar_s
        from state
    """,
    holds={
        "seconds_not_negative": "least(calendar_s, measured_s, coalesce(business_s, 0)) >= 0",
        "business_within_calendar": "business_s <= reported_s",
        "fulfilled_after_activated": "fulfilled_at >= activated_at",
    },
    refers=(Reference("ticket_id", TICKETS_LATEST, since="activated_at"),),
)

TICKET_FACTS = (TICKET_FIELD_CHANGES, TICKET_STATES, TICKET_METRICS)
