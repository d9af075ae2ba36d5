"""`zd-assets status`: how far each export is complete, from the lake alone."""

from collections.abc import Sequence

import click
from rich.table import Table

from zd_assets.catalog.registry import EXPORTS
from zd_assets.cli.lake_status import ExportStatus, export_status
from zd_assets.cli.output import as_json, console, lake_of_environment, leave, print_json, size

_SHOWN = 3


@click.command()
@as_json
def main(as_json: bool) -> None:
    """Show how far each export is complete in the lake.

    It asks the lake at ZD_LAKE alone, not Zendesk and not Dagster. Exits with 1 where there is
    nothing yet, where a partition before the newest is missing or incomplete, where an error
    ended the last run of a partition, or where a file can't be read.

    \b
    Examples:
      zd-assets status
      ZD_LAKE=s3://bucket/zendesk zd-assets status --json
    """
    lake = lake_of_environment()
    found = [export_status(lake, export) for export in EXPORTS]
    some = [one for one in found if one.partitions or one.damaged]
    is_well = bool(some) and all(one.is_well for one in some)
    if as_json:
        print_json({"lake": str(lake.root), "is_well": is_well, "exports": found})
        leave(is_well)
    if not some:
        click.echo(
            f"No export is in {lake.root} yet. Set ZD_LAKE if the lake is elsewhere, or "
            "materialize a partition: zd-assets check tells whether that will work."
        )
        leave(is_well)
    out = console()
    out.print(_table(found, str(lake.root)))
    for one in some:
        for line in _wrongs(one):
            out.print(f"{one.export}: {line}", style="red", markup=False, soft_wrap=True)
    leave(is_well)


def _table(found: Sequence[ExportStatus], lake: str) -> Table:
    table = Table("export", title=f"The lake at {lake}", title_justify="left")
    for name in (
        "partitions",
        "first complete",
        "last complete",
        "complete until (UTC)",
        "holes",
        "rows",
        "size",
        "late",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    for one in found:
        holes = len(one.gaps) + len(one.incomplete) + len(one.damaged)
        table.add_row(
            one.export,
            f"{one.partitions:,}",
            one.first_complete or "–",
            one.last_complete or "–",
            one.complete_until[:19].replace("T", " ") if one.complete_until else "–",
            f"{holes:,}" if one.partitions else "–",
            f"{one.rows:,}" if one.partitions else "–",
            size(one.bytes) if one.partitions else "–",
            f"{one.late_items:,}" if one.partitions else "–",
        )
    return table


def _wrongs(one: ExportStatus) -> list[str]:
    lines = []
    if one.gaps:
        lines.append(f"no file of {_some(one.gaps)}")
    if one.incomplete:
        lines.append(f"incomplete: {_some(one.incomplete)}")
    if one.damaged:
        lines.append(f"can't be read: {_some(one.damaged)}; move it away and fetch it again")
    if one.last_error:
        lines.append(one.last_error)
    return lines


def _some(names: Sequence[str]) -> str:
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return ", ".join(names[:_SHOWN]) + more
