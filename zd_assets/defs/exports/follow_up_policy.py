"""Whether to follow an export up now, with which partitions, or when to look again: a decision.

A pure function of what is known, so that every rule can be tested without an instance.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

from zd_assets.defs.exports.instance_state import Failures, PartitionState

_FIRST_BACK_OFF_S = 30
_MOST_BACK_OFF_S = 1800


@dataclass(frozen=True)
class Situation:
    """What is known of an export at `now_s` (epoch seconds).

    `states` are contiguous partitions in order of time, the last one being open now.
    `in_flight` says what is running on the export, if anything is.
    """

    now_s: float
    states: Sequence[PartitionState]
    in_flight: str | None
    failures: Failures
    poll_interval_s: int
    settle_s: int


@dataclass(frozen=True)
class Launch:
    """Follow up now: the partitions from `first` to `last`, and why."""

    first: PartitionState
    last: PartitionState
    reason: str


@dataclass(frozen=True)
class Wait:
    """Launch nothing now, and why."""

    reason: str


def decide(situation: Situation) -> Launch | Wait:
    """Apply the rules, in order: one run at a time, back-off, at once, the polling interval."""
    states, now_s = situation.states, situation.now_s
    if situation.in_flight:
        return Wait(f"{situation.in_flight}: one run of an export at a time.")
    until_s = _back_off_until_s(situation)
    if now_s < until_s:
        return Wait(
            f"{situation.failures.count} follow-up run(s) failed in a row, the last at "
            f"{_clock(situation.failures.last_s)}: {situation.failures.error}. "
            f"Trying again at {_clock(until_s)}."
        )
    if all(state.last is None for state in states):
        return Launch(
            states[-1], states[-1], "Nothing is materialized yet: starting at the newest partition."
        )
    block = _open_block(states)
    whole = _range(block)
    known = [state for state in block if state.last]
    if not known:
        settled_s = block[0].partition.start_us / 1e6 + situation.settle_s
        if now_s < settled_s:
            return Wait(
                f"Everything before {block[0].partition.key} is complete, and nothing of it is "
                f"settled before {_clock(settled_s)}."
            )
        return Launch(block[0], block[-1], f"All before is complete: moving on to {whole}.")
    newest = max(known, key=lambda state: state.last.storage_id if state.last else 0)
    for state in known:
        if state.last and state.last.follow_up_at_once:
            return Launch(block[0], block[-1], _said(state, f"Following up {whole}."))
    assert newest.last
    due_s = newest.last.at_s + situation.poll_interval_s
    interval = f"the polling interval of {situation.poll_interval_s} s"
    if now_s < due_s:
        return Wait(_said(newest, f"Looking again at {_clock(due_s)}, when {interval} is over."))
    return Launch(block[0], block[-1], _said(newest, f"Since then {interval} is over: {whole}."))


def _open_block(states: Sequence[PartitionState]) -> Sequence[PartitionState]:
    """The contiguous open partitions to go on with: the oldest that were begun, else the newest.

    A hole that nobody began is the nightly schedule's, unless begun ones stand around it.
    """
    begun = [number for number, state in enumerate(states) if state.last]
    incomplete = [number for number in begun if states[number].open]
    first = last = incomplete[0] if incomplete else len(states) - 1
    while first > begun[0] and states[first - 1].open:
        first -= 1
    while last < len(states) - 1 and states[last + 1].open:
        last += 1
    return states[first : last + 1]


def _back_off_until_s(situation: Situation) -> float:
    failures = situation.failures
    materialized_s = max((state.last.at_s for state in situation.states if state.last), default=0.0)
    if not failures.count or materialized_s > failures.last_s:
        return 0.0
    doubled_s = _FIRST_BACK_OFF_S << (failures.count - 1)
    return failures.last_s + min(doubled_s, _MOST_BACK_OFF_S)


def _said(state: PartitionState, then: str) -> str:
    assert state.last
    return f"{state.partition.key}, {_clock(state.last.at_s)}: {state.last.follow_up}. {then}"


def _range(block: Sequence[PartitionState]) -> str:
    first, last = block[0].partition.key, block[-1].partition.key
    return first if first == last else f"{first} to {last}"


def _clock(at_s: float) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%d %H:%M:%S} UTC"
