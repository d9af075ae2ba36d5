"""The units of one machine: read as systemd reads them, and their commands run as they are."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from importlib.metadata import entry_points
from pathlib import Path

import pytest
import requests
import yaml

from zd_assets_tests.helpers.dagster_dev import free_port, wait
from zd_assets_tests.helpers.deployment import DEPLOY

UNITS = DEPLOY / "systemd"
NAMES = ("code", "webserver", "daemon")
BIN = "/opt/zd_assets/bin/"
HOME = "/var/lib/zd-assets"
LOADED = "{ workspaceOrError { ... on Workspace { locationEntries { name loadStatus } } } }"
DAEMONS = "{ instance { daemonHealth { allDaemonStatuses { healthy required } } } }"


def _unit(name: str) -> list[tuple[str, str]]:
    """The settings of a service, those that all have in common first."""
    files = (UNITS / "zd-assets-.service.d" / "process.conf", UNITS / f"zd-assets-{name}.service")
    lines = [line for file in files for line in file.read_text().splitlines()]
    pairs = [line.partition("=") for line in lines if re.match(r"[A-Z]\w+=", line)]
    return [(key, value) for key, _, value in pairs]


def _values(name: str, key: str) -> list[str]:
    return [value for one, value in _unit(name) if one == key]


@pytest.mark.parametrize("name", NAMES)
def test_a_service_is_restarted_and_runs_as_nobody_who_can_do_more(name: str) -> None:
    unit = dict(_unit(name))
    assert unit["Restart"] == "always"
    assert unit["User"] == "zd-assets"
    assert unit["NoNewPrivileges"] == "true"
    assert unit["ProtectSystem"] == "strict"
    assert unit["CapabilityBoundingSet"] == ""
    assert unit["EnvironmentFile"] == f"{HOME}/.env"
    assert unit["WorkingDirectory"] == HOME
    assert f"/var/lib/{unit['StateDirectory']}" == HOME


@pytest.mark.parametrize("name", ["webserver", "daemon"])
def test_what_asks_the_code_server_starts_after_it_and_where_it_is(name: str) -> None:
    assert "zd-assets-code.service" in _values(name, "After")
    assert _values(name, "Requires") == ["zd-assets-code.service"]
    variables = dict(
        one.split("=") for line in _values(name, "Environment") for one in line.split()
    )
    workspace = yaml.safe_load((DEPLOY / "workspace.yaml").read_text())["load_from"]
    host, port = (workspace[0]["grpc_server"][key]["env"] for key in ("host", "port"))
    [start] = _values("code", "ExecStart")
    assert f"--host {variables[host]} --port {variables[port]}" in start
    assert f"--port {variables[port]};" in _values("code", "ExecStartPost")[0]


def test_the_commands_run_a_deployment_in_a_folder_that_init_made(tmp_path: Path) -> None:
    home, port, code_port = tmp_path / "zd-assets", free_port(), free_port()
    init = [sys.executable, "-m", "zd_assets", "init", str(home)]
    subprocess.run(init, check=True, stdout=subprocess.DEVNULL)
    instead = {
        BIN: f"{Path(_script('dagster')).parent}/",
        "/etc/zd-assets/workspace.yaml": str(DEPLOY / "workspace.yaml"),
        "--port 3000": f"--port {port}",
        "--port 4000": f"--port {code_port}",
    }
    env = {name: value for name, value in os.environ.items() if not name.startswith("ZD_")}
    env |= {"DAGSTER_HOME": str(home / "dagster")}
    env |= {"ZD_CODE_SERVER": "127.0.0.1", "ZD_CODE_SERVER_PORT": str(code_port)}

    def command(name: str, key: str) -> str:
        [said] = _values(name, key)
        for old, new in instead.items():
            said = said.replace(old, new)
        return said

    def asked(query: str) -> str:
        try:
            return requests.post(
                f"http://127.0.0.1:{port}/graphql", json={"query": query}, timeout=60
            ).text
        except requests.ConnectionError:
            return ""

    with ExitStack() as stack:
        _ended(command("code", "ExecStartPre"), home, env)
        assert (home / "dagster" / "history").is_dir()
        stack.enter_context(_running(command("code", "ExecStart"), home, env))
        _ended(command("code", "ExecStartPost"), home, env)
        stack.enter_context(_running(command("webserver", "ExecStart"), home, env))
        stack.enter_context(_running(command("daemon", "ExecStart"), home, env))
        wait(lambda: '"name":"zd_assets","loadStatus":"LOADED"' in asked(LOADED).replace(" ", ""))
        wait(lambda: '"healthy":true' in asked(DAEMONS).replace(" ", ""))


def _script(name: str) -> str:
    """A console script of this environment."""
    assert entry_points(group="console_scripts", name=name)
    return str(Path(sys.executable).with_name(name))


def _ended(command: str, home: Path, env: dict[str, str]) -> None:
    quiet = subprocess.DEVNULL
    subprocess.run(["sh", "-c", command], cwd=home, env=env, check=True, stdout=quiet, stderr=quiet)


@contextmanager
def _running(command: str, home: Path, env: dict[str, str]) -> Iterator[None]:
    quiet = subprocess.DEVNULL
    process = subprocess.Popen(command.split(), cwd=home, env=env, stdout=quiet, stderr=quiet)
    try:
        yield
    finally:
        process.terminate()
        process.wait(60)
