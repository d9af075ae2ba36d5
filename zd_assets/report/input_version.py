"""What a report's page was made of, in its head, and whether it would come out otherwise now."""

import hashlib
import re
from functools import lru_cache
from importlib.metadata import version

from zd_assets.engine.day import Day, up_to
from zd_assets.engine.inputs import File, Finder
from zd_assets.lake.lake import Lake, reading
from zd_assets.lake.location import Location
from zd_assets.models.latest import GROUP
from zd_assets.models.registry import REPORTED
from zd_assets.report.name import NAME

FILE_NAME = "report.html"

#: A picture of one day alone shows no trend.
FEWEST_CHART_DAYS = 7

_HEAD_BYTES = 1024
_META = re.compile(r'<meta name="zd_assets" content="days=(\d+) input_version=(\w+)">')


def report_file(lake: Lake, last: Day) -> Location:
    """Where the report of the days up to this one stands."""
    return lake.root.joinpath(GROUP, NAME, f"date={last.key}", FILE_NAME)


def days_of(last: Day, days: int) -> list[Day]:
    """All days that a report of so many up to this one is made of.

    These are the ones that it is of, as many before, and at least a week for the pictures.
    """
    return up_to(last, max(2 * days, FEWEST_CHART_DAYS))


def input_version(finder: Finder, last: Day, days: int) -> str:
    """What changes when anything does that the report is made of.

    Raises:
        LakeError: a day can't be read.
    """
    parts = [version("zd_assets"), str(days)]
    for table in REPORTED:
        for day in days_of(last, days):
            footer = finder.footer(table, day)
            parts.append(f"{footer.data_version}:{footer.complete}" if footer else "")
    return hashlib.sha256(";".join(parts).encode()).hexdigest()[:16]


def is_due(finder: Finder, last: Day, *, since: str = "") -> bool:
    """Return whether the report of a day that is complete would be different now.

    A report that isn't there is due for days from `since` on (`2026-01-28`). One that is there
    keeps its number of days.

    Raises:
        LakeError: a day can't be read.
    """
    footers = [finder.footer(table, last) for table in REPORTED]
    there = [footer for footer in footers if footer]
    if not there or not all(footer.complete for footer in there):
        return False
    page = finder.files((GROUP, NAME), FILE_NAME, _read).get(last.key)
    if page is None:
        return last.key >= since
    known = _read(page[0])
    return known is None or known != (known[0], input_version(finder, last, known[0]))


@lru_cache(maxsize=10_000)
def _read(file: File) -> tuple[int, str] | None:
    with reading(file.path):
        head = file.path.read_bytes()[:_HEAD_BYTES]
    found = _META.search(head.decode(errors="replace"))
    return (int(found[1]), found[2]) if found else None
