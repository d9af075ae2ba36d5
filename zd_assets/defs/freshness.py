"""When an export counts as no longer followed."""

from datetime import timedelta

import dagster as dg

from zd_assets.defs.partitions import Partitions


def freshness_policy(partitions_def: Partitions) -> dg.FreshnessPolicy:
    """Of days: warn once a nightly run is overdue, fail when two were missed.

    Of hours: after three and six of them without a materialization.
    """
    if isinstance(partitions_def, dg.HourlyPartitionsDefinition):
        return dg.FreshnessPolicy.time_window(
            fail_window=timedelta(hours=6), warn_window=timedelta(hours=3)
        )
    return dg.FreshnessPolicy.time_window(
        fail_window=timedelta(hours=54), warn_window=timedelta(hours=30)
    )
