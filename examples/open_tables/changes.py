"""Which days of a table changed since they were last copied."""

from collections import defaultdict

from zd_assets import Scan


def days_of(scan: Scan) -> dict[str, str]:
    """The days that the lake has, each with the identities of its files."""
    days: dict[str, list[str]] = defaultdict(list)
    for partition in scan.partitions:
        days[partition.key[:10]].append(f"{partition.key}={partition.identity}")
    return {day: ",".join(files) for day, files in days.items()}


def changed(now: dict[str, str], copied: dict[str, str]) -> list[str]:
    """The days that are new, fetched again, or gone."""
    return sorted(day for day in now.keys() | copied.keys() if now.get(day) != copied.get(day))
