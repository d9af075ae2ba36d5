"""`zd-assets plan` against the sandbox, which knows the truth."""

import json
import math
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from zd_assets.catalog.registry import EXPORTS
from zd_assets.cli.estimate import minutes_needed
from zd_assets.cli.main import main
from zd_assets.lake.lake import Lake
from zd_assets.sandbox import Running
from zd_assets_tests.helpers.account import set_account
from zd_assets_tests.helpers.runs import Clients, fetch, few
from zd_assets_tests.helpers.truth import days

FIRST, LAST = "2026-02-01", "2026-02-14"
FORTNIGHT = days(FIRST, 14)


@pytest.fixture
def account(sandbox: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Running:
    set_account(monkeypatch, sandbox, tmp_path)
    return sandbox


def _plan(*options: str) -> dict[str, dict[str, Any]]:
    run = CliRunner().invoke(main, ["plan", FIRST, LAST, "--json", *options])
    assert run.exit_code == 0, run.output
    said = json.loads(run.stdout)
    return {one["export"].split("/")[1]: one for one in said["exports"]} | {
        one["api"]: one for one in said["totals"]
    }


def _truth(sandbox: Running, export: str) -> int:
    start, end = FORTNIGHT[0].start_us / 1e6, FORTNIGHT[-1].end_us / 1e6
    return len(sandbox.truth(export, start, end))


# Up to 28,000 items in nights, days and weekends, of which five pages show 5,000.
@pytest.mark.parametrize("seed", [1, 2])
@pytest.mark.parametrize("export", ["conversions", "department_events", "tickets"])
def test_the_truth_is_within_the_stated_error(account: Running, export: str, seed: int) -> None:
    few(account, 3000, tickets_per_day=800, start="2026-01-01", seed=seed)
    planned = _plan("--exports", export)[export]
    assert planned["low"] <= _truth(account, export) <= planned["high"]
    # An error of everything would be true, and of no use.
    assert planned["high"] - planned["low"] < 0.8 * planned["items"]
    assert len(account.requests()) == planned["sample_requests"] <= 5


def test_a_range_that_fits_a_page_is_known_exactly_by_one_request(account: Running) -> None:
    few(account, 20, tickets_per_day=5, start="2026-01-26")
    found = _plan()
    for export in EXPORTS:
        planned = found[export.name]
        assert planned["is_exact"], export.name
        assert planned["items"] == _truth(account, export.name), export.name
    assert len(account.requests()) <= 20
    assert found["zendesk_chat"]["requests"] == sum(
        found[export.name]["requests"] for export in EXPORTS if export.api == "zendesk_chat"
    )


def test_requests_and_bytes_are_those_that_the_backfill_then_takes(
    account: Running, lake: Lake, clients: Clients
) -> None:
    few(account, 100, tickets_per_day=100, start="2026-01-26")
    for name in ("chats", "tickets"):
        planned = _plan("--exports", name)[name]
        export = next(one for one in EXPORTS if one.name == name)
        account.forget_requests()
        windows = 4 if name == "chats" else 1
        fetch(export, FORTNIGHT, clients, lake, max_parallel_windows=windows)
        needed = len(account.requests())
        tolerance = math.ceil((planned["high"] - planned["low"]) / 1000)
        assert needed - tolerance <= planned["requests"] <= needed + 2 * windows + tolerance
        taken = sum(lake.path(export, day).stat().st_size for day in FORTNIGHT)
        assert 0.6 * taken < planned["bytes"] < 1.6 * taken


def test_an_api_without_credentials_isnt_planned(
    account: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(account, 20, tickets_per_day=5, start="2026-01-26")
    monkeypatch.delenv("ZENDESK_CHAT_TOKEN")
    monkeypatch.setenv("ZD_EXPORTS", "chats,organizations")
    run = CliRunner().invoke(main, ["plan", FIRST, LAST])
    assert run.exit_code == 0
    assert "ZENDESK_CHAT_TOKEN isn't set; not planned" in run.stderr
    assert "zendesk_support/organizations" in run.stdout
    assert "zendesk_chat" not in run.stdout


def test_an_export_that_is_refused_is_told_and_the_rest_planned(account: Running) -> None:
    few(account, 20, tickets_per_day=5, start="2026-01-26")
    account.faults([{"kind": "status", "status": 403, "message": "Not in this plan"}])
    run = CliRunner().invoke(main, ["plan", FIRST, LAST, "--exports", "users,organizations"])
    assert run.exit_code == 1
    assert "zendesk_support/users: " in run.stdout
    assert "answered 403" in run.stdout
    assert "Not in this plan" in run.stdout
    assert "exact" in run.stdout


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("2026-02-02", "2026-02-01"), "2026-02-01 is before 2026-02-02"),
        (("soon", "2026-02-01"), "'soon' does not match the format"),
        (("2999-02-01", "2999-02-02"), "2999-02-01 is in the future"),
        ((FIRST, LAST, "--exports", "chat"), "there is no export 'chat'"),
    ],
)
def test_a_range_or_a_name_that_there_isnt_is_wrong_usage(
    arguments: tuple[str, ...], words: str
) -> None:
    run = CliRunner().invoke(main, ["plan", *arguments])
    assert run.exit_code == 2
    assert words in run.stderr


def test_minutes_are_those_of_the_scarcer_thing() -> None:
    # The first ten go at once, the other ninety at ten a minute.
    assert minutes_needed(100, 10, 0.5, 1) == 9
    assert minutes_needed(100, 1000, 6.0, 1) == 10
    assert minutes_needed(100, 1000, 6.0, 4) == 2.5
