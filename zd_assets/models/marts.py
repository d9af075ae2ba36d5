"""Answers by day: what people ask of a support team's day, made of facts."""

from zd_assets.catalog.columns import Column, List, Scalar
from zd_assets.engine.model import Model, Source
from zd_assets.models.chat_facts import AGENT_ACTIVITY, CHAT_ENGAGEMENTS, LATE_CHATS_H
from zd_assets.models.latest import CHATS_LATEST
from zd_assets.models.ticket_facts import (
    TICKET_FIELD_CHANGES,
    TICKET_METRICS,
    TICKET_STATES,
)

CHAT_DAILY_SUMMARY = Model(
    name="chat_daily_summary",
    description=(
        "The chats that started on the day, UTC, by the department that the chat itself names, so "
        "that a transferred chat counts once, for its department in the end. Whoever started them, "
        "a visitor, an agent or a trigger, they count. Deleted chats and offline messages count in "
        "their own columns alone; all other figures leave them out. Means and the like are null "
        "where there is nothing to count."
    ),
    columns=(
        Column("department_id", Scalar.ID, "The department; null for chats without one."),
        Column("department_name", Scalar.TEXT, "The department's name."),
        Column("chats", Scalar.INTEGER, "Chats that started: served and missed ones."),
        Column(
            "served",
            Scalar.INTEGER,
            "Chats that weren't missed, as Zendesk Explore counts them: completed and dropped.",
        ),
        Column("completed", Scalar.INTEGER, "Chats neither missed nor dropped."),
        Column("missed", Scalar.INTEGER, "Missed chats: nobody answered; dropped or not."),
        Column("dropped", Scalar.INTEGER, "Dropped chats that weren't missed: the visitor left."),
        Column("proactive", Scalar.INTEGER, "Chats that an agent started; in chats, too."),
        Column(
            "transferred",
            Scalar.INTEGER,
            "Chats with an engagement that began by a transfer; counted in chats, too.",
        ),
        Column("offline_messages", Scalar.INTEGER, "Offline messages; no chats."),
        Column("deleted", Scalar.INTEGER, "Deleted chats and messages; counted nowhere else."),
        Column("abandoned", Scalar.INTEGER, "Missed and dropped chats with an abandon time."),
        Column(
            "abandon_mean_s",
            Scalar.DOUBLE,
            "Mean abandon time of abandoned chats, seconds.",
        ),
        Column(
            "abandon_max_s",
            Scalar.DOUBLE,
            "Longest abandon time, in seconds.",
        ),
        Column(
            "answered",
            Scalar.INTEGER,
            "Served chats with a first response time, without proactive ones: there nobody waits.",
        ),
        Column(
            "first_response_mean_s",
            Scalar.DOUBLE,
            "Mean over answered chats, in seconds.",
        ),
        Column(
            "first_response_median_s",
            Scalar.DOUBLE,
            "Median over answered chats, in seconds.",
        ),
        Column(
            "first_response_max_s",
            Scalar.DOUBLE,
            "Longest of answered chats, in seconds.",
        ),
        Column("responded", Scalar.INTEGER, "Served chats with a mean response time, all kinds."),
        Column(
            "response_mean_s",
            Scalar.DOUBLE,
            "Mean over responded chats, in seconds.",
        ),
        Column("response_max_s", Scalar.DOUBLE, "Longest response in a served chat, in seconds."),
        Column("timed", Scalar.INTEGER, "Served chats with a duration."),
        Column("duration_mean_s", Scalar.DOUBLE, "Mean duration of timed chats, in seconds."),
        Column("good", Scalar.INTEGER, "Chats rated good, served or not."),
        Column("bad", Scalar.INTEGER, "Chats rated bad, served or not."),
        Column("satisfaction", Scalar.DOUBLE, "Good of all rated chats, 0 to 1; null for none."),
        Column("chats_by_hour", List(Scalar.INTEGER), "Chats that started in each hour, 24."),
    ),
    key=("department_id",),
    sources=(Source(CHATS_LATEST, late_h=LATE_CHATS_H), Source(CHAT_ENGAGEMENTS)),
    sql="""
        with transfer as (
            select distinct chat_id from chat_engagements where is_transfer
        ),
        chat as (
            select
                *,
                not is_deleted and coalesce(type, 'chat') <> 'offline_msg' as counts,
                not coalesce(missed, false) as is_served,
                not coalesce(missed, false) and not coalesce(dropped, false) as is_completed,
                hour(timestamp) as hour,
                transfer.chat_id is not null as is_transferred
            from chats_latest left join transfer on id = transfer.chat_id
        ),
        hours as (
            select department_id, list(chats order by hour) as chats_by_hour
            from (
                select
                    department_id,
                    slot as hour,
                    count(*) filter (counts and hour = slot) as chats
                from chat cross join range(24) as slots(slot)
                group by department_id, slot
            )
            group by department_id
        ),
        summary as (
            select
                department_id,
                arg_max(department_name, update_timestamp) as department_name,
                count(*) filter (counts) as chats,
                count(*) filter (counts and is_served) as served,
                count(*) filter (counts and is_completed) as completed,
                count(*) filter (counts and missed) as missed,
                count(*) filter (counts and dropped and not coalesce(missed, false)) as dropped,
                count(*) filter (counts and proactive) as proactive,
                count(*) filter (counts and is_transferred) as transferred,
                count(*) filter (not is_deleted and type = 'offline_msg') as offline_messages,
                count(*) filter (is_deleted) as deleted,
                count(abandon_time) filter (counts and not is_completed) as abandoned,
                avg(abandon_time) filter (counts and not is_completed) as abandon_mean_s,
                max(abandon_time) filter (counts and not is_completed) as abandon_max_s,
                count(response_time.first) filter (
                    counts and is_served and not coalesce(proactive, false)
                ) as answered,
                avg(response_time.first) filter (
                    counts and is_served and not coalesce(proactive, false)
                ) as first_response_mean_s,
                median(response_time.first) filter (
                    counts and is_served and not coalesce(proactive, false)
                ) as first_response_median_s,
                max(response_time.first) filter (
                    counts and is_served and not coalesce(proactive, false)
                ) as first_response_max_s,
                count(response_time.avg) filter (counts and is_served) as responded,
                avg(response_time.avg) filter (counts and is_served) as response_mean_s,
                max(response_time.max) filter (counts and is_served) as response_max_s,
                count(duration) filter (counts and is_served) as timed,
                avg(duration) filter (counts and is_served) as duration_mean_s,
                count(*) filter (counts and rating = 'good') as good,
                count(*) filter (counts and rating = 'bad') as bad
            from chat
            group by department_id
        )
        select summary.*, good / nullif(good + bad, 0) as satisfaction, chats_by_hour
        from summary
        join hours on summary.department_id is not distinct from hours.department_id
    """,
    assertions={
        "chats_add_up": "chats = served + missed and served = completed + dropped "
        "and chats = list_sum(chats_by_hour)",
        "satisfaction_between_0_and_1": "satisfaction between 0 and 1",
        "times_not_negative": "least(abandon_mean_s, first_response_mean_s, duration_mean_s) >= 0",
    },
)

AGENT_DAILY_SCORECARD = Model(
    name="agent_daily_scorecard",
    description=(
        "What each agent did on the day: time online, engagements of the chats that started on "
        "the day (those of deleted chats are left out), tickets updated and solved. Agents who "
        "were neither seen in Chat nor had an engagement have no row, whatever tickets they "
        "updated."
    ),
    columns=(
        Column("agent_id", Scalar.ID, "The agent."),
        Column("agent_name", Scalar.TEXT, "The agent's name, if one of the engagements bears it."),
        Column("online_s", Scalar.DOUBLE, "Seconds online."),
        Column("away_s", Scalar.DOUBLE, "Seconds away."),
        Column("invisible_s", Scalar.DOUBLE, "Seconds invisible."),
        Column("engaged_s", Scalar.DOUBLE, "Seconds with at least one engagement."),
        Column("engagement_s", Scalar.DOUBLE, "Seconds of engagements, weighted by their number."),
        Column(
            "concurrency",
            Scalar.DOUBLE,
            "Mean number of engagements at once, while there was any; null for none.",
        ),
        Column("most_engagements", Scalar.INTEGER, "The most engagements at once."),
        Column("offered", Scalar.INTEGER, "Engagements, accepted or not."),
        Column("accepted", Scalar.INTEGER, "Engagements that the agent accepted."),
        Column("not_accepted", Scalar.INTEGER, "Engagements that the agent didn't accept."),
        Column("taken_over", Scalar.INTEGER, "Accepted engagements that began by a transfer."),
        Column("proactive", Scalar.INTEGER, "Accepted engagements in chats that agents started."),
        Column("chats", Scalar.INTEGER, "Chats in which the agent accepted an engagement."),
        Column("messages", Scalar.INTEGER, "Messages sent in engagements."),
        Column(
            "answered",
            Scalar.INTEGER,
            "Accepted engagements with a first response time, without those of proactive chats.",
        ),
        Column(
            "first_response_mean_s",
            Scalar.DOUBLE,
            "Mean first response of the answered engagements, in seconds.",
        ),
        Column("timed", Scalar.INTEGER, "Accepted engagements with a duration."),
        Column(
            "duration_mean_s", Scalar.DOUBLE, "Mean duration of the timed engagements, in seconds."
        ),
        Column("good", Scalar.INTEGER, "Engagements rated good."),
        Column("bad", Scalar.INTEGER, "Engagements rated bad."),
        Column("satisfaction", Scalar.DOUBLE, "Good of all rated ones, 0 to 1; null for none."),
        Column("tickets_updated", Scalar.INTEGER, "Tickets of which the agent changed a field."),
        Column("tickets_solved", Scalar.INTEGER, "Tickets that the agent solved, each once."),
        Column("online_s_by_hour", List(Scalar.DOUBLE), "Seconds online in each hour, 24 of them."),
    ),
    key=("agent_id",),
    sources=(Source(AGENT_ACTIVITY), Source(CHAT_ENGAGEMENTS), Source(TICKET_FIELD_CHANGES)),
    sql="""
        with engaged as (
            select
                agent_id,
                arg_max(agent_name, started_at) as agent_name,
                count(*) as offered,
                count(*) filter (accepted) as accepted,
                count(*) filter (not accepted) as not_accepted,
                count(*) filter (accepted and is_transfer) as taken_over,
                count(*) filter (accepted and is_proactive) as proactive,
                count(distinct chat_id) filter (accepted) as chats,
                sum(agent_messages) filter (accepted) as messages,
                count(first_response_s) filter (accepted and not is_proactive) as answered,
                avg(first_response_s) filter (accepted and not is_proactive)
                    as first_response_mean_s,
                count(duration_s) filter (accepted) as timed,
                avg(duration_s) filter (accepted) as duration_mean_s,
                count(*) filter (rating = 'good') as good,
                count(*) filter (rating = 'bad') as bad
            from chat_engagements
            where agent_id is not null and not is_deleted
            group by agent_id
        ),
        change as (
            select
                updater_id as agent_id,
                ticket_id,
                field = 'status' and value = 'solved'
                    and previous_value is distinct from 'solved' as solves
            from ticket_field_changes
        ),
        ticket as (
            select
                agent_id,
                count(distinct ticket_id) as tickets_updated,
                count(distinct ticket_id) filter (solves) as tickets_solved
            from change
            -- Requesters update tickets, too.
            where agent_id in (
                select agent_id from agent_activity union select agent_id from engaged
            )
            group by agent_id
        )
        select
            agent_id,
            agent_name,
            coalesce(online_s, 0) as online_s,
            coalesce(away_s, 0) as away_s,
            coalesce(invisible_s, 0) as invisible_s,
            coalesce(engaged_s, 0) as engaged_s,
            coalesce(engagement_s, 0) as engagement_s,
            engagement_s / nullif(engaged_s, 0) as concurrency,
            coalesce(most_engagements, 0) as most_engagements,
            coalesce(offered, 0) as offered,
            coalesce(accepted, 0) as accepted,
            coalesce(not_accepted, 0) as not_accepted,
            coalesce(taken_over, 0) as taken_over,
            coalesce(proactive, 0) as proactive,
            coalesce(chats, 0) as chats,
            coalesce(messages, 0) as messages,
            coalesce(answered, 0) as answered,
            first_response_mean_s,
            coalesce(timed, 0) as timed,
            duration_mean_s,
            coalesce(good, 0) as good,
            coalesce(bad, 0) as bad,
            good / nullif(good + bad, 0) as satisfaction,
            coalesce(tickets_updated, 0) as tickets_updated,
            coalesce(tickets_solved, 0) as tickets_solved,
            coalesce(online_s_by_hour, list_resize([0.0], 24, 0.0)) as online_s_by_hour
        from agent_activity
        full join engaged using (agent_id)
        left join ticket using (agent_id)
    """,
    assertions={
        "a_day_has_24_hours": "online_s + away_s + invisible_s <= 86400.000001",
        "engagements_add_up": "offered = accepted + not_accepted",
        "counts_within_the_accepted": "greatest(answered, timed) <= accepted",
        "satisfaction_between_0_and_1": "satisfaction between 0 and 1",
    },
)

TICKET_BACKLOG_DAILY = Model(
    name="ticket_backlog_daily",
    description=(
        "Unsolved tickets at the day's end (today: as far as it is known), and what came and went "
        "on the day, by the group at its end. backlog = before + created + reopened + restored + "
        "surfaced + moved_in - moved_out - solved - left, in every row. Old tickets that nothing "
        "touched since the exports' first day aren't known, and missing."
    ),
    columns=(
        Column("group_id", Scalar.ID, "The group that tickets are assigned to; null for none."),
        Column("is_group_known", Scalar.BOOL, "False for tickets whose group was never seen."),
        Column("backlog", Scalar.INTEGER, "Unsolved tickets: neither solved, closed nor deleted."),
        Column("new", Scalar.INTEGER, "Unsolved tickets of status new."),
        Column("open", Scalar.INTEGER, "Unsolved tickets of status open."),
        Column("pending", Scalar.INTEGER, "Unsolved tickets of status pending."),
        Column("hold", Scalar.INTEGER, "Unsolved tickets of status hold."),
        Column("other", Scalar.INTEGER, "Unsolved tickets of any other status."),
        Column("unassigned", Scalar.INTEGER, "Unsolved tickets that have no agent."),
        Column("agent_unknown", Scalar.INTEGER, "Unsolved tickets of which it isn't known."),
        Column("before", Scalar.INTEGER, "The group's unsolved tickets when the day began."),
        Column("created", Scalar.INTEGER, "Tickets created on the day."),
        Column("reopened", Scalar.INTEGER, "Tickets' returns from solved to unsolved on the day."),
        Column("restored", Scalar.INTEGER, "Tickets' returns, unsolved, from deletion on the day."),
        Column(
            "surfaced",
            Scalar.INTEGER,
            "Unsolved tickets from before the exports of which this day tells first.",
        ),
        Column(
            "moved_in", Scalar.INTEGER, "Unsolved tickets of before that other groups had then."
        ),
        Column("moved_out", Scalar.INTEGER, "Tickets of before that other groups have now."),
        Column("solved", Scalar.INTEGER, "Solves on the day; a ticket solved twice counts twice."),
        Column(
            "left",
            Scalar.INTEGER,
            "Tickets closed, merged or deleted on the day while they were unsolved.",
        ),
        Column(
            "closed", Scalar.INTEGER, "Tickets closed or deleted on the day, solved before or not."
        ),
        Column("aged", Scalar.INTEGER, "Unsolved tickets whose creation is known."),
        Column("age_mean_s", Scalar.DOUBLE, "Mean age of aged tickets, in seconds."),
        Column("age_max_s", Scalar.DOUBLE, "Age of the oldest aged ticket, in seconds."),
        Column("older_than_week", Scalar.INTEGER, "Aged tickets over 7 days old."),
    ),
    key=("group_id", "is_group_known"),
    sources=(Source(TICKET_STATES),),
    sql="""
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
                count(*) filter (is_unsolved and age_s > 7 * 86400) as older_than_week
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
            coalesce(older_than_week, 0) as older_than_week
        from has
        full join had
            on has.group_id is not distinct from had.group_id
            and has.is_group_known = had.is_group_known
        -- Not those in which nothing is but what was deleted before.
        where greatest(
            backlog, before, created, reopened, restored, surfaced, moved_in, solved, closed
        ) > 0
    """,
    assertions={
        "statuses_add_up": "backlog = new + open + pending + hold + other",
        "counts_within_the_backlog": "greatest(unassigned + agent_unknown, aged) <= backlog",
        "flows_add_up": """
            backlog = before + created + reopened + restored + surfaced + moved_in - moved_out
                - solved - "left"
        """,
    },
)

SLA_BREACHES_DAILY = Model(
    name="sla_breaches_daily",
    description=(
        "Targets of SLA policies that were missed and met on the day, by metric and policy. "
        "Deleted breaches don't count. A breach counts on the day on which the target was first "
        "missed. A measurement counts as met or late on the day on which it was first fulfilled; "
        "one that was met, is activated again and misses its target is late, too, when it is "
        "fulfilled after that."
    ),
    columns=(
        Column("metric", Scalar.TEXT, "reply_time, resolution_time, ...", repeats=True),
        Column("policy", Scalar.TEXT, "The SLA policy's title; null if unknown.", repeats=True),
        Column("breaches", Scalar.INTEGER, "Measurements whose target was missed on the day."),
        Column("met", Scalar.INTEGER, "Measurements first fulfilled on the day, not breached."),
        Column("late", Scalar.INTEGER, "Measurements first fulfilled after a breach on the day."),
        Column(
            "still_late",
            Scalar.INTEGER,
            "Breached ones that aren't fulfilled at the day's end, and whose ticket isn't closed "
            "or deleted.",
        ),
        Column(
            "ended",
            Scalar.INTEGER,
            "Measurements, breached or not, that were never fulfilled and ended on the day, as "
            "their ticket was closed, merged or deleted.",
        ),
        Column("met_share", Scalar.DOUBLE, "Met of met and late, 0 to 1; null for none."),
        Column("tickets", Scalar.INTEGER, "Tickets with a breach on the day."),
    ),
    key=("metric", "policy"),
    sources=(Source(TICKET_METRICS),),
    sql="""
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
    """,
    assertions={
        "shares_between_0_and_1": "met_share between 0 and 1",
        "a_ticket_each": "tickets <= breaches",
    },
)

MARTS = (CHAT_DAILY_SUMMARY, AGENT_DAILY_SCORECARD, TICKET_BACKLOG_DAILY, SLA_BREACHES_DAILY)
