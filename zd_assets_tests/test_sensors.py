"""Following an export over simulated days: real ticks, real runs, real HTTP.

The clocks of the test process and of the sandbox are moved together.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import time_machine

from zd_assets.catalog.chat import CHATS, CONVERSIONS
from zd_assets.catalog.export import Export
from zd_assets.catalog.support import ROUTING_INSTANCE_VALUES, TICKET_METRIC_EVENTS, TICKETS
from zd_assets.defs.build import build_definitions
from zd_assets.defs.exports import follow_up_tick, schedules, second_look
from zd_assets.defs.exports.follow_up_policy import Poll
from zd_assets.defs.exports.instance_state import FOLLOW_UP_TAG
from zd_assets.defs.namespace import Namespace
from zd_assets.defs.resources import LakeFolder
from zd_assets.lake import state
from zd_assets.lake.lake import Lake
from zd_assets.sandbox import Running
from zd_assets_tests.conftest import UNLIMITED
from zd_assets_tests.helpers.dagster_runs import (
    SITE,
    chat_resource,
    materialize,
    partition_events,
    run_request,
    support_resource,
)
from zd_assets_tests.helpers.following import POLL_S, World
from zd_assets_tests.helpers.truth import (
    assert_lake_is_true,
    assert_latest_is_true,
    day,
    days,
    lake_items,
)

RANGE = ("dagster/asset_partition_range_start", "dagster/asset_partition_range_end")
KEY = dg.AssetKey(["zendesk_chat", "chats"])


@pytest.fixture
def world(sandbox: Running, lake: Lake) -> Iterator[World]:
    sandbox.reset(requests_per_minute=UNLIMITED, chats_per_day=200, clock="running")
    with (
        time_machine.travel(datetime(2026, 3, 1, 12, tzinfo=UTC), tick=True) as clock,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        world = World(sandbox, lake, instance, clock, {})
        world.move_to("2026-03-01T12:00:00+00:00")
        yield world


def _range(request: dg.RunRequest | dg.SkipReason) -> tuple[str, str]:
    assert isinstance(request, dg.RunRequest), request
    tags = request.tags
    start = tags.get("dagster/asset_partition_range_start", request.partition_key)
    end = tags.get("dagster/asset_partition_range_end", request.partition_key)
    assert start
    assert end
    return start, end


@pytest.mark.parametrize(
    ("pages", "policy", "follows_at_once"),
    [
        ("documented", "progress", True),
        ("documented", "documented", True),
        ("documented", "full_page", False),
        ("full", "progress", True),
        ("full", "documented", False),
        ("full", "full_page", True),
    ],
)
def test_with_one_page_a_run_runs_follow_at_once_as_the_policy_says(
    pages: str, policy: str, follows_at_once: bool, world: World
) -> None:
    world.sandbox.settings(pages=pages)
    world.settings = {"policy": policy, "page_size": 10, "max_pages_per_run": 1}
    assert world.run(world.tick()).success
    second = world.tick()
    assert isinstance(second, dg.RunRequest) is follows_at_once
    if not follows_at_once:
        # Slower, but as complete: each polling interval brings a page.
        for _ in range(10):
            world.move(POLL_S + 1)
            if isinstance(request := world.tick(), dg.RunRequest):
                assert world.run(request).success
        assert lake_items(world.lake, CHATS, day("2026-03-01"))
        return
    runs = 1 + world.follow()
    log = world.sandbox.requests()
    assert len(log) == 1 + runs, "one page a run, after one that the first tick asked"
    footer = world.lake.footer(CHATS, day("2026-03-01"))
    assert footer
    until_s = footer.complete_until_us / 1e6
    truth = world.sandbox.truth("chats", day("2026-03-01").start_us / 1e6, until_s)
    assert len(truth) > 20
    assert footer.items == len(truth)


def test_caught_up_there_is_no_run_before_the_polling_interval_is_over_and_then_one(
    world: World,
) -> None:
    assert world.follow() == 1
    world.sandbox.forget_requests()
    for seconds in (1, POLL_S - 30):
        world.move(seconds)
        assert world.skip().startswith("Caught up at 12:00:0")
    assert world.sandbox.requests() == []
    # An hour later it looks, and an item has settled.
    world.move(3000)
    assert world.follow() == 1


def test_the_runs_of_a_chain_can_be_found_by_their_tags(world: World) -> None:
    world.settings = {"page_size": 20, "max_pages_per_run": 1}
    runs = world.follow()
    tagged = world.instance.get_runs(dg.RunsFilter(tags={FOLLOW_UP_TAG: "zendesk_chat/chats"}))
    assert len(tagged) == runs > 2
    newest, *older = tagged
    assert newest.tags["zd_assets/follows_run"] == older[0].run_id
    assert "under the policy progress" in newest.tags["zd_assets/reason"]
    assert newest.tags["zd_assets/api"] == "zendesk_chat"


def test_a_tick_evaluated_twice_asks_for_the_same_run(world: World) -> None:
    first, again = world.tick(), world.tick()
    assert isinstance(first, dg.RunRequest)
    assert isinstance(again, dg.RunRequest)
    assert first.run_key == again.run_key
    world.run(first)
    world.move(3601)
    later = world.tick()
    assert isinstance(later, dg.RunRequest)
    assert later.run_key != first.run_key


@pytest.mark.parametrize("status", ["STARTED", "STARTING", "NOT_STARTED", "CANCELING"])
def test_nothing_is_launched_while_a_run_of_the_export_is_in_flight(
    status: str, world: World
) -> None:
    run = dg.DagsterRun(
        job_name="zendesk_chat",
        status=dg.DagsterRunStatus[status],
        asset_selection=frozenset({KEY}),
    )
    world.instance.add_run(run)
    reason = world.tick()
    assert isinstance(reason, dg.SkipReason)
    assert f"run {run.run_id[:8]} is " in (reason.skip_message or "")
    world.export = CONVERSIONS
    assert isinstance(world.tick(), dg.RunRequest), "another export isn't held up"


def test_midnight_completes_yesterday_and_moves_on(world: World) -> None:
    world.move_to("2026-03-01T23:50:00+00:00")
    world.follow()
    world.move_to("2026-03-02T00:02:00+00:00")
    assert world.follow() <= 1
    world.move_to("2026-03-02T00:10:00+00:00")
    request = world.tick()
    assert _range(request) == ("2026-03-01", "2026-03-02")
    world.run(request)
    assert_latest_is_true(world.sandbox, world.lake, CHATS, [day("2026-03-01")])
    world.move(3601)
    assert _range(world.tick()) == ("2026-03-02", "2026-03-02")


def test_a_week_of_downtime_is_caught_up_in_one_run(world: World) -> None:
    world.follow()
    world.move_to("2026-03-09T12:00:00+00:00")
    request = world.tick()
    assert _range(request) == ("2026-03-01", "2026-03-09")
    assert world.run(request).success
    assert_latest_is_true(world.sandbox, world.lake, CHATS, days("2026-03-01", 8))


def test_so_is_a_month(world: World) -> None:
    world.follow()
    world.move_to("2026-04-02T12:00:00+00:00")
    assert _range(world.tick()) == ("2026-03-01", "2026-04-02")


def test_failing_runs_back_off_and_the_following_recovers_by_itself(world: World) -> None:
    world.follow()
    world.move(3601)
    waits = []
    request = world.tick()
    for _ in range(3):
        # The page that a tick asks is answered, the run's isn't.
        world.sandbox.faults([{"kind": "status", "status": 503, "times": -1}])
        assert not world.run(request).success
        _reset(world)
        assert "failed in a row" in world.skip()
        for seconds in (31, 61, 121, 241):
            if isinstance(request := _after(world, seconds), dg.RunRequest):
                waits.append(seconds)
                break
    assert waits == [31, 61, 121]
    assert world.run(request).success
    assert world.follow() == 0
    _assert_followed(world, "2026-03-01")


def _reset(world: World) -> None:
    """Let the API work again."""
    world.sandbox.reset(requests_per_minute=UNLIMITED, chats_per_day=200, clock="running")
    world.move(0)


def _assert_followed(world: World, key: str) -> None:
    """The lake has every item up to where it says that it is complete."""
    footer = world.lake.footer(world.export, day(key))
    assert footer
    truth = world.sandbox.truth(
        world.export.name, footer.start_us / 1e6, footer.complete_until_us / 1e6
    )
    assert footer.items == len(truth)


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "status", "status": 503},
        {"kind": "reset"},
        {"kind": "status", "status": 429},
    ],
    ids=lambda fault: str(fault.get("status", fault["kind"])),
)
def test_a_poll_that_fails_is_a_skipped_tick_with_its_cause_and_no_run(
    fault: dict[str, Any], world: World
) -> None:
    world.follow()
    world.sandbox.faults([{**fault, "times": -1}])
    for _ in range(4):
        world.move(POLL_S + 1)
        world.sandbox.forget_requests()
        assert "/incremental/chats" in world.skip()
        assert "Asking again at 2026-03-01 12:" in world.skip()
        assert len(world.sandbox.requests()) == 1, (
            "it isn't asked again before the interval is over"
        )
    assert len(world.instance.get_runs()) == 1
    _reset(world)
    world.move(3600)
    assert world.follow() == 1
    _assert_followed(world, "2026-03-01")


@pytest.mark.parametrize("status", [401, 403, 404])
@pytest.mark.parametrize("begun", [False, True], ids=["never read", "read before"])
def test_an_export_that_the_account_may_not_read_costs_no_run_and_is_asked_ever_more_rarely(
    status: int, begun: bool, world: World
) -> None:
    if begun:
        world.follow()
    world.move(POLL_S + 1)
    world.sandbox.faults([{"kind": "status", "status": status, "export": "chats", "times": -1}])
    world.sandbox.forget_requests()
    reason = world.skip()
    assert reason.startswith("The account may not read chats (")
    assert f"/incremental/chats answered {status}" in reason
    assert "Traceback" not in reason
    assert "next try at 2026-03-01 12:1" in reason
    assert "Switch this sensor off" in reason
    for _ in range(3 * 24):
        world.move(3600)
        assert "The account may not read chats" in world.skip()
    # After 5 minutes, 10, 20 and so on, seen by a tick every hour; in the end a day.
    assert 10 <= len(world.sandbox.requests()) <= 11
    assert len(world.instance.get_runs()) == begun
    _reset(world)
    world.move(86_400)
    assert isinstance(world.tick(), dg.RunRequest), "it is followed once it may be read"
    world.export, world.poll = CONVERSIONS, Poll()
    assert isinstance(world.tick(), dg.RunRequest), "another export isn't held up"


def test_a_partition_that_a_first_run_left_in_part_is_followed_up_where_it_was(
    world: World,
) -> None:
    world.settings = {"page_size": 10}
    world.sandbox.faults([{"kind": "status", "status": 400, "after": 3, "times": -1}])
    assert not world.run(world.tick()).success
    assert partition_events(world.instance, CHATS) == [], "a part isn't materialized"
    footer = world.lake.footer(CHATS, day("2026-03-01"))
    assert footer
    assert footer.items == 20
    assert "failed in a row" in world.skip(), "it is waited for"
    world.sandbox.reset(requests_per_minute=UNLIMITED, chats_per_day=200, clock="running")
    assert _range(_after(world, 31)) == ("2026-03-01", "2026-03-01")
    assert world.follow() == 1
    asked = [int(entry["query"]["start_time"]) for entry in world.sandbox.requests()]
    assert min(asked) > day("2026-03-01").start_us // 10**6, "what was there isn't fetched again"
    [(key, metadata)] = partition_events(world.instance, CHATS)
    assert (key, metadata["action"].value) == ("2026-03-01", "resumed")
    _assert_followed(world, "2026-03-01")


def test_an_old_follow_up_run_that_is_executed_again_and_fails_delays_nothing(
    world: World,
) -> None:
    world.follow()
    world.move(3601)
    [last] = world.instance.get_run_records(limit=1)
    tags = {**last.dagster_run.tags, "dagster/parent_run_id": last.dagster_run.run_id}
    again = dg.DagsterRun(
        job_name=last.dagster_run.job_name,
        parent_run_id=last.dagster_run.run_id,
        root_run_id=last.dagster_run.run_id,
        tags=tags,
        status=dg.DagsterRunStatus.FAILURE,
    )
    world.instance.add_run(again)
    assert isinstance(world.tick(), dg.RunRequest)


def _after(world: World, seconds: int) -> dg.RunRequest | dg.SkipReason:
    """The tick `seconds` after the last failure."""
    [last] = world.instance.get_run_records(limit=1)
    assert last.end_time
    world.move_to(datetime.fromtimestamp(last.end_time + seconds, UTC).isoformat())
    return world.tick()


def test_what_is_materialized_by_hand_counts(world: World) -> None:
    chat = chat_resource(world.sandbox)
    assert materialize(world.instance, CHATS, "2026-03-01", chat, world.lake).success
    assert world.skip().startswith("Caught up at 12:00:0")


def test_following_goes_on_by_the_lake_in_an_instance_that_lost_its_history(world: World) -> None:
    chat = chat_resource(world.sandbox)
    keys = ("2026-02-27", "2026-03-01")
    assert materialize(world.instance, CHATS, keys, chat, world.lake).success
    world.instance.wipe_assets([KEY])
    assert world.skip().startswith("Caught up at 12:00:0")


def test_a_file_that_is_deleted_is_fetched_again_by_the_schedule(world: World) -> None:
    chat = chat_resource(world.sandbox)
    keys = ("2026-01-28", "2026-02-28")
    assert materialize(world.instance, CHATS, keys, chat, world.lake).success
    now = world.now
    skipped = schedules.evaluate(world.instance, world.lake, [CHATS], SITE, now)
    assert isinstance(skipped, dg.SkipReason)
    path = world.lake.path(CHATS, day("2026-02-20"))
    assert isinstance(path, Path)
    path.unlink()
    requests = schedules.evaluate(world.instance, world.lake, [CHATS], SITE, now)
    assert isinstance(requests, list)
    assert [_range(request) for request in requests] == [("2026-02-20", "2026-02-20")]
    assert run_request(world.instance, CHATS, requests[0], chat, world.lake).success
    assert_latest_is_true(world.sandbox, world.lake, CHATS, days("2026-01-30", 30))


def test_the_schedule_asks_for_nothing_that_a_run_is_at(world: World) -> None:
    chat = chat_resource(world.sandbox)
    keys = ("2026-01-28", "2026-02-19")
    assert materialize(world.instance, CHATS, keys, chat, world.lake).success
    for tags in (
        {"dagster/partition": "2026-02-28"},
        dict(zip(RANGE, ("2026-02-21", "2026-02-25"), strict=True)),
    ):
        world.instance.add_run(
            dg.DagsterRun(
                job_name="zendesk_chat",
                status=dg.DagsterRunStatus.STARTED,
                asset_selection=frozenset({KEY}),
                tags=tags,
            )
        )
    requests = schedules.evaluate(world.instance, world.lake, [CHATS], SITE, world.now)
    assert isinstance(requests, list)
    assert [_range(request) for request in requests] == [
        ("2026-02-20", "2026-02-20"),
        ("2026-02-26", "2026-02-27"),
    ]


def test_the_schedule_asks_for_what_is_missing_or_incomplete_as_ranges(
    world: World,
) -> None:
    chat = chat_resource(world.sandbox)
    materialize(world.instance, CHATS, ("2026-01-30", "2026-02-10"), chat, world.lake)
    materialize(world.instance, CHATS, ("2026-02-13", "2026-02-28"), chat, world.lake)
    # Incomplete: exported when it was still open.
    materialize(world.instance, CHATS, "2026-03-01", chat, world.lake)
    # Failed: asked for again, in vain; what was there is there.
    world.sandbox.faults([{"kind": "status", "status": 400}])
    failed = materialize(world.instance, CHATS, "2026-02-20", chat, world.lake)
    assert not failed.success
    world.move_to("2026-03-02T00:15:00+00:00")

    requests = schedules.evaluate(world.instance, world.lake, [CHATS], SITE, world.now)
    assert isinstance(requests, list)
    assert [_range(request) for request in requests] == [
        ("2026-02-11", "2026-02-12"),
        ("2026-03-01", "2026-03-01"),
    ]
    for request in requests:
        assert run_request(world.instance, CHATS, request, chat, world.lake).success
    skipped = schedules.evaluate(world.instance, world.lake, [CHATS], SITE, world.now)
    assert isinstance(skipped, dg.SkipReason)
    assert "Every partition of the last 30 days is complete" in (skipped.skip_message or "")
    assert_latest_is_true(world.sandbox, world.lake, CHATS, days("2026-01-31", 30))


def test_after_a_later_start_date_a_run_says_so_and_what_is_complete_isnt_asked_for_again(
    world: World,
) -> None:
    chat = chat_resource(world.sandbox)
    span = ("2026-02-18", "2026-02-28")
    assert materialize(world.instance, CHATS, span, chat, world.lake).success
    later = dg.DailyPartitionsDefinition(start_date="2026-02-22", end_offset=1)
    failed = materialize(world.instance, CHATS, span, chat, world.lake, partitions_def=later)
    assert not failed.success
    [failure] = [event for event in failed.all_events if event.is_step_failure]
    told = failure.step_failure_data.user_failure_data
    assert told
    assert told.description == (
        "this run was asked for 2026-02-18 to 2026-02-28, but partitions are now 2026-02-22 to "
        "2026-03-01: ZD_START_DATE or ZD_PARTITION has changed since. Launch it again for "
        "partitions of these"
    )
    asked = schedules.evaluate(world.instance, world.lake, [CHATS], Namespace(later), world.now)
    assert isinstance(asked, dg.SkipReason), asked


@pytest.mark.parametrize(
    "name", ["chats_follow_up", "zendesk_chat_nightly", "zendesk_chat_second_look"]
)
def test_a_lake_of_days_isnt_asked_for_by_hours_but_how_to_rewrite_it_is_said(
    name: str, sandbox: Running, lake: Lake
) -> None:
    chat, support = chat_resource(sandbox), support_resource(sandbox)
    folder = LakeFolder(location=str(lake.root))
    hourly = dg.HourlyPartitionsDefinition(start_date="2026-02-01-00:00", end_offset=1)
    repository = build_definitions(hourly, chat, support, folder).get_repository_def()
    resources = {"zendesk_chat": chat, "lake": folder}
    at = datetime(2026, 3, 1, 12, tzinfo=UTC)
    data: Any
    with dg.instance_for_test() as instance:
        assert materialize(instance, CHATS, "2026-02-28", chat, lake).success
        if repository.has_sensor_def(name):
            tick = dg.build_sensor_context(instance=instance, resources=resources)
            data = repository.get_sensor_def(name).evaluate_tick(tick)
        else:
            with dg.build_schedule_context(
                instance=instance, scheduled_execution_time=at, resources=resources
            ) as due:
                data = repository.get_schedule_def(name).evaluate_tick(due)
    assert data.run_requests == []
    assert "python -m zd_assets.lake.repartition hour" in data.skip_message


def test_the_second_look_reads_yesterday_and_an_older_day_and_adds_what_was_late(
    world: World,
) -> None:
    world.sandbox.reset(requests_per_minute=UNLIMITED, seeded=False, clock="running")
    chat = chat_resource(world.sandbox)
    assert materialize(
        world.instance, CHATS, ("2026-02-20", "2026-02-28"), chat, world.lake
    ).success
    late = {"id": "late", "update_timestamp": "2026-02-28T20:00:00Z"}
    world.sandbox.put("chats", [late])
    world.move_to("2026-03-01T13:40:00+00:00")
    requests = second_look.evaluate(world.lake, [CHATS], SITE, chat, world.now)
    assert isinstance(requests, list)
    yesterday, older = (request.partition_key or "" for request in requests)
    assert yesterday == "2026-02-28"
    assert "2026-02-22" <= older <= "2026-02-27"
    for request in requests:
        assert run_request(world.instance, CHATS, request, chat, world.lake).success
    footer = world.lake.footer(CHATS, day("2026-02-28"))
    assert footer
    assert (footer.items, footer.late_items) == (1, 1)
    [record] = world.instance.fetch_materializations(
        dg.AssetRecordsFilter(KEY, asset_partitions=["2026-02-28"]), limit=1
    ).records
    assert record.asset_materialization
    assert record.asset_materialization.metadata["late_items"].value == 1


def test_a_second_look_over_no_days_says_why_it_doesnt_look(world: World) -> None:
    chat = chat_resource(world.sandbox, second_look_days={"chats": 0})
    skipped = second_look.evaluate(world.lake, [CHATS], SITE, chat, world.now)
    assert isinstance(skipped, dg.SkipReason)
    assert "second_look_days" in (skipped.skip_message or "")


def test_the_open_partition_of_an_hourly_export_is_an_hour(sandbox: Running, lake: Lake) -> None:
    hourly = dg.HourlyPartitionsDefinition(start_date="2026-01-01-00:00", end_offset=1)
    now_s = datetime(2026, 3, 1, 12, 34, tzinfo=UTC).timestamp()
    with dg.DagsterInstance.ephemeral() as instance:
        tick = follow_up_tick.evaluate(
            instance, lake, CHATS, chat_resource(sandbox), Namespace(hourly), Poll(), now_s
        )
    request = tick.answer
    assert isinstance(request, dg.RunRequest)
    assert request.partition_key == "2026-03-01-12:00"


def test_a_tick_reads_no_events_and_no_footer_that_it_has_read(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = chat_resource(world.sandbox)
    keys = ("2026-01-30", "2026-03-01")
    assert materialize(world.instance, CHATS, keys, chat, world.lake).success
    read = _count_footers(monkeypatch)
    monkeypatch.setattr(world.instance, "fetch_materializations", None)
    world.tick()
    assert len(read) == 9
    world.tick()
    assert len(read) == 9


def test_a_nightly_tick_reads_each_footer_once_and_then_only_what_changed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    chat = chat_resource(world.sandbox)
    keys = ("2026-01-28", "2026-03-01")
    assert materialize(world.instance, CHATS, keys, chat, world.lake).success
    read, queries = _count_footers(monkeypatch), []
    get_runs = world.instance.get_runs

    def counted(*args: Any, **kwargs: Any) -> Any:
        queries.append(args)
        return get_runs(*args, **kwargs)

    monkeypatch.setattr(world.instance, "get_runs", counted)
    now = world.now + timedelta(hours=13)
    for footers, exports in ((33, [CHATS]), (33, [CHATS, CONVERSIONS])):
        queries.clear()
        requests = schedules.evaluate(world.instance, world.lake, exports, SITE, now)
        assert isinstance(requests, list)
        assert len(read) == footers
        assert len(queries) == 1
    assert materialize(world.instance, CHATS, "2026-02-20", chat, world.lake).success
    schedules.evaluate(world.instance, world.lake, [CHATS], SITE, now)
    assert len(read) == 34


def _count_footers(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Collects the files whose footers the state of the lake is read from."""
    read: list[object] = []
    read_footer = state.read_footer

    def counted(path: Any) -> Any:
        read.append(path)
        return read_footer(path)

    monkeypatch.setattr(state, "read_footer", counted)
    return read


def test_the_lake_follows_the_truth_through_a_day_of_polls(world: World) -> None:
    world.move_to("2026-03-01T21:00:00+00:00")
    world.follow()
    for _ in range(8):
        world.move(1800)
        world.follow()
    assert_latest_is_true(world.sandbox, world.lake, CHATS, [day("2026-03-01")])
    footer = world.lake.footer(CHATS, day("2026-03-02"))
    assert footer
    assert not footer.complete
    # Every half hour a poll: the lake has all that was settled at the last one.
    settled_s = world.now.timestamp() - 310
    assert footer.items == len(world.sandbox.truth("chats", footer.start_us / 1e6, settled_s))


def test_a_long_downtime_is_caught_up_even_if_one_run_cant_fetch_it_all(world: World) -> None:
    world.follow()
    world.move_to("2026-03-20T12:00:00+00:00")
    world.settings = {"page_size": 100, "max_pages_per_run": 8}
    assert world.follow() > 2, "it took several runs, one after another"
    assert_latest_is_true(world.sandbox, world.lake, CHATS, days("2026-03-01", 19))


def test_the_schedule_finishes_an_old_backfill_that_outgrew_its_run(world: World) -> None:
    chat = chat_resource(world.sandbox, page_size=100, max_pages_per_run=6, max_parallel_windows=1)
    old = dg.DailyPartitionsDefinition(start_date="2025-06-01", end_offset=1)
    materialize(
        world.instance, CHATS, ("2025-06-01", "2025-06-10"), chat, world.lake, partitions_def=old
    )
    chat = chat_resource(world.sandbox)
    materialize(
        world.instance, CHATS, ("2026-01-29", "2026-02-28"), chat, world.lake, partitions_def=old
    )
    [request] = schedules.evaluate(world.instance, world.lake, [CHATS], Namespace(old), world.now)
    start, end = _range(request)
    assert start > "2025-06-01", "what is complete isn't asked for again"
    assert end == "2025-06-10"


@pytest.mark.parametrize(
    ("export", "most"),
    # Where the server says that this is all, nothing more is asked. Metric events don't say so, and
    # their next page repeats the last second; routing takes yesterday's cursor at midnight.
    [(TICKETS, 1), (TICKET_METRIC_EVENTS, 3), (ROUTING_INSTANCE_VALUES, 3)],
    ids=lambda value: value.name if isinstance(value, Export) else "",
)
def test_support_is_followed_over_midnight_at_one_run_and_a_request_or_two_a_poll(
    export: Export, most: int, world: World
) -> None:
    world.export = export
    world.sandbox.reset(
        support_requests_per_minute=UNLIMITED,
        tickets_per_day=100,
        start="2026-02-15",
        now="2026-03-01T12:00:00Z",
    )
    assert world.follow() == 1
    for _ in range(13):
        world.move(3600)
        world.sandbox.forget_requests()
        assert world.follow() == 1
        log = world.sandbox.requests()
        assert {entry["status"] for entry in log} == {200}
        assert len(log) <= most
    today, tomorrow = days("2026-03-01", 2)
    assert world.lake.footer(export, tomorrow)
    if export is TICKETS:
        assert_latest_is_true(world.sandbox, world.lake, export, [today])
    else:
        assert_lake_is_true(world.sandbox, world.lake, export, [today])
