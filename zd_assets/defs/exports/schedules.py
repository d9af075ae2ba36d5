"""The nightly schedules: one for each API, which asks for what the following left open."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise

import dagster as dg

from zd_assets.catalog.export import Api, Export
from zd_assets.defs.exports.instance_state import partition_state
from zd_assets.defs.exports.run_requests import other_form, range_request
from zd_assets.defs.namespace import LAKE, Namespace
from zd_assets.defs.partitions import last_partitions
from zd_assets.lake.partition import Partition

NIGHTLY = "15 0 * * *"

_DAYS = 30
_MOST_PARTITIONS = 1000
_DAY_US = 86_400 * 1_000_000


def nightly_schedule(
    api: Api, exports: Sequence[Export], namespace: Namespace, cron: str = NIGHTLY
) -> dg.ScheduleDefinition:
    """Close yesterday, and heal gaps in these exports of an API; else at a quarter past midnight.

    Missing partitions of the last 30 days, failed and incomplete ones of the last thousand.
    """

    @dg.schedule(
        name=namespace.name(api.value, "nightly"),
        cron_schedule=cron,
        execution_timezone="UTC",
        target=dg.AssetSelection.assets(*(namespace.key(export.path) for export in exports)),
        required_resource_keys={namespace.name(LAKE)},
        description="Closes yesterday and asks, as ranges, for partitions that are failed or "
        f"incomplete, and for those of the last {_DAYS} days that are missing.",
    )
    def _nightly(
        context: dg.ScheduleEvaluationContext,
    ) -> list[dg.RunRequest] | dg.SkipReason:
        asked = evaluate(context.instance, exports, namespace, context.scheduled_execution_time)
        if isinstance(asked, dg.SkipReason):
            return asked
        return other_form(namespace.lake(context.resources), exports, namespace) or asked

    return _nightly


def evaluate(
    instance: dg.DagsterInstance,
    exports: Sequence[Export],
    namespace: Namespace,
    now: datetime,
) -> list[dg.RunRequest] | dg.SkipReason:
    """One tick at `now`: a run for each range of partitions that are to be fetched."""
    requests = [
        range_request(
            export,
            namespace,
            block[0],
            block[-1],
            run_key=f"nightly:{export.name}:{now:%Y-%m-%d}:{block[0].key}",
            tags={"zd_assets/nightly": namespace.name(export.api.value)},
        )
        for export in exports
        for block in _blocks(_to_fetch(instance, namespace.key(export.path), namespace, now))
    ]
    if requests:
        return requests
    return dg.SkipReason(
        f"Every partition of the last {_DAYS} days is complete, or a run is at it, and no older "
        "one is left incomplete, in all of "
        f"{', '.join(export.name for export in exports)}."
    )


def _to_fetch(
    instance: dg.DagsterInstance, key: dg.AssetKey, namespace: Namespace, now: datetime
) -> list[Partition]:
    """The ended partitions that are missing, failed or incomplete, and that no run is at."""
    now_us = round(now.timestamp() * 1_000_000)
    ended = [
        window
        for window in last_partitions(namespace.partitions_def, now.timestamp(), _MOST_PARTITIONS)
        if window.end_us <= now_us
    ]
    asked_for = instance.get_materialized_partitions(key)
    statuses = (
        instance.get_status_by_partition(
            key, [window.key for window in ended], namespace.partitions_def
        )
        or {}
    )

    def to_fetch(window: Partition) -> bool:
        status = statuses.get(window.key)
        if status is dg.AssetPartitionStatus.IN_PROGRESS:
            return False
        if status is dg.AssetPartitionStatus.FAILED:
            return True
        if window.key not in asked_for:
            return window.start_us >= now_us - (_DAYS + 1) * _DAY_US
        return partition_state(instance, key, window).open

    return [window for window in ended if to_fetch(window)]


def _blocks(windows: Sequence[Partition]) -> Iterable[list[Partition]]:
    """Contiguous windows together."""
    if not windows:
        return
    block = [windows[0]]
    for before, window in pairwise(windows):
        if before.end_us != window.start_us:
            yield block
            block = []
        block.append(window)
    yield block
