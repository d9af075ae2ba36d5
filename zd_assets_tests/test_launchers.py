"""The ways to launch runs and to keep what they print, loaded by Dagster as instances do."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest
from dagster_aws.ecs import EcsRunLauncher
from dagster_aws.s3 import S3ComputeLogManager
from dagster_docker import DockerRunLauncher

from zd_assets.defs.celery_launcher import WorkersRunLauncher
from zd_assets_tests.helpers.deployment import DEPLOY
from zd_assets_tests.helpers.object_store import BUCKET, s3

PRINTED = "what a step printed"


def _instance(home: Path, *files: str) -> dg.DagsterInstance:
    home.mkdir()
    (home / "dagster.yaml").write_text("".join((DEPLOY / name).read_text() for name in files))
    return dg.DagsterInstance.from_config(str(home))


@pytest.mark.parametrize(
    ("file", "kind"),
    [
        ("celery/launcher.yaml", WorkersRunLauncher),
        ("docker/launcher.yaml", DockerRunLauncher),
        ("ecs/launcher.yaml", EcsRunLauncher),
    ],
)
def test_dagster_takes_the_launcher(
    file: str, kind: type[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-central-1")
    monkeypatch.setenv("CELERY_BROKER_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("CELERY_RESULT_BACKEND", "redis://127.0.0.1:1/1")
    with _instance(tmp_path / "home", file) as instance:
        assert type(instance.run_launcher) is kind


def test_what_a_run_prints_is_shown_by_a_machine_that_shares_no_disk_with_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    @dg.asset
    def talks() -> None:
        print(PRINTED)

    with s3() as store:
        for name, value in store.env.items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AWS_DEFAULT_REGION", store.env["AWS_REGION"])
        monkeypatch.setenv("DAGSTER_LOGS_BUCKET", BUCKET)
        with _instance(tmp_path / "run", "s3/compute_logs.yaml") as instance:
            run = dg.materialize([talks], instance=instance)
            [event] = run.filter_events(lambda event: event.event_type_value == "LOGS_CAPTURED")
        log_key = [run.run_id, "compute_logs", event.logs_captured_data.file_key]
        [out] = [key for key in store.keys("dagster") if key.endswith(".out")]
        assert run.run_id in out
        with _instance(tmp_path / "webserver", "s3/compute_logs.yaml") as instance:
            logs = instance.compute_log_manager
            assert isinstance(logs, S3ComputeLogManager)
            shown = logs.get_log_data(log_key)
    assert shown.stdout
    assert PRINTED in shown.stdout.decode()
