"""A team's deployment: Dagster on Postgres, its processes apart, as `deploy/` configures them."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import requests

from zd_assets.exports.chat import CHATS
from zd_assets.lake.lake import Lake
from zd_assets.sandbox import Running
from zd_assets_tests.conftest import UNLIMITED
from zd_assets_tests.dagster_dev import free_port, midnight, settled_chats, wait, wait_out_midnight
from zd_assets_tests.dagster_runs import cli_env
from zd_assets_tests.truth import assert_same, day, lake_items

DEPLOY = Path(__file__).parents[1] / "deploy"
MODULE = "zd_assets_tests.following_definitions"
_QUIET: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
START_SENSOR = """
mutation { startSensor(sensorSelector: {sensorName: "chats_follow_up",
    repositoryName: "__repository__", repositoryLocationName: "zd_assets"}) { __typename } }
"""


@contextmanager
def running(env: dict[str, str], *command: str) -> Iterator[subprocess.Popen[bytes]]:
    """A process of the deployment, ended at the end if it is still there."""
    process = subprocess.Popen([sys.executable, "-m", *command], env=env, **_QUIET)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(60)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


@pytest.mark.slow
def test_the_daemon_is_killed_amid_following_and_another_goes_on(
    sandbox: Running, lake: Lake, postgres: str, tmp_path: Path
) -> None:
    wait_out_midnight()
    today = day(f"{midnight():%Y-%m-%d}")
    sandbox.reset(requests_per_minute=UNLIMITED, seeded=False)
    chats = settled_chats(200)
    sandbox.put("chats", chats)
    home, port, code_port = tmp_path / "dagster", free_port(), free_port()
    address = postgres.replace("postgresql://", "postgresql+psycopg2://")
    env = cli_env(
        sandbox,
        home,
        lake,
        DAGSTER_PG_URL=address,
        ZD_CODE_SERVER="127.0.0.1",
        ZD_CODE_SERVER_PORT=str(code_port),
        ZD_START_DATE=f"{midnight() - timedelta(days=3):%Y-%m-%d}",
        TEST_PAGES_PER_RUN="1",
        TEST_PAGE_SIZE="40",
    )
    shutil.copy(DEPLOY / "dagster.yaml", home)
    workspace = ("-w", str(DEPLOY / "workspace.yaml"))
    url = f"http://127.0.0.1:{port}"
    with ExitStack() as stack:
        code = ("dagster", "code-server", "start", "-m", MODULE, "--location-name", "zd_assets")
        stack.enter_context(running(env, *code, "--host=127.0.0.1", f"--port={code_port}"))
        health = ("dagster", "api", "grpc-health-check", f"--port={code_port}")
        wait(lambda: subprocess.run([sys.executable, "-m", *health], **_QUIET).returncode == 0)
        stack.enter_context(running(env, "dagster_webserver", *workspace, f"--port={port}"))
        wait(lambda: _location_loads(url))
        assert _asked(url, START_SENSOR)["startSensor"]["__typename"] == "Sensor"
        instance = stack.enter_context(_instance(home, address))

        def done() -> int:
            return instance.get_runs_count(dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS]))

        with running(env, "dagster._daemon", "run", *workspace) as daemon:
            wait(lambda: done() >= 2)
            daemon.kill()
            daemon.wait()
        with running(env, "dagster._daemon", "run", *workspace):
            wait(lambda: bool((f := lake.footer(CHATS, today)) and f.items == len(chats)))
            wait(lambda: all(run.is_finished for run in instance.get_runs()))
        records = list(instance.get_run_records(ascending=True))
    assert all(one.dagster_run.is_success for one in records)
    assert_same(lake_items(lake, CHATS, today), chats)
    # One after the other: no two runs of the export at once, before the kill or after it.
    spans = [(one.start_time or 0, one.end_time or 0) for one in records]
    assert all(a[1] <= b[0] for a, b in pairwise(spans))
    keys = [one.dagster_run.tags["dagster/run_key"] for one in records]
    assert len(set(keys)) == len(keys), "the other daemon repeated nothing"


@contextmanager
def _instance(home: Path, address: str) -> Iterator[dg.DagsterInstance]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DAGSTER_PG_URL", address)
        with dg.DagsterInstance.from_config(str(home)) as instance:
            yield instance


def _location_loads(url: str) -> bool:
    query = "{ workspaceOrError { ... on Workspace { locationEntries { loadStatus } } } }"
    try:
        entries = _asked(url, query)["workspaceOrError"]["locationEntries"]
    except requests.RequestException:
        return False
    return [entry["loadStatus"] for entry in entries] == ["LOADED"]


def _asked(url: str, query: str) -> dict[str, dict[str, list[dict[str, str]]]]:
    response = requests.post(f"{url}/graphql", json={"query": query}, timeout=30)
    response.raise_for_status()
    data: dict[str, dict[str, list[dict[str, str]]]] = response.json()["data"]
    return data
