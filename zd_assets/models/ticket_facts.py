"""Facts of tickets, by day."""

from zd_assets.catalog.columns import Column, Scalar
from zd_assets.catalog.support import TICKET_EVENTS, TICKET_METRIC_EVENTS, TICKETS
from zd_assets.engine.model import Model, Reference, Source
from zd_assets.models.latest import TICKETS_LATEST

#: How far a lake's first day looks ahead for tickets that were there before.
AHEAD_DAYS = 28

TICKET_FIELD_CHANGES = Model(
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
    relationships=(Reference("ticket_id", TICKETS_LATEST, since="changed_at"),),
)

TICKET_STATES = Model(
    name="ticket_states",
    description=(
        "Where each ticket stood at the day's end, or as far as it is known: tickets that weren't "
        "closed when the day began, or that the day touched, by a ticket event or by a version in "
        "the tickets export, whichever is newer. So what automations do without an event shows, "
        "too. Deleted tickets stay for 30 days, in which they may be restored. The lake's first "
        "day also looks 28 days ahead for older tickets; those that nothing touched since aren't "
        "known. Of statuses that follow one another, the one before counts as the event sent it."
    ),
    columns=(
        Column("ticket_id", Scalar.ID, "The ticket."),
        Column(
            "status",
            Scalar.TEXT,
            "new, open, pending, hold, solved, ...; null if that was never seen.",
            repeats=True,
        ),
        Column(
            "status_since",
            Scalar.TIMESTAMP,
            "Since when it has had it, at the latest; null if unknown.",
        ),
        Column("group_id", Scalar.ID, "The group it is assigned to; null for none, or unknown."),
        Column("is_group_known", Scalar.BOOL, "Whether its group was ever seen."),
        Column("assignee_id", Scalar.ID, "The agent it is assigned to; null for none, or unknown."),
        Column("is_assignee_known", Scalar.BOOL, "Whether its agent was ever seen."),
        Column("priority", Scalar.TEXT, "The priority, if that was ever seen.", repeats=True),
        Column("created_at", Scalar.TIMESTAMP, "When it was created, if that was ever seen."),
        Column("is_created", Scalar.BOOL, "Whether it was created on the day."),
        Column(
            "surfaced",
            Scalar.INTEGER,
            "1 if it was there before, unsolved, but nothing of the lake told so until this day.",
        ),
        Column("solves", Scalar.INTEGER, "How often it was solved on the day."),
        Column("reopens", Scalar.INTEGER, "How often it went from solved to unsolved on the day."),
        Column("restores", Scalar.INTEGER, "How often it came back, unsolved, after a deletion."),
        Column(
            "leaves",
            Scalar.INTEGER,
            "How often it was closed, merged or deleted on the day while it was unsolved.",
        ),
        Column(
            "is_closed",
            Scalar.BOOL,
            "Whether it is closed or deleted: gone later, unless that touches it again.",
        ),
        Column("is_unsolved", Scalar.BOOL, "Whether it is neither solved, closed nor deleted."),
        Column("was_unsolved", Scalar.BOOL, "Whether it was so, and known, when the day began."),
        Column("group_before", Scalar.ID, "The group it had when the day began."),
        Column("is_group_before_known", Scalar.BOOL, "Whether that group is known."),
    ),
    key=("ticket_id",),
    sources=(
        Source(TICKET_FIELD_CHANGES, ahead_days=AHEAD_DAYS),
        Source(TICKETS, optional=True, ahead_days=AHEAD_DAYS),
    ),
    depends_on_past=True,
    sql="""
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
    """,
    assertions={
        "flows_add_up": """
            is_unsolved::int = was_unsolved::int + (is_created and status is not null)::int
                + surfaced + reopens + restores - solves - leaves
        """,
    },
)

TICKET_METRICS = Model(
    name="ticket_metrics",
    description=(
        "What is measured of tickets (reply time, resolution time, waits), as it stood at the "
        "day's end. A measurement runs from activate to pause or fulfill, and may be activated "
        "again after that: it then goes on. It ends when its ticket is closed, merged or deleted, "
        "though no event says so. Unfulfilled ones stay until then, fulfilled ones for 30 days or "
        "until the ticket is closed. Deleted events don't count. Of those that began before the "
        "exports' first day, what is known is carried on, too."
    ),
    columns=(
        Column("ticket_id", Scalar.ID, "The ticket."),
        Column("metric", Scalar.TEXT, "reply_time, resolution_time, ...", repeats=True),
        Column("instance_id", Scalar.INTEGER, "Which time the ticket is measured so; counts up."),
        Column("activated_at", Scalar.TIMESTAMP, "When it began; null if before all exports."),
        Column("fulfilled_at", Scalar.TIMESTAMP, "When it was fulfilled; null while it goes on."),
        Column(
            "ended_at",
            Scalar.TIMESTAMP,
            "When its ticket was closed or deleted, which ends it, fulfilled or not.",
        ),
        Column(
            "is_running",
            Scalar.BOOL,
            "Whether time counts at the day's end; null if it was never seen to begin or to pause.",
        ),
        Column("pauses", Scalar.INTEGER, "How often it was paused until now."),
        Column(
            "calendar_s",
            Scalar.DOUBLE,
            "Calendar seconds that counted until the day's end: as the API last said, in whole "
            "minutes, and by the events from then on.",
        ),
        Column(
            "business_s",
            Scalar.DOUBLE,
            "Seconds of business hours that counted until `reported_at`, as the API last said.",
        ),
        Column("reported_at", Scalar.TIMESTAMP, "When the API last said how long it had counted."),
        Column(
            "reported_s",
            Scalar.DOUBLE,
            "Calendar seconds until `reported_at`, as the API last said; or null.",
        ),
        Column(
            "measured_s",
            Scalar.DOUBLE,
            "Calendar seconds that counted until the day's end by the events alone.",
        ),
        Column("policy", Scalar.TEXT, "The SLA policy applied last, by its title.", repeats=True),
        Column("target_s", Scalar.DOUBLE, "The target of the SLA policy applied last."),
        Column("breached_at", Scalar.TIMESTAMP, "When the target was first missed."),
        Column(
            "met_at",
            Scalar.TIMESTAMP,
            "When it was first fulfilled, if the target hadn't been missed then.",
        ),
        Column(
            "late_at",
            Scalar.TIMESTAMP,
            "When it was first fulfilled after the target had been missed.",
        ),
        Column("events", Scalar.INTEGER, "Events on the day."),
    ),
    key=("ticket_id", "metric", "instance_id"),
    sources=(Source(TICKET_METRIC_EVENTS), Source(TICKET_STATES, optional=True)),
    depends_on_past=True,
    sql="""
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
        -- In its first second a measurement begins first, whatever the ids say.
        event as (
            select
                *,
                (
                    moment,
                    coalesce(
                        moment = begins_at and moment = turns_at and type <> 'activate', false
                    ),
                    id
                ) as place
            from (
                select
                    sent.*,
                    case when known.ticket_id is null or known.is_untold
                        then min(moment) filter (type = 'activate') over (
                            partition by ticket_id, metric, instance_id
                        ) end as begins_at,
                    min(moment) filter (type in ('activate', 'pause', 'fulfill')) over (
                        partition by ticket_id, metric, instance_id
                    ) as turns_at
                from sent
                left join known using (ticket_id, metric, instance_id)
            )
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
                    try_cast(status ->> 'calendar' as double),
                    try_cast(status ->> 'business' as double)
                ) is not null) as reported_at,
                arg_max(try_cast(status ->> 'calendar' as double), place) * 60 as reported_s,
                max(moment) filter (
                    try_cast(status ->> 'calendar' as double) is not null
                ) as since,
                arg_max(try_cast(status ->> 'business' as double), place) * 60 as business_s
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
                    sla -> 'policy' ->> 'title',
                    'policy ' || (sla -> 'policy' ->> 'id'),
                    case when json_type(sla -> 'policy') <> 'OBJECT' then sla ->> 'policy' end
                ), place) as policy,
                arg_max(coalesce(
                    try_cast(sla ->> 'target_in_seconds' as double),
                    try_cast(sla ->> 'target' as double) * 60
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
    """,
    assertions={
        "seconds_not_negative": "least(calendar_s, measured_s, coalesce(business_s, 0)) >= 0",
        "business_within_calendar": "business_s <= reported_s",
        "fulfilled_after_activated": "fulfilled_at >= activated_at",
    },
    relationships=(Reference("ticket_id", TICKETS_LATEST, since="activated_at"),),
)

TICKET_FACTS = (TICKET_FIELD_CHANGES, TICKET_STATES, TICKET_METRICS)
