"""Dagster on Postgres: its daemon dies amid following, and another goes on."""

from datetime import timedelta
from itertools import pairwise
from pathlib import Path

import dagster as dg
import pytest

from zd_assets.catalog.chat import CHATS
from zd_assets.lake.lake import Lake
from zd_assets.sandbox import Running
from zd_assets_tests.conftest import UNLIMITED
from zd_assets_tests.helpers.dagster_dev import midnight, settled_chats, wait, wait_out_midnight
from zd_assets_tests.helpers.dagster_runs import cli_env
from zd_assets_tests.helpers.deployment import Deployment, configure
from zd_assets_tests.helpers.truth import assert_same, day, lake_items

START_SENSOR = """
mutation { startSensor(sensorSelector: {sensorName: "chats_follow_up",
    repositoryName: "__repository__", repositoryLocationName: "zd_assets"}) { __typename } }
"""


@pytest.mark.slow
def test_the_daemon_is_killed_amid_following_and_another_goes_on(
    sandbox: Running, lake: Lake, postgres: str, tmp_path: Path
) -> None:
    wait_out_midnight()
    today = day(f"{midnight():%Y-%m-%d}")
    sandbox.reset(requests_per_minute=UNLIMITED, seeded=False)
    chats = settled_chats(120)
    sandbox.put("chats", chats)
    home = tmp_path / "dagster"
    env = cli_env(
        sandbox,
        home,
        lake,
        DAGSTER_PG_URL=postgres.replace("postgresql://", "postgresql+psycopg2://"),
        ZD_START_DATE=f"{midnight() - timedelta(days=3):%Y-%m-%d}",
        TEST_PAGES_PER_RUN="1",
        TEST_PAGE_SIZE="40",
    )
    configure(home, "dagster.yaml")
    deployment = Deployment(env)
    with deployment.running() as instance:
        started = deployment.asked(START_SENSOR)["startSensor"]
        assert started["__typename"] == "Sensor"

        def done() -> int:
            return instance.get_runs_count(dg.RunsFilter(statuses=[dg.DagsterRunStatus.SUCCESS]))

        with deployment.daemon() as daemon:
            wait(lambda: done() >= 2)
            daemon.kill()
            daemon.wait()
        with deployment.daemon():
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
