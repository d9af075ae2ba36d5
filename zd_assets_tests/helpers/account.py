"""The sandbox as the account that the environment describes."""

import os
from pathlib import Path

import pytest

from zd_assets.sandbox import Running

SETTINGS = ("ZENDESK_", "ZD_", "DAGSTER_")


def set_account(monkeypatch: pytest.MonkeyPatch, sandbox: Running, folder: Path) -> None:
    """Set the variables of an account, with a lake and a Dagster home in a folder."""
    for name in [name for name in os.environ if name.startswith(SETTINGS)]:
        monkeypatch.delenv(name)
    home = folder / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    for name, value in {
        "DAGSTER_HOME": str(home),
        "ZD_LAKE": str(folder / "lake"),
        "ZENDESK_CHAT_URL": f"{sandbox.url}/api/v2/chat",
        "ZENDESK_CHAT_TOKEN": "sandbox-token",
        "ZENDESK_SUPPORT_URL": f"{sandbox.url}/api/v2",
        "ZENDESK_EMAIL": "agent@example.com",
        "ZENDESK_API_TOKEN": "sandbox-api-token",
        "ZD_CHAT_REQUESTS_PER_MINUTE": "1000",
        "ZD_SUPPORT_REQUESTS_PER_MINUTE": "1000",
    }.items():
        monkeypatch.setenv(name, value)
    monkeypatch.chdir(folder)
