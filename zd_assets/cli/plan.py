"""`zd-assets plan`: what a backfill of a range takes, before it is begun."""

import os
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import click
from rich.table import Table

from zd_assets.catalog.export import Api, Export
from zd_assets.catalog.registry import EXPORTS
from zd_assets.cli.account import apis, exports_of, impatient
from zd_assets.cli.estimate import Asked, Estimate, estimate, minutes_needed, requests_needed
from zd_assets.cli.output import as_json, console, leave, print_json, size, tell
from zd_assets.defs.environment import check_environment
from zd_assets.defs.resources import ZendeskApi
from zd_assets.extract.options import query_of
from zd_assets.lake.partition import DAY_US, HOUR_US
from zd_assets.zendesk.client import Client
from zd_assets.zendesk.errors import ZendeskError

_NAMES = [export.name for export in EXPORTS]


@dataclass(frozen=True)
class Planned:
    """What a backfill of an export takes; all but `export` and `says` is unknown after an error.

    `low` and `high` are the range in which `items` is 9 times in 10; without a `high`, all figures
    are those of the sampled pages, and the stream is longer.
    """

    export: str
    items: int | None = None
    low: int | None = None
    high: int | None = None
    is_exact: bool | None = None
    requests: int | None = None
    minutes: float | None = None
    bytes: int | None = None
    download_bytes: int | None = None
    sample_requests: int = 0
    says: str = ""


@dataclass(frozen=True)
class Total:
    """What all exports of an API take: they run side by side, and share its budget."""

    api: str
    requests: int
    requests_per_minute: int
    minutes: float
    bytes: int


def _names(
    context: click.Context, parameter: click.Parameter, text: str | None
) -> tuple[str, ...] | None:
    if text is None:
        return None
    names = tuple(name.strip() for name in text.split(",") if name.strip())
    if unknown := [name for name in names if name not in _NAMES]:
        known = ", ".join(_NAMES)
        raise click.BadParameter(f"there is no export {unknown[0]!r}; there are {known}")
    return names


_DAY = click.DateTime(["%Y-%m-%d"])


@click.command()
@click.argument("first", type=_DAY)
@click.argument("last", type=_DAY)
@click.option(
    "--exports",
    "chosen",
    callback=_names,
    metavar="NAMES",
    help="Which exports, separated by commas; those of ZD_EXPORTS by default, else all.",
)
@click.option(
    "--samples",
    type=click.IntRange(2, 10),
    default=5,
    show_default=True,
    help="Pages asked for at most, for each export.",
)
@as_json
def main(
    first: datetime,
    last: datetime,
    chosen: tuple[str, ...] | None,
    samples: int,
    as_json: bool,
) -> None:
    """Estimate the items, requests, minutes and bytes of a backfill from FIRST to LAST.

    Both are days of UTC, and both are part of it. A few pages of each export are asked for, spread
    over the range, out of the request budget that all runs share; nothing is written. What they
    hold in the time that they cover gives the number of items, and how they differ its error: the
    truth is within it 9 times in 10. A range that fits a page is known exactly, after one request.

    Minutes are those of the budget, or of the server's and this machine's speed if that is less.
    Exits with 1 where an export can't be read.

    \b
    Examples:
      zd-assets plan 2025-01-01 2025-12-31
      zd-assets plan 2026-01-01 2026-01-31 --exports tickets,users --json
    """
    check_environment()
    from_us, until_us = _us(first.date()), _us(last.date() + timedelta(days=1))
    if from_us >= until_us:
        raise click.BadParameter(f"{last:%Y-%m-%d} is before {first:%Y-%m-%d}", param_hint="LAST")
    if from_us >= time.time() * 1_000_000:
        raise click.BadParameter(f"{first:%Y-%m-%d} is in the future", param_hint="FIRST")
    planned: list[Planned] = []
    totals: list[Total] = []
    for api, resource in apis().items():
        exports = [one for one in exports_of(api) if chosen is None or one.name in chosen]
        if not exports:
            continue
        if missing := resource.missing_credentials():
            tell(f"{api}: {missing}; not planned")
            continue
        client = impatient(resource.client())
        some = [_planned(one, resource, client, from_us, until_us, samples) for one in exports]
        planned += some
        totals.append(_total(api, client, some))
    if not planned:
        raise click.ClickException("nothing to plan: no API of these exports has credentials")
    is_well = all(one.items is not None for one in planned)
    if as_json:
        print_json({"exports": planned, "totals": totals})
    else:
        _show(planned, totals)
    leave(is_well)


def _planned(
    export: Export, resource: ZendeskApi, client: Client, from_us: int, until_us: int, samples: int
) -> Planned:
    path = "/".join(export.path)
    tell(f"{path}: asking for {samples} pages at most")
    until_us = min(until_us, round((time.time() - export.settle_s) * 1_000_000))
    unit_us = HOUR_US if os.environ.get("ZD_PARTITION") == "hour" else DAY_US
    partitions = -(-(until_us - from_us) // unit_us)
    try:
        options = resource.options(export, full_refresh=False)
        endpoint = options.endpoint or export.endpoints[0]
        page_size = min(options.page_size, endpoint.page_size)
        asked = Asked(export, endpoint, query_of(export, options), page_size)
        made = estimate(
            asked, client, from_us, until_us, partitions, samples, lambda words: tell(f"  {words}")
        )
    except ZendeskError as error:
        return Planned(path, says=str(error))
    windows = options.max_parallel_windows if endpoint.has_start_time else 1
    requests = requests_needed(made, page_size, min(windows, partitions))
    return Planned(
        export=path,
        items=round(made.items),
        low=round(made.low),
        high=None if made.high is None else round(made.high),
        is_exact=made.is_exact,
        requests=requests,
        minutes=minutes_needed(requests, client.budget.requests, made.page_s, windows),
        bytes=round(made.lake_bytes),
        download_bytes=round(made.stream_items * made.json_bytes),
        sample_requests=made.sample_requests,
        says=_error(made),
    )


def _error(made: Estimate) -> str:
    if made.is_exact:
        return "exact"
    if made.high is None:
        return "at least"
    share = (made.high - made.items) / made.items if made.items else 0.0
    return f"± {share:.0%}"


def _total(api: Api, client: Client, planned: Sequence[Planned]) -> Total:
    requests = sum(one.requests or 0 for one in planned)
    per_minute = client.budget.requests
    slowest = max(one.minutes or 0.0 for one in planned)
    return Total(
        api=api.value,
        requests=requests,
        requests_per_minute=per_minute,
        minutes=max(slowest, minutes_needed(requests, per_minute, 0.0, 1)),
        bytes=sum(one.bytes or 0 for one in planned),
    )


def _show(planned: Sequence[Planned], totals: Sequence[Total]) -> None:
    table = Table("export", title="A backfill takes", title_justify="left")
    for name in ("items", "error", "requests", "time", "in the lake", "download"):
        table.add_column(name, justify="right", no_wrap=True)
    for one in planned:
        if one.items is None:
            table.add_row(one.export, *["–"] * 6)
        else:
            table.add_row(
                one.export,
                f"{one.items:,}",
                one.says,
                f"{one.requests:,}",
                _length(one.minutes or 0.0),
                size(one.bytes or 0),
                size(one.download_bytes or 0),
            )
    for total in totals:
        table.add_row(
            f"all of {total.api}",
            "",
            "",
            f"{total.requests:,}",
            _length(total.minutes),
            size(total.bytes),
            "",
            style="bold",
        )
    out = console()
    out.print(table)
    for one in planned:
        if one.items is None:
            out.print(f"{one.export}: {one.says}", style="red", markup=False, soft_wrap=True)
    asked = sum(one.sample_requests for one in planned)
    budgets = ", ".join(f"{one.api} {one.requests_per_minute}" for one in totals)
    out.print(f"From {asked} sampled pages; requests a minute: {budgets}.", soft_wrap=True)


def _length(minutes: float) -> str:
    if minutes < 1:
        return "< 1 min"
    return f"{minutes:.0f} min" if minutes < 120 else f"{minutes / 60:.1f} h"


def _us(day: date) -> int:
    return round(datetime(day.year, day.month, day.day, tzinfo=UTC).timestamp()) * 1_000_000
