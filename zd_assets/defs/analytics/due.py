"""What of analytics is due by what is in the lake now; what can't be read is due, too."""

from collections.abc import Callable, Iterable
from datetime import datetime
from functools import lru_cache, partial
from typing import ParamSpec

from zd_assets.engine.day import Day
from zd_assets.engine.inputs import Finder
from zd_assets.engine.latest.update import is_due
from zd_assets.engine.model import Model
from zd_assets.lake.errors import LakeError
from zd_assets.lake.lake import Lake
from zd_assets.models.latest import Latest
from zd_assets.report.input_version import is_due as is_report_due

_P = ParamSpec("_P")


def is_latest_due(table: Latest, lake: Lake) -> bool:
    """Whether a table of current state would come out otherwise now."""
    return _or_unreadable(is_due, table, lake)


def due_days(
    table: Model | None, lake: Lake, days: Iterable[str], evaluated_at: datetime
) -> set[str]:
    """Of these days, those that a model, or the report (None), would make otherwise now."""
    finder = _finder(lake, evaluated_at)
    due = partial(finder.is_due, table) if table else partial(is_report_due, finder)
    return {day for day in days if _or_unreadable(due, Day(day))}


def _or_unreadable(due: Callable[_P, bool], *args: _P.args, **kwargs: _P.kwargs) -> bool:
    try:
        return due(*args, **kwargs)
    except LakeError:
        return True


@lru_cache(maxsize=1)
def _finder(lake: Lake, _tick: datetime) -> Finder:
    """One for all assets of a tick."""
    return Finder(lake)
