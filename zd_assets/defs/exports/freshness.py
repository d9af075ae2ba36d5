"""When an export counts as no longer followed."""

from datetime import timedelta

import dagster as dg

from zd_assets.defs.partitions import Partitions


def freshness_policy(partitions_def: Partitions) -> dg.FreshnessPolicy:
    """Of days: warn once a nightly run is overdue, fail when two were missed.

    Of hours: after three and six of them without a materialization.
    """
    fails = fails_after(partitions_def)
    hourly = isinstance(partitions_def, dg.HourlyPartitionsDefinition)
    warns = timedelta(hours=3 if hourly else 30)
    return dg.FreshnessPolicy.time_window(fail_window=fails, warn_window=warns)


def fails_after(partitions_def: Partitions) -> timedelta:
    """Return how long an export may go without a materialization before its policy fails."""
    hourly = isinstance(partitions_def, dg.HourlyPartitionsDefinition)
    return timedelta(hours=6 if hourly else 54)
