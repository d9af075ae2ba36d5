"""What a tick of a follow-up sensor does: read what is known, decide, ask, launch."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import dagster as dg
import msgspec

from zd_assets.catalog.export import CLOCK_MARGIN_S, Export
from zd_assets.defs.exports.follow_up_policy import (
    Ask,
    Launch,
    Poll,
    Situation,
    Wait,
    caught_up,
    decide,
    failed,
    refused,
)
from zd_assets.defs.exports.instance_state import (
    FOLLOW_UP_TAG,
    Failures,
    follow_up_failures,
    run_in_flight,
)
from zd_assets.defs.exports.run_requests import other_form, range_request
from zd_assets.defs.exports.sensors import REASON_TAG
from zd_assets.defs.namespace import Namespace
from zd_assets.defs.partitions import first_us, last_partitions, partitions_since
from zd_assets.defs.resources import ZendeskApi
from zd_assets.extract.look import look
from zd_assets.lake.errors import LakeError
from zd_assets.lake.lake import Lake
from zd_assets.lake.state import PartitionState, newest_begun, partition_states
from zd_assets.zendesk.errors import AuthenticationError, RefusedError, ZendeskError

# So many complete or missing partitions in a row, and nothing older is looked at.
_SETTLED_SEEN = 8
_MOST_SEEN = 400


@dataclass(frozen=True)
class Tick:
    """What one tick comes to: its answer, what the sensor knows from now on, a line for its log."""

    answer: dg.RunRequest | dg.SkipReason
    poll: Poll
    line: str = ""


def evaluate(
    instance: dg.DagsterInstance,
    lake: Lake,
    export: Export,
    api: ZendeskApi,
    namespace: Namespace,
    poll: Poll,
    now_s: float,
) -> Tick:
    """One tick at `now_s` (epoch seconds): read what is known, decide, ask where it is time to."""
    key = namespace.key(export.path)
    try:
        export, poll_interval_s = api.tuned(export), api.poll_interval(export)
        in_flight = run_in_flight(instance, key, namespace.name(export.api.value))
        states = [] if in_flight else _recent_states(lake, export, namespace, now_s)
    except (ZendeskError, LakeError) as error:
        return Tick(dg.SkipReason(str(error)), poll)
    failures = follow_up_failures(instance, key)
    situation = Situation(
        export=export.name,
        now_s=now_s,
        states=states,
        in_flight=in_flight,
        failures=failures,
        poll=poll,
        poll_interval_s=poll_interval_s,
        settle_s=export.settle_s + CLOCK_MARGIN_S,
    )
    decision = decide(situation)
    if isinstance(decision, Wait):
        return Tick(dg.SkipReason(decision.reason), poll)
    if unlike := other_form(lake, export, namespace, states):
        return Tick(unlike, poll)
    if isinstance(decision, Ask):
        asked = _ask(situation, decision, lake, export, api, namespace)
        if isinstance(asked, Tick):
            return asked
        decision, poll = asked
    return Tick(_request(export, namespace, decision, states, failures), poll, decision.reason)


def _ask(
    situation: Situation,
    ask: Ask,
    lake: Lake,
    export: Export,
    api: ZendeskApi,
    namespace: Namespace,
) -> Tick | tuple[Launch, Poll]:
    """Ask the page itself: what to launch because of it, or why there is nothing to."""
    now_s, before, interval_s = situation.now_s, situation.poll, situation.poll_interval_s
    states = situation.states[
        situation.states.index(ask.first) : situation.states.index(ask.last) + 1
    ]
    sure_us = int((before.quiet_s - max(export.overlap_s, export.settle_s)) * 1_000_000)
    is_sure = before.quiet_s > max(state.committed_s for state in states)
    poll = Poll(at_s=now_s, quiet_s=before.quiet_s)
    try:
        client = api.client()
        if not client.budget.left():
            return Tick(
                dg.SkipReason(
                    "It is time to ask, but the request budget has no place at the moment: "
                    f"{client.budget.requests} a minute are spent."
                ),
                before,
            )
        options = replace(
            api.options(export, full_refresh=False), first_us=first_us(namespace.partitions_def)
        )
        found = look(export, states, client, lake, options, since_us=sure_us if is_sure else 0)
    except (AuthenticationError, RefusedError) as error:
        poll = replace(poll, refused=before.refused + 1, error=str(error))
        return Tick(dg.SkipReason(refused(export.name, poll, interval_s)), poll)
    except (ZendeskError, LakeError) as error:
        poll = replace(poll, error=f"{str(error).rstrip('.')}.")
        return Tick(dg.SkipReason(failed(poll, now_s + interval_s)), poll)
    if reason := ask.reason or found.news:
        return Launch(ask.first, ask.last, reason), replace(poll, news=reason)
    poll = replace(poll, quiet_s=now_s)
    return Tick(dg.SkipReason(caught_up(now_s, now_s + interval_s)), poll, found.row)


def _request(
    export: Export,
    namespace: Namespace,
    launch: Launch,
    states: Sequence[PartitionState],
    failures: Failures,
) -> dg.RunRequest:
    previous = failures.last_run_id
    committed_s = max(state.committed_s for state in states)
    return range_request(
        export,
        namespace,
        launch.first.partition,
        launch.last.partition,
        # New after each commit and each run: a restarted daemon repeats nothing, and a failed run
        # doesn't end the following.
        run_key=f"{export.name}:{launch.last.partition.key}:{committed_s:.0f}:{previous[:8]}",
        tags={
            FOLLOW_UP_TAG: namespace.key(export.path).to_user_string(),
            REASON_TAG: launch.reason,
            # The next tick is its retry.
            "dagster/max_retries": "0",
            **({"zd_assets/follows_run": previous} if previous else {}),
        },
    )


def _recent_states(
    lake: Lake, export: Export, namespace: Namespace, now_s: float
) -> list[PartitionState]:
    """Return the last partitions, back to where eight in a row aren't incomplete.

    Where none of these was ever asked for, from the newest that was, which costs a listing.
    """
    partitions_def = namespace.partitions_def
    windows = last_partitions(partitions_def, now_s, _MOST_SEEN)
    states: list[PartitionState] = []
    while windows:
        windows, next_ones = windows[: -_SETTLED_SEEN - 1], windows[-_SETTLED_SEEN - 1 :]
        states = partition_states(lake, export, next_ones, complete_stays=True) + states
        if not any(state.begun and state.open for state in states[:_SETTLED_SEEN]):
            break
    if any(state.begun for state in states):
        return states
    newest = newest_begun(lake, export)
    if newest is None or not partitions_def.has_partition_key(newest.key):
        return states
    return partition_states(lake, export, partitions_since(partitions_def, newest, now_s))


def encoded(poll: Poll) -> str:
    """Return what the sensor knows, as its cursor."""
    return msgspec.json.encode(poll).decode()


def decoded(cursor: str | None) -> Poll:
    """Return what the sensor knows; nothing if that was kept by another version."""
    try:
        return msgspec.json.decode(cursor or "{}", type=Poll)
    except msgspec.DecodeError:
        return Poll()
