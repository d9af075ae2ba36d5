"""What a sensor asks by itself once an export is caught up: real ticks, runs and HTTP."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import msgspec
import pytest
import time_machine

from zd_assets.catalog.chat import AGENT_TIMELINE, CHATS
from zd_assets.catalog.export import Api, Export
from zd_assets.catalog.registry import EXPORTS
from zd_assets.catalog.support import ROUTING_INSTANCE_VALUES, TICKETS
from zd_assets.defs.exports.follow_up_policy import Poll
from zd_assets.defs.exports.sensors import follow_up_sensor
from zd_assets.defs.resources import LakeFolder
from zd_assets.lake.lake import Lake
from zd_assets.sandbox import Running
from zd_assets.zendesk.budget import Budget
from zd_assets_tests.conftest import NO_LIMITS
from zd_assets_tests.helpers.dagster_runs import SITE, api_resource
from zd_assets_tests.helpers.following import POLL_S, World
from zd_assets_tests.helpers.runs import at_us, item
from zd_assets_tests.helpers.truth import day

TODAY = day("2026-03-01")


@pytest.fixture
def world(sandbox: Running, lake: Lake) -> Iterator[World]:
    """An account in which nothing happens but what a test puts there."""
    with (
        time_machine.travel(datetime(2026, 3, 1, 12, tzinfo=UTC), tick=True) as clock,
        dg.DagsterInstance.ephemeral() as instance,
    ):
        yield World(sandbox, lake, instance, clock, {})


def _begin(world: World, export: Export, **settings: Any) -> None:
    """Follow an export until it is caught up: a dozen old items, the newest an hour ago."""
    world.sandbox.reset(**NO_LIMITS, seeded=False, clock="running", **settings)
    world.move_to("2026-03-01T12:00:00+00:00")
    times = [at_us("2026-03-01T11:00:00") - number * 60_000_000 for number in range(12)]
    world.sandbox.put(export.name, [item(export, us, n) for n, us in enumerate(reversed(times))])
    world.export = export
    assert world.follow() == 1


def _arrives(world: World, number: int, at: str, **shown: Any) -> None:
    world.sandbox.put(world.export.name, [item(world.export, at_us(at), number)], **shown)


@pytest.mark.parametrize("like", ["observed", "documented"])
@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)
def test_an_idle_poll_is_one_request_and_no_run(export: Export, like: str, world: World) -> None:
    pages = "documented" if like == "documented" and export.api is Api.CHAT else "full"
    _begin(world, export, like=like, pages=pages)
    for poll in range(1, 4):
        world.sandbox.forget_requests()
        world.move(POLL_S + 1)
        assert world.skip().startswith("Caught up at 12:")
        assert len(world.sandbox.requests()) == 1, f"poll {poll}"
        assert world.skip().startswith("Caught up at 12:")
        assert len(world.sandbox.requests()) == 1, "between polls nothing is asked"
    assert len(world.instance.get_runs()) == 1


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)
def test_what_settles_is_fetched_by_the_next_poll_and_then_it_is_quiet_again(
    export: Export, world: World
) -> None:
    _begin(world, export)
    _arrives(world, 90, "2026-03-01T12:00:30")
    world.move(POLL_S + 61)
    assert world.follow() == 1
    footer = world.lake.footer(export, TODAY)
    assert footer
    assert footer.items == 13
    asked = []
    for _ in range(5):
        world.sandbox.forget_requests()
        world.move(POLL_S + 1)
        assert world.skip().startswith("Caught up at 12:")
        asked.append(len(world.sandbox.requests()))
    # While the item is within the overlap it comes again, and the end behind it is asked for, too.
    assert max(asked) <= 2
    assert asked[-1] == 1
    assert len(world.instance.get_runs()) == 2


@pytest.mark.parametrize("export", [CHATS, AGENT_TIMELINE, TICKETS], ids=lambda one: one.name)
def test_an_item_that_shows_up_late_is_noticed_by_the_next_poll(
    export: Export, world: World
) -> None:
    _begin(world, export)
    _arrives(world, 90, "2026-03-01T12:00:30")
    world.move(POLL_S + 61)
    assert world.follow() == 1
    world.move(POLL_S + 1)
    assert world.follow() == 0
    # Older than what was read already.
    _arrives(world, 91, "2026-03-01T11:59:00")
    world.move(POLL_S + 1)
    request = world.tick()
    assert isinstance(request, dg.RunRequest)
    assert request.tags["zd_assets/reason"] == "items showed up late in 2026-03-01"
    assert world.run(request).success
    footer = world.lake.footer(export, TODAY)
    assert footer
    assert (footer.items, footer.late_items) == (14, 1)


def test_a_newer_version_of_a_known_item_is_news(world: World) -> None:
    _begin(world, CHATS)
    _arrives(world, 3, "2026-03-01T12:00:30")
    world.move(POLL_S + 61)
    assert world.follow() == 1
    footer = world.lake.footer(CHATS, TODAY)
    assert footer
    assert footer.items == 12


def test_over_a_day_of_quiet_there_is_a_run_an_hour_and_one_that_completes_the_day(
    world: World,
) -> None:
    _begin(world, CHATS)
    world.sandbox.forget_requests()
    runs = 0
    for _ in range(24 * 2):
        world.move(1800)
        runs += world.follow()
    assert 23 <= runs <= 26
    # A poll or a run each half hour; the run that begins the next day asks twice.
    assert len(world.sandbox.requests()) <= 24 * 2 + 3
    footer = world.lake.footer(CHATS, TODAY)
    assert footer
    assert footer.complete


def test_while_the_budget_has_no_place_a_tick_asks_nothing_and_says_so(world: World) -> None:
    _begin(world, CHATS)
    world.settings = {"requests_per_minute": 3, "url": f"{world.sandbox.url}/api/v2/chat/"}
    world.move(POLL_S + 1)
    budget = Budget(f"{world.sandbox.url}/api/v2/chat", 3)
    while budget.try_spend():
        pass
    world.sandbox.forget_requests()
    assert "the request budget has no place at the moment: 3 a minute are spent" in world.skip()
    assert world.sandbox.requests() == []
    # It isn't a poll: the next tick asks, once there is one.
    world.move(62)
    assert world.skip().startswith("Caught up at 12:06:")


def test_what_the_sensor_learned_outlives_a_restart_of_the_daemon(world: World) -> None:
    _begin(world, CHATS)
    world.move(POLL_S + 1)
    world.sandbox.forget_requests()
    cursor, said = None, list[str]()
    for _ in range(4):
        context = dg.build_sensor_context(
            instance=world.instance,
            cursor=cursor,
            resources={
                "zendesk_chat": api_resource(Api.CHAT, world.sandbox),
                "lake": LakeFolder(location=str(world.lake.root)),
            },
        )
        data = follow_up_sensor(CHATS, SITE).evaluate_tick(context)
        said.append(data.skip_message or "")
        cursor = data.cursor
    assert said[0].startswith("Caught up at 12:05:")
    assert said == [said[0]] * 4
    assert len(world.sandbox.requests()) == 1
    assert cursor
    assert msgspec.json.decode(cursor, type=Poll).quiet_s == pytest.approx(
        world.now.timestamp(), abs=60
    )


def test_a_cursor_of_another_version_is_passed_over(world: World) -> None:
    _begin(world, CHATS)
    context = dg.build_sensor_context(
        instance=world.instance,
        cursor='["something else"]',
        resources={
            "zendesk_chat": api_resource(Api.CHAT, world.sandbox),
            "lake": LakeFolder(location=str(world.lake.root)),
        },
    )
    data = follow_up_sensor(CHATS, SITE).evaluate_tick(context)
    assert (data.skip_message or "").startswith("Caught up at 12:00:0")


def test_an_answer_that_drips_is_given_up_within_seconds_and_is_no_failed_tick(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("zd_assets.extract.look._DEADLINE_S", 0.5)
    _begin(world, CHATS)
    world.sandbox.faults([{"kind": "drip", "seconds": 1.0, "times": -1}])
    world.move(POLL_S + 1)
    assert "Asking again at 2026-03-01 12:" in world.skip()


def test_a_routing_stream_that_was_read_to_its_end_is_asked_from_its_kept_cursor(
    world: World,
) -> None:
    _begin(world, ROUTING_INSTANCE_VALUES)
    footer = world.lake.footer(ROUTING_INSTANCE_VALUES, TODAY)
    assert footer
    world.sandbox.forget_requests()
    world.move(POLL_S + 1)
    assert world.follow() == 0
    [entry] = world.sandbox.requests()
    assert entry["query"]["cursor"] in (footer.resume_url or "")
    _arrives(world, 90, (world.now - timedelta(minutes=3)).strftime("%Y-%m-%dT%H:%M:%S"))
    world.move(POLL_S + 1)
    assert world.follow() == 1
