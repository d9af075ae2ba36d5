"""kill -9 at random instants of a run over a range; running again ends in the same lake."""

import json
import random
import signal
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from textwrap import dedent

import dagster as dg
import pyarrow.dataset as ds
import pytest

from zd_assets.catalog.chat import CHATS
from zd_assets.catalog.export import Api, Export
from zd_assets.catalog.support import ROUTING_ATTRIBUTE_VALUES, TICKETS
from zd_assets.lake.lake import Lake
from zd_assets.sandbox import Running
from zd_assets_tests.conftest import NOW, UNLIMITED
from zd_assets_tests.helpers.dagster_runs import cli_env, dagster, partition_events
from zd_assets_tests.helpers.runs import Clients, fetch, few, few_of, item
from zd_assets_tests.helpers.truth import DAY_US, assert_beside_is_true, assert_lake_is_true, days

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


@pytest.mark.slow
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
    segments = 2 + sum(a.end_us != b.start_us for a, b in pairwise(missing))
    assert len(sandbox.requests()) <= -(-items // PAGE_SIZE) + 2 * segments


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
    # What is only a part isn't materialized: a backfill asks for it again.
    footers = [(partition.key, lake.footer(CHATS, partition)) for partition in PARTITIONS]
    assert reported == [key for key, footer in footers if footer and footer.complete]


#: One run in a process of its own; what an earlier run completed is adopted.
EXTRACTION = """
    import sys
    from zd_assets.catalog.registry import EXPORTS
    from zd_assets.extract.options import Options
    from zd_assets.extract.run import extract
    from zd_assets.lake.lake import open_lake
    from zd_assets.zendesk.auth import basic
    from zd_assets.zendesk.budget import Budget
    from zd_assets.zendesk.client import Client
    from zd_assets_tests.helpers.truth import days
    url, name, first, count, page_size, lake = sys.argv[1:]
    auth = basic("agent@example.com", "sandbox-api-token", "TOKEN")
    export = next(export for export in EXPORTS if export.name == name)
    for report in extract(
        export,
        days(first, int(count)),
        Client(url, "URL", auth, Budget(url, 1_000_000)),
        open_lake(lake),
        Options(
            include=tuple(one.name for one in export.sideloads),
            page_size=int(page_size),
            max_parallel_windows=1,
        ),
        run_id="killed",
        should_adopt=lambda footer: True,
    ):
        pass
"""
RANGE = days("2026-02-01", 12)
#: Exports, and the size of pages that takes them a while.
IN_SUPPORT = {"tickets by cursor": (TICKETS, 20), "routing": (ROUTING_ATTRIBUTE_VALUES, 3000)}


@pytest.mark.parametrize("case", IN_SUPPORT)
def test_a_support_export_killed_and_run_again_is_the_truth(
    case: str, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    export, page_size = IN_SUPPORT[case]
    few_of(sandbox, TICKETS, 20, latency=0.06)
    if export is ROUTING_ATTRIBUTE_VALUES:
        few(sandbox, seeded=False, latency=0.25)
        times_us = [RANGE[0].start_us + n * DAY_US // 1000 for n in range(12_000)]
        sandbox.put(export.name, [item(export, us, n) for n, us in enumerate(times_us)])
    url = clients[Api.SUPPORT].base_url
    arguments = [url, export.name, RANGE[0].key, str(len(RANGE)), str(page_size), str(lake.root)]
    seed = random.randrange(10**6)
    instants = random.Random(seed)
    for kill in (1, 2):
        run = subprocess.Popen([sys.executable, "-c", dedent(EXTRACTION), *arguments])
        while run.poll() is None and len(_committed(export, lake)) < 4 * kill:
            time.sleep(0.005)
        time.sleep(instants.uniform(0, 0.1))
        ended = run.poll()
        run.kill()
        run.wait()
        assert ended is None, f"seed {seed}: it ended before it could be killed"

    missing = len(RANGE) - len(_committed(export, lake))
    assert 0 < missing <= 4
    sandbox.settings(latency=0.0)
    sandbox.forget_requests()
    include = tuple(sideload.name for sideload in export.sideloads)
    fetch(
        export,
        RANGE,
        clients,
        lake,
        should_adopt=lambda footer: True,
        include=include,
        page_size=page_size,
        max_parallel_windows=1,
    )
    asked = len(sandbox.requests())
    assert_lake_is_true(sandbox, lake, export, RANGE)
    assert_beside_is_true(sandbox, clients[Api.SUPPORT], lake, export, RANGE)
    assert not list(lake.root.rglob("*.tmp")), "leftovers of the killed runs must be swept"
    items = sum(f.items for p in RANGE[-missing:] if (f := lake.footer(export, p)))
    assert asked <= -(-items // page_size) + 2


def _committed(export: Export, lake: Lake) -> list[str]:
    """The partitions that are complete."""
    return [p.key for p in RANGE if (footer := lake.footer(export, p)) and footer.complete]
