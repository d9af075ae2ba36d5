"""The example of a host project: two accounts side by side, and an asset downstream of both."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pytest

from zd_assets import sandbox as zendesk_sandbox
from zd_assets.lake.lake import Lake
from zd_assets.sandbox import Running, Settings
from zd_assets_tests.conftest import NO_LIMITS, NOW
from zd_assets_tests.helpers.dagster_runs import cli_env
from zd_assets_tests.helpers.foreign_project import command
from zd_assets_tests.helpers.truth import day

HOST = Path(__file__).parents[1] / "examples" / "host"
DAY = "2026-02-03"


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Running]:
    settings = Settings(
        **NO_LIMITS,
        seed=2,
        token="bravo-token",
        api_token="bravo-api-token",
        now=NOW,
        clock="frozen",
    )
    with zendesk_sandbox.start(settings) as running:
        yield running


@pytest.mark.slow
def test_the_host_project_counts_the_chats_of_both_accounts(
    sandbox: Running, other: Running, lake: Lake, tmp_path: Path
) -> None:
    project = tmp_path / "host"
    shutil.copytree(HOST, project)
    accounts = {
        "ACME": (sandbox, "sandbox-token", "sandbox-api-token"),
        "BRAVO": (other, "bravo-token", "bravo-api-token"),
    }
    env = cli_env(sandbox, tmp_path / "home", lake)
    for name, (running, token, api_token) in accounts.items():
        env |= {
            f"{name}_CHAT_URL": f"{running.url}/api/v2/chat",
            f"{name}_CHAT_TOKEN": token,
            f"{name}_SUPPORT_URL": f"{running.url}/api/v2",
            f"{name}_EMAIL": "agent@example.com",
            f"{name}_API_TOKEN": api_token,
        }
    select = "acme/zendesk_chat/chats,bravo/zendesk_chat/chats,chats_by_account"
    arguments = ["asset", "materialize", "-m", "host.definitions", "--select", select]
    done = command("dagster", [*arguments, "--partition", DAY], project, env)
    assert done.returncode == 0, done.stderr
    start_s = day(DAY).start_us / 1e6
    expected = sum(
        len(running.truth("chats", start_s, start_s + 86_400))
        for running, _, _ in accounts.values()
    )
    with dg.DagsterInstance.from_config(str(tmp_path / "home")) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey("chats_by_account"))
    assert event
    assert event.asset_materialization
    assert event.asset_materialization.metadata["chats"].value == expected > 0
