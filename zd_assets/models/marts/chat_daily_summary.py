"""The day's chats by department."""

from zd_assets.catalog.columns import Column, List, Scalar
from zd_assets.models.facts.chat_engagements import CHAT_ENGAGEMENTS, LATE_CHATS_H
from zd_assets.models.histogram import SAYS
from zd_assets.models.latest import CHATS_LATEST
from zd_assets.models.model import Model, Source, read_sql

CHAT_DAILY_SUMMARY = Model(
    name="chat_daily_summary",
    description=(
        "The chats that started on the day by the department that the chat itself names, so "
        "that a transferred chat counts once, for its department in the end. They count whether a "
        "visitor, an agent or a trigger started them. Deleted chats and offline messages count in "
        "their own columns alone; all other figures leave them out. Means and the like are null "
        "where there is nothing to count."
    ),
    columns=(
        Column("department_id", Scalar.ID, "The department; null for chats without one."),
        Column(
            "department_name",
            Scalar.TEXT,
            "The department's name, as the last of the chats says it.",
        ),
        Column("chats", Scalar.INTEGER, "Chats that started: served and missed ones."),
        Column(
            "served",
            Scalar.INTEGER,
            "Chats that weren't missed, as Zendesk Explore counts them: completed and dropped.",
        ),
        Column("completed", Scalar.INTEGER, "Chats neither missed nor dropped."),
        Column("missed", Scalar.INTEGER, "Missed chats: nobody answered; dropped or not."),
        Column("dropped", Scalar.INTEGER, "Dropped chats that weren't missed: the visitor left."),
        Column("missed_share", Scalar.DOUBLE, "Missed of all chats, 0 to 1; null for none."),
        Column("dropped_share", Scalar.DOUBLE, "Dropped of served chats, 0 to 1; null for none."),
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
        Column("abandon_median_s", Scalar.DOUBLE, "Median abandon time, in seconds."),
        Column("abandon_p90_s", Scalar.DOUBLE, "90th percentile of abandon times, in seconds."),
        Column(
            "abandon_histogram", List(Scalar.INTEGER), f"Abandon times of abandoned chats, {SAYS}"
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
            "first_response_p90_s",
            Scalar.DOUBLE,
            "90th percentile over answered chats, in seconds.",
        ),
        Column(
            "first_response_histogram",
            List(Scalar.INTEGER),
            f"First response times of answered chats, {SAYS}",
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
    sql=read_sql("marts/chat_daily_summary"),
    assertions={
        "chats_add_up": "chats = served + missed and served = completed + dropped "
        "and chats = list_sum(chats_by_hour)",
        "satisfaction_between_0_and_1": "satisfaction between 0 and 1",
        "shares_between_0_and_1": "missed_share between 0 and 1 and dropped_share between 0 and 1",
        "histograms_add_up": "list_sum(abandon_histogram) = abandoned "
        "and list_sum(first_response_histogram) = answered",
        "times_not_negative": "least(abandon_mean_s, first_response_mean_s, duration_mean_s) >= 0",
    },
)
