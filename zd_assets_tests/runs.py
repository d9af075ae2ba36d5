"""Extractions as tests make them: one run, or run after run as a follow-up would."""

import math
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow.parquet as pq

from zd_assets.exports.export import Export
from zd_assets.extract.extract import Options, extract
from zd_assets.extract.report import PartitionReport, Report
from zd_assets.lake.footer import Footer
from zd_assets.lake.lake import Lake
from zd_assets.lake.partition import Partition
from zd_assets.sandbox import Running
from zd_assets.zendesk.client import Client
from zd_assets_tests.conftest import NOW, UNLIMITED

HOUR_US = 3_600_000_000


def at_us(text: str) -> int:
    return round(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000


def iso(us: int, fraction: bool = True) -> str:
    text = datetime.fromtimestamp(us // 1_000_000, UTC).isoformat().removesuffix("+00:00")
    return f"{text}.{us % 1_000_000:06d}Z" if fraction else f"{text}Z"


def hours(first: str, count: int) -> list[Partition]:
    """Consecutive hours from `2026-02-01T22:00:00` on."""
    starts = [at_us(first) + number * HOUR_US for number in range(count)]
    return [Partition(f"{iso(a)[:13].replace('T', '-')}:00", a, a + HOUR_US) for a in starts]


def few(sandbox: Running, chats_per_day: int = 100, **settings: Any) -> None:
    """Begin anew with little data, the clock standing at `NOW`."""
    ordinary = {"requests_per_minute": UNLIMITED, "now": NOW, "clock": "frozen"}
    sandbox.reset(**{**ordinary, "chats_per_day": chats_per_day, **settings})


def fetch(
    export: Export,
    partitions: Sequence[Partition],
    client: Client,
    lake: Lake,
    *,
    run_id: str = "run",
    now: str = NOW,
    adopts: Callable[[Footer], bool] = lambda footer: False,
    **options: Any,
) -> list[Report]:
    """One run to its end, on a machine whose clock shows `now`."""
    return list(
        extract(
            export,
            partitions,
            client,
            lake,
            Options(**options),
            run_id=run_id,
            adopts=adopts,
            now_s=lambda: at_us(now.removesuffix("Z")) / 1e6,
        )
    )


def incomplete(export: Export, partitions: Sequence[Partition], lake: Lake) -> list[Partition]:
    footers = [(partition, lake.footer(export, partition)) for partition in partitions]
    return [partition for partition, footer in footers if not (footer and footer.complete)]


def fetch_until_complete(
    export: Export,
    partitions: Sequence[Partition],
    client: Client,
    lake: Lake,
    *,
    runs: int = 200,
    **options: Any,
) -> int:
    """Run after run over what is still incomplete, as follow-ups would; how many it took."""
    for number in range(runs + 1):
        todo = incomplete(export, partitions, lake)
        if not todo:
            return number
        if number < runs:
            fetch(export, todo, client, lake, **options)
    raise AssertionError(f"after {runs} runs {[p.key for p in todo]} aren't complete")


def about(reports: Sequence[Report]) -> dict[str, PartitionReport]:
    """The partitions' reports, by key; each partition is reported once."""
    mine = [report for report in reports if isinstance(report, PartitionReport)]
    assert len({report.partition.key for report in mine}) == len(mine)
    return {report.partition.key: report for report in mine}


def footers(export: Export, partitions: Sequence[Partition], lake: Lake) -> list[Footer]:
    found = [lake.footer(export, partition) for partition in partitions]
    assert all(found)
    return [footer for footer in found if footer]


def rows(lake: Lake, export: Export, partition: Partition) -> list[dict[str, Any]]:
    table = pq.read_table(lake.path(export, partition), partitioning=None)
    return list(table.to_pylist())


def asked_from(sandbox: Running) -> list[int]:
    """The `start_time` of each request."""
    return [int(entry["query"]["start_time"]) for entry in sandbox.requests()]


def statuses(sandbox: Running) -> list[int]:
    return [entry["status"] for entry in sandbox.requests()]


def fewest_pages(export: Export, items: int, page_size: int) -> int:
    """How many pages hold `items`; without ids the boundary row stands on each."""
    return math.ceil(items / (page_size if export.cursor.has_id else page_size - 1))


def item(export: Export, us: int, number: int, **attributes: Any) -> dict[str, Any]:
    """A small explicit item of any export at a time of the server's order."""
    match export.name:
        case "agent_timeline":
            duration_us = 1_000_000 + 137 * number
            place = {"start_time": iso(us - duration_us), "duration": duration_us / 1e6}
            return {"agent_id": number, "status": "online", **place, **attributes}
        case "chats":
            return {
                "id": f"c{number:04d}",
                "timestamp": iso(us - 5_000_000, fraction=False),
                "update_timestamp": iso(us),
                **attributes,
            }
        case _:
            return {"id": f"i{number:04d}", "timestamp": iso(us), **attributes}
