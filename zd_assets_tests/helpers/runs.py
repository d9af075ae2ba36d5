"""Extractions as tests make them: one run, or run after run as a follow-up would."""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pyarrow.parquet as pq
import pytest

from zd_assets.catalog.export import Api, Endpoint, Export, Pagination, Table
from zd_assets.catalog.registry import EXPORTS
from zd_assets.extract.events import Action, PartitionReport, Report
from zd_assets.extract.options import Options
from zd_assets.extract.run import extract
from zd_assets.lake.errors import LakeError
from zd_assets.lake.footer import Footer
from zd_assets.lake.lake import Lake
from zd_assets.lake.partition import Partition
from zd_assets.sandbox import Running
from zd_assets.zendesk.client import Client
from zd_assets.zendesk.errors import ZendeskError
from zd_assets_tests.conftest import NO_LIMITS, NOW
from zd_assets_tests.helpers.secrecy import assert_secret_nowhere

HOUR_US = 3_600_000_000

Clients = Mapping[Api, Client]

#: Every way to fetch any export.
ROADS = [(export, endpoint) for export in EXPORTS for endpoint in export.endpoints]
SUPPORT_ROADS = [one for one in ROADS if one[0].api is Api.SUPPORT]


def over(roads: Iterable[tuple[Export, Endpoint]]) -> pytest.MarkDecorator:
    """Parametrize a test over exports and their endpoints."""
    params = [
        pytest.param(export, endpoint, id=f"{export.name} by {endpoint.pagination}")
        for export, endpoint in roads
    ]
    return pytest.mark.parametrize(("export", "endpoint"), params)


def road(export: Export, pagination: Pagination) -> tuple[Export, Endpoint]:
    """An export by one of its paginations."""
    return export, next(one for one in export.endpoints if one.pagination is pagination)


every_road = over(ROADS)
every_export = pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)


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
    """Begin again with little data, the clock stopped at `NOW`."""
    ordinary = {**NO_LIMITS, "now": NOW, "clock": "frozen"}
    sandbox.reset(**{**ordinary, "chats_per_day": chats_per_day, **settings})


def one_an_hour(
    sandbox: Running, export: Export, first_us: int, count: int = 72, **settings: Any
) -> None:
    """Begin with an item in each hour from one on, and nothing else."""
    few(sandbox, seeded=False, **settings)
    times_us = [first_us + number * HOUR_US for number in range(count)]
    sandbox.put(export.name, [item(export, us, number) for number, us in enumerate(times_us)])


#: How many tickets bring one item of each Support export.
_TICKETS_FOR_ONE = {
    "tickets": 3,
    "ticket_events": 0.2,
    "ticket_metric_events": 0.16,
    "users": 2.8,
    "organizations": 40,
    "routing_attributes": 800,
    "routing_attribute_values": 200,
    "routing_instance_values": 20,
}


def few_of(sandbox: Running, export: Export, per_day: int, **settings: Any) -> None:
    """As `few`, with about `per_day` items of an export on a day of February 2026."""
    if export.api is Api.CHAT:
        few(sandbox, per_day, **settings)
    else:
        tickets = max(1, round(per_day * _TICKETS_FOR_ONE[export.name]))
        # A late start: routing is walked from the beginning of its stream.
        few(sandbox, **{"tickets_per_day": tickets, "start": "2026-01-26", **settings})


def fetch(
    export: Export,
    partitions: Sequence[Partition],
    client: Client | Clients,
    lake: Lake,
    *,
    run_id: str = "run",
    now: str = NOW,
    should_adopt: Callable[[Footer], bool] = lambda footer: False,
    **options: Any,
) -> list[Report]:
    """One run to its end, on a machine whose clock shows `now`."""
    return list(
        extract(
            export,
            partitions,
            client if isinstance(client, Client) else client[export.api],
            lake,
            Options(**options),
            run_id=run_id,
            should_adopt=should_adopt,
            now_s=lambda: at_us(now.removesuffix("Z")) / 1e6,
        )
    )


def attempt(
    export: Export,
    partitions: Sequence[Partition],
    client: Client | Clients,
    lake: Lake,
    **options: Any,
) -> tuple[list[Report], ZendeskError | LakeError | None]:
    """One run that may fail: what it said, and its error; the token is left nowhere."""
    reports: list[Report] = []
    failure: ZendeskError | LakeError | None = None
    run = extract(
        export,
        partitions,
        client if isinstance(client, Client) else client[export.api],
        lake,
        Options(**{"page_size": 15, "max_parallel_windows": 1, **options}),
        run_id="run",
    )
    try:
        for report in run:
            reports.append(report)
    except (ZendeskError, LakeError) as error:
        failure = error
    assert_secret_nowhere(reports, failure, lake.root)
    return reports, failure


def incomplete(export: Export, partitions: Sequence[Partition], lake: Lake) -> list[Partition]:
    footers = [(partition, lake.footer(export, partition)) for partition in partitions]
    return [partition for partition, footer in footers if not (footer and footer.complete)]


def fetch_until_complete(
    export: Export,
    partitions: Sequence[Partition],
    client: Client | Clients,
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
    """The reports of the partitions that were asked for, by key; each is reported once."""
    mine = [
        report
        for report in reports
        if isinstance(report, PartitionReport) and report.action is not Action.ADDED_TO
    ]
    assert len({report.partition.key for report in mine}) == len(mine)
    return {report.partition.key: report for report in mine}


def footers(export: Export, partitions: Sequence[Partition], lake: Lake) -> list[Footer]:
    found = [lake.footer(export, partition) for partition in partitions]
    assert all(found)
    return [footer for footer in found if footer]


def rows(lake: Lake, table: Table, partition: Partition) -> list[dict[str, Any]]:
    found = pq.read_table(lake.path(table, partition), partitioning=None)
    return list(found.to_pylist())


def query_of(url: str | None) -> dict[str, str]:
    """The query of a URL, as the sandbox logs it."""
    return dict(parse_qsl(urlsplit(url or "").query))


def asked_from(sandbox: Running) -> list[int]:
    """The `start_time` of each request that has one."""
    queries = [entry["query"] for entry in sandbox.requests()]
    return [int(query["start_time"]) for query in queries if "start_time" in query]


def statuses(sandbox: Running) -> list[int]:
    return [entry["status"] for entry in sandbox.requests()]


def fewest_pages(endpoint: Endpoint, items: int, page_size: int) -> int:
    """How many pages hold `items`; on Chat's without ids the boundary row is on each."""
    boundary = endpoint.pagination is Pagination.CHAT and endpoint.repeats_boundary
    return math.ceil(items / (page_size - boundary))


def item(export: Export, us: int, number: int, **attributes: Any) -> dict[str, Any]:
    """A small explicit item of any export at a time of the server's order.

    Support's times are whole seconds, and its ids count from 1.
    """
    at, second = iso(us), iso(us, fraction=False)
    match export.name:
        case "agent_timeline":
            duration_us = 1_000_000 + 137 * number
            place = {"start_time": iso(us - duration_us), "duration": duration_us / 1e6}
            own = {"agent_id": number, "status": "online", **place}
        case "chats":
            started = iso(us - 5_000_000, fraction=False)
            own = {"id": f"c{number:04d}", "timestamp": started, "update_timestamp": at}
        case "tickets":
            own = {"id": number + 1, "generated_timestamp": us // 1_000_000, "updated_at": second}
        case "ticket_events":
            own = {"id": number + 1, "ticket_id": 7, "timestamp": us // 1_000_000}
        case "ticket_metric_events":
            own = {"id": number + 1, "ticket_id": 7, "time": second}
        case "users" | "organizations":
            own = {"id": number + 1, "updated_at": second}
        case "routing_attributes" | "routing_attribute_values" | "routing_instance_values":
            own = {"id": f"r{number:04d}", "type": "create", "time": second}
        case _:
            own = {"id": f"i{number:04d}", "timestamp": at}
    return own | attributes
