"""Whether a table's partitions are days or hours: a window is in the lake once, in one form."""

from zd_assets.catalog.export import Table
from zd_assets.lake.errors import LakeError
from zd_assets.lake.lake import Lake
from zd_assets.lake.location import Location, below
from zd_assets.lake.partition import FILE_NAME


def is_hourly(file: Location) -> bool:
    """Return whether a partition's file is of an hour."""
    return file.parent.name.startswith("hour=")


def check_layout(lake: Lake, table: Table, hourly: bool) -> None:
    """Refuse partitions of one form where the table has files of the other; costs one listing.

    Raises:
        LakeError: it has; the message names the command that rewrites them.
    """
    folder = lake.root.joinpath(*table.path)
    other = f"date=*/{FILE_NAME}" if hourly else f"date=*/hour=*/{FILE_NAME}"
    found = (file for file in folder.glob(other) if is_hourly(file) is not hourly)
    if (file := next(iter(found), None)) is None:
        return
    wanted, there = ("hour", "day") if hourly else ("day", "hour")
    raise LakeError(
        f"{folder} holds partitions by {there} ({below(file, folder)}), and ZD_PARTITION is "
        f"{wanted}. Rewrite them with `python -m zd_assets.lake.repartition {wanted}`, which asks "
        f"Zendesk for nothing, or set ZD_PARTITION={there}"
    )
