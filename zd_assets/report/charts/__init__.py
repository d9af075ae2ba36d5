"""A picture of each mart, for the people who run a support team: PNGs of several days' rows."""

from collections.abc import Mapping
from typing import Protocol

from zd_assets.engine.read import Rows
from zd_assets.models.marts.agent_daily_scorecard import AGENT_DAILY_SCORECARD
from zd_assets.models.marts.chat_daily_summary import CHAT_DAILY_SUMMARY
from zd_assets.models.marts.sla_breaches_daily import SLA_BREACHES_DAILY
from zd_assets.models.marts.ticket_backlog_daily import TICKET_BACKLOG_DAILY
from zd_assets.models.marts.ticket_times_daily import TICKET_TIMES_DAILY
from zd_assets.report.charts.agents import agents_chart
from zd_assets.report.charts.chats import chats_chart
from zd_assets.report.charts.tickets import backlog_chart, sla_chart, times_chart
from zd_assets.report.drawing import Size


class Chart(Protocol):
    """The picture of a table."""

    def __call__(self, rows: Rows, size: Size = ...) -> bytes:
        """Rows of the table as a PNG; days that are incomplete are marked so."""


#: The chart of each mart, by the table's name.
CHARTS: Mapping[str, Chart] = {
    CHAT_DAILY_SUMMARY.name: chats_chart,
    AGENT_DAILY_SCORECARD.name: agents_chart,
    TICKET_BACKLOG_DAILY.name: backlog_chart,
    TICKET_TIMES_DAILY.name: times_chart,
    SLA_BREACHES_DAILY.name: sla_chart,
}
