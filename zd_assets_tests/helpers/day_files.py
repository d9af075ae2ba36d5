"""Writing days of daily tables in tests, without the exports they would be made of."""

from collections.abc import Iterable
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from zd_assets.catalog.columns import Scalar
from zd_assets.engine.day import Day, DayFooter, day_file
from zd_assets.lake.footer import FOOTER_KEY
from zd_assets.lake.lake import Lake
from zd_assets.models.marts.agent_daily_scorecard import AGENT_DAILY_SCORECARD
from zd_assets.models.marts.chat_daily_summary import CHAT_DAILY_SUMMARY
from zd_assets.models.marts.sla_breaches_daily import SLA_BREACHES_DAILY
from zd_assets.models.marts.ticket_backlog_daily import TICKET_BACKLOG_DAILY
from zd_assets.models.model import Model
from zd_assets.schema.arrow import arrow_schema


def put_day(
    lake: Lake, table: Model, day: str, rows: Iterable[dict[str, Any]], complete: bool = True
) -> None:
    """A day's file; an incomplete day is known until noon."""
    key = Day(day)
    footer = DayFooter(
        table=table.name,
        day=day,
        input_version="",
        data_version="",
        complete=complete,
        known_until_us=key.end_us if complete else (key.start_us + key.end_us) // 2,
        items=0,
        run_id="run",
    )
    schema = arrow_schema(table.columns).with_metadata({FOOTER_KEY: footer.encode()})
    path = day_file(lake, table, key)
    path.parent.mkdir(parents=True, exist_ok=True)
    pq.write_table(pa.Table.from_pylist(list(rows), schema=schema), path)


def chats(department: int | None = 1, name: str | None = "Sales", **figures: Any) -> dict[str, Any]:
    """A row of `chat_daily_summary`, its counts 0 unless told."""
    return _row(CHAT_DAILY_SUMMARY, department_id=department, department_name=name, **figures)


def agent(
    id: int, name: str | None = None, hours: Iterable[int] = (), **figures: Any
) -> dict[str, Any]:
    """A row of `agent_daily_scorecard`: online all of these hours."""
    online = [3600.0 if hour in hours else 0.0 for hour in range(24)]
    times = {"online_s": sum(online), "online_s_by_hour": online}
    return _row(AGENT_DAILY_SCORECARD, agent_id=id, agent_name=name, **{**times, **figures})


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


def _row(table: Model, **figures: Any) -> dict[str, Any]:
    counts = {column.name: 0 for column in table.columns if column.type is Scalar.INTEGER}
    return {**dict.fromkeys(column.name for column in table.columns), **counts, **figures}
