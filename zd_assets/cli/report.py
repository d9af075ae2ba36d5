"""`zd-assets report`: the support report of a day, as a file that a browser opens."""

from datetime import UTC, date, datetime
from pathlib import Path

import click

from zd_assets.cli.output import as_json, lake_of_environment, print_json
from zd_assets.engine.day import Day
from zd_assets.report.page import write_report
from zd_assets.report.span import NAMED


def _yesterday() -> str:
    return Day(datetime.now(UTC).date().isoformat()).before.key


def _day(context: click.Context, parameter: click.Parameter, text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise click.BadParameter(f"{text!r} is no date such as 2026-02-01") from None


@click.command()
@click.argument("day", default=_yesterday, callback=_day)
@click.option(
    "--days",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="How many days, the last one being DAY.",
)
@click.option(
    "--period",
    type=click.Choice([*NAMED]),
    help="The ISO week or the month of DAY, up to it, in place of --days.",
)
@click.option("--open", "opens", is_flag=True, help="Open the page in a browser.")
@as_json
def main(day: str, days: int, period: str | None, opens: bool, as_json: bool) -> None:
    """Write the support report of DAY (by default yesterday, UTC) and show where it is.

    It is made of what the lake at ZD_LAKE holds, in place of the day's report before.

    \b
    Example:
      zd-assets report 2026-02-01 --days 7 --open
    """
    lake = lake_of_environment()
    page = write_report(lake, Day(day, lake.time_zone), NAMED.get(period or "", days))
    if as_json:
        told = {"days": None if period else days, "period": period}
        print_json({"day": day, **told, "report": str(page)})
    else:
        click.echo(str(page))
    if opens and isinstance(page, Path):
        click.launch(page.as_uri())
    elif opens:
        raise click.ClickException(f"{page} is in an object store; copy it here to open it")
