"""How long replies and resolutions took, by group."""

from zd_assets.catalog.columns import Column, List, Scalar
from zd_assets.models.facts.ticket_metrics import TICKET_METRICS
from zd_assets.models.facts.ticket_states import TICKET_STATES
from zd_assets.models.histogram import SAYS
from zd_assets.models.model import Model, Source, read_sql

TICKET_TIMES_DAILY = Model(
    name="ticket_times_daily",
    description=(
        "How long what was fulfilled on the day had taken, by the group that the ticket has at "
        "the day's end, and by measure. A measurement that is fulfilled again on a later day, "
        "since its ticket was reopened, counts there again with all its time. Seconds are the "
        "API's own, of ticket metric events: calendar ones, and those of business hours, where "
        "they were sent."
    ),
    columns=(
        Column("group_id", Scalar.ID, "The group that tickets are assigned to; null for none."),
        Column("is_group_known", Scalar.BOOL, "False for tickets whose group was never seen."),
        Column(
            "measure",
            Scalar.TEXT,
            "first_reply_time: reply_time of a ticket's first instance, Zendesk's first reply "
            "time; next_reply_time: of the others; resolution_time: Zendesk's full resolution "
            "time; all others as the metric's name, such as requester_wait_time.",
            repeats=True,
        ),
        Column("fulfilled", Scalar.INTEGER, "Measurements fulfilled on the day."),
        Column("tickets", Scalar.INTEGER, "Tickets of which one was."),
        Column("mean_s", Scalar.DOUBLE, "Mean, in calendar seconds."),
        Column("median_s", Scalar.DOUBLE, "Median, in calendar seconds."),
        Column("p90_s", Scalar.DOUBLE, "90th percentile, in calendar seconds."),
        Column("max_s", Scalar.DOUBLE, "The longest, in calendar seconds."),
        Column("histogram", List(Scalar.INTEGER), f"Calendar seconds, {SAYS}"),
        Column("in_business_hours", Scalar.INTEGER, "Those with seconds of business hours."),
        Column("business_mean_s", Scalar.DOUBLE, "Mean of these, in seconds of business hours."),
        Column("business_median_s", Scalar.DOUBLE, "Median of these, likewise."),
        Column("business_p90_s", Scalar.DOUBLE, "90th percentile of these, likewise."),
        Column("business_histogram", List(Scalar.INTEGER), f"Seconds of business hours, {SAYS}"),
    ),
    key=("group_id", "is_group_known", "measure"),
    sources=(Source(TICKET_METRICS), Source(TICKET_STATES, optional=True)),
    sql=read_sql("marts/ticket_times_daily"),
    assertions={
        "counts_add_up": "list_sum(histogram) = fulfilled and tickets <= fulfilled",
        "median_within_p90": "median_s <= p90_s and p90_s <= max_s",
    },
)
