"""The follow-up sensors: one for each export, which asks for its next run."""

import time

import dagster as dg

from zd_assets.catalog.export import CLOCK_MARGIN_S, Export
from zd_assets.defs.exports.follow_up_policy import Launch, Situation, Wait, decide
from zd_assets.defs.exports.instance_state import (
    FOLLOW_UP_TAG,
    PartitionState,
    follow_up_failures,
    newest_materialized,
    partition_state,
    run_in_flight,
)
from zd_assets.defs.exports.run_requests import other_form, range_request
from zd_assets.defs.namespace import LAKE, Namespace
from zd_assets.defs.partitions import last_partitions, partitions_since

REASON_TAG = "zd_assets/reason"

_EVERY_S = 10
# So many complete or missing partitions in a row, and nothing older is looked at.
_SETTLED_SEEN = 8
_MOST_SEEN = 400


def follow_up_sensor(export: Export, namespace: Namespace) -> dg.SensorDefinition:
    """Follow an export: at once while the API has more, else after each polling interval."""

    @dg.sensor(
        name=namespace.name(export.name, "follow_up"),
        description=f"Follows {export.name}: at once while the API has more items, once caught up "
        "after each polling interval, with the open partitions as one range.",
        target=dg.AssetSelection.assets(namespace.key(export.path)),
        minimum_interval_seconds=_EVERY_S,
        required_resource_keys={namespace.name(export.api.value), namespace.name(LAKE)},
        tags={"zendesk/api": export.api.value.removeprefix("zendesk_")},
    )
    def _follow_up(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        api = namespace.api(context.resources, export.api)
        tuned, poll_interval_s = api.tuned(export), api.poll_interval(export)
        answer = evaluate(context.instance, tuned, namespace, poll_interval_s, time.time())
        if isinstance(answer, dg.SkipReason):
            return answer
        if refused := other_form(namespace.lake(context.resources), [export], namespace):
            return refused
        context.log.info(answer.tags[REASON_TAG])
        return answer

    return _follow_up


def evaluate(
    instance: dg.DagsterInstance,
    export: Export,
    namespace: Namespace,
    poll_interval_s: int,
    now_s: float,
) -> dg.RunRequest | dg.SkipReason:
    """One tick at `now_s` (epoch seconds): read what is known, decide, put it in words."""
    key = namespace.key(export.path)
    states = _recent_states(instance, key, namespace, now_s)
    failures = follow_up_failures(instance, key)
    decision = decide(
        Situation(
            now_s=now_s,
            states=states,
            in_flight=run_in_flight(instance, key, namespace.name(export.api.value)),
            failures=failures,
            poll_interval_s=poll_interval_s,
            settle_s=export.settle_s + CLOCK_MARGIN_S,
        )
    )
    match decision:
        case Wait(reason):
            return dg.SkipReason(reason)
        case Launch(first, last, reason):
            previous = failures.last_run_id
            newest_id = max((state.last.storage_id for state in states if state.last), default=0)
            return range_request(
                export,
                namespace,
                first.partition,
                last.partition,
                # New after each materialization and each run: a restarted daemon repeats nothing,
                # and a failed run doesn't end the following.
                run_key=f"{export.name}:{last.partition.key}:{newest_id}:{previous[:8]}",
                tags={
                    FOLLOW_UP_TAG: key.to_user_string(),
                    REASON_TAG: reason,
                    # The next tick is its retry.
                    "dagster/max_retries": "0",
                    **({"zd_assets/follows_run": previous} if previous else {}),
                },
            )


def _recent_states(
    instance: dg.DagsterInstance, key: dg.AssetKey, namespace: Namespace, now_s: float
) -> list[PartitionState]:
    """The partitions up to now: nine as a rule, back to where eight in a row aren't incomplete.

    Where none of these was ever materialized, from the newest that was.
    """
    states: list[PartitionState] = []
    settled = 0
    for window in reversed(last_partitions(namespace.partitions_def, now_s, _MOST_SEEN)):
        state = partition_state(instance, key, window)
        states.insert(0, state)
        settled = 0 if state.last and state.open else settled + 1
        if settled == _SETTLED_SEEN:
            break
    if any(state.last for state in states):
        return states
    newest = newest_materialized(instance, key, namespace.partitions_def)
    if newest is None:
        return states
    first, *missing = partitions_since(namespace.partitions_def, newest, now_s)
    return [
        partition_state(instance, key, first),
        *(PartitionState(window, None) for window in missing),
    ]
