"""Targets of SLA policies missed and met."""

from zd_assets.catalog.columns import Column, Scalar
from zd_assets.models.facts.ticket_metrics import TICKET_METRICS
from zd_assets.models.model import Model, Source, read_sql

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
    sql=read_sql("marts/sla_breaches_daily"),
    assertions={
        "shares_between_0_and_1": "met_share between 0 and 1",
        "a_ticket_each": "tickets <= breaches",
    },
)
