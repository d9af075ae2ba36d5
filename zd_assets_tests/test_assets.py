"""The export assets in a real Dagster instance, against the sandbox."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from zd_assets.catalog.chat import AGENT_TIMELINE, CHATS, CONVERSIONS
from zd_assets.catalog.export import Export
from zd_assets.catalog.registry import EXPORTS
from zd_assets.catalog.support import TICKETS
from zd_assets.defs.resources import ZendeskChat, ZendeskSupport
from zd_assets.lake.lake import Lake
from zd_assets.lake.state import partition_states
from zd_assets.sandbox import Running
from zd_assets_tests.conftest import NO_LIMITS, NOW
from zd_assets_tests.helpers.dagster_runs import (
    api_resource,
    chat_resource,
    cli_env,
    dagster,
    materialize,
    partition_events,
    support_resource,
)
from zd_assets_tests.helpers.truth import assert_lake_is_true, day, days

BAD_TOKEN = "not-the-token"


@pytest.fixture
def instance() -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.ephemeral() as ephemeral:
        yield ephemeral


@pytest.fixture
def small(sandbox: Running) -> Running:
    """A sandbox with 200 chats and 40 tickets a day."""
    begin_anew(sandbox)
    return sandbox


def begin_anew(sandbox: Running) -> None:
    # A late start: routing is walked from the beginning of its stream.
    data = {"chats_per_day": 200, "tickets_per_day": 40, "start": "2026-01-26"}
    sandbox.reset(**NO_LIMITS, **data, now=NOW, clock="frozen")


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)
def test_one_run_over_a_range_leaves_one_event_for_each_partition(
    export: Export, small: Running, lake: Lake, instance: dg.DagsterInstance
) -> None:
    keys = [partition.key for partition in days("2026-02-01", 5)]
    api = api_resource(export.api, small)
    result = materialize(instance, export, (keys[0], keys[-1]), api, lake)
    assert result.success
    events = partition_events(instance, export)
    assert sorted(key for key, _ in events) == keys
    for key, metadata in events:
        footer = lake.footer(export, day(key))
        assert footer
        assert metadata["dagster/partition_row_count"].value == footer.items
        assert metadata["complete"].value is True
        assert metadata["path"].value == str(lake.path(export, day(key)))
        assert metadata["fetched_by_run"].value == result.run_id
    assert_lake_is_true(small, lake, export, days(keys[0], 5))


def test_one_partition_is_one_event(
    small: Running, lake: Lake, instance: dg.DagsterInstance
) -> None:
    assert materialize(instance, CHATS, "2026-02-03", chat_resource(small), lake).success
    assert [key for key, _ in partition_events(instance, CHATS)] == ["2026-02-03"]
    assert_lake_is_true(small, lake, CHATS, [day("2026-02-03")])


def test_the_open_day_says_how_far_it_is_complete(
    small: Running, lake: Lake, instance: dg.DagsterInstance
) -> None:
    assert materialize(instance, CHATS, "2026-03-01", chat_resource(small), lake).success
    [(_, metadata)] = partition_events(instance, CHATS)
    assert metadata["complete"].value is False
    footer = lake.footer(CHATS, day("2026-03-01"))
    assert footer
    assert footer.complete_until_us == day("2026-03-01").start_us + (11 * 60 + 55) * 60_000_000
    assert metadata["complete_until"].value == footer.complete_until_us / 1e6
    assert str(metadata["follow_up"].value).startswith(
        "after the polling interval: the last page had count "
    )


def test_what_a_failing_run_committed_is_reported_once_and_adopted_by_the_next(
    small: Running, lake: Lake, instance: dg.DagsterInstance
) -> None:
    keys = [partition.key for partition in days("2026-02-01", 6)]
    whole = (keys[0], keys[-1])
    small.faults([{"kind": "status", "status": 503, "after": 2, "times": -1}])
    chat = chat_resource(small, page_size=100, max_parallel_windows=1)
    failed = materialize(instance, CHATS, whole, chat, lake)
    assert not failed.success
    committed = [key for key, _ in partition_events(instance, CHATS)]
    there = [(key, footer) for key in keys if (footer := lake.footer(CHATS, day(key)))]
    assert committed == [key for key, footer in there if footer.complete]
    # The part of the day at which it failed is told by an observation.
    observed = instance.fetch_observations(dg.AssetKey(list(CHATS.path)), limit=10).records
    assert [record.partition_key for record in observed] == [
        key for key, footer in there if not footer.complete
    ]
    assert committed, "the pages before the fault must have filled a partition"

    begin_anew(small)
    complete_before = [key for key in committed if lake.footer(CHATS, day(key)).complete]  # type: ignore[union-attr]
    assert materialize(instance, CHATS, whole, chat_resource(small), lake).success
    events = partition_events(instance, CHATS)[len(committed) :]
    assert sorted(key for key, _ in events) == keys
    for key, metadata in events:
        assert str(metadata["action"].value).startswith("adopted") is (key in complete_before)
    assert_lake_is_true(small, lake, CHATS, days(keys[0], 6))

    # Reported by a run that succeeded, it is a partition like any other: fetched whole when asked.
    assert materialize(instance, CHATS, complete_before[0], chat_resource(small), lake).success
    assert partition_events(instance, CHATS)[-1][1]["action"].value == "fetched whole"


def test_refetch_fetches_whole_what_would_be_resumed(
    small: Running, lake: Lake, instance: dg.DagsterInstance
) -> None:
    chat = chat_resource(small)
    materialize(instance, AGENT_TIMELINE, "2026-03-01", chat, lake)
    materialize(instance, AGENT_TIMELINE, "2026-03-01", chat, lake)
    materialize(instance, AGENT_TIMELINE, "2026-03-01", chat, lake, full_refresh=True)
    actions = [
        metadata["action"].value for _, metadata in partition_events(instance, AGENT_TIMELINE)
    ]
    assert actions == ["fetched whole", "resumed", "fetched whole"]


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"token": None}, "ZENDESK_CHAT_TOKEN is not set"),
        ({"token": BAD_TOKEN}, "check ZENDESK_CHAT_TOKEN"),
        ({"page_size": 0}, "page_size is 0; it must be from 1 to 1000"),
        ({"page_size": 1001}, "page_size is 1001; it must be from 1 to 1000"),
        ({"max_pages_per_run": 0}, "max_pages_per_run is 0; it must be at least 1"),
        ({"requests_per_minute": 0}, "requests_per_minute (ZD_CHAT_REQUESTS_PER_MINUTE) is 0"),
        ({"url": "http://zendesk.example/api/v2"}, "is plain http"),
        ({"url": "zendesk.example"}, "is no http(s) address"),
        ({"url": "https://no-such-host.invalid/api"}, "there is no host 'no-such-host.invalid'"),
        ({"hash": ["chats.visitor.email"]}, "hash needs a hash_key"),
    ],
)
def test_a_bad_setting_fails_the_run_with_one_clear_message(
    settings: dict[str, object],
    message: str,
    small: Running,
    lake: Lake,
    instance: dg.DagsterInstance,
) -> None:
    result = materialize(
        instance, CONVERSIONS, "2026-02-03", chat_resource(small, **settings), lake
    )
    assert_failed(result, message, instance)
    assert lake.footer(CONVERSIONS, day("2026-02-03")) is None


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"api_token": None}, "ZENDESK_API_TOKEN is not set; set ZENDESK_EMAIL and"),
        ({"email": None}, "ZENDESK_EMAIL is not set; set ZENDESK_EMAIL and"),
        ({"api_token": BAD_TOKEN}, "check ZENDESK_EMAIL and ZENDESK_API_TOKEN"),
        ({"oauth_token": BAD_TOKEN}, "check ZENDESK_OAUTH_TOKEN"),
        ({"url": None}, "ZENDESK_SUBDOMAIN is not set"),
        ({"requests_per_minute": 0}, "requests_per_minute (ZD_SUPPORT_REQUESTS_PER_MINUTE) is 0"),
        ({"page_size": 1001}, "page_size is 1001; it must be from 1 to 1000"),
        ({"pagination": {"chats": "time"}}, "pagination: there is no Support export 'chats'"),
        (
            {"pagination": {"users": "pages"}},
            "users can't have 'pages'; it can have cursor or time",
        ),
        (
            {"include": {"tickets": ["roles"]}},
            "tickets can't have 'roles'; it can have users or groups or organizations",
        ),
    ],
)
def test_a_bad_setting_of_support_does_so_too(
    settings: dict[str, object],
    message: str,
    small: Running,
    lake: Lake,
    instance: dg.DagsterInstance,
) -> None:
    support = support_resource(small, **settings)
    result = materialize(instance, TICKETS, "2026-02-03", support, lake)
    assert_failed(result, message, instance)
    assert lake.footer(TICKETS, day("2026-02-03")) is None


def assert_failed(
    result: dg.ExecuteInProcessResult, message: str, instance: dg.DagsterInstance
) -> None:
    assert not result.success
    [failure] = [event for event in result.all_events if event.is_step_failure]
    error = failure.step_failure_data.user_failure_data
    assert error
    assert message in (error.description or "")
    logged = " ".join(str(entry) for entry in instance.all_logs(result.run_id))
    for secret in (BAD_TOKEN, "sandbox-token", "sandbox-api-token"):
        assert secret not in logged


@pytest.mark.parametrize("cause", ["unset variable", "not allowed", "unwritable lake"])
def test_an_expected_error_is_its_message_alone_without_a_trace(
    cause: str, small: Running, lake: Lake, instance: dg.DagsterInstance
) -> None:
    settings: dict[str, object] = {}
    if cause == "unset variable":
        settings, message = {"token": None}, "ZENDESK_CHAT_TOKEN is not set; "
    elif cause == "not allowed":
        small.faults([{"kind": "status", "status": 403, "times": -1}])
        message = "127.0.0.1/api/v2/chat/incremental/chats answered 403"
    else:
        lake.root.write_text("a file")
        message = f"can't write {lake.root}"
    result = materialize(instance, CHATS, "2026-02-03", chat_resource(small, **settings), lake)
    assert not result.success
    kinds = {dg.DagsterEventType.STEP_FAILURE, dg.DagsterEventType.RUN_FAILURE}
    entries = instance.all_logs(result.run_id, of_type=kinds)
    assert len(entries) == 2
    for entry in entries:
        event = entry.dagster_event
        assert event
        data = event.event_specific_data
        error = (
            getattr(data, "error", None) or data.first_step_failure_event.event_specific_data.error
        )  # type: ignore[union-attr]
        [line] = error.to_string().splitlines()
        assert line.startswith(message)


def test_the_command_line_says_what_is_wrong_in_a_line(
    small: Running, lake: Lake, tmp_path: Path
) -> None:
    env = cli_env(small, tmp_path / "dagster", lake)
    del env["ZENDESK_CHAT_TOKEN"]
    command = ["asset", "materialize", "-m", "zd_assets.definitions"]
    command += ["--select", "zendesk_chat/chats", "--partition", "2026-02-03"]
    output, _ = dagster(command, env).communicate()
    ours = [line for line in output.splitlines() if " - dagster - " not in line]
    assert [line for line in ours if line.startswith("ZENDESK_CHAT_TOKEN is not set; ")]
    assert "Traceback" not in output
    assert "Stack Trace" not in output
    assert len(ours) < 10, output


def test_no_secret_is_in_the_resources_repr() -> None:
    chat = ZendeskChat(token="sesame", hash_key="pepper", hash=["chats.visitor.email"])
    support = ZendeskSupport(api_token="sesame", oauth_token="sesame", hash_key="pepper")
    for text in (repr(chat), repr(support)):
        assert "sesame" not in text
        assert "pepper" not in text


def test_support_is_fetched_by_what_its_environment_says(
    small: Running, lake: Lake, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch
) -> None:
    for variable, value in {
        "ZENDESK_SUPPORT_URL": f"{small.url}/api/v2/",
        "ZENDESK_OAUTH_TOKEN": "sandbox-oauth-token",
        "ZD_SUPPORT_REQUESTS_PER_MINUTE": "1000",
    }.items():
        monkeypatch.setenv(variable, value)
    assert materialize(instance, TICKETS, "2026-02-03", ZendeskSupport(), lake).success
    assert_lake_is_true(small, lake, TICKETS, [day("2026-02-03")])


def test_a_partition_says_by_which_parameters_and_sideloads_it_was_fetched(
    small: Running, lake: Lake, instance: dg.DagsterInstance
) -> None:
    support = support_resource(small, include={"tickets": ["users", "groups"]})
    assert materialize(instance, TICKETS, "2026-02-03", support, lake).success
    [(_, metadata)] = partition_events(instance, TICKETS)
    assert metadata["parameters"].value == {
        "include": "users,groups",
        "support_type_scope": "all",
    }
    footer = lake.footer(TICKETS, day("2026-02-03"))
    assert footer
    for name, items in footer.sideloads.items():
        assert metadata[f"items_of_{name}"].value == items > 0
    assert sorted(footer.sideloads) == ["tickets__groups", "tickets__users"]
    assert metadata["cursor"].value


def test_partitions_that_the_page_budget_didnt_reach_are_followed_up_at_once(
    small: Running, lake: Lake, instance: dg.DagsterInstance
) -> None:
    chat = chat_resource(small, page_size=100, max_pages_per_run=1)
    assert materialize(instance, CHATS, ("2026-02-01", "2026-02-20"), chat, lake).success
    events = dict(partition_events(instance, CHATS))
    assert len(events) == 20
    last = events["2026-02-20"]
    assert str(last["action"].value).startswith("not reached")
    assert last["complete"].value is False
    states = partition_states(lake, CHATS, days("2026-02-01", 20))
    assert states[0].follow_up_now, "it was read in part, and the budget was spent"
    assert all(state.open and state.begun for state in states)


def test_dg_launch_fills_a_range(small: Running, lake: Lake, tmp_path: Path) -> None:
    launched = subprocess.run(
        [
            *(str(Path(sys.executable).with_name("dg")), "launch"),
            *("--assets", "zendesk_chat/conversions"),
            *("--partition-range", "2026-02-01...2026-02-03"),
        ],
        cwd=Path(__file__).parents[1],
        env=cli_env(small, tmp_path / "dagster", lake),
        capture_output=True,
        text=True,
        check=False,
    )
    assert launched.returncode == 0, launched.stderr
    assert_lake_is_true(small, lake, CONVERSIONS, days("2026-02-01", 3))
