"""What each agent did on the day."""

from zd_assets.catalog.columns import Column, List, Scalar
from zd_assets.models.facts.agent_activity import AGENT_ACTIVITY
from zd_assets.models.facts.chat_engagements import CHAT_ENGAGEMENTS
from zd_assets.models.facts.ticket_field_changes import TICKET_FIELD_CHANGES
from zd_assets.models.model import Model, Source, read_sql

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
    sql=read_sql("marts/agent_daily_scorecard"),
    assertions={
        "a_day_has_24_hours": "online_s + away_s + invisible_s <= 86400.000001",
        "engagements_add_up": "offered = accepted + not_accepted",
        "counts_within_the_accepted": "greatest(answered, timed) <= accepted",
        "satisfaction_between_0_and_1": "satisfaction between 0 and 1",
    },
)
