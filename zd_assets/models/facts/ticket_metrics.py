"""What is measured of tickets, as it stood at the day's end."""

from zd_assets.catalog.columns import Column, Scalar
from zd_assets.catalog.support import TICKET_METRIC_EVENTS
from zd_assets.models.facts.ticket_states import TICKET_STATES
from zd_assets.models.latest import TICKETS_LATEST
from zd_assets.models.model import Model, Reference, Source, read_sql

TICKET_METRICS = Model(
    name="ticket_metrics",
    description=(
        "What is measured of tickets (reply time, resolution time, waits), as it stood at the "
        "day's end. A measurement runs from activate to pause or fulfill, and may be activated "
        "again after that: it then goes on. It ends when its ticket is closed, merged or deleted,"
        " though no event says so. Unfulfilled ones stay until then, fulfilled ones for 30 days "
        "or until the ticket is closed. Deleted events don't count. Of those that began before "
        "the exports' first day, what is known is carried on, too."
    ),
    columns=(
        Column("ticket_id", Scalar.ID, "The ticket."),
        Column("metric", Scalar.TEXT, "reply_time, resolution_time, ...", repeats=True),
        Column("instance_id", Scalar.INTEGER, "Which time the ticket is measured so; counts up."),
        Column("activated_at", Scalar.TIMESTAMP, "When it began; null if before all exports."),
        Column(
            "fulfilled_at", Scalar.TIMESTAMP, "When it was last fulfilled; null while it goes on."
        ),
        Column(
            "ended_at",
            Scalar.TIMESTAMP,
            "When its ticket was closed or deleted, which ends it, fulfilled or not, until the "
            "ticket is restored; midnight, if it was closed when it was first seen; when it was "
            "last begun or paused, if that is later.",
        ),
        Column(
            "is_running",
            Scalar.BOOL,
            "Whether time counts at the day's end; null if it was never seen to begin or to pause, "
            "or not since its ticket was restored.",
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
    sql=read_sql("facts/ticket_metrics"),
    assertions={
        "seconds_not_negative": "least(calendar_s, measured_s, coalesce(business_s, 0)) >= 0",
        "business_within_calendar": "business_s <= reported_s",
        "fulfilled_after_activated": "fulfilled_at >= activated_at",
    },
    relationships=(Reference("ticket_id", TICKETS_LATEST, since="activated_at"),),
)
