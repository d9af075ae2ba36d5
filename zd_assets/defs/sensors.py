"""The follow-up sensors: one for each export, which asks for its next run."""

import time

import dagster as dg

from zd_assets.defs.following import Launch, Situation, Wait, decide
from zd_assets.defs.partitions import Partitions, last_partitions, partitions_since
from zd_assets.defs.requests import range_request
from zd_assets.defs.states import (
    FOLLOW_UP_TAG,
    asset_key,
    follow_up_failures,
    latest_follow_up_run,
    newest_materialized,
    partition_state,
    run_in_flight,
)
from zd_assets.exports.export import Export

_EVERY_S = 10
# Yesterday's and today's as a rule; more, so that a long week-end is seen without a search.
_PARTITIONS_SEEN = 8


def follow_up_sensor(export: Export, partitions_def: Partitions) -> dg.SensorDefinition:
    """Follow an export: at once while the API has more, else after each polling interval."""

    @dg.sensor(
        name=f"{export.name}_follow_up",
        description=f"Follows {export.name}: at once while the API has more items, once caught up "
        "after each polling interval, with the open partitions as one range.",
        target=dg.AssetSelection.assets(asset_key(export)),
        minimum_interval_seconds=_EVERY_S,
        required_resource_keys={export.api.value},
        tags={"zendesk/api": export.api.value.removeprefix("zendesk_")},
    )
    def _follow_up(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        poll_interval_s = getattr(context.resources, export.api.value).poll_interval()
        return evaluate(context.instance, export, partitions_def, poll_interval_s, time.time())

    return _follow_up


def evaluate(
    instance: dg.DagsterInstance,
    export: Export,
    partitions_def: Partitions,
    poll_interval_s: int,
    now_s: float,
) -> dg.RunRequest | dg.SkipReason:
    """One tick at `now_s` (epoch seconds): read what is known, decide, put it in words."""
    windows = last_partitions(partitions_def, now_s, _PARTITIONS_SEEN)
    states = [partition_state(instance, export, window) for window in windows]
    if not any(state.last for state in states):
        newest = newest_materialized(instance, export, partitions_def)
        if newest:
            windows = partitions_since(partitions_def, newest, now_s)
            states = [partition_state(instance, export, window) for window in windows[:1]]
            states += [type(states[0])(window, None) for window in windows[1:]]
    decision = decide(
        Situation(
            now_s=now_s,
            states=states,
            in_flight=run_in_flight(instance, export),
            failures=follow_up_failures(instance, export),
            poll_interval_s=poll_interval_s,
            settle_s=export.settle_s,
        )
    )
    match decision:
        case Wait(reason):
            return dg.SkipReason(reason)
        case Launch(first, last, reason):
            previous = latest_follow_up_run(instance, export)
            newest_id = max((state.last.storage_id for state in states if state.last), default=0)
            return range_request(
                export,
                first.partition,
                last.partition,
                # New after each materialization and each run: a restarted daemon repeats nothing,
                # and a failed run doesn't end the following.
                run_key=f"{export.name}:{last.partition.key}:{newest_id}:{previous[:8]}",
                tags={
                    FOLLOW_UP_TAG: "/".join(export.path),
                    "zd_assets/reason": reason,
                    **({"zd_assets/follows_run": previous} if previous else {}),
                },
            )
