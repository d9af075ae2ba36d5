"""What a report's page was made of, in its head, and whether it would come out otherwise now."""

import hashlib
import re
from functools import lru_cache
from importlib.metadata import version

from zd_assets.catalog.reference import DEPARTMENTS, GROUPS
from zd_assets.engine.day import Day
from zd_assets.engine.inputs import File, Finder
from zd_assets.lake.lake import Lake, reading
from zd_assets.lake.location import Location
from zd_assets.models.facts.ticket_metrics import TICKET_METRICS
from zd_assets.models.facts.ticket_states import TICKET_STATES
from zd_assets.models.latest import GROUP
from zd_assets.models.registry import REPORT_SOURCES
from zd_assets.report.name import NAME
from zd_assets.report.span import Period, parse_period, span

FILE_NAME = "report.html"

#: The facts that say where the history of a report begins.
CARRIED = (TICKET_STATES, TICKET_METRICS)
#: The lists in which it looks ids up.
LISTS = (GROUPS, DEPARTMENTS)

_HEAD_BYTES = 1024
_META = re.compile(r'<meta name="zd_assets" content="period=(\w+) input_version=(\w+)">')


def report_file(lake: Lake, last: Day) -> Location:
    """Where the report of the days up to this one stands."""
    return lake.root.joinpath(GROUP, NAME, f"date={last.key}", FILE_NAME)


def input_version(finder: Finder, last: Day, period: Period) -> str:
    """What changes when anything does that the report is made of.

    Raises:
        LakeError: a day can't be read.
    """
    parts = [version("zd_assets"), str(period), *(finder.version(one) for one in LISTS)]
    for table in REPORT_SOURCES:
        for day in span(last, period).every:
            footer = finder.footer(table, day)
            parts.append(f"{footer.data_version}:{footer.complete}" if footer else "")
    for fact in CARRIED:
        footer = finder.footer(fact, last)
        parts.append(str(footer.carried_since) if footer else "")
    return hashlib.sha256(";".join(parts).encode()).hexdigest()[:16]


def is_due(finder: Finder, last: Day, *, since: str = "") -> bool:
    """Return whether the report of a day that is complete would be different now.

    A report that isn't there is due for days from `since` on (`2026-01-28`). One that is there
    keeps its period.

    Raises:
        LakeError: a day can't be read.
    """
    footers = [finder.footer(table, last) for table in REPORT_SOURCES]
    there = [footer for footer in footers if footer]
    if not there or not all(footer.complete for footer in there):
        return False
    page = finder.files((GROUP, NAME), FILE_NAME, _read).get(last.key)
    if page is None:
        return last.key >= since
    known = _read(page[0])
    return known is None or known[1] != input_version(finder, last, known[0])


@lru_cache(maxsize=10_000)
def _read(file: File) -> tuple[Period, str] | None:
    with reading(file.path):
        head = file.path.read_bytes()[:_HEAD_BYTES]
    found = _META.search(head.decode(errors="replace"))
    if not found:
        return None
    period = parse_period(found[1])
    return None if period is None else (period, str(found[2]))
