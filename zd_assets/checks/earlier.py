"""The partitions that a partition's volume is compared with."""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, datetime
from functools import cache

from zd_assets.catalog.export import Export
from zd_assets.checks.rules import VOLUME_DAYS
from zd_assets.lake.errors import LakeError
from zd_assets.lake.footer import Footer
from zd_assets.lake.lake import Lake
from zd_assets.lake.partition import Partition

_DAY_US = 86_400 * 1_000_000


def earlier_footers(
    lake: Lake, export: Export, known: Iterable[Footer]
) -> Callable[[Footer], Sequence[Footer]]:
    """Gives the footers of the days before (of an hour, the same hour), each file read once.

    Those that are `known` aren't read.
    """
    at_hand = {footer.partition: footer for footer in known}

    @cache
    def read(window: Partition) -> Footer | None:
        try:
            return at_hand.get(window.key) or lake.footer(export, window)
        except LakeError:
            return None

    def earlier(footer: Footer) -> list[Footer]:
        found = [read(_days_before(footer, days)) for days in range(1, VOLUME_DAYS + 1)]
        return [one for one in found if one]

    return earlier


def _days_before(footer: Footer, days: int) -> Partition:
    start_us, end_us = footer.start_us - days * _DAY_US, footer.end_us - days * _DAY_US
    start = datetime.fromtimestamp(start_us / 1_000_000, UTC)
    # The key but for its date stays: `-13:00` of an hour.
    date_length = len("2026-01-28")
    return Partition(f"{start:%Y-%m-%d}{footer.partition[date_length:]}", start_us, end_us)
