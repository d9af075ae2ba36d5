"""What a support report shows of each mart: which figures, by what, and how they are written."""

from collections.abc import Callable
from dataclasses import dataclass

from zd_assets.catalog.export import Api
from zd_assets.catalog.reference import DEPARTMENTS, GROUPS, ReferenceList
from zd_assets.models.facts.ticket_metrics import TICKET_METRICS
from zd_assets.models.facts.ticket_states import TICKET_STATES
from zd_assets.models.marts.agent_daily_scorecard import AGENT_DAILY_SCORECARD
from zd_assets.models.marts.chat_daily_summary import CHAT_DAILY_SUMMARY
from zd_assets.models.marts.sla_breaches_daily import SLA_BREACHES_DAILY
from zd_assets.models.marts.ticket_backlog_daily import TICKET_BACKLOG_DAILY
from zd_assets.models.marts.ticket_times_daily import TICKET_TIMES_DAILY
from zd_assets.models.model import Model
from zd_assets.report.human import about, count, decimal, duration, hours, share, words
from zd_assets.report.totals import AGENTS, CHATS, SLA, TICKETS, TIMES, Measures


@dataclass(frozen=True)
class Figure:
    """A figure of the mart, its head in the report, and how its numbers are written.

    A `rate` is written after it. `says` defines one that is no column. Where the lake holds nothing
    of the `api`, it is unknown.
    """

    name: str
    head: str
    write: Callable[[float], str] = count
    api: Api | None = None
    says: str = ""
    rate: "Figure | None" = None


@dataclass(frozen=True)
class Key:
    """What the rows of a table are by: a column of ids, with its `names` in another, or of texts.

    An id without a name is looked up in the list `listed`; else it is written after the `kind`.
    A text is written by `write`. A null is `none`, or the `unknown` where the column `known` says
    so.
    """

    column: str
    head: str
    none: str
    known: str | None = None
    unknown: str = ""
    names: str | None = None
    listed: ReferenceList | None = None
    write: Callable[[str], str] = str

    @property
    def kind(self) -> str:
        """What stands before an id."""
        return self.head.lower()


@dataclass(frozen=True)
class Section:
    """A mart in the report: a picture, which `shows` something, and a table by its keys.

    Below the table all rows are summed, or those of each value of the keys in `total_by`. Rows of
    which the column `apart` is true come last, and in no sum. What happened before the fact
    `begins` was carried on isn't known. All is unknown without the `api`.
    """

    table: Model
    title: str
    shows: str
    keys: tuple[Key, ...]
    measures: Measures
    figures: tuple[Figure, ...]
    total_by: tuple[str, ...] = ()
    total_label: str = "All"
    apart: str | None = None
    begins: Model | None = None
    api: Api | None = None

    @property
    def defined(self) -> dict[str, Figure]:
        """All figures, rates too, by name."""
        every = [one for figure in self.figures for one in (figure, figure.rate) if one]
        return {one.name: one for one in every}


_RATED_SHARE = "Chats with a rating, of all chats: the response rate of satisfaction, 0 to 1."

SECTIONS = (
    Section(
        CHAT_DAILY_SUMMARY,
        "Chats",
        "Chats by outcome, time until the first response, and satisfaction, by day",
        (
            Key(
                *("department_id", "Department", "No department"),
                names="department_name",
                listed=DEPARTMENTS,
            ),
        ),
        CHATS,
        (
            Figure("chats", "Chats"),
            Figure("missed", "Missed", rate=Figure("missed_share", "Missed, share", share)),
            Figure("dropped", "Dropped", rate=Figure("dropped_share", "Dropped, share", share)),
            Figure("transferred", "Transferred"),
            Figure("first_response_median_s", "First response, median", about),
            Figure("first_response_p90_s", "First response, p90", about),
            Figure("abandon_median_s", "Left after, median", about),
            Figure("duration_mean_s", "Duration, mean", duration),
            Figure("satisfaction", "Satisfaction", share),
            Figure("rated_share", "Rated", share, says=_RATED_SHARE),
        ),
        api=Api.CHAT,
    ),
    Section(
        AGENT_DAILY_SCORECARD,
        "Agents",
        "Which agent was online in which hour",
        (Key("agent_id", "Agent", "Automation", names="agent_name"),),
        AGENTS,
        (
            Figure("chats", "Chats", api=Api.CHAT),
            Figure(
                *("not_accepted", "Not accepted", count, Api.CHAT),
                rate=Figure(
                    *("not_accepted_share", "Not accepted, share", share, Api.CHAT),
                    says="Engagements that the agent didn't accept, of those offered, 0 to 1.",
                ),
            ),
            Figure("first_response_median_s", "Response, median", about, Api.CHAT),
            Figure("first_response_p90_s", "Response, p90", about, Api.CHAT),
            Figure("satisfaction", "Satisfaction", share, Api.CHAT),
            Figure("online_s", "Online", hours, Api.CHAT),
            Figure("away_s", "Away", hours, Api.CHAT),
            Figure("concurrency", "At once, mean", decimal, Api.CHAT),
            Figure("tickets_updated", "Tickets updated", api=Api.SUPPORT),
            Figure("tickets_replied", "Tickets answered", api=Api.SUPPORT),
            Figure("tickets_solved", "Tickets solved", api=Api.SUPPORT),
        ),
        total_label="All agents",
        apart="is_automation",
    ),
    Section(
        TICKET_BACKLOG_DAILY,
        "Tickets",
        "Unsolved tickets by status at each day's end, and tickets created and solved on it",
        (
            Key(
                *("group_id", "Group", "No group", "is_group_known", "Unknown group"),
                listed=GROUPS,
            ),
        ),
        TICKETS,
        (
            Figure("backlog", "Unsolved"),
            Figure("new", "New"),
            Figure("open", "Open"),
            Figure("pending", "Pending"),
            Figure("hold", "On hold"),
            Figure("unassigned", "No agent"),
            Figure("age_max_s", "Oldest", duration),
            Figure("older_than_week", "Over 7 days"),
            Figure("created", "Created"),
            Figure("solved", "Solved"),
            Figure("reopened", "Reopened"),
            Figure("left", "Left unsolved"),
        ),
        begins=TICKET_STATES,
        api=Api.SUPPORT,
    ),
    Section(
        TICKET_TIMES_DAILY,
        "Replies and resolutions",
        "Time until tickets' first reply and resolution, median and 90th percentile, by the day "
        "of the reply or resolution",
        (
            Key("measure", "Measure", "Unknown measure", write=words),
            Key(
                *("group_id", "Group", "No group", "is_group_known", "Unknown group"),
                listed=GROUPS,
            ),
        ),
        TIMES,
        (
            Figure("fulfilled", "Number"),
            Figure("median_s", "Median", about),
            Figure("p90_s", "p90", about),
            Figure("max_s", "Longest", duration),
            Figure("mean_s", "Mean", duration),
            Figure("in_business_hours", "In business hours"),
            Figure("business_median_s", "Median in these", about),
            Figure("business_p90_s", "p90 in these", about),
        ),
        total_by=("measure",),
        total_label="All groups",
        begins=TICKET_METRICS,
        api=Api.SUPPORT,
    ),
    Section(
        SLA_BREACHES_DAILY,
        "SLA",
        "Missed targets, and the share of fulfilled targets met in time, by metric and day",
        (
            Key("metric", "Metric", "Unknown metric", write=words),
            Key("policy", "Policy", "Unknown policy"),
        ),
        SLA,
        (
            Figure("breaches", "Breaches"),
            Figure("met", "Met"),
            Figure("late", "Late"),
            Figure("met_share", "Met in time", share),
            Figure("still_late", "Still late"),
            Figure("ended", "Never fulfilled"),
        ),
        total_by=("metric",),
        total_label="All policies",
        begins=TICKET_METRICS,
        api=Api.SUPPORT,
    ),
)

BY_TABLE = {section.table.name: section for section in SECTIONS}
