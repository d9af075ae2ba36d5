"""kill -9 at random instants of a run over a range; running again ends in the same lake."""

import json
import random
import signal
import subprocess
import time
from itertools import pairwise
from pathlib import Path

import dagster as dg
import pyarrow.dataset as ds
import pytest

from zd_assets.exports.chat import CHATS
from zd_assets.lake.lake import Lake
from zd_assets.sandbox import Running
from zd_assets_tests.conftest import NOW, UNLIMITED
from zd_assets_tests.dagster_runs import cli_env, dagster, partition_events
from zd_assets_tests.truth import assert_lake_is_true, days

PARTITIONS = days("2026-01-10", 40)
PAGE_SIZE = 100
CHATS_PER_DAY = 300


def _command() -> list[str]:
    chat = {"page_size": PAGE_SIZE, "max_parallel_windows": 2, "first_wait_s": 0.01}
    return [
        *("asset", "materialize", "-m", "zd_assets.definitions", "--select", "zendesk_chat/chats"),
        *("--partition-range", f"{PARTITIONS[0].key}...{PARTITIONS[-1].key}"),
        *("--config-json", json.dumps({"resources": {"zendesk_chat": {"config": chat}}})),
    ]


def _wait_for_commits(process: subprocess.Popen[str], lake: Lake, commits: int) -> None:
    while process.poll() is None and len(list(lake.root.rglob("part-0.parquet"))) < commits:
        time.sleep(0.005)


def _pages_of(sandbox: Running, first_us: int) -> int:
    """Requests of the log that asked from `first_us` or later."""
    return sum(int(r["query"]["start_time"]) >= first_us // 10**6 for r in sandbox.requests())


def test_killed_at_random_instants_and_run_again_the_lake_is_the_truth(
    sandbox: Running, lake: Lake, tmp_path: Path
) -> None:
    sandbox.reset(
        requests_per_minute=UNLIMITED,
        chats_per_day=CHATS_PER_DAY,
        now=NOW,
        clock="frozen",
        latency=0.03,
    )
    env = cli_env(sandbox, tmp_path / "dagster", lake)
    seed = random.randrange(10**6)
    instants = random.Random(seed)
    for kill in (1, 2, 3):
        run = dagster(_command(), env)
        _wait_for_commits(run, lake, 8 * kill)
        time.sleep(instants.uniform(0, 0.1))
        ended = run.poll()
        run.kill()
        output, _ = run.communicate()
        assert ended is None, f"seed {seed}: it ended before it could be killed: {output}"
        _every_visible_file_is_whole(lake)

    committed = [p for p in PARTITIONS if lake.footer(CHATS, p)]
    assert len(committed) >= 24
    sandbox.forget_requests()
    last = dagster(_command(), env)
    output, _ = last.communicate(timeout=300)
    assert last.returncode == 0, output
    assert_lake_is_true(sandbox, lake, CHATS, PARTITIONS)
    assert not list(lake.root.rglob("*.tmp")), "leftovers of the killed runs must be swept"

    missing = [p for p in PARTITIONS if p not in committed]
    items = sum(footer.items for p in missing if (footer := lake.footer(CHATS, p)))
    stretches = 2 + sum(a.end_us != b.start_us for a, b in pairwise(missing))
    assert len(sandbox.requests()) <= -(-items // PAGE_SIZE) + 2 * stretches


def _every_visible_file_is_whole(lake: Lake) -> None:
    table = ds.dataset(lake.root / "zendesk_chat" / "chats", partitioning="hive").to_table()
    assert table.num_rows == sum(f.items for p in PARTITIONS if (f := lake.footer(CHATS, p)))


@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT], ids=lambda stop: stop.name)
def test_an_interrupted_run_reports_what_it_committed(
    stop: signal.Signals, sandbox: Running, lake: Lake, tmp_path: Path
) -> None:
    sandbox.reset(
        requests_per_minute=UNLIMITED,
        chats_per_day=CHATS_PER_DAY,
        now=NOW,
        clock="frozen",
        latency=0.05,
    )
    home = tmp_path / "dagster"
    run = dagster(_command(), cli_env(sandbox, home, lake))
    _wait_for_commits(run, lake, 4)
    run.send_signal(stop)
    run.communicate(timeout=60)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        reported = sorted(key for key, _ in partition_events(instance, CHATS))
    assert reported == [p.key for p in PARTITIONS if lake.footer(CHATS, p)]
