"""What Dagster loads, and how it is loaded."""

import os
import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

from zd_assets.catalog.reference import REFERENCE_LISTS
from zd_assets.catalog.registry import EXPORTS
from zd_assets.defs.component import ZendeskExports
from zd_assets.defs.partitions import partitions_from_env
from zd_assets.defs.resources import ZendeskSupport
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
    assert len(specs) == sum(map(len, (EXPORTS, REFERENCE_LISTS, LATEST, MODELS))) + report
    for export in EXPORTS:
        spec = specs[dg.AssetKey(list(export.path))]
        assert spec.group_name == export.api.value
        assert spec.kinds == {"zendesk", "parquet"}
        assert not spec.owners
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
        "zendesk_chat_reference_lists",
        "zendesk_chat_second_look",
        "zendesk_support_nightly",
        "zendesk_support_reference_lists",
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


@pytest.mark.parametrize(
    ("follow", "followed"),
    [("", 0), ("all", len(EXPORTS)), ("chats, tickets", 2)],
)
def test_what_zd_follow_names_is_followed_from_the_start(
    follow: str, followed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZD_FOLLOW", follow)
    repository = ZendeskExports().build_defs().get_repository_def()
    running = {
        sensor.name
        for sensor in repository.sensor_defs
        if sensor.default_status is dg.DefaultSensorStatus.RUNNING
    }
    assert len(running) == followed
    assert running <= {f"{export.name}_follow_up" for export in EXPORTS}
    # The component's own attribute counts more.
    repository = ZendeskExports(follow=["users"]).build_defs().get_repository_def()
    assert repository.get_sensor_def("users_follow_up").default_status.value == "RUNNING"
    assert repository.get_sensor_def("chats_follow_up").default_status.value == "STOPPED"


def test_an_unknown_name_in_zd_follow_is_one_clear_error() -> None:
    loaded = _load(ZD_FOLLOW="chats,tikets")
    assert loaded.returncode != 0
    assert (
        "ZD_FOLLOW is 'chats,tikets'; set it to some of chats, " in loaded.stderr.splitlines()[-1]
    )


@pytest.mark.parametrize(
    ("export", "seconds"), [("chats", 300), ("organizations", 1800), ("routing_attributes", 3600)]
)
def test_what_seldom_changes_is_polled_seldom_unless_an_interval_is_set(
    export: str, seconds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ZD_POLL_INTERVAL", raising=False)
    [found] = [one for one in EXPORTS if one.name == export]
    assert ZendeskSupport().poll_interval(found) == seconds
    assert ZendeskSupport(poll_interval_s=60).poll_interval(found) == 60
    assert ZendeskSupport(poll_intervals_s={export: 9}).poll_interval(found) == 9


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
        ("ZD_START_DATE", "2999-01-01", "ZD_START_DATE is '2999-01-01'; it is in the future"),
        (
            "ZD_CHAT_REQUESTS_PER_MINUTE",
            "many",
            "ZD_CHAT_REQUESTS_PER_MINUTE is 'many'; set it to a whole number, 1 or more",
        ),
    ],
)
def test_an_unusable_variable_is_named_with_what_to_set(
    variable: str, value: str, message: str
) -> None:
    loaded = _load(**{variable: value})
    assert loaded.returncode != 0
    assert message in loaded.stderr.splitlines()[-1]


def test_dagster_says_which_variable_is_unusable_when_it_validates_definitions(
    tmp_path: Path,
) -> None:
    validated = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate", "-m", "zd_assets.definitions"],
        env=_clean_env(DAGSTER_HOME=str(tmp_path), ZD_CHAT_REQUESTS_PER_MINUTE="many"),
        capture_output=True,
        text=True,
        check=False,
    )
    assert validated.returncode != 0
    assert "ZD_CHAT_REQUESTS_PER_MINUTE is 'many'; set it" in validated.stderr + validated.stdout


def test_only_the_chosen_exports_and_what_is_made_of_them_are_there() -> None:
    script = (
        "from zd_assets.definitions import defs\n"
        "print(*(key.to_user_string() for key in defs.resolve_all_asset_keys()))"
    )
    listed = subprocess.run(
        [sys.executable, "-c", script],
        env=_clean_env(ZD_EXPORTS="users, organizations"),
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    exports = {"/".join(export.path) for export in EXPORTS} & set(listed)
    assert exports == {"zendesk_support/users", "zendesk_support/organizations"}
    assert "analytics/users_latest" in listed
    assert not [key for key in listed if "chat" in key]


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
