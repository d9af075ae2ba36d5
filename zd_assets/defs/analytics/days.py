"""Partitions of models and of the report: the days of the account's time zone."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg

from zd_assets.defs.namespace import Namespace


def days_def(namespace: Namespace) -> dg.DailyPartitionsDefinition:
    """Days from the first that begins with the exports' first partition or later, to today."""
    partitions_def, time_zone = namespace.partitions_def, namespace.time_zone
    if time_zone == "UTC" and isinstance(partitions_def, dg.DailyPartitionsDefinition):
        return partitions_def
    begins = datetime.fromtimestamp(partitions_def.start.timestamp(), ZoneInfo(time_zone))
    first = begins.date()
    if datetime(*first.timetuple()[:3], tzinfo=begins.tzinfo) < begins:
        first += timedelta(days=1)
    return dg.DailyPartitionsDefinition(start_date=str(first), timezone=time_zone, end_offset=1)
