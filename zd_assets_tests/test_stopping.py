"""StopReason before the end: errors in one of several walks, interrupts, closed iterators."""

import threading
import time

import pytest

from zd_assets.catalog.chat import CHATS
from zd_assets.extract.options import Options
from zd_assets.extract.run import extract
from zd_assets.lake import writer as writer_module
from zd_assets.lake.errors import LakeError
from zd_assets.lake.lake import Lake
from zd_assets.sandbox import Running
from zd_assets.zendesk.client import Client
from zd_assets.zendesk.errors import AuthenticationError
from zd_assets_tests.helpers.runs import about, attempt, fetch_until_complete, few
from zd_assets_tests.helpers.truth import assert_lake_is_true, days

PAGE_SIZE = 15


@pytest.fixture(autouse=True)
def little(sandbox: Running) -> None:
    few(sandbox, 40)


def threads_of_walks() -> list[str]:
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith(("segment", "page")) or "_fetch_all" in name]


@pytest.mark.parametrize("windows", [2, 4])
def test_an_error_in_one_stretch_stops_the_others_and_keeps_what_they_have(
    windows: int, sandbox: Running, client: Client, lake: Lake
) -> None:
    partitions = days("2026-01-01", 12)
    sandbox.faults([{"kind": "status", "status": 403, "after": 9}])
    sandbox.settings(latency=0.01)
    reports, error = attempt(CHATS, partitions, client, lake, max_parallel_windows=windows)
    assert isinstance(error, AuthenticationError)
    assert len(sandbox.requests()) < 10 + 5 * windows
    committed = [p for p in partitions if lake.footer(CHATS, p)]
    assert committed
    assert sorted(about(reports)) == [partition.key for partition in committed]
    complete = [p for p in committed if (footer := lake.footer(CHATS, p)) and footer.complete]
    assert_lake_is_true(sandbox, lake, CHATS, complete)
    assert threads_of_walks() == []
    sandbox.settings(latency=0.0)
    fetch_until_complete(CHATS, partitions, client, lake, page_size=PAGE_SIZE, runs=1)
    assert_lake_is_true(sandbox, lake, CHATS, partitions)


def test_a_lake_that_cannot_be_written_ends_all_stretches(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    partitions = days("2026-02-01", 8)
    in_the_way = lake.path(CHATS, partitions[4]).parent
    in_the_way.parent.mkdir(parents=True)
    in_the_way.write_text("a file where a folder should be")
    reports, error = attempt(CHATS, partitions, client, lake, max_parallel_windows=2)
    assert isinstance(error, LakeError)
    assert str(in_the_way) in str(error)
    assert partitions[4].key not in about(reports)
    assert threads_of_walks() == []
    in_the_way.unlink()
    fetch_until_complete(CHATS, partitions, client, lake, page_size=PAGE_SIZE, runs=1)
    assert_lake_is_true(sandbox, lake, CHATS, partitions)


@pytest.mark.parametrize("after_reports", [0, 1, 5])
def test_closing_the_iterator_early_stops_the_walks_and_keeps_what_was_done(
    after_reports: int, sandbox: Running, client: Client, lake: Lake
) -> None:
    partitions = days("2026-01-01", 20)
    sandbox.settings(latency=0.01)
    reports = extract(
        CHATS,
        partitions,
        client,
        lake,
        Options(page_size=PAGE_SIZE, max_parallel_windows=4),
        run_id="run",
    )
    for _ in range(after_reports):
        next(reports)
    reports.close()
    assert threads_of_walks() == []
    asked = len(sandbox.requests())
    assert asked < 25
    time.sleep(0.1)
    assert len(sandbox.requests()) == asked
    assert not list(lake.root.rglob("*.tmp"))
    sandbox.settings(latency=0.0)
    fetch_until_complete(CHATS, partitions, client, lake, page_size=PAGE_SIZE, runs=1)
    assert_lake_is_true(sandbox, lake, CHATS, partitions)


class InterruptionError(BaseException):
    """As KeyboardInterrupt, which would end the tests, too."""


def test_an_interrupt_between_reports_stops_the_walks_and_keeps_what_is_committed(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    partitions = days("2026-01-01", 10)
    sandbox.settings(latency=0.01)
    reports = extract(CHATS, partitions, client, lake, Options(page_size=PAGE_SIZE), run_id="run")
    next(reports)
    with pytest.raises(InterruptionError):
        reports.throw(InterruptionError())
    assert threads_of_walks() == []
    assert not list(lake.root.rglob("*.tmp"))
    sandbox.settings(latency=0.0)
    fetch_until_complete(CHATS, partitions, client, lake, page_size=PAGE_SIZE, runs=1)
    assert_lake_is_true(sandbox, lake, CHATS, partitions)


def test_a_walk_that_dies_of_a_bug_is_an_error_too(
    sandbox: Running, client: Client, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*arguments: object) -> None:
        raise RuntimeError("a bug")

    monkeypatch.setattr(writer_module.PartitionWriter, "add", broken)
    with pytest.raises(RuntimeError, match="a bug"):
        attempt(CHATS, days("2026-02-01", 3), client, lake)
    assert threads_of_walks() == []
