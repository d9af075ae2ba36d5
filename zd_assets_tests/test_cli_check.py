"""`zd-assets check` against the sandbox."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from zd_assets.catalog.registry import EXPORTS
from zd_assets.cli.main import main
from zd_assets.sandbox import Running
from zd_assets_tests.helpers.account import set_account

#: Little data, at the real time.
FEW: dict[str, Any] = {
    "requests_per_minute": 1000,
    "support_requests_per_minute": 1000,
    "chats_per_day": 50,
    "tickets_per_day": 20,
    "start": str(datetime.now(UTC).date() - timedelta(days=2)),
}
SUPPORT = [export for export in EXPORTS if export.api == "zendesk_support"]


@pytest.fixture
def account(sandbox: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Running:
    """The sandbox as the environment's account, at the real time."""
    set_account(monkeypatch, sandbox, tmp_path)
    sandbox.reset(**FEW)
    sandbox.forget_requests()
    return sandbox


def _check() -> tuple[int, dict[str, dict[str, Any]]]:
    run = CliRunner().invoke(main, ["check", "--json"])
    said = json.loads(run.stdout)
    assert said["is_well"] is (run.exit_code == 0)
    for secret in ("sandbox-token", "sandbox-api-token"):
        assert secret not in run.output
    return run.exit_code, {one["what"]: one for one in said["findings"]}


def test_a_good_account_is_well_at_one_request_an_export(account: Running, tmp_path: Path) -> None:
    code, found = _check()
    assert code == 0, found
    assert {found["/".join(export.path)]["status"] for export in EXPORTS} == {200}
    asked = [entry["export"] for entry in account.requests()]
    assert sorted(asked) == sorted(export.name for export in EXPORTS)
    assert "1000 requests a minute" in found["zendesk_support budget"]["says"]
    for what in ("settings", "lake", "Dagster instance", "zendesk_chat sign-in"):
        assert found[what]["state"] == "ok"
    # Nothing is left of the trial of the lake.
    assert list((tmp_path / "lake").iterdir()) == []


def test_the_table_says_the_same(account: Running) -> None:
    run = CliRunner().invoke(main, ["check"])
    assert run.exit_code == 0
    assert "zendesk_support/tickets" in run.output
    assert "ok (200)" in run.output


@pytest.mark.parametrize(
    ("status", "words"), [(403, "Your plan [has] no chats"), (404, "No such thing")]
)
def test_what_the_account_doesnt_have_is_told_in_the_servers_words(
    account: Running, status: int, words: str
) -> None:
    said = {"error": "Refused", "message": f"{words}, sandbox-token"}
    account.faults([{"kind": "status", "status": status, "export": "chats", "times": 2, **said}])
    code, found = _check()
    assert code == 1
    chats = found["zendesk_chat/chats"]
    assert (chats["state"], chats["status"]) == ("wrong", status)
    assert f"answered {status}: Refused: {words}, ***" in chats["says"]
    # The others are asked all the same.
    assert found["zendesk_chat/conversions"]["status"] == 200
    assert found["zendesk_support/users"]["status"] == 200
    told = CliRunner().invoke(main, ["check"], env={"COLUMNS": "250"}).output
    assert words in told
    assert "ZD_EXPORTS" in told


def test_a_wrong_token_is_told_after_one_request(
    account: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZENDESK_API_TOKEN", "wrong-token")
    code, found = _check()
    assert code == 1
    assert found["zendesk_support sign-in"]["state"] == "wrong"
    assert found["zendesk_support/tickets"]["status"] == 401
    assert found["zendesk_support/users"]["state"] == "not asked"
    assert len([one for one in account.requests() if one["export"] in _names(SUPPORT)]) == 1
    assert found["zendesk_chat/chats"]["state"] == "ok"


def _names(exports: list[Any]) -> set[str]:
    return {export.name for export in exports}


def test_an_api_without_credentials_is_not_configured_and_nothing_wrong(
    account: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ZENDESK_CHAT_TOKEN")
    code, found = _check()
    assert code == 0
    assert found["zendesk_chat"] == {
        "what": "zendesk_chat",
        "state": "not configured",
        "says": "ZENDESK_CHAT_TOKEN isn't set: nothing of it is exported",
        "status": None,
    }
    assert {entry["export"] for entry in account.requests()} == _names(SUPPORT)
    monkeypatch.delenv("ZENDESK_API_TOKEN")
    code, found = _check()
    assert code == 1
    assert "ZENDESK_API_TOKEN is not set" in found["zendesk_support"]["says"]
    monkeypatch.delenv("ZENDESK_EMAIL")
    code, found = _check()
    assert code == 1
    assert found["account"]["state"] == "wrong"


def test_only_the_chosen_exports_are_asked_for(
    account: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZD_EXPORTS", "users, tickets")
    code, found = _check()
    assert code == 0
    assert sorted(entry["export"] for entry in account.requests()) == ["tickets", "users"]
    assert found["zendesk_chat"]["state"] == "not configured"


def test_a_clock_that_differs_is_wrong(account: Running) -> None:
    account.reset(**FEW, clock_skew=120)
    code, found = _check()
    assert code == 1
    clock = found["zendesk_chat clock"]
    assert clock["state"] == "wrong"
    seconds = int(clock["says"].split(" s ahead of")[0].split()[-1])
    assert abs(seconds - 120) <= 5


def test_bad_settings_a_lake_and_an_instance_that_wont_do_are_each_named(
    account: Running, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("ZD_LAKE", str(tmp_path / "file" / "lake"))
    monkeypatch.setenv("ZD_POLL_INTERVAL", "often")
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path / "nowhere"))
    code, found = _check()
    assert code == 1
    assert found["settings"]["says"] == (
        "ZD_POLL_INTERVAL is 'often'; set it to a whole number, 1 or more"
    )
    assert found["lake"]["says"].startswith(f"can't write {tmp_path}/file/lake")
    assert "zd-assets init writes one" in found["Dagster instance"]["says"]
    monkeypatch.delenv("DAGSTER_HOME")
    assert "DAGSTER_HOME isn't set" in _check()[1]["Dagster instance"]["says"]


def test_an_address_where_nobody_answers_is_told_once(
    account: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZENDESK_SUPPORT_URL", "http://127.0.0.1:9")
    code, found = _check()
    assert code == 1
    assert "the connection was refused" in found["zendesk_support/tickets"]["says"]
    assert found["zendesk_support/users"]["state"] == "not asked"
    assert found["zendesk_support sign-in"]["state"] == "not asked"


def test_the_settings_of_the_folder_count(
    account: Running, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("ZD_EXPORTS=tickets\n")
    # What the command sets is taken back with the test.
    monkeypatch.setenv("ZD_EXPORTS", "users")
    assert _check()[0] == 0
    assert [entry["export"] for entry in account.requests()] == ["tickets"]
