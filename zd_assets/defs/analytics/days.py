"""Partitions of models and of the report: days of UTC."""

import dagster as dg

from zd_assets.defs.partitions import Partitions


def days_def(partitions_def: Partitions) -> dg.DailyPartitionsDefinition:
    """Days of UTC from the exports' first partition to today."""
    if isinstance(partitions_def, dg.DailyPartitionsDefinition):
        return partitions_def
    return dg.DailyPartitionsDefinition(start_date=partitions_def.start, end_offset=1)
