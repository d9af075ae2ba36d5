"""Whether to follow an export up now, with which partitions, or when to look again: a decision.

A pure function of what is known, so that every rule can be tested without an instance.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from zd_assets.defs.exports.instance_state import Failures
from zd_assets.defs.exports.partition_metadata import said
from zd_assets.lake.state import PartitionState
from zd_assets.zendesk.iter_pages import StopReason

_FIRST_BACK_OFF_S = 30
_MOST_BACK_OFF_S = 1800
_MOST_REFUSAL_S = 86_400
_QUIET_S = 3600


@dataclass(frozen=True)
class Poll:
    """What the sensor learned by asking itself; times are epoch seconds, 0 for never.

    It last asked at `at_s`, which brought the `news` that a run was launched for; at `quiet_s` it
    last saw that the lake had all that was settled. `refused` counts the refusals in a row (401,
    403, 404), `error` is what the last request failed with.
    """

    at_s: float = 0.0
    quiet_s: float = 0.0
    news: str = ""
    refused: int = 0
    error: str = ""


@dataclass(frozen=True)
class Situation:
    """What is known of an export, given by its name, at `now_s` (epoch seconds).

    `states` are contiguous partitions in order of time, the last one being open now.
    `in_flight` says what is running on the export, if anything is.
    """

    export: str
    now_s: float
    states: Sequence[PartitionState]
    in_flight: str | None
    failures: Failures
    poll: Poll
    poll_interval_s: int
    settle_s: int


@dataclass(frozen=True)
class Launch:
    """Follow up now: the partitions from `first` to `last`, and why."""

    first: PartitionState
    last: PartitionState
    reason: str


@dataclass(frozen=True)
class Ask:
    """Ask the next page first, and launch only if there is something new.

    With a `reason`, launch for it in any case, if only the API answers.
    """

    first: PartitionState
    last: PartitionState
    reason: str = ""


@dataclass(frozen=True)
class Wait:
    """Launch nothing now, and why."""

    reason: str


def decide(situation: Situation) -> Launch | Ask | Wait:
    """Apply the rules, in order: one run at a time, back-off, at once, the polling interval."""
    now_s, failures = situation.now_s, situation.failures
    if situation.in_flight:
        return Wait(f"{situation.in_flight}: one run of an export at a time.")
    committed_s = max((state.committed_s for state in situation.states), default=0.0)
    if committed_s >= int(situation.poll.at_s):  # A run knows better; footers tell whole seconds.
        situation = replace(situation, poll=Poll())
    poll = situation.poll
    if poll.refused and now_s < next_try_s(poll, situation.poll_interval_s):
        return Wait(refused(situation.export, poll, situation.poll_interval_s))
    until_s = _back_off_until_s(situation, committed_s)
    if now_s < until_s:
        return Wait(
            f"{failures.count} follow-up run(s) failed in a row, the last at "
            f"{clock(failures.last_s)}: {failures.error}. Trying again at {clock(until_s)}."
        )
    decision = _follow(situation)
    if isinstance(decision, Launch) and (until_s or poll.error or not committed_s):
        # It may be refused, or in vain: one request tells that more cheaply than a run.
        due_s = poll.at_s + situation.poll_interval_s
        if poll.error and now_s < due_s:
            return Wait(failed(poll, due_s))
        return Ask(decision.first, decision.last, decision.reason)
    return decision


def _follow(situation: Situation) -> Launch | Ask | Wait:
    """Return what there is to do if nothing speaks against it."""
    states, now_s, poll = situation.states, situation.now_s, situation.poll
    if not any(state.begun for state in states):
        return Launch(
            states[-1], states[-1], "Nothing is in the lake yet: starting at the newest partition."
        )
    block = _open_block(states)
    first, last = block[0], block[-1]
    read = [state for state in block if state.footer and state.footer.last_page]
    if not read:
        settled_s = first.partition.start_us / 1e6 + situation.settle_s
        if now_s < settled_s:
            return Wait(
                f"Everything before {first.partition.key} is complete, and nothing of it is "
                f"settled before {clock(settled_s)}."
            )
        return Launch(first, last, f"All before is complete: moving on to {_range(block)}.")
    for state in read:
        if state.follow_up_now:
            return Launch(first, last, _said(state, f"Following up {_range(block)}."))
    if poll.news:  # No run has committed since.
        return Launch(first, last, poll.news)
    newest = max(read, key=lambda state: state.committed_s)
    asked_s = max(newest.committed_s, poll.at_s)
    due_s = asked_s + situation.poll_interval_s
    if now_s < due_s:
        if poll.at_s > newest.committed_s:
            return Wait(failed(poll, due_s) if poll.error else caught_up(asked_s, due_s))
        if _may_have_more(newest):
            return Wait(_said(newest, f"Looking again at {clock(due_s)}."))
        return Wait(caught_up(asked_s, due_s))
    if now_s >= first.partition.end_us / 1e6 + situation.settle_s:
        return Launch(first, last, f"All of {first.partition.key} is settled: {_range(block)}.")
    if now_s >= newest.committed_s + _QUIET_S:
        return Launch(first, last, _said(newest, f"Since then an hour is over: {_range(block)}."))
    return Ask(first, last)


def caught_up(asked_s: float, due_s: float) -> str:
    """Return what a tick says while there is nothing new."""
    return f"Caught up at {_time(asked_s)}; next poll {_time(due_s)} UTC"


def failed(poll: Poll, due_s: float) -> str:
    """Return what a tick says after a request of its own that failed."""
    return f"{poll.error} Asking again at {clock(due_s)}."


def refused(export: str, poll: Poll, poll_interval_s: int) -> str:
    """Return what a tick says of an export that the account may not read."""
    return (
        f"The account may not read {export} ({poll.error}): next try at "
        f"{clock(next_try_s(poll, poll_interval_s))}. Switch this sensor off if the plan or the "
        "role lacks it."
    )


def next_try_s(poll: Poll, poll_interval_s: int) -> float:
    """Return when to try again after refusals: the interval, doubled after each, a day at most.

    >>> [next_try_s(Poll(refused=times), 300) for times in (1, 2, 3, 10)]
    [300.0, 600.0, 1200.0, 86400.0]
    """
    doubled_s = poll_interval_s << min(poll.refused - 1, 20)
    return poll.at_s + max(poll_interval_s, min(doubled_s, _MOST_REFUSAL_S))


def clock(at_s: float) -> str:
    """Return a time for people.

    >>> clock(1_772_366_400)
    '2026-03-01 12:00:00 UTC'
    """
    return f"{datetime.fromtimestamp(at_s, UTC):%Y-%m-%d %H:%M:%S} UTC"


def _open_block(states: Sequence[PartitionState]) -> Sequence[PartitionState]:
    """Return the contiguous open partitions to go on with: the oldest begun, else the newest.

    A hole that nobody began is the nightly schedule's, unless begun ones are on both sides.
    """
    begun = [number for number, state in enumerate(states) if state.begun]
    incomplete = [number for number in begun if states[number].open]
    first = last = incomplete[0] if incomplete else len(states) - 1
    while first > begun[0] and states[first - 1].open:
        first -= 1
    while last < len(states) - 1 and states[last + 1].open:
        last += 1
    return states[first : last + 1]


def _may_have_more(state: PartitionState) -> bool:
    """Return whether the rule said to wait although the server didn't show that this is all."""
    last = state.footer.last_page if state.footer else None
    return last is not None and last.stop_reason == StopReason.WAIT


def _back_off_until_s(situation: Situation, committed_s: float) -> float:
    """Until when failed runs are left alone; 0 if none failed since the last commit."""
    failures = situation.failures
    if not failures.count or committed_s > failures.last_s:
        return 0.0
    doubled_s = _FIRST_BACK_OFF_S << (failures.count - 1)
    return failures.last_s + min(doubled_s, _MOST_BACK_OFF_S)


def _said(state: PartitionState, then: str) -> str:
    assert state.footer
    return f"{state.partition.key}, {clock(state.committed_s)}: {said(state.footer)}. {then}"


def _range(block: Sequence[PartitionState]) -> str:
    first, last = block[0].partition.key, block[-1].partition.key
    return first if first == last else f"{first} to {last}"


def _time(at_s: float) -> str:
    return f"{datetime.fromtimestamp(at_s, UTC):%H:%M:%S}"
