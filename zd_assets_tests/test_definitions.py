"""What Dagster loads, and how it is loaded."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from zd_assets.catalog.registry import EXPORTS
from zd_assets.defs.partitions import partitions_from_env
from zd_assets.models.latest import LATEST
from zd_assets.models.registry import MODELS
from zd_assets.zendesk.errors import ConfigurationError

_VARIABLES = ("ZENDESK_", "ZD_", "DAGSTER_")


def _clean_env(**variables: str) -> dict[str, str]:
    return {k: v for k, v in os.environ.items() if not k.startswith(_VARIABLES)} | variables


def _load(**variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", "from zd_assets.definitions import defs"],
        env=_clean_env(**variables),
        capture_output=True,
        text=True,
        check=False,
    )


def test_every_export_is_an_asset_whose_spec_says_what_it_is() -> None:
    from zd_assets.definitions import defs

    specs = {spec.key: spec for spec in defs.resolve_all_asset_specs()}
    assert len(EXPORTS) == 12
    report = 1
    assert len(specs) == len(EXPORTS) + len(LATEST) + len(MODELS) + report
    for export in EXPORTS:
        spec = specs[dg.AssetKey(list(export.path))]
        assert spec.group_name == export.api.value
        assert spec.kinds == {"zendesk", "parquet"}
        assert spec.owners == ["team:data"]
        assert isinstance(spec.partitions_def, dg.DailyPartitionsDefinition)
        schema = spec.metadata["dagster/column_schema"]
        assert [column.name for column in schema.columns] == [
            *(column.name for column in export.columns),
            "_extra",
        ]
        assert all(column.description for column in schema.columns)


def test_every_table_by_day_says_what_each_figure_means() -> None:
    from zd_assets.definitions import defs

    specs = {spec.key: spec for spec in defs.resolve_all_asset_specs()}
    for table in MODELS:
        spec = specs[dg.AssetKey(list(table.path))]
        assert spec.group_name == "analytics"
        assert isinstance(spec.partitions_def, dg.DailyPartitionsDefinition)
        assert spec.description
        schema = spec.metadata["dagster/column_schema"]
        assert [column.name for column in schema.columns] == [one.name for one in table.columns]
        assert all(column.description for column in schema.columns)


def test_each_api_has_a_job_and_a_schedule_and_each_export_a_sensor_all_stopped() -> None:
    from zd_assets.definitions import defs

    repository = defs.get_repository_def()
    jobs = {name for name in repository.job_names if not name.startswith("__")}
    apart = {"zendesk_support_live_format", "prune_history"}
    assert jobs == {"zendesk_chat", "zendesk_support", "analytics", *apart}
    assert {schedule.name for schedule in repository.schedule_defs} == {
        "zendesk_chat_nightly",
        "zendesk_chat_second_look",
        "zendesk_support_nightly",
        "zendesk_support_second_look",
        "zendesk_support_live_format_daily",
        "prune_history_daily",
    }
    sensors = {sensor.name for sensor in repository.sensor_defs}
    followers = {f"{export.name}_follow_up" for export in EXPORTS}
    assert sensors == followers | {"analytics_automation", "failure_alerts", "freshness_alerts"}
    for schedule in repository.schedule_defs:
        assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED
    for sensor in repository.sensor_defs:
        assert sensor.default_status is dg.DefaultSensorStatus.STOPPED


def test_the_definitions_load_without_any_variable_set_and_without_a_warning() -> None:
    loaded = _load()
    assert loaded.returncode == 0
    assert loaded.stderr == ""


def test_the_definitions_load_with_hours_where_tables_by_day_stay_so() -> None:
    loaded = _load(ZD_PARTITION="hour")
    assert loaded.returncode == 0
    assert loaded.stderr == ""


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("ZD_PARTITION", "week", "ZD_PARTITION is 'week'; set it to day or hour"),
        ("ZD_START_DATE", "soon", "ZD_START_DATE is 'soon'; set it to a date such as 2025-01-01"),
        ("ZD_START_DATE", "2999-01-01", "ZD_START_DATE is 2999-01-01, which is in the future"),
    ],
)
def test_an_unusable_variable_is_named_with_what_to_set(
    variable: str, value: str, message: str
) -> None:
    loaded = _load(**{variable: value})
    assert loaded.returncode != 0
    assert message in loaded.stderr.splitlines()[-1]


@pytest.mark.parametrize(
    "partitions", [("--partition", "2999-01-01"), ("--partition-range", "2026-01-01...2999-01-01")]
)
def test_a_partition_in_the_future_is_refused_before_anything_is_asked(
    partitions: tuple[str, str], tmp_path: Path
) -> None:
    command = ["asset", "materialize", "-m", "zd_assets.definitions", *partitions]
    refused = subprocess.run(
        [sys.executable, "-m", "dagster", *command, "--select", "zendesk_chat/chats"],
        env=_clean_env(DAGSTER_HOME=str(tmp_path), ZD_LAKE=str(tmp_path / "lake")),
        capture_output=True,
        text=True,
        check=False,
    )
    assert refused.returncode != 0
    last = refused.stderr.strip().splitlines()[-1]
    assert "must have a PartitionsDefinition containing the passed partition key" in last
    assert not (tmp_path / "lake").exists()


def test_partitions_reach_up_to_and_including_now(monkeypatch: pytest.MonkeyPatch) -> None:
    from datetime import UTC, datetime

    monkeypatch.setenv("ZD_START_DATE", "2026-01-01")
    for kind, pattern in (("day", "%Y-%m-%d"), ("hour", "%Y-%m-%d-%H:00")):
        monkeypatch.setenv("ZD_PARTITION", kind)
        before = datetime.now(UTC).strftime(pattern)
        last = partitions_from_env().get_last_partition_key()
        assert last in (before, datetime.now(UTC).strftime(pattern))


def test_configuration_errors_are_zendesk_errors() -> None:
    from zd_assets.zendesk.errors import ZendeskError

    assert issubclass(ConfigurationError, ZendeskError)
