"""The second look: a nightly schedule for each API that reads days again, to find what was late."""

from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING

import dagster as dg

from zd_assets.catalog.export import Api, Export
from zd_assets.defs.exports.run_requests import other_form, range_request
from zd_assets.defs.namespace import LAKE, Namespace
from zd_assets.defs.partitions import last_partitions
from zd_assets.defs.resources import ZendeskApi
from zd_assets.lake.errors import LakeError
from zd_assets.lake.partition import DAY_US, HOUR_US, Partition

if TYPE_CHECKING:
    from zd_assets.lake.lake import Lake

SECOND_LOOK = "40 3 * * *"

_DAYS = 7


def second_look_schedule(
    api: Api, exports: Sequence[Export], namespace: Namespace, cron: str = SECOND_LOOK
) -> dg.ScheduleDefinition:
    """By default at twenty to four UTC: read yesterday and one older day of each export again."""
    name = namespace.name(api.value)

    @dg.schedule(
        name=namespace.name(api.value, "second_look"),
        cron_schedule=cron,
        execution_timezone="UTC",
        target=dg.AssetSelection.assets(*(namespace.key(export.path) for export in exports)),
        required_resource_keys={name, namespace.name(LAKE)},
        description="Reads yesterday and one older day again, adds what showed up late, and "
        "measures how late it was. Each day comes twice within a week.",
    )
    def _second_look(
        context: dg.ScheduleEvaluationContext,
    ) -> list[dg.RunRequest] | dg.SkipReason:
        if skip := namespace.no_credentials(context.resources, api):
            return skip
        resource = namespace.api(context.resources, api)
        lake, now = namespace.lake(context.resources), context.scheduled_execution_time
        return evaluate(lake, exports, namespace, resource, now)

    return _second_look


def evaluate(
    lake: "Lake",
    exports: Sequence[Export],
    namespace: Namespace,
    resource: ZendeskApi,
    now: datetime,
) -> list[dg.RunRequest] | dg.SkipReason:
    """One tick at `now`: a run for each day of each export that is looked at again.

    Only what is complete in the lake is; what isn't is the nightly schedule's.
    """
    # Only in a tick: who loads the definitions needs no Arrow.
    from zd_assets.lake.state import partition_states

    requests: list[dg.RunRequest] = []
    reasons: list[str] = []
    for export in exports:
        for days in days_back(resource.second_look_days.get(export.name, _DAYS), now):
            windows = _windows_of_day(namespace, now, days)
            try:
                states = partition_states(lake, export, windows)
            except LakeError as error:
                reasons.append(str(error))
                continue
            if refused := other_form(lake, export, namespace, states):
                return refused
            if not states or any(state.open for state in states):
                continue
            requests.append(
                range_request(
                    export,
                    namespace,
                    windows[0],
                    windows[-1],
                    run_key=f"second_look:{export.name}:{now:%Y-%m-%d}:{days}",
                    tags={
                        "zd_assets/second_look": namespace.name(export.api.value),
                        "dagster/priority": "-1",
                    },
                    run_config={"ops": {_op(export, namespace): {"config": {"second_look": True}}}},
                )
            )
    return requests or dg.SkipReason(
        "; ".join(reasons)
        or "No export is to be looked at again (second_look_days), or none has a day that is "
        "complete among them."
    )


def days_back(most: int, now: datetime) -> list[int]:
    """Return which past days are looked at: yesterday, and one older day, each in its turn.

    >>> [days_back(3, datetime(2026, 2, day)) for day in (1, 2, 3)]
    [[1, 2], [1, 3], [1, 2]]
    """
    if most < 2:
        return [1][:most]
    return [1, 2 + now.toordinal() % (most - 1)]


def _op(export: Export, namespace: Namespace) -> str:
    return "__".join(namespace.key(export.path).path)


def _windows_of_day(namespace: Namespace, now: datetime, days: int) -> list[Partition]:
    now_us = round(now.timestamp() * 1_000_000)
    start_us = now_us // DAY_US * DAY_US - days * DAY_US
    found = last_partitions(
        namespace.partitions_def, now.timestamp(), (days + 1) * DAY_US // HOUR_US
    )
    return [one for one in found if start_us <= one.start_us < start_us + DAY_US]
