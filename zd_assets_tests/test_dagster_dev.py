"""Following through a whole `dagster dev`: its daemon, its queue, its run launcher."""

import json
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import requests
import yaml

from zd_assets.catalog.chat import CHATS
from zd_assets.defs.exports.instance_state import FOLLOW_UP_TAG
from zd_assets.lake.lake import Lake
from zd_assets.sandbox import Running
from zd_assets_tests.conftest import UNLIMITED
from zd_assets_tests.helpers.dagster_dev import (
    PATIENCE_S,
    dagster_dev,
    settled_chats,
    wait,
    wait_out_midnight,
)
from zd_assets_tests.helpers.dagster_runs import cli_env, dagster
from zd_assets_tests.helpers.deployment import DEPLOY
from zd_assets_tests.helpers.truth import assert_lake_is_true, day

MODULE = "zd_assets_tests.helpers.following_definitions"
POLL_S = 20
STRETCHES = 4

INSTANCE = """\
telemetry: {enabled: false}
nux: {enabled: false}
concurrency: {pools: {default_limit: 1}}
"""

BACKFILL = """
mutation Backfill($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}
"""

REEXECUTION = """
mutation Reexecution($params: ReexecutionParams!) {
  reexecutePartitionBackfill(reexecutionParams: $params) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}
"""


@dataclass
class Deployment:
    """A `dagster dev` on an instance of its own."""

    sandbox: Running
    lake: Lake
    instance: dg.DagsterInstance
    env: dict[str, str]

    def dev(self) -> AbstractContextManager[str]:
        """Run `dagster dev`; gives the UI's address."""
        return dagster_dev(["-m", MODULE], self.env)

    def command(self, *arguments: str) -> None:
        """Run a `dagster` command to its end."""
        process = dagster([*arguments, "-m", MODULE], self.env)
        output, _ = process.communicate(timeout=PATIENCE_S)
        assert process.returncode == 0, output

    def runs(self) -> list[dg.RunRecord]:
        """Every run of chats, oldest first."""
        return list(self.instance.get_run_records(ascending=True))

    def caught_up(self) -> bool:
        """Whether today's partition waits for the polling interval."""
        footer = self.lake.footer(CHATS, _today())
        return bool(footer and footer.last_page and not footer.last_page.follow_up_now)


@pytest.fixture
def deployment(sandbox: Running, lake: Lake, tmp_path: Path) -> Iterator[Deployment]:
    wait_out_midnight()
    sandbox.reset(requests_per_minute=UNLIMITED, chats_per_day=60)
    home = tmp_path / "dagster"
    start = (datetime.now(UTC) - timedelta(days=400)).strftime("%Y-%m-%d")
    env = cli_env(
        sandbox,
        home,
        lake,
        ZD_POLL_INTERVAL=str(POLL_S),
        ZD_START_DATE=start,
        TEST_PAGES_PER_RUN="500",
        TEST_PAGE_SIZE="1000",
    )
    (home / "dagster.yaml").write_text(INSTANCE)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield Deployment(sandbox, lake, instance, env)


@pytest.mark.slow
def test_the_daemon_follows_page_by_page_then_polls_and_survives_a_restart(
    deployment: Deployment,
) -> None:
    deployment.env |= {"TEST_PAGES_PER_RUN": "1", "TEST_PAGE_SIZE": "40"}
    deployment.sandbox.reset(requests_per_minute=UNLIMITED, seeded=False)
    deployment.sandbox.put("chats", settled_chats(120))
    with deployment.dev():
        deployment.command("sensor", "start", "chats_follow_up")
        wait(lambda: len(deployment.runs()) >= 2)
    # Killed in the middle, and started again.
    with deployment.dev():
        wait(deployment.caught_up)
        wait(lambda: all(record.dagster_run.is_finished for record in deployment.runs()))
        while_catching_up = len(deployment.runs())
        assert while_catching_up >= 3, "follow-up runs, one after another"
        asked = len(deployment.sandbox.requests())
        time.sleep(POLL_S * 2.5)
        polls = len(deployment.sandbox.requests()) - asked
    runs = deployment.runs()
    assert all(r.dagster_run.status is dg.DagsterRunStatus.SUCCESS for r in runs)
    # Each interval a poll of the sensor's own, of two requests while the items are within reach.
    # The last page of what is within reach can cost a run more.
    assert len(runs) <= while_catching_up + 1, "nothing is new, so nothing runs"
    assert 1 <= polls <= 6
    keys = [record.dagster_run.tags["dagster/run_key"] for record in runs]
    assert len(set(keys)) == len(keys), "the restarted daemon repeated nothing"
    _assert_one_at_a_time(deployment)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("policy", "runs_at_once", "saying"),
    [
        ("full_page", 3, "count 20 < limit 40 under the policy full_page"),
        ("documented", 1, "count 40 = limit 40 under the policy documented"),
    ],
)
def test_the_daemon_follows_at_once_as_the_policy_says(
    policy: str, runs_at_once: int, saying: str, deployment: Deployment
) -> None:
    # No poll comes in between: what runs, runs at once.
    deployment.env |= {"TEST_PAGES_PER_RUN": "1", "TEST_PAGE_SIZE": "40"}
    deployment.env |= {"TEST_POLICY": policy, "ZD_POLL_INTERVAL": "3600"}
    deployment.sandbox.reset(requests_per_minute=UNLIMITED, seeded=False)
    deployment.sandbox.put("chats", settled_chats(100))
    with deployment.dev():
        deployment.command("sensor", "start", "chats_follow_up")
        wait(lambda: any(saying in reason for reason in _skip_reasons(deployment)))
    assert len(deployment.runs()) == runs_at_once


@pytest.mark.slow
def test_a_year_is_one_run_and_a_week_of_downtime_is_another(deployment: Deployment) -> None:
    today, last_week = _today(), _days_before(_today(), 7)
    # A week ago, exported when it was still open; nothing since.
    late = datetime.fromtimestamp(last_week.end_us / 1e6 - 3600, UTC).isoformat()
    deployment.sandbox.clock(now=late)
    deployment.command(
        *("asset", "materialize", "--select", "zendesk_chat/chats"),
        *("--partition", last_week.key),
    )
    footer = deployment.lake.footer(CHATS, last_week)
    assert footer
    assert not footer.complete
    deployment.sandbox.clock(now=None)

    with deployment.dev() as ui:
        year = [_days_before(today, ago).key for ago in range(372, 7, -1)]
        deployment.sandbox.forget_requests()
        _launch_backfill(ui, year)
        wait(lambda: _is_complete(deployment, day(year[0])))
        deployment.command("sensor", "start", "chats_follow_up")
        wait(lambda: _is_complete(deployment, last_week))
        wait(lambda: _is_complete(deployment, _days_before(today, 1)))
        wait(deployment.caught_up)
    wait(lambda: all(record.dagster_run.is_finished for record in deployment.runs()))
    _assert_one_at_a_time(deployment)
    backfills = [r for r in deployment.runs() if "dagster/backfill" in r.dagster_run.tags]
    assert len(backfills) == 1, "a backfill over a range is one run"
    tags = backfills[0].dagster_run.tags
    assert tags["dagster/asset_partition_range_start"] == year[0]
    assert tags["dagster/asset_partition_range_end"] == year[-1]
    footers = [deployment.lake.footer(CHATS, day(key)) for key in year]
    assert all(footer and footer.complete for footer in footers)
    items = sum(footer.items for footer in footers if footer)
    assert items > 10_000
    asked = [r for r in deployment.sandbox.requests() if _asks_before(r, last_week)]
    assert len(asked) <= -(-items // 1000) + 2 * STRETCHES
    followed = [r for r in deployment.runs() if FOLLOW_UP_TAG in r.dagster_run.tags]
    first = followed[0].dagster_run.tags
    assert first["dagster/asset_partition_range_start"] == last_week.key
    assert first["dagster/asset_partition_range_end"] == today.key


@pytest.mark.slow
def test_of_overlapping_backfills_on_a_new_instance_one_fetches_at_a_time(
    deployment: Deployment,
) -> None:
    # The limit that is shipped holds for a pool that the instance has never seen, too.
    shipped = yaml.safe_load((DEPLOY / "dagster.yaml").read_text())["concurrency"]["pools"]
    home = Path(deployment.env["DAGSTER_HOME"])
    (home / "dagster.yaml").write_text(INSTANCE.replace("{default_limit: 1}", json.dumps(shipped)))
    today = _today()
    # Slow enough that they would meet.
    deployment.sandbox.settings(latency=0.4)
    with deployment.dev() as ui:
        for first in (40, 35, 30):
            _launch_backfill(ui, [_days_before(today, first - n).key for n in range(20)])
        wait(lambda: len(deployment.runs()) == 3)
        wait(lambda: all(record.dagster_run.is_finished for record in deployment.runs()))
    assert all(r.dagster_run.is_success for r in deployment.runs())
    spans = sorted(_fetching(deployment, record) for record in deployment.runs())
    for (_, end), (start, _) in pairwise(spans):
        assert start >= end, "two runs fetched one export at once"


@pytest.mark.slow
def test_a_backfill_that_fails_within_a_day_asks_for_that_day_when_it_is_executed_again(
    deployment: Deployment,
) -> None:
    deployment.env |= {"TEST_PAGE_SIZE": "40"}
    today = _today()
    asked = [_days_before(today, ago) for ago in range(40, 30, -1)]
    keys = [window.key for window in asked]
    deployment.sandbox.faults([{"kind": "status", "status": 400, "after": 5, "times": -1}])
    with deployment.dev() as ui:
        first = _launch_backfill(ui, keys)
        assert _ended(deployment, first) == "COMPLETED_FAILED"
        footers = {window.key: deployment.lake.footer(CHATS, window) for window in asked}
        assert any(footer and footer.items and not footer.complete for footer in footers.values())
        complete = {key for key, footer in footers.items() if footer and footer.complete}
        assert _statuses(deployment, keys) == {
            key: dg.AssetPartitionStatus.MATERIALIZED
            if key in complete
            else dg.AssetPartitionStatus.FAILED
            for key in keys
        }
        deployment.sandbox.reset(requests_per_minute=UNLIMITED, chats_per_day=60)
        _reexecute(ui, first)
        wait(lambda: len(deployment.runs()) == 2)
        wait(lambda: all(record.dagster_run.is_finished for record in deployment.runs()))
    assert set(_statuses(deployment, keys).values()) == {dg.AssetPartitionStatus.MATERIALIZED}
    assert all(_is_complete(deployment, window) for window in asked)
    assert_lake_is_true(deployment.sandbox, deployment.lake, CHATS, asked)


def _ended(deployment: Deployment, backfill_id: str) -> str:
    """How a backfill ended."""

    def status() -> str:
        backfill = deployment.instance.get_backfill(backfill_id)
        return backfill.status.value if backfill else ""

    wait(lambda: status() in ("COMPLETED_SUCCESS", "COMPLETED_FAILED", "FAILED", "CANCELED"))
    return status()


def _statuses(deployment: Deployment, keys: list[str]) -> dict[str, Any]:
    partitions_def = dg.DailyPartitionsDefinition(deployment.env["ZD_START_DATE"], end_offset=1)
    key = dg.AssetKey(list(CHATS.path))
    return dict(deployment.instance.get_status_by_partition(key, keys, partitions_def) or {})


def _fetching(deployment: Deployment, record: dg.RunRecord) -> tuple[float, float]:
    """When a run's step began and ended: with a limit on steps, runs wait for it inside."""
    logs = deployment.instance.all_logs(
        record.dagster_run.run_id,
        of_type={dg.DagsterEventType.STEP_START, dg.DagsterEventType.STEP_SUCCESS},
    )
    started, ended = (entry.timestamp for entry in logs)
    return started, ended


def _skip_reasons(deployment: Deployment) -> list[str]:
    return [
        tick.skip_reason or ""
        for sensor in deployment.instance.all_instigator_state()
        for tick in deployment.instance.get_ticks(
            sensor.instigator_origin_id, sensor.selector_id, limit=5
        )
    ]


def _asks_before(request: dict[str, Any], partition: Any) -> bool:
    return int(request["query"]["start_time"]) < partition.start_us // 10**6 - 1


def _assert_one_at_a_time(deployment: Deployment) -> None:
    spans = sorted((r.start_time or 0.0, r.end_time or 0.0) for r in deployment.runs())
    for (_, end), (start, _) in pairwise(spans):
        assert start >= end, "two runs of one export at once"


def _launch_backfill(ui: str, keys: list[str]) -> str:
    params = {"assetSelection": [{"path": list(CHATS.path)}], "partitionNames": keys}
    return _launched(ui, BACKFILL, "launchPartitionBackfill", params)


def _reexecute(ui: str, backfill_id: str) -> str:
    params = {"parentRunId": backfill_id, "strategy": "FROM_FAILURE"}
    return _launched(ui, REEXECUTION, "reexecutePartitionBackfill", params)


def _launched(ui: str, mutation: str, name: str, params: dict[str, Any]) -> str:
    body = {"query": mutation, "variables": {"params": params}}
    answer = requests.post(f"{ui}/graphql", json=body, timeout=30).json()["data"][name]
    assert answer["__typename"] == "LaunchBackfillSuccess", answer
    backfill_id: str = answer["backfillId"]
    return backfill_id


def _is_complete(deployment: Deployment, partition: Any) -> bool:
    footer = deployment.lake.footer(CHATS, partition)
    return bool(footer and footer.complete)


def _today() -> Any:
    return day(f"{datetime.now(UTC):%Y-%m-%d}")


def _days_before(partition: Any, days: int) -> Any:
    start = datetime.fromtimestamp(partition.start_us / 1e6, UTC) - timedelta(days=days)
    return day(f"{start:%Y-%m-%d}")
