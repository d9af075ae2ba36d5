"""Facts of Zendesk Chat, by day."""

from zd_assets.catalog.chat import AGENT_TIMELINE, CONVERSIONS, DEPARTMENT_EVENTS
from zd_assets.catalog.columns import Column, List, Scalar
from zd_assets.engine.model import Model, Reference, Source
from zd_assets.models.latest import CHATS_LATEST

#: Hours after a day in which chats that started on it may still end, and be exported.
LATE_CHATS_H = 6
#: Hours after a day in which timespans that began on it may still end, and be exported.
LATE_TIMESPANS_H = 12

CHAT_ENGAGEMENTS = Model(
    name="chat_engagements",
    description=(
        "Agents' engagements in chats, on the day, UTC, on which the chat started, whenever they "
        "were. Those of deleted chats stay, flagged. Chats that don't say when they started are in "
        "no day."
    ),
    columns=(
        Column("chat_id", Scalar.TEXT, "The chat."),
        Column("ordinal", Scalar.INTEGER, "Which engagement of the chat it is, from 1."),
        Column("engagement_id", Scalar.TEXT, "The engagement's ID."),
        Column("started_at", Scalar.TIMESTAMP, "When the agent joined, or was asked to."),
        Column("ended_at", Scalar.TIMESTAMP, "When the agent left: the start plus the duration."),
        Column("duration_s", Scalar.DOUBLE, "Duration, in seconds."),
        Column("started_by", Scalar.TEXT, "visitor, agent or transfer.", repeats=True),
        Column("is_transfer", Scalar.BOOL, "Whether it began by a transfer."),
        Column("agent_id", Scalar.ID, "The agent."),
        Column("agent_name", Scalar.TEXT, "The agent's full name, or else the displayed one."),
        Column("department_id", Scalar.ID, "The department of the engagement; null for none."),
        Column("assigned", Scalar.BOOL, "Whether the agent was assigned."),
        Column("accepted", Scalar.BOOL, "Whether the agent accepted and joined; false if untold."),
        Column(
            "first_response_s",
            Scalar.DOUBLE,
            "Seconds until the agent's first response; null if there was none.",
        ),
        Column("mean_response_s", Scalar.DOUBLE, "Mean seconds until a response."),
        Column("max_response_s", Scalar.DOUBLE, "Longest seconds until a response."),
        Column("agent_messages", Scalar.INTEGER, "Messages of the agent."),
        Column("visitor_messages", Scalar.INTEGER, "Messages of the visitor."),
        Column("rating", Scalar.TEXT, "The visitor's rating: good, bad or none.", repeats=True),
        Column("skills_requested", Scalar.JSON, "Skills requested, as sent (JSON)."),
        Column("skills_fulfilled", Scalar.BOOL, "Whether the agent had the skills."),
        Column("is_proactive", Scalar.BOOL, "Whether an agent started the chat; false if untold."),
        Column("is_deleted", Scalar.BOOL, "Whether the chat was deleted."),
    ),
    key=("chat_id", "ordinal"),
    sources=(Source(CHATS_LATEST, late_h=LATE_CHATS_H),),
    sql="""
        with each as (
            select
                id, proactive, is_deleted,
                unnest(engagements) as engagement,
                generate_subscripts(engagements, 1) as ordinal
            from chats_latest
        )
        select
            id as chat_id,
            ordinal,
            engagement.id as engagement_id,
            engagement.timestamp as started_at,
            try(engagement.timestamp + to_seconds(engagement.duration)) as ended_at,
            engagement.duration as duration_s,
            engagement.started_by as started_by,
            coalesce(engagement.started_by = 'transfer', false) as is_transfer,
            engagement.agent_id as agent_id,
            coalesce(nullif(engagement.agent_full_name, ''), engagement.agent_name) as agent_name,
            engagement.department_id as department_id,
            engagement.assigned as assigned,
            coalesce(engagement.accepted, false) as accepted,
            engagement.response_time.first as first_response_s,
            engagement.response_time.avg as mean_response_s,
            engagement.response_time.max as max_response_s,
            engagement.count.agent as agent_messages,
            engagement.count.visitor as visitor_messages,
            engagement.rating as rating,
            engagement.skills_requested as skills_requested,
            engagement.skills_fulfilled as skills_fulfilled,
            coalesce(proactive, false) as is_proactive,
            is_deleted
        from each
        where engagement is not null
    """,
    assertions={"durations_not_negative": "duration_s >= 0"},
)

CHAT_MESSAGES = Model(
    name="chat_messages",
    description=(
        "What was said in chats, on the day, UTC, on which the chat started, also where it went on "
        "past midnight: the messages of their history, and the texts of offline messages. Those "
        "of deleted chats stay, flagged."
    ),
    columns=(
        Column("chat_id", Scalar.TEXT, "The chat."),
        Column(
            "ordinal",
            Scalar.INTEGER,
            "Which entry of the chat's history it is, from 1; 0 for an offline message's text.",
        ),
        Column("sent_at", Scalar.TIMESTAMP, "When it was sent."),
        Column("sender_type", Scalar.TEXT, "Visitor, Agent, Trigger, ..., as sent.", repeats=True),
        Column("agent_id", Scalar.ID, "The agent who sent it."),
        Column("sender_name", Scalar.TEXT, "The sender's displayed name."),
        Column("text", Scalar.TEXT, "What was said."),
        Column("characters", Scalar.INTEGER, "Length of the text, in characters."),
        Column("waited_s", Scalar.DOUBLE, "Seconds since the chat's message before, by whomever."),
        Column("is_offline", Scalar.BOOL, "Whether it is an offline message."),
        Column("is_deleted", Scalar.BOOL, "Whether the chat was deleted."),
    ),
    key=("chat_id", "ordinal"),
    sources=(Source(CHATS_LATEST, late_h=LATE_CHATS_H),),
    sql="""
        with entry as (
            select
                id, is_deleted,
                unnest(entries) as entry,
                generate_subscripts(entries, 1) as ordinal
            from (select *, json_elements(history) as entries from chats_latest)
        ),
        message as (
            select
                id as chat_id,
                ordinal,
                try_cast(entry ->> 'timestamp' as timestamptz) as sent_at,
                entry ->> 'sender_type' as sender_type,
                try_cast(entry ->> 'agent_id' as bigint) as agent_id,
                entry ->> 'name' as sender_name,
                entry ->> 'msg' as text,
                false as is_offline,
                is_deleted
            from entry
            where entry ->> 'type' = 'chat.msg'
            union all
            select id, 0, timestamp, 'Visitor', null, visitor.name, message, true, is_deleted
            from chats_latest
            where type = 'offline_msg' and message is not null
        )
        select
            chat_id, ordinal, sent_at, sender_type, agent_id, sender_name, text,
            length(text) as characters,
            date_diff('microseconds', lag(sent_at) over talk, sent_at) / 1e6 as waited_s,
            is_offline, is_deleted
        from message
        window talk as (partition by chat_id order by ordinal)
    """,
)

AGENT_ACTIVITY = Model(
    name="agent_activity",
    description=(
        "How long each agent was online, away and invisible, from the timespans cut at midnight. "
        "A timespan is exported once it has ended: a day is complete 12 hours after its end, and "
        "one that goes on for longer still adds to it. Offline is the rest of the day; who was "
        "offline all day has no row."
    ),
    columns=(
        Column("agent_id", Scalar.ID, "The agent."),
        Column("online_s", Scalar.DOUBLE, "Seconds online."),
        Column("away_s", Scalar.DOUBLE, "Seconds away."),
        Column("invisible_s", Scalar.DOUBLE, "Seconds invisible."),
        Column("other_s", Scalar.DOUBLE, "Seconds in a status that isn't documented, or none."),
        Column("engaged_s", Scalar.DOUBLE, "Seconds with at least one engagement."),
        Column(
            "engagement_s",
            Scalar.DOUBLE,
            "Seconds of engagements: the time, weighted by how many there were at once.",
        ),
        Column("most_engagements", Scalar.INTEGER, "The most engagements at once."),
        Column("first_seen_at", Scalar.TIMESTAMP, "When the first timespan starts, or midnight."),
        Column("last_seen_at", Scalar.TIMESTAMP, "When the last timespan ends, or midnight."),
        Column("timespans", Scalar.INTEGER, "Timespans that the day has a part of."),
        Column(
            "overlap_s",
            Scalar.DOUBLE,
            "Seconds left out since a later timespan of the agent had begun: 0 as a rule.",
        ),
        Column("online_s_by_hour", List(Scalar.DOUBLE), "Seconds online in each hour, 24 of them."),
    ),
    key=("agent_id",),
    sources=(Source(AGENT_TIMELINE, lookback_column="start_time", late_h=LATE_TIMESPANS_H),),
    sql="""
        with span as (
            select
                agent_id, status, start_time,
                coalesce(engagement_count, 0) as engagements,
                start_time + to_microseconds(cast(round(duration * 1e6) as bigint)) as end_time
            from (select distinct * from agent_timeline)
            -- A longer one is no duration, and would leave the range of timestamps.
            where agent_id is not null and duration > 0 and duration < 1e9
        ),
        -- A later timespan ends the one before, so that no second counts twice.
        cut as (
            select
                *,
                greatest(start_time, day_start()) as begin,
                least(end_time, day_end()) as stop,
                least(end_time, day_end(), lead(start_time) over (
                    partition by agent_id order by start_time, end_time, status, engagements
                )) as until
            from span
            where start_time < day_end() and end_time > day_start()
        ),
        part as (
            select
                *,
                greatest(date_diff('microseconds', begin, until), 0) / 1e6 as seconds,
                date_diff('microseconds', begin, stop) / 1e6 as whole
            from cut
        ),
        hour as (
            select
                agent_id, number,
                sum(greatest(date_diff(
                    'microseconds',
                    greatest(begin, day_start() + to_hours(number)),
                    least(until, day_start() + to_hours(number + 1))
                ), 0)) / 1e6 as online_s
            from part cross join range(24) as hours(number)
            where status = 'online'
            group by agent_id, number
        ),
        hours as (
            select agent_id, list(online_s order by number) as online_s_by_hour
            from hour group by agent_id
        )
        select
            agent_id,
            coalesce(sum(seconds) filter (status = 'online'), 0) as online_s,
            coalesce(sum(seconds) filter (status = 'away'), 0) as away_s,
            coalesce(sum(seconds) filter (status = 'invisible'), 0) as invisible_s,
            coalesce(sum(seconds) filter (
                status is null or status not in ('online', 'away', 'invisible')
            ), 0) as other_s,
            coalesce(sum(seconds) filter (engagements > 0), 0) as engaged_s,
            sum(seconds * engagements) as engagement_s,
            max(engagements) as most_engagements,
            min(begin) as first_seen_at,
            max(stop) as last_seen_at,
            count(*) as timespans,
            sum(whole - seconds) as overlap_s,
            coalesce(any_value(online_s_by_hour), list_resize([0.0], 24, 0.0)) as online_s_by_hour
        from part left join hours using (agent_id)
        group by agent_id
    """,
    assertions={
        "a_day_has_24_hours": "online_s + away_s + invisible_s + other_s <= 86400.000001",
        "seconds_not_negative": "least(online_s, away_s, invisible_s, other_s, overlap_s) >= 0",
    },
)

DEPARTMENT_QUEUE = Model(
    name="department_queue",
    description=(
        "How many visitors waited in each department's queue. A queue keeps its size from one "
        "event to the next, over midnight too, where the day before is there. Events of one moment "
        "stand in the order of their IDs; those whose size is no number don't count."
    ),
    columns=(
        Column("department_id", Scalar.ID, "The department; null for chats without one."),
        Column("at_start", Scalar.INTEGER, "The queue at midnight; null where it isn't known."),
        Column("at_end", Scalar.INTEGER, "The queue at the day's end, or as far as it is known."),
        Column("peak", Scalar.INTEGER, "The longest queue."),
        Column("peak_at", Scalar.TIMESTAMP, "When it was first that long; midnight, if then."),
        Column("mean", Scalar.DOUBLE, "The mean queue, weighted by time, over the known seconds."),
        Column("waiting_s", Scalar.DOUBLE, "Seconds in which anybody waited."),
        Column("known_s", Scalar.DOUBLE, "Seconds of the day in which the queue is known."),
        Column("events", Scalar.INTEGER, "Changes of the queue on the day."),
    ),
    key=("department_id",),
    sources=(Source(DEPARTMENT_EVENTS),),
    depends_on_past=True,
    sql="""
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
    """,
    assertions={
        "sizes_not_negative": "peak >= 0",
        "mean_within_the_peak": "mean <= peak + 1e-9",
        "a_day_has_24_hours": "known_s <= 86400.000001",
    },
)

CONVERSION_ATTRIBUTION = Model(
    name="conversion_attribution",
    description=(
        "Conversions that happened on the day, and the chat, agent and department they are owed "
        "to, each null for none."
    ),
    columns=(
        Column("conversion_id", Scalar.TEXT, "The conversion."),
        Column("converted_at", Scalar.TIMESTAMP, "When it happened."),
        Column("goal_id", Scalar.ID, "The goal."),
        Column("goal_name", Scalar.TEXT, "The goal's name.", repeats=True),
        Column("is_attributed", Scalar.BOOL, "Whether it is owed to a chat."),
        Column("chat_id", Scalar.TEXT, "The chat it is owed to; null for none."),
        Column("chat_started_at", Scalar.TIMESTAMP, "When that chat started."),
        Column("after_s", Scalar.DOUBLE, "Seconds from the chat's start to the conversion."),
        Column("agent_id", Scalar.ID, "The agent it is owed to."),
        Column("department_id", Scalar.ID, "The department it is owed to."),
    ),
    key=("conversion_id",),
    sources=(Source(CONVERSIONS),),
    sql="""
        select
            id as conversion_id,
            timestamp as converted_at,
            goal_id,
            goal_name,
            attribution.chat_id is not null as is_attributed,
            attribution.chat_id as chat_id,
            attribution.chat_timestamp as chat_started_at,
            date_diff('microseconds', attribution.chat_timestamp, timestamp) / 1e6 as after_s,
            attribution.agent_id as agent_id,
            attribution.department_id as department_id
        from conversions
        where id is not null
    """,
    assertions={"after_the_chat_started": "after_s >= 0"},
    relationships=(Reference("chat_id", CHATS_LATEST, since="chat_started_at"),),
)

CHAT_FACTS = (
    CHAT_ENGAGEMENTS,
    CHAT_MESSAGES,
    AGENT_ACTIVITY,
    DEPARTMENT_QUEUE,
    CONVERSION_ATTRIBUTION,
)
