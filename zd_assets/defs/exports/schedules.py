"""The nightly schedules: one for each API, which asks for what the following left open."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from itertools import pairwise
from typing import TYPE_CHECKING

import dagster as dg

from zd_assets.catalog.export import Api, Export
from zd_assets.defs.exports.instance_state import partitions_in_flight, runs_in_flight
from zd_assets.defs.exports.run_requests import other_form, range_request
from zd_assets.defs.namespace import LAKE, Namespace
from zd_assets.defs.partitions import last_partitions
from zd_assets.lake.errors import LakeError
from zd_assets.lake.partition import DAY_US, Partition

if TYPE_CHECKING:
    from zd_assets.lake.lake import Lake
    from zd_assets.lake.state import PartitionState

NIGHTLY = "15 0 * * *"

_DAYS = 30
_MOST_PARTITIONS = 1000


def nightly_schedule(
    api: Api, exports: Sequence[Export], namespace: Namespace, cron: str = NIGHTLY
) -> dg.ScheduleDefinition:
    """Close yesterday, and heal gaps in these exports of an API; else at a quarter past midnight.

    Partitions of the last 30 days that have no file, and incomplete ones of the last thousand.
    """

    @dg.schedule(
        name=namespace.name(api.value, "nightly"),
        cron_schedule=cron,
        execution_timezone="UTC",
        target=dg.AssetSelection.assets(*(namespace.key(export.path) for export in exports)),
        required_resource_keys={namespace.name(api.value), namespace.name(LAKE)},
        description="Closes yesterday and asks, as ranges, for partitions that are incomplete in "
        f"the lake, and for those of the last {_DAYS} days that are missing there.",
    )
    def _nightly(
        context: dg.ScheduleEvaluationContext,
    ) -> list[dg.RunRequest] | dg.SkipReason:
        if skip := namespace.no_credentials(context.resources, api):
            return skip
        lake, now = namespace.lake(context.resources), context.scheduled_execution_time
        return evaluate(context.instance, lake, exports, namespace, now)

    return _nightly


def evaluate(
    instance: dg.DagsterInstance,
    lake: "Lake",
    exports: Sequence[Export],
    namespace: Namespace,
    now: datetime,
) -> list[dg.RunRequest] | dg.SkipReason:
    """One tick at `now`: a run for each range of partitions that are to be fetched.

    It costs a look at the files of each export (see `partition_states`) and one query for all.
    """
    # Only in a tick: who loads the definitions needs no Arrow.
    from zd_assets.lake.state import partition_states

    now_us = round(now.timestamp() * 1_000_000)
    ended = [
        window
        for window in last_partitions(namespace.partitions_def, now.timestamp(), _MOST_PARTITIONS)
        if window.end_us <= now_us
    ]
    since_us = now_us - (_DAYS + 1) * DAY_US
    runs = runs_in_flight(instance)
    requests: list[dg.RunRequest] = []
    damaged: list[str] = []
    for export in exports:
        try:
            states = partition_states(lake, export, ended)
        except LakeError as error:  # The others are asked for nevertheless.
            damaged.append(str(error))
            continue
        if refused := other_form(lake, export, namespace, states):
            return refused
        busy = partitions_in_flight(
            runs, namespace.key(export.path), namespace.name(export.api.value)
        )
        wanted = [
            state.partition
            for state in states
            if _is_to_be_fetched(state, since_us)
            and not any(first <= state.partition.key <= last for first, last in busy)
        ]
        requests += [
            range_request(
                export,
                namespace,
                block[0],
                block[-1],
                run_key=f"nightly:{export.name}:{now:%Y-%m-%d}:{block[0].key}",
                tags={"zd_assets/nightly": namespace.name(export.api.value)},
            )
            for block in _blocks(wanted)
        ]
    return requests or dg.SkipReason(
        "; ".join(damaged)
        or f"Every partition of the last {_DAYS} days is complete, or a run is at it, and no older "
        f"one is left incomplete, in all of {', '.join(export.name for export in exports)}."
    )


def _is_to_be_fetched(state: "PartitionState", since_us: int) -> bool:
    """Return whether it is begun and incomplete, or, from `since_us` on, missing."""
    return state.open and (state.begun or state.partition.start_us >= since_us)


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
