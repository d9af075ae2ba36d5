"""The decision of a follow-up tick, as a table of situations."""

import pytest

from zd_assets.defs.exports.follow_up_policy import Launch, Situation, Wait, decide
from zd_assets.defs.exports.instance_state import Failures, Materialization, PartitionState
from zd_assets_tests.helpers.truth import days

DAYS = days("2026-03-01", 5)
NOON = DAYS[-1].start_us / 1e6 + 12 * 3600
MINUTE = 60.0
NO_FAILURES = Failures(0, 0.0)


def _done(ago_s: float = 0.0) -> Materialization:
    return Materialization(7, NOON - ago_s, True, False, "none: the partition is complete")


def _part(ago_s: float, *, at_once: bool = False, storage_id: int = 9) -> Materialization:
    words = "count 10 < limit 1000 under the policy progress"
    return Materialization(storage_id, NOON - ago_s, False, at_once, words)


def _decide(
    lasts: list[Materialization | None],
    *,
    now_s: float = NOON,
    in_flight: str | None = None,
    failures: Failures = NO_FAILURES,
) -> Launch | Wait:
    states = [
        PartitionState(day, last) for day, last in zip(DAYS[-len(lasts) :], lasts, strict=True)
    ]
    return decide(Situation(now_s, states, in_flight, failures, 300, 300))


def _keys(decision: Launch | Wait) -> tuple[str, str]:
    assert isinstance(decision, Launch), decision.reason
    return decision.first.partition.key[-2:], decision.last.partition.key[-2:]


def _reason(decision: Launch | Wait) -> str:
    assert isinstance(decision, Wait), decision.reason
    return decision.reason


def test_nothing_materialized_starts_at_the_newest_partition() -> None:
    decision = _decide([None, None, None])
    assert _keys(decision) == ("05", "05")
    assert decision.reason == "Nothing is materialized yet: starting at the newest partition."


def test_while_the_api_has_more_it_follows_at_once() -> None:
    decision = _decide([_done(), _part(1, at_once=True)])
    assert _keys(decision) == ("05", "05")
    assert "count 10 < limit 1000 under the policy progress" in decision.reason


def test_caught_up_it_waits_for_the_polling_interval_and_says_until_when() -> None:
    reason = _reason(_decide([_done(), _part(4 * MINUTE)]))
    assert reason == (
        "2026-03-05, 2026-03-05 11:56:00 UTC: count 10 < limit 1000 under the policy progress. "
        "Looking again at 2026-03-05 12:01:00 UTC, when the polling interval of 300 s is over."
    )


def test_after_the_polling_interval_it_looks_again() -> None:
    assert _keys(_decide([_done(), _part(5 * MINUTE)])) == ("05", "05")


@pytest.mark.parametrize(
    ("lasts", "expected"),
    [
        pytest.param([_done(), _part(900), None], ("04", "05"), id="midnight passed"),
        pytest.param([_part(9e5), None, None, None, None], ("01", "05"), id="days of downtime"),
        pytest.param([_done(), None, _done(), _part(900)], ("05", "05"), id="a hole further back"),
        pytest.param([_done(), None, _part(900)], ("04", "05"), id="yesterday was wiped"),
        pytest.param([None, None, _part(900)], ("05", "05"), id="never exported before"),
        pytest.param([_part(900), _done(), _part(900)], ("03", "03"), id="an older one first"),
        pytest.param([_done(), None], ("05", "05"), id="all before is complete"),
        pytest.param([_done(), None, None], ("04", "05"), id="complete up to two days ago"),
    ],
)
def test_the_open_partitions_up_to_now_are_one_range(
    lasts: list[Materialization | None], expected: tuple[str, str]
) -> None:
    assert _keys(_decide(lasts)) == expected


def test_a_new_partition_is_left_until_something_of_it_is_settled() -> None:
    midnight = DAYS[-1].start_us / 1e6
    assert "nothing of it is settled before 2026-03-05 00:05:00 UTC" in _reason(
        _decide([_done(), None], now_s=midnight + 299)
    )
    assert _keys(_decide([_done(), None], now_s=midnight + 300)) == ("05", "05")


def test_one_run_of_an_export_at_a_time() -> None:
    decision = _decide([_part(900, at_once=True)], in_flight="run 0a1b2c3d is queued")
    assert _reason(decision) == "run 0a1b2c3d is queued: one run of an export at a time."


@pytest.mark.parametrize(
    ("count", "back_off_s"), [(1, 30), (2, 60), (3, 120), (6, 960), (7, 1800), (8, 1800)]
)
def test_failures_are_followed_up_with_a_growing_back_off(count: int, back_off_s: int) -> None:
    lasts: list[Materialization | None] = [_part(7200, at_once=True)]
    waiting = _decide(lasts, failures=Failures(count, NOON - back_off_s + 1, "", "answered 403"))
    assert _reason(waiting).startswith(f"{count} follow-up run(s) failed in a row, the last at ")
    assert ": answered 403. Trying again at " in _reason(waiting)
    assert _keys(_decide(lasts, failures=Failures(count, NOON - back_off_s))) == ("05", "05")


def test_a_materialization_after_the_failures_ends_the_back_off() -> None:
    assert _keys(_decide([_part(1, at_once=True)], failures=Failures(8, NOON - 2))) == ("05", "05")


def test_before_anything_was_materialized_failures_are_waited_for_too() -> None:
    assert "failed in a row" in _reason(_decide([None], failures=Failures(1, NOON - 1)))
