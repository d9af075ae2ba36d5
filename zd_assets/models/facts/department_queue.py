"""How many visitors waited in each department's queue."""

from zd_assets.catalog.chat import DEPARTMENT_EVENTS
from zd_assets.catalog.columns import Column, Scalar
from zd_assets.models.model import Model, Source, read_sql

DEPARTMENT_QUEUE = Model(
    name="department_queue",
    description=(
        "How many visitors waited in each department's queue. A queue keeps its size from one "
        "event to the next, over midnight too, where the day before is there. Events of one moment "
        "are in the order of their IDs; those whose size is no number don't count."
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
    sql=read_sql("facts/department_queue"),
    assertions={
        "sizes_not_negative": "peak >= 0",
        "mean_within_the_peak": "mean <= peak + 1e-9",
        "within_the_day": "known_s <= longest_day_s() + 1e-6",
    },
)
