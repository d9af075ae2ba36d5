"""Counts of durations by bucket: percentiles of any days and groups, from the counts' sums."""

from collections.abc import Iterable, Sequence
from itertools import accumulate, zip_longest

#: Each bucket ends so many times later than it begins.
RATIO = 1.1
#: Where everything longer is counted, too.
LAST_BUCKET = 220

#: What a column of such counts says of itself, after what it counts.
SAYS = (
    "counted by length: bucket 0 is below 1 second, bucket n from 1.1^(n-1) to 1.1^n seconds. "
    "Counts of days and groups add up; a percentile read from them is off by 5% at most."
)


def added(histograms: Iterable[Sequence[int]]) -> list[int]:
    """Return the counts of several histograms in one; they may be of different lengths."""
    return [sum(counts) for counts in zip_longest(*histograms, fillvalue=0)]


def quantile_s(counts: Sequence[int], share: float) -> float | None:
    """Return the duration that a share of all, 0 to 1, doesn't exceed, in seconds; None of nothing.

    Within 5% of one that was counted; below a second it is 0.5 s.
    """
    total = sum(counts)
    if not total:
        return None
    reached = accumulate(counts)
    bucket = next(number for number, count in enumerate(reached) if count >= share * total)
    return float(RATIO ** (bucket - 0.5)) if bucket else 0.5
