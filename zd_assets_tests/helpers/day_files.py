"""Writing days of daily tables in tests, without the exports they would be made of."""

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from zd_assets.catalog.columns import List, Scalar
from zd_assets.engine.day import Day, DayFooter, day_file
from zd_assets.engine.read import Rows
from zd_assets.lake.footer import FOOTER_KEY
from zd_assets.lake.lake import Lake
from zd_assets.models.marts.agent_daily_scorecard import AGENT_DAILY_SCORECARD
from zd_assets.models.marts.chat_daily_summary import CHAT_DAILY_SUMMARY
from zd_assets.models.marts.sla_breaches_daily import SLA_BREACHES_DAILY
from zd_assets.models.marts.team_daily_summary import TEAM_DAILY_SUMMARY
from zd_assets.models.marts.ticket_backlog_daily import TICKET_BACKLOG_DAILY
from zd_assets.models.marts.ticket_times_daily import TICKET_TIMES_DAILY
from zd_assets.models.model import Model
from zd_assets.schema.arrow import arrow_schema


def put_day(
    lake: Lake,
    table: Model,
    day: str,
    rows: Iterable[dict[str, Any]],
    complete: bool = True,
    carried_since: str | None = None,
) -> None:
    """A day's file; an incomplete day is known until noon."""
    footer = day_footer(table, day, complete, carried_since)
    schema = arrow_schema(table.columns).with_metadata({FOOTER_KEY: footer.encode()})
    path = day_file(lake, table, Day(day))
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), path)


def day_footer(
    table: Model, day: str, complete: bool = True, carried_since: str | None = None
) -> DayFooter:
    """What the file of a day says of itself; an incomplete one is known until noon."""
    key = Day(day)
    return DayFooter(
        table=table.name,
        day=day,
        input_version="",
        data_version="",
        complete=complete,
        known_until_us=key.end_us if complete else (key.start_us + key.end_us) // 2,
        items=0,
        run_id="run",
        carried_since=carried_since,
    )


def read_back(
    table: Model, days: Mapping[str, Iterable[dict[str, Any]]], incomplete: Iterable[str] = ()
) -> Rows:
    """The rows of days as they are read from a lake; incomplete ones may have none."""
    every = sorted({*days, *incomplete})
    parts = [{**row, "date": day} for day in every for row in days.get(day, ())]
    columns = [*(column.name for column in table.columns), "date"]
    footers = {day: day_footer(table, day, day not in incomplete) for day in every}
    return Rows(tuple(every), pd.DataFrame(parts, columns=columns), footers)


def histogram(*seconds: float) -> list[int]:
    """Counts by length: bucket 0 is below 1 second, bucket n from 1.1^(n-1) to 1.1^n."""
    buckets = [next(n for n in range(220) if one < 1.1**n) for one in seconds]
    return [buckets.count(n) for n in range(max(buckets, default=-1) + 1)]


def chats(department: int | None = 1, name: str | None = "Sales", **figures: Any) -> dict[str, Any]:
    """A row of `chat_daily_summary`, its counts 0 unless told."""
    return _row(CHAT_DAILY_SUMMARY, department_id=department, department_name=name, **figures)


def agent(
    id: int | None, name: str | None = None, hours: Iterable[int] = (), **figures: Any
) -> dict[str, Any]:
    """A row of `agent_daily_scorecard`: online all of these hours."""
    online = [3600.0 if hour in hours else 0.0 for hour in range(24)]
    times = {"online_s": sum(online), "online_s_by_hour": online}
    who = {"agent_id": id, "agent_name": name, "is_automation": False}
    return _row(AGENT_DAILY_SCORECARD, **{**who, **times, **figures})


def backlog(group: int | None = 7, **figures: Any) -> dict[str, Any]:
    """A row of `ticket_backlog_daily`; the backlog is the sum of the statuses."""
    total = sum(figures.get(status, 0) for status in ("new", "open", "pending", "hold", "other"))
    known = {"is_group_known": True, **figures}
    return _row(TICKET_BACKLOG_DAILY, group_id=group, backlog=total, **known)


def sla(
    metric: str | None, breaches: int, met: int, late: int, policy: str | None = "Gold"
) -> dict[str, Any]:
    """A row of `sla_breaches_daily`."""
    figures = {"breaches": breaches, "met": met, "late": late}
    return _row(SLA_BREACHES_DAILY, metric=metric, policy=policy, **figures)


def times(measure: str, group: int | None = 7, *seconds: float, **figures: Any) -> dict[str, Any]:
    """A row of `ticket_times_daily`: measurements of these lengths."""
    counted = {"fulfilled": len(seconds), "histogram": histogram(*seconds)}
    known = {"is_group_known": True, **counted, **figures}
    return _row(TICKET_TIMES_DAILY, group_id=group, measure=measure, **known)


def team(**figures: Any) -> dict[str, Any]:
    """A row of `team_daily_summary`, of the agents."""
    return _row(TEAM_DAILY_SUMMARY, **{"is_automation": False, **figures})


def _row(table: Model, **figures: Any) -> dict[str, Any]:
    columns = {column.name: column.type for column in table.columns}
    counts = {name: 0 for name, type in columns.items() if type is Scalar.INTEGER}
    nothing = {name: [] for name, type in columns.items() if type == List(Scalar.INTEGER)}
    return {**dict.fromkeys(columns), **counts, **nothing, **figures}
