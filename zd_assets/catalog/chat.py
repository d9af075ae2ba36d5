"""The four Chat exports, after "Incremental Exports" of the Chat API document."""

from zd_assets.catalog.columns import Column, List, Scalar, Struct
from zd_assets.catalog.export import Api, Endpoint, Export, ItemTime, Pagination

_DOCUMENT = "https://developer.zendesk.com/api-reference/live-chat/chat-api/incremental_export/"
_REFUSED_FOR_S = 5 * 60
_PAGE_SIZE = 1000

_COUNT = Struct(
    (
        Column("agent", Scalar.INTEGER, "Messages sent by agents."),
        Column("total", Scalar.INTEGER, "Messages in all."),
        Column("visitor", Scalar.INTEGER, "Messages sent by the visitor."),
    )
)

_RESPONSE_TIME = Struct(
    (
        Column("avg", Scalar.DOUBLE, "Mean response time, in seconds."),
        Column("first", Scalar.DOUBLE, "First response time, in seconds."),
        Column("max", Scalar.DOUBLE, "Longest response time, in seconds."),
    )
)

_ENGAGEMENT = Struct(
    (
        Column("id", Scalar.TEXT, "The engagement ID."),
        Column("chat_id", Scalar.TEXT, "The chat ID."),
        Column("started_by", Scalar.TEXT, "Who started it: visitor, agent or transfer."),
        Column("agent_id", Scalar.ID, "The agent ID."),
        Column("agent_name", Scalar.TEXT, "The agent's displayed name."),
        Column("agent_full_name", Scalar.TEXT, "The agent's full name."),
        Column("department_id", Scalar.ID, "The department ID of the engagement."),
        Column("assigned", Scalar.BOOL, "Whether the agent was assigned."),
        Column("accepted", Scalar.BOOL, "Whether the agent accepted and joined the chat."),
        Column("rating", Scalar.TEXT, "The customer's satisfaction rating of the engagement."),
        Column("comment", Scalar.TEXT, "The customer's comment on the engagement."),
        Column("skills_requested", Scalar.JSON, "Skills requested, as sent (JSON)."),
        Column("skills_fulfilled", Scalar.BOOL, "Whether the agent had the skills."),
        Column("timestamp", Scalar.TIMESTAMP, "When the engagement started."),
        Column("duration", Scalar.DOUBLE, "Duration, in seconds."),
        Column("response_time", _RESPONSE_TIME, "Response times, in seconds."),
        Column("count", _COUNT, "Number of messages."),
    )
)

_SESSION = Struct(
    (
        Column("id", Scalar.TEXT, "The session ID."),
        Column("browser", Scalar.TEXT, "The visitor's browser."),
        Column("city", Scalar.TEXT, "The visitor's city."),
        Column("country_code", Scalar.TEXT, "The visitor's country, two letters."),
        Column("country_name", Scalar.TEXT, "The visitor's country."),
        Column("start_date", Scalar.TIMESTAMP, "When the session started."),
        Column("end_date", Scalar.TIMESTAMP, "When the session ended."),
        Column("ip", Scalar.TEXT, "The visitor's IP address."),
        Column("platform", Scalar.TEXT, "The visitor's operating system."),
        Column("region", Scalar.TEXT, "The visitor's region."),
        Column("user_agent", Scalar.TEXT, "The visitor's browser, as it names itself."),
    )
)

_VISITOR = Struct(
    (
        Column("id", Scalar.TEXT, "The visitor ID."),
        Column("name", Scalar.TEXT, "The visitor's name."),
        Column("email", Scalar.TEXT, "The visitor's e-mail address."),
        Column("phone", Scalar.TEXT, "The visitor's phone number."),
        Column("notes", Scalar.TEXT, "Notes about the visitor."),
    )
)

_ATTRIBUTION = Struct(
    (
        Column("agent_id", Scalar.ID, "Involved agent ID."),
        Column("department_id", Scalar.ID, "Involved department ID."),
        Column("chat_id", Scalar.TEXT, "Associated chat ID."),
        Column("chat_timestamp", Scalar.TIMESTAMP, "When the associated chat started."),
    )
)

CHATS = Export(
    api=Api.CHAT,
    name="chats",
    description="Chats and offline messages, each in its newest version when it was fetched.",
    columns=(
        Column("id", Scalar.TEXT, "The chat ID."),
        Column("type", Scalar.TEXT, "chat or offline_msg.", repeats=True),
        Column("timestamp", Scalar.TIMESTAMP, "When the chat started."),
        Column("end_timestamp", Scalar.TIMESTAMP, "When the chat ended."),
        Column("update_timestamp", Scalar.TIMESTAMP, "When the chat was updated; orders them."),
        Column("deleted", Scalar.BOOL, "Whether the chat was deleted."),
        Column("started_by", Scalar.TEXT, "Who started the chat.", repeats=True),
        Column("proactive", Scalar.BOOL, "Whether an agent started the chat proactively."),
        Column("triggered", Scalar.BOOL, "Whether a trigger started the chat."),
        Column("triggered_response", Scalar.BOOL, "Whether the visitor answered the trigger."),
        Column("missed", Scalar.BOOL, "Whether the chat was missed."),
        Column("dropped", Scalar.BOOL, "Whether the chat was dropped."),
        Column("unread", Scalar.BOOL, "Whether the chat is unread."),
        Column(
            "abandon_time",
            Scalar.DOUBLE,
            "Seconds the visitor waited before leaving (missed and dropped chats only).",
        ),
        Column("duration", Scalar.DOUBLE, "Duration, in seconds."),
        Column("response_time", _RESPONSE_TIME, "Response times, in seconds."),
        Column("count", _COUNT, "Number of messages."),
        Column("department_id", Scalar.ID, "The department ID."),
        Column("department_name", Scalar.TEXT, "The department's name.", repeats=True),
        Column("agent_ids", List(Scalar.ID), "The agents' IDs."),
        Column("agent_names", List(Scalar.TEXT), "The agents' names.", repeats=True),
        Column("rating", Scalar.TEXT, "The customer's satisfaction rating.", repeats=True),
        Column("comment", Scalar.TEXT, "The customer's comment."),
        Column("tags", List(Scalar.TEXT), "The chat's tags.", repeats=True),
        Column("skills_requested", Scalar.JSON, "Skills requested, as sent (JSON)."),
        Column("skills_fulfilled", Scalar.BOOL, "Whether the agent had the skills."),
        Column("engagements", List(_ENGAGEMENT), "The agents' engagements in the chat."),
        Column("visitor", _VISITOR, "The visitor."),
        Column("session", _SESSION, "The visitor's session.", repeats=True),
        Column("message", Scalar.TEXT, "The text of an offline message."),
        Column("history", Scalar.JSON, "Messages and events of the chat, as sent (JSON)."),
        Column("webpath", Scalar.JSON, "Pages the visitor saw, as sent (JSON)."),
        Column("conversions", Scalar.JSON, "Conversions of the chat, as sent (JSON)."),
        Column("referrer_search_engine", Scalar.TEXT, "Search engine that led here.", repeats=True),
        Column("referrer_search_terms", Scalar.TEXT, "Search terms that led here."),
        Column("zendesk_ticket_id", Scalar.ID, "The Support ticket made of the chat."),
    ),
    key=("id",),
    time=ItemTime("update_timestamp"),
    endpoints=(Endpoint(Pagination.CHAT, "chats", "chats", _PAGE_SIZE),),
    supports_fields=True,
    settle_s=_REFUSED_FOR_S,
    documentation=_DOCUMENT + "#incremental-chat-export",
)

AGENT_TIMELINE = Export(
    api=Api.CHAT,
    name="agent_timeline",
    description="Timespans in which an agent kept one status and one number of engagements.",
    columns=(
        Column("agent_id", Scalar.ID, "The agent ID."),
        Column("start_time", Scalar.TIMESTAMP, "When the timespan started, to the microsecond."),
        Column("duration", Scalar.DOUBLE, "Duration, in seconds; start plus it orders them."),
        Column("status", Scalar.TEXT, "online, away or invisible.", repeats=True),
        Column("engagement_count", Scalar.INTEGER, "Concurrent chats of the agent."),
    ),
    key=(),
    time=ItemTime("start_time", plus_seconds="duration"),
    endpoints=(
        Endpoint(
            Pagination.CHAT,
            "agent_timeline",
            "agent_timeline",
            _PAGE_SIZE,
            unit_us=1,
            repeats_boundary=True,
        ),
    ),
    settle_s=_REFUSED_FOR_S,
    documentation=_DOCUMENT + "#incremental-agent-timeline-export",
)

CONVERSIONS = Export(
    api=Api.CHAT,
    name="conversions",
    description="Conversions that occurred or were updated, with the chat they are attributed to.",
    columns=(
        Column("id", Scalar.TEXT, "The conversion's ID."),
        Column("timestamp", Scalar.TIMESTAMP, "When the conversion happened; orders them."),
        Column("goal_id", Scalar.ID, "The goal's ID."),
        Column("goal_name", Scalar.TEXT, "The goal's name.", repeats=True),
        Column("attribution", _ATTRIBUTION, "What the conversion is attributed to."),
    ),
    key=("id",),
    time=ItemTime("timestamp"),
    endpoints=(Endpoint(Pagination.CHAT, "conversions", "conversions", _PAGE_SIZE),),
    supports_fields=True,
    settle_s=_REFUSED_FOR_S,
    documentation=_DOCUMENT + "#incremental-conversions-export",
)

DEPARTMENT_EVENTS = Export(
    api=Api.CHAT,
    name="department_events",
    description="Changes of departments' attributes, such as the size of their queues.",
    columns=(
        Column("id", Scalar.TEXT, "The event's ID."),
        Column("department_id", Scalar.ID, "The department ID; null for none."),
        Column("timestamp", Scalar.TIMESTAMP, "When the event happened; orders them."),
        Column("field_name", Scalar.TEXT, "What changed: queue_sizes.", repeats=True),
        Column("value", Scalar.JSON, "The field's value now, as sent (JSON)."),
        Column("previous_value", Scalar.JSON, "Its value before, as sent (JSON), if any."),
    ),
    key=("id",),
    time=ItemTime("timestamp"),
    endpoints=(Endpoint(Pagination.CHAT, "department_events", "department_events", _PAGE_SIZE),),
    settle_s=_REFUSED_FOR_S,
    documentation=_DOCUMENT + "#incremental-department-events-export",
)
