"""Analytics follow the exports: what the lake would make otherwise is asked for, once."""

from collections.abc import Iterator
from datetime import timedelta

import dagster as dg
import pytest
from dagster._core.execution.backfill import PartitionBackfill

from zd_assets.catalog.chat import CHATS, CONVERSIONS
from zd_assets.defs.analytics.automation import automation_sensor
from zd_assets.defs.build import build_definitions
from zd_assets.defs.resources import LakeFolder
from zd_assets.lake.lake import Lake
from zd_assets.models.latest import GROUP
from zd_assets.sandbox import Running
from zd_assets_tests.conftest import NO_LIMITS, NOW
from zd_assets_tests.helpers.dagster_runs import (
    PARTITIONS,
    SITE,
    chat_resource,
    support_resource,
)
from zd_assets_tests.helpers.following_analytics import Automation, analytics_key

DAYS = ("2026-02-26", "2026-02-28")


@pytest.fixture
def automation(sandbox: Running, lake: Lake) -> Iterator[Automation]:
    data = {"chats_per_day": 60, "tickets_per_day": 30, "start": "2026-02-26"}
    sandbox.reset(**NO_LIMITS, **data, now=NOW, clock="frozen")
    definitions = build_definitions(
        PARTITIONS,
        chat_resource(sandbox),
        support_resource(sandbox),
        LakeFolder(location=str(lake.root), analytics_every_s=0),
    )
    with dg.DagsterInstance.ephemeral() as instance:
        yield Automation(definitions, instance, sandbox, lake)


OF_CHATS = ("chat_engagements", "chat_messages", "chat_page_views", "demand_by_hour_daily")


def test_without_exports_nothing_is_asked_for(automation: Automation) -> None:
    assert automation.settle() == []


def test_facts_follow_current_state_and_answers_follow_facts_once_each(
    automation: Automation,
) -> None:
    automation.export(CHATS, DAYS)
    days = ["2026-02-26", "2026-02-27", "2026-02-28"]
    assert automation.settle() == [
        {"chats_latest": []},
        dict.fromkeys(OF_CHATS, days),
        {"chat_daily_summary": days, "agent_daily_scorecard": days},
        {"team_daily_summary": days},
    ]


def test_a_partition_that_is_fetched_again_without_a_change_ends_at_current_state(
    automation: Automation,
) -> None:
    automation.export(CHATS, DAYS)
    automation.settle()
    automation.export(CHATS, "2026-02-27", full_refresh=True)
    assert automation.settle() == [{"chats_latest": []}]


def test_an_event_stream_touches_its_own_day_alone(automation: Automation) -> None:
    automation.export(CONVERSIONS, DAYS)
    automation.settle()
    automation.export(CONVERSIONS, "2026-02-27", full_refresh=True)
    assert automation.settle() == [{"conversion_attribution": ["2026-02-27"]}]


def test_a_chat_that_is_updated_days_later_touches_the_day_it_started(
    automation: Automation,
) -> None:
    chat = {
        "id": "mine",
        "type": "chat",
        "timestamp": "2026-02-26T10:00:00Z",
        "update_timestamp": "2026-02-26T10:10:00Z",
        "department_id": None,
        "deleted": False,
        "missed": False,
        "rating": None,
    }
    automation.sandbox.reset(**NO_LIMITS, seeded=False, now=NOW, clock="frozen")
    automation.sandbox.put("chats", [chat])
    automation.export(CHATS, DAYS)
    automation.settle()
    rated = {**chat, "rating": "good", "update_timestamp": "2026-03-01T09:00:00Z"}
    automation.sandbox.put("chats", [rated])
    automation.export(CHATS, "2026-03-01")
    # It is rated on a day that is new, but that it did not start on.
    # The day before waited for chats that end after midnight.
    touched = ["2026-02-26", "2026-02-28", "2026-03-01"]
    assert automation.settle() == [
        {"chats_latest": []},
        dict.fromkeys(OF_CHATS, touched),
        {"chat_daily_summary": touched, "agent_daily_scorecard": touched[1:]},
        {"team_daily_summary": touched[1:]},
    ]
    # Without engagements nothing of the chat changed but its rating.
    rated = {**rated, "rating": "bad", "update_timestamp": "2026-03-01T09:30:00Z"}
    automation.sandbox.put("chats", [rated])
    automation.export(CHATS, "2026-03-01")
    assert automation.settle() == [
        {"chats_latest": []},
        {name: ["2026-02-26"] for name in OF_CHATS},
        {"chat_daily_summary": ["2026-02-26"]},
    ]


def test_nothing_is_asked_for_while_what_it_is_made_of_is_being_made(
    automation: Automation,
) -> None:
    automation.export(CHATS, DAYS)
    job = automation.definitions.resolve_implicit_global_asset_job_def()
    started = automation.instance.create_run_for_job(
        job,
        asset_selection=frozenset({analytics_key("chats_latest")}),
        status=dg.DagsterRunStatus.STARTED,
    )
    assert automation.tick() == {}
    automation.instance.report_run_canceled(started)
    assert automation.tick() == {"chats_latest": []}


@pytest.mark.parametrize("start", ["2026-01-01", "2026-02-28"], ids=["as it was", "later"])
def test_a_backfill_is_waited_for_unless_its_partitions_are_gone(
    start: str, automation: Automation
) -> None:
    automation.export(CHATS, DAYS)
    # As a backfill of the UI is asked for, and not yet begun.
    automation.instance.add_backfill(
        PartitionBackfill.from_asset_partitions(
            backfill_id="backfill",
            asset_graph=automation.definitions.resolve_asset_graph(),
            partition_names=["2026-02-26", "2026-02-27", "2026-02-28"],
            asset_selection=[dg.AssetKey(list(CHATS.path))],
            backfill_timestamp=automation.now.timestamp(),
            tags={},
            dynamic_partitions_store=automation.instance,
            all_partitions=False,
            title=None,
            description=None,
            run_config=None,
        )
    )
    automation.definitions = build_definitions(
        dg.DailyPartitionsDefinition(start_date=start, end_offset=1),
        chat_resource(automation.sandbox),
        support_resource(automation.sandbox),
        LakeFolder(location=str(automation.lake.root), analytics_every_s=0),
    )
    assert automation.tick() == ({} if start < DAYS[0] else {"chats_latest": []})


def test_what_failed_is_asked_for_again_within_the_hour(automation: Automation) -> None:
    automation.export(CHATS, DAYS)
    blocked = automation.lake.root / GROUP / "chats_latest"
    blocked.parent.mkdir(parents=True)
    blocked.write_text("in the way")
    asked = automation.tick()
    assert asked == {"chats_latest": []}
    automation.run(asked, fails=True)
    blocked.unlink()
    assert [automation.tick() for _ in range(3)] == [{}, {}, {}]
    automation.now += timedelta(hours=1)
    assert automation.tick() == {"chats_latest": []}


def test_the_automation_ships_switched_off() -> None:
    assert automation_sensor(SITE).name == "analytics_automation"
    assert automation_sensor(SITE).default_status is dg.DefaultSensorStatus.STOPPED
