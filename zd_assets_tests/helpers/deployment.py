"""A team's deployment: Dagster on Postgres, its processes apart, as `deploy/` configures them."""

import os
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import requests

from zd_assets.catalog.export import Export
from zd_assets_tests.helpers.dagster_dev import free_port, wait

DEPLOY = Path(__file__).parents[2] / "deploy"
MODULE = "zd_assets_tests.helpers.following_definitions"
_WORKSPACE = ("-w", str(DEPLOY / "workspace.yaml"))
_QUIET: Any = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
_BACKFILL = """
mutation Backfill($params: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $params) { __typename }
}
"""


@dataclass
class Deployment:
    """A code server and a webserver on a Postgres; daemons and workers come and go."""

    env: dict[str, str]
    port: int = field(default_factory=free_port)

    @contextmanager
    def running(self) -> Iterator[dg.DagsterInstance]:
        """Run both, and give the instance."""
        code_port = free_port()
        self.env |= {"ZD_CODE_SERVER": "127.0.0.1", "ZD_CODE_SERVER_PORT": str(code_port)}
        code = ("dagster", "code-server", "start", "-m", MODULE, "--location-name", "zd_assets")
        health = ("dagster", "api", "grpc-health-check", f"--port={code_port}")
        with ExitStack() as stack:
            stack.enter_context(self.process(*code, "--host=127.0.0.1", f"--port={code_port}"))
            wait(lambda: subprocess.run([sys.executable, "-m", *health], **_QUIET).returncode == 0)
            webserver = ("dagster_webserver", *_WORKSPACE, f"--port={self.port}")
            stack.enter_context(self.process(*webserver))
            wait(self._location_loads)
            patch = stack.enter_context(pytest.MonkeyPatch.context())
            for name, value in self.env.items():
                patch.setenv(name, value)
            home = self.env["DAGSTER_HOME"]
            yield stack.enter_context(dg.DagsterInstance.from_config(home))

    @contextmanager
    def process(self, *command: str, **variables: str) -> Iterator[subprocess.Popen[bytes]]:
        """A process of the deployment, and a group of its own, ended at the end."""
        process = subprocess.Popen(
            [sys.executable, "-m", *command],
            env=self.env | variables,
            start_new_session=True,
            **_QUIET,
        )
        try:
            yield process
        finally:
            process.send_signal(signal.SIGINT)
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                kill(process)

    def daemon(self) -> Any:
        """The daemon, as a process."""
        return self.process("dagster._daemon", "run", *_WORKSPACE)

    def asked(self, query: str, **variables: Any) -> dict[str, Any]:
        """What GraphQL answers, as the UI asks it."""
        response = requests.post(
            f"http://127.0.0.1:{self.port}/graphql",
            json={"query": query, "variables": variables},
            timeout=60,
        )
        response.raise_for_status()
        data: dict[str, Any] = response.json()["data"]
        return data

    def backfill(self, export: Export, keys: list[str]) -> None:
        """Launch a backfill, as the UI does."""
        params = {"assetSelection": [{"path": list(export.path)}], "partitionNames": keys}
        answer = self.asked(_BACKFILL, params=params)["launchPartitionBackfill"]
        assert answer["__typename"] == "LaunchBackfillSuccess"

    def _location_loads(self) -> bool:
        query = "{ workspaceOrError { ... on Workspace { locationEntries { loadStatus } } } }"
        try:
            entries = self.asked(query)["workspaceOrError"]["locationEntries"]
        except requests.RequestException:
            return False
        return [entry["loadStatus"] for entry in entries] == ["LOADED"]


def kill(process: subprocess.Popen[bytes]) -> None:
    """Kill a process and its children: what happens to them when their machine dies."""
    os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def configure(home: Path, *files: str, **instead: int) -> None:
    """Make an instance's `dagster.yaml` of files of `deploy/`, with other numbers in it."""
    text = "".join((DEPLOY / name).read_text() for name in files)
    for name, number in instead.items():
        text, count = re.subn(rf"(?<={name}: )\d+", str(number), text)
        assert count == 1, f"deploy/ says {name} {count} times"
    home.mkdir(parents=True, exist_ok=True)
    (home / "dagster.yaml").write_text(text)
