"""`zd-assets init`, and the help of all commands."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner
from dotenv import dotenv_values

from zd_assets.cli.main import main
from zd_assets.defs.environment import VARIABLES

COMMANDS = ("init", "check", "plan", "status", "find", "report", "demo", "sandbox")


def test_the_files_of_a_beginning_are_written_and_the_secrets_are_private(tmp_path: Path) -> None:
    folder = tmp_path / "it's new"
    done = CliRunner().invoke(main, ["init", str(folder), "--json"])
    assert done.exit_code == 0, done.output
    assert set(json.loads(done.output)["written"]) == {
        str(folder / name)
        for name in (".env", "dagster/dagster.yaml", "workspace.yaml", ".gitignore")
    }
    assert stat.S_IMODE((folder / ".env").stat().st_mode) == 0o600
    assert ".env" in (folder / ".gitignore").read_text().split()
    # All else is a comment, so that no empty variable hides the shell's.
    assert dotenv_values(folder / ".env") == {
        "DAGSTER_HOME": str(folder / "dagster"),
        "ZD_LAKE": str(folder / "data"),
    }
    text = (folder / ".env").read_text()
    assert [one.name for one in VARIABLES if f"{one.name}=" not in text] == []
    instance = yaml.safe_load((folder / "dagster/dagster.yaml").read_text())
    assert instance["concurrency"]["pools"] == {"default_limit": 1, "granularity": "op"}
    assert instance["run_retries"]["enabled"]
    assert instance["run_monitoring"]["enabled"]
    assert not instance["telemetry"]["enabled"]
    assert not instance["nux"]["enabled"]


def test_what_is_there_is_left_alone_and_said(tmp_path: Path) -> None:
    (tmp_path / ".env").write_text("mine")
    (tmp_path / ".gitignore").write_text("*.log\n")
    done = CliRunner().invoke(main, ["init", str(tmp_path)])
    assert done.exit_code == 0
    assert f"left alone, since it is there: {tmp_path / '.env'}" in done.output
    assert f"wrote {tmp_path / 'workspace.yaml'}" in done.output
    assert f"Add .env to {tmp_path / '.gitignore'}" in done.output
    assert (tmp_path / ".env").read_text() == "mine"
    assert (tmp_path / ".gitignore").read_text() == "*.log\n"


def test_dagster_loads_a_new_folder_as_it_is(tmp_path: Path) -> None:
    assert CliRunner().invoke(main, ["init", str(tmp_path)]).exit_code == 0
    env = {k: v for k, v in os.environ.items() if not k.startswith(("DAGSTER_", "ZD_", "ZENDESK_"))}
    loaded = subprocess.run(
        [sys.executable, "-m", "dagster", "definitions", "validate"],
        cwd=tmp_path,
        env=env,
        capture_output=True,
        text=True,
        check=False,
    )
    assert loaded.returncode == 0, loaded.stderr
    # Dagster found its home by the .env, and made no temporary one.
    assert not list(tmp_path.glob(".tmp_dagster_home_*"))
    assert "Using temporary directory" not in loaded.stderr + loaded.stdout


@pytest.mark.parametrize("name", COMMANDS)
def test_each_command_has_help(name: str) -> None:
    done = CliRunner().invoke(main, [name, "--help"])
    assert done.exit_code == 0
    assert "--help" in done.output


@pytest.mark.parametrize("name", [name for name in COMMANDS if name not in ("demo", "sandbox")])
def test_help_has_an_example_and_json_is_offered(name: str) -> None:
    help_text = CliRunner().invoke(main, [name, "--help"]).output
    assert "Example" in help_text
    assert f"zd-assets {name}" in help_text
    assert "--json" in help_text


def test_the_overview_names_every_command_and_loads_none_nor_dagster() -> None:
    script = (
        "import sys\nfrom zd_assets.cli.main import main\n"
        "main(['--help'], standalone_mode=False)\n"
        "sys.exit(any(name in sys.modules for name in ('dagster', 'pyarrow', 'requests')))"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    listed = [
        line.split()[0] for line in done.stdout.partition("Commands:")[2].splitlines() if line
    ]
    assert listed == list(COMMANDS)


def test_a_command_that_there_isnt_is_wrong_usage() -> None:
    assert CliRunner().invoke(main, ["nonsense"]).exit_code == 2
    assert CliRunner().invoke(main, ["status", "--nonsense"]).exit_code == 2
