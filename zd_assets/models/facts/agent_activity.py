"""How long each agent was online, away and invisible in Chat."""

from zd_assets.catalog.chat import AGENT_TIMELINE
from zd_assets.catalog.columns import Column, List, Scalar
from zd_assets.models.model import Model, Source, read_sql

#: Hours after a day in which timespans that began on it may still end, and be exported.
LATE_TIMESPANS_H = 12

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
            "Seconds left out since a later timespan of the agent, of which the day has a part, "
            "had begun: 0 as a rule.",
        ),
        Column("online_s_by_hour", List(Scalar.DOUBLE), "Seconds online in each hour, 24 of them."),
    ),
    key=("agent_id",),
    sources=(Source(AGENT_TIMELINE, lookback_column="start_time", late_h=LATE_TIMESPANS_H),),
    sql=read_sql("facts/agent_activity"),
    assertions={
        "within_the_day": "online_s + away_s + invisible_s + other_s <= longest_day_s() + 1e-6",
        "seconds_not_negative": "least(online_s, away_s, invisible_s, other_s, overlap_s) >= 0",
    },
)
