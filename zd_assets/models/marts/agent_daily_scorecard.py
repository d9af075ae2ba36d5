"""What each agent did on the day."""

from zd_assets.catalog.columns import Column, List, Scalar
from zd_assets.models.facts.agent_activity import AGENT_ACTIVITY
from zd_assets.models.facts.chat_engagements import CHAT_ENGAGEMENTS
from zd_assets.models.facts.ticket_comments import TICKET_COMMENTS
from zd_assets.models.facts.ticket_field_changes import TICKET_FIELD_CHANGES
from zd_assets.models.facts.ticket_states import TICKET_STATES
from zd_assets.models.histogram import SAYS
from zd_assets.models.latest import USERS_LATEST
from zd_assets.models.model import Model, Only, Source, read_sql

AGENT_DAILY_SCORECARD = Model(
    name="agent_daily_scorecard",
    description=(
        "What each agent did on the day: time online, engagements of the chats that started on "
        "the day (those of deleted chats are left out), tickets updated, solved and answered. "
        "An agent is who was seen in Chat, has the role of one in current state, or is the "
        "assignee of a ticket; requesters update tickets, too, and have no row. What triggers, "
        "automations and the system did has a row of its own. Chats and tickets of several "
        "agents count for each: see team_daily_summary for all together."
    ),
    columns=(
        Column("agent_id", Scalar.ID, "The agent; null for automation."),
        Column("is_automation", Scalar.BOOL, "Whether the row is of triggers and the like."),
        Column(
            "agent_name",
            Scalar.TEXT,
            "The agent's name in current state, or else as the last engagement has it.",
        ),
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
        Column("messages", Scalar.INTEGER, "Messages that the agent sent in accepted engagements."),
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
        Column("first_response_median_s", Scalar.DOUBLE, "Median of these, in seconds."),
        Column("first_response_p90_s", Scalar.DOUBLE, "90th percentile of these, in seconds."),
        Column("first_response_histogram", List(Scalar.INTEGER), f"First responses, {SAYS}"),
        Column("timed", Scalar.INTEGER, "Accepted engagements with a duration."),
        Column(
            "duration_mean_s", Scalar.DOUBLE, "Mean duration of the timed engagements, in seconds."
        ),
        Column("good", Scalar.INTEGER, "Engagements rated good."),
        Column("bad", Scalar.INTEGER, "Engagements rated bad."),
        Column("satisfaction", Scalar.DOUBLE, "Good of all rated ones, 0 to 1; null for none."),
        Column(
            "tickets_updated",
            Scalar.INTEGER,
            "Tickets of which the agent changed a field; what triggers changed along is theirs.",
        ),
        Column("tickets_solved", Scalar.INTEGER, "Tickets that the agent solved, each once."),
        Column("tickets_replied", Scalar.INTEGER, "Tickets with a public comment of the agent."),
        Column(
            "public_replies", Scalar.INTEGER, "Public comments: Zendesk Explore's agent replies."
        ),
        Column("internal_notes", Scalar.INTEGER, "Comments that requesters don't see."),
        Column("online_s_by_hour", List(Scalar.DOUBLE), "Seconds online in each hour, 24 of them."),
    ),
    key=("agent_id", "is_automation"),
    sources=(
        Source(AGENT_ACTIVITY),
        Source(CHAT_ENGAGEMENTS),
        Source(TICKET_FIELD_CHANGES),
        Source(TICKET_COMMENTS),
        Source(TICKET_STATES, optional=True),
        Source(
            USERS_LATEST,
            optional=True,
            only=Only("role", ("agent", "admin"), reads=("name",)),
        ),
    ),
    sql=read_sql("marts/agent_daily_scorecard"),
    assertions={
        "within_the_day": "online_s + away_s + invisible_s <= longest_day_s() + 1e-6",
        "engagements_add_up": "offered = accepted + not_accepted",
        "counts_within_the_accepted": "greatest(answered, timed) <= accepted",
        "satisfaction_between_0_and_1": "satisfaction between 0 and 1",
    },
)
