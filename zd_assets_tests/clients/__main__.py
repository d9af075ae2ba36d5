"""`python -m zd_assets_tests.clients`: real clients read the sandbox to the same rows."""

import os
import subprocess
import sys
import tempfile
from collections import defaultdict
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import click

from zd_assets import sandbox as zendesk_sandbox
from zd_assets.sandbox import Running, Settings
from zd_assets_tests.clients.compare import Row, compare
from zd_assets_tests.clients.install import NotInstalledError, installed
from zd_assets_tests.clients.known import CLIENTS, Client

_HERE = Path(__file__).parent
_UNLIMITED = 1_000_000
_DAYS = 10


@click.command(context_settings={"show_default": True})
@click.option("--environments", default=".clients", help="Where the clients are installed.")
@click.option("--only", multiple=True, help="Run only clients whose name contains this.")
def main(environments: str, only: tuple[str, ...]) -> None:
    """Install the clients, let each read the sandbox, and print the table."""
    now = datetime.now(UTC).replace(microsecond=0)
    start = (now - timedelta(days=_DAYS)).replace(hour=0, minute=0, second=0)
    settings = Settings(
        start=start.date(),
        chats_per_day=300,
        tickets_per_day=150,
        odd=False,
        now=now.isoformat(),
        clock="frozen",
        requests_per_minute=_UNLIMITED,
        support_requests_per_minute=_UNLIMITED,
    )
    asked = [one for one in CLIENTS if not only or any(part in one.name for part in only)]
    good = True
    print("| client | version | export | rows read | rows true | missing | repeated | extra |")
    print("| --- | --- | --- | --- | --- | --- | --- | --- |")
    with zendesk_sandbox.start(settings) as sandbox:
        for client in asked:
            try:
                bin = installed(
                    Path(environments) / client.name.split()[-1].replace("/", "-"),
                    client.requirements,
                    client.pythons,
                )
            except NotInstalledError as error:
                print(f"| {client.name} | {client.version} | not installed: {error} | | | | | |")
                good = False
                continue
            rows, failure = _read(client, bin.absolute(), sandbox, start)
            for row in rows:
                print(_line(client, row), flush=True)
                good = good and not row.missing and not row.extra
            if failure:
                print(f"{client.name} failed: {failure}", file=sys.stderr)
                good = False
    sys.exit(0 if good else 1)


def _read(
    client: Client, bin: Path, sandbox: Running, start: datetime
) -> tuple[list[Row], str | None]:
    """Run a client to its end; what it read, and the end of what it said if it failed."""
    items: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with tempfile.TemporaryDirectory() as folder, open(f"{folder}/errors", "w+") as errors:
        command = client.command(bin, Path(folder), f"{start:%Y-%m-%dT00:00:00Z}")
        process = subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=errors, text=True, cwd=folder, env=_env(sandbox)
        )
        assert process.stdout is not None
        others = []
        with process.stdout as lines:
            for name, item in client.rows(_passed(lines, others)):
                items[name].append(item)
        status = process.wait()
        errors.seek(0)
        said = errors.read()[-2000:] or "".join(others)[-2000:]
    start_s = int(start.timestamp())
    rows = [compare(sandbox, name, items[name], start_s) for name in client.exports]
    return rows, f"exit {status}\n{said}" if status else None


def _passed(lines: Any, others: list[str]) -> Any:
    """The same lines; the last ones are kept, for some clients put their errors there."""
    for line in lines:
        others.append(line)
        del others[:-20]
        yield line


def _env(sandbox: Running) -> dict[str, str]:
    own = {"SANDBOX_URL": sandbox.url, "PYTHONPATH": str(_HERE / "shim")}
    # Nobody needs to hear of a test.
    quiet = {"RUNTIME__DLTHUB_TELEMETRY": "false", "DO_NOT_TRACK": "1"}
    return os.environ | own | quiet


def _line(client: Client, row: Row) -> str:
    figures = (row.read, row.true, row.missing, row.repeated, row.extra)
    told = " | ".join(f"{figure:,}" for figure in figures)
    return f"| {client.name} | {client.version} | {row.export} | {told} |"


if __name__ == "__main__":
    main(prog_name="python -m zd_assets_tests.clients")
