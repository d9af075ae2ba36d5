"""The decision of a follow-up tick, as a table of situations."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from zd_assets.catalog.chat import CHATS
from zd_assets.defs.exports.follow_up_policy import Ask, Launch, Poll, Situation, Wait, decide
from zd_assets.defs.exports.instance_state import Failures
from zd_assets.lake.footer import Footer, LastPage, empty_footer
from zd_assets.lake.state import PartitionState
from zd_assets.zendesk.iter_pages import StopReason
from zd_assets_tests.helpers.truth import days

DAYS = days("2026-03-01", 5)
NOON = DAYS[-1].start_us / 1e6 + 12 * 3600
MINUTE = 60.0
NO_FAILURES = Failures(0, 0.0)
NEVER_ASKED = Poll()


def _part(
    ago_s: float, *, at_once: bool = False, stop_reason: StopReason = StopReason.CAUGHT_UP
) -> Footer:
    """What a run leaves of a partition that is still open, so long before noon."""
    at = datetime.fromtimestamp(NOON - ago_s, UTC)
    row = "count 10 < limit 1000"
    page = LastPage(10, 1000, 0, None, "progress", row, stop_reason.value, at_once)
    footer = empty_footer(CHATS, DAYS[-1], "run")
    return replace(footer, fetched_at=at.isoformat(timespec="seconds"), last_page=page)


def _done(ago_s: float = 7200.0) -> Footer:
    return replace(_part(ago_s), complete=True)


def _strays() -> Footer:
    """A file that holds only rows which came with pages of other partitions."""
    return replace(empty_footer(CHATS, DAYS[-1], "run"), items=3, added_rows=3)


def _decide(
    footers: list[Footer | None],
    *,
    now_s: float = NOON,
    in_flight: str | None = None,
    failures: Failures = NO_FAILURES,
    poll: Poll = NEVER_ASKED,
) -> Launch | Ask | Wait:
    states = [
        PartitionState(day, footer)
        for day, footer in zip(DAYS[-len(footers) :], footers, strict=True)
    ]
    return decide(Situation("chats", now_s, states, in_flight, failures, poll, 300, 300))


def _keys(decision: Launch | Ask | Wait) -> tuple[str, str]:
    assert not isinstance(decision, Wait), decision.reason
    return decision.first.partition.key[-2:], decision.last.partition.key[-2:]


def _reason(decision: Launch | Ask | Wait) -> str:
    assert isinstance(decision, Wait), decision
    return decision.reason


def test_nothing_in_the_lake_starts_at_the_newest_partition_once_the_api_answers() -> None:
    decision = _decide([None, None, None])
    assert isinstance(decision, Ask)
    assert _keys(decision) == ("05", "05")
    assert decision.reason == "Nothing is in the lake yet: starting at the newest partition."


def test_while_the_api_has_more_it_follows_at_once() -> None:
    decision = _decide([_done(), _part(1, at_once=True)])
    assert isinstance(decision, Launch)
    assert _keys(decision) == ("05", "05")
    assert "count 10 < limit 1000 under the policy progress" in decision.reason


def test_caught_up_it_waits_for_the_polling_interval_and_says_until_when() -> None:
    reason = _reason(_decide([_done(), _part(4 * MINUTE)]))
    assert reason == "Caught up at 11:56:00; next poll 12:01:00 UTC"


def test_where_the_rule_said_to_wait_it_names_the_row() -> None:
    reason = _reason(_decide([_done(), _part(4 * MINUTE, stop_reason=StopReason.WAIT)]))
    assert "count 10 < limit 1000 under the policy progress" in reason
    assert reason.endswith("Looking again at 2026-03-05 12:01:00 UTC.")


def test_after_the_polling_interval_it_asks_before_it_launches() -> None:
    decision = _decide([_done(), _part(5 * MINUTE)])
    assert isinstance(decision, Ask)
    assert _keys(decision) == ("05", "05")
    assert not decision.reason


def test_a_poll_of_the_sensors_own_begins_the_interval_again() -> None:
    polled = Poll(at_s=NOON - 60, quiet_s=NOON - 60)
    reason = _reason(_decide([_done(), _part(20 * MINUTE)], poll=polled))
    assert reason == "Caught up at 11:59:00; next poll 12:04:00 UTC"


def test_after_an_hour_of_quiet_it_launches_without_asking() -> None:
    polled = Poll(at_s=NOON - 301, quiet_s=NOON - 301)
    assert isinstance(_decide([_done(), _part(59 * MINUTE)], poll=polled), Ask)
    assert isinstance(_decide([_done(), _part(60 * MINUTE)], poll=polled), Launch)


def test_when_a_partitions_end_is_settled_it_launches_without_asking() -> None:
    midnight = DAYS[-1].start_us / 1e6
    footers = [replace(_part(0), fetched_at=_iso(midnight - 60)), None]
    assert isinstance(_decide(footers, now_s=midnight + 299), Ask)
    decision = _decide(footers, now_s=midnight + 300)
    assert isinstance(decision, Launch)
    assert _keys(decision) == ("04", "05")


def test_a_poll_that_failed_is_made_again_after_the_interval_and_says_why() -> None:
    footers: list[Footer | None] = [_done(), _part(20 * MINUTE)]
    failed = Poll(at_s=NOON - 299, error="the API answered 503.")
    assert _reason(_decide(footers, poll=failed)) == (
        "the API answered 503. Asking again at 2026-03-05 12:00:01 UTC."
    )
    assert isinstance(_decide(footers, poll=replace(failed, at_s=NOON - 300)), Ask)


@pytest.mark.parametrize(
    ("times", "wait_s"), [(1, 300), (2, 600), (5, 4800), (9, 76_800), (10, 86_400), (99, 86_400)]
)
def test_a_refused_export_is_asked_for_ever_more_rarely_up_to_a_day(
    times: int, wait_s: int
) -> None:
    for footers in ([None], [_done(2e6), _part(1e6)]):
        refused = Poll(at_s=NOON - wait_s + 1, refused=times, error="answered 403: no")
        reason = _reason(_decide(footers, poll=refused))
        assert reason.startswith("The account may not read chats (answered 403: no): next try at ")
        assert "2026-03-05 12:00:01 UTC" in reason
        over = replace(refused, at_s=NOON - wait_s)
        assert not isinstance(_decide(footers, poll=over), Wait)


def test_what_a_run_committed_since_ends_the_waiting_for_a_refused_export() -> None:
    refused = Poll(at_s=NOON - 600, refused=9, error="answered 403: no")
    assert isinstance(_decide([_done(), _part(5 * MINUTE)], poll=refused), Ask)


def _iso(at_s: float) -> str:
    return datetime.fromtimestamp(at_s, UTC).isoformat(timespec="seconds")


@pytest.mark.parametrize(
    ("footers", "expected"),
    [
        pytest.param([_done(), _part(900), None], ("04", "05"), id="midnight passed"),
        pytest.param([_part(9e5), None, None, None, None], ("01", "05"), id="days of downtime"),
        pytest.param([_done(), None, _done(), _part(900)], ("05", "05"), id="a hole further back"),
        pytest.param([_done(), None, _part(900)], ("04", "05"), id="yesterday was wiped"),
        pytest.param([None, None, _part(900)], ("05", "05"), id="never exported before"),
        pytest.param([_part(900), _done(), _part(900)], ("03", "03"), id="an older one first"),
        pytest.param([_done(), None], ("05", "05"), id="all before is complete"),
        pytest.param([_done(), None, None], ("04", "05"), id="complete up to two days ago"),
        pytest.param([_strays(), _strays(), _done(), _part(900)], ("05", "05"), id="strays before"),
        pytest.param([_done(), _strays(), _part(900)], ("04", "05"), id="strays in a hole"),
    ],
)
def test_the_open_partitions_up_to_now_are_one_range(
    footers: list[Footer | None], expected: tuple[str, str]
) -> None:
    assert _keys(_decide(footers)) == expected


def test_a_new_partition_is_left_until_something_of_it_is_settled() -> None:
    midnight = DAYS[-1].start_us / 1e6
    for today in (None, empty_footer(CHATS, DAYS[-1], "run")):
        footers = [_done(13 * 3600), today and replace(today, fetched_at=_iso(midnight - 1))]
        assert "nothing of it is settled before 2026-03-05 00:05:00 UTC" in _reason(
            _decide(footers, now_s=midnight + 299)
        )
        assert _keys(_decide(footers, now_s=midnight + 300)) == ("05", "05")


def test_one_run_of_an_export_at_a_time() -> None:
    decision = _decide([_part(900, at_once=True)], in_flight="run 0a1b2c3d is queued")
    assert _reason(decision) == "run 0a1b2c3d is queued: one run of an export at a time."


@pytest.mark.parametrize(
    ("count", "back_off_s"), [(1, 30), (2, 60), (3, 120), (6, 960), (7, 1800), (8, 1800)]
)
def test_failures_are_followed_up_with_a_growing_back_off_by_asking_first(
    count: int, back_off_s: int
) -> None:
    footers: list[Footer | None] = [_part(7200, at_once=True)]
    waiting = _decide(footers, failures=Failures(count, NOON - back_off_s + 1, "", "no disk"))
    assert _reason(waiting).startswith(f"{count} follow-up run(s) failed in a row, the last at ")
    assert ": no disk. Trying again at " in _reason(waiting)
    decision = _decide(footers, failures=Failures(count, NOON - back_off_s))
    assert isinstance(decision, Ask)
    assert decision.reason, "it launches in any case, if only the API answers"


def test_a_commit_after_the_failures_ends_the_back_off() -> None:
    decision = _decide([_part(1, at_once=True)], failures=Failures(8, NOON - 2))
    assert isinstance(decision, Launch)


def test_before_anything_is_in_the_lake_failures_are_waited_for_too() -> None:
    assert "failed in a row" in _reason(_decide([None], failures=Failures(1, NOON - 1)))


def test_what_a_poll_found_is_launched_until_a_run_has_committed() -> None:
    found = Poll(at_s=NOON - 60, news="3 items are settled")
    decision = _decide([_done(), _part(20 * MINUTE)], poll=found)
    assert isinstance(decision, Launch)
    assert decision.reason == "3 items are settled"
    assert _reason(_decide([_done(), _part(30)], poll=found)).startswith("Caught up at 11:59:30")
