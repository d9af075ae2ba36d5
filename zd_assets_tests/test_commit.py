"""A commit looks at the file that is there at that moment, and never puts less in place of more."""

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from zd_assets.catalog.chat import CHATS
from zd_assets.extract.commit import decide
from zd_assets.extract.events import Action, PartitionReport, Report
from zd_assets.extract.options import Options
from zd_assets.extract.run import extract
from zd_assets.lake.footer import Footer, empty_footer
from zd_assets.lake.lake import Lake
from zd_assets.lake.writer import Keep
from zd_assets.sandbox import Running
from zd_assets.zendesk.client import Client
from zd_assets_tests.helpers.runs import about, fetch, few, footers
from zd_assets_tests.helpers.truth import assert_lake_is_true, day, days

DAY = day("2026-02-01")
NOON_US = DAY.start_us + 43_200_000_000
EMPTY = empty_footer(CHATS, DAY, "a run")
WHOLE = replace(EMPTY, complete=True, complete_until_us=DAY.end_us)
HALF = replace(EMPTY, complete_until_us=NOON_US, resume_url="https://a/half")

# Ours, what is there, what was there when the run was planned, alike, continues
# -> whether we write, what stays of the other, whether the result is complete.
TABLE: dict[str, tuple[Footer, Footer | None, Footer | None, bool, bool, bool, Keep, bool]] = {
    "nothing there": (HALF, None, None, False, False, True, Keep.NOTHING, False),
    "a whole over the whole of before": (WHOLE, WHOLE, WHOLE, True, False, True, Keep.ADDED, True),
    "a part over a whole of other columns": (
        HALF,
        WHOLE,
        WHOLE,
        False,
        False,
        False,
        Keep.ALL,
        True,
    ),
    "a whole over one of other columns": (
        WHOLE,
        WHOLE,
        WHOLE,
        False,
        False,
        True,
        Keep.ADDED,
        True,
    ),
    "a part over another run's whole": (HALF, WHOLE, None, True, False, True, Keep.ALL, True),
    "a whole over another run's whole": (WHOLE, WHOLE, None, True, False, True, Keep.ALL, True),
    "a whole over another run's part": (WHOLE, HALF, None, True, False, True, Keep.ALL, True),
    "a part that goes on": (HALF, EMPTY, EMPTY, True, True, True, Keep.ALL, False),
    "a second look": (WHOLE, WHOLE, WHOLE, True, True, True, Keep.ALL, True),
    "a second look that ended early": (HALF, WHOLE, WHOLE, True, True, True, Keep.ALL, True),
    "a full_refresh that ended early": (HALF, WHOLE, WHOLE, True, False, True, Keep.ALL, False),
}


@pytest.mark.parametrize("case", TABLE)
def test_what_is_there_decides_what_a_commit_does(case: str) -> None:
    ours, there, planned, alike, continues, writes, keep, complete = TABLE[case]
    decision = decide(ours, there, planned, alike=alike, continues=continues)
    assert (decision.footer is not None) is writes
    if decision.footer:
        assert (decision.keep, decision.footer.complete) == (keep, complete)


def wait_in_it(sandbox: Running, run: Iterator[Report]) -> None:
    """Let a run come to its second page, for which the server lets it wait some seconds."""
    sandbox.faults([{"kind": "status", "status": 429, "retry_after": 4, "after": 1}])
    next(run)
    while len(sandbox.requests()) < 2:
        time.sleep(0.01)


def test_a_run_that_ends_early_takes_nothing_from_what_another_completed_meanwhile(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, 60)
    partitions = days("2026-02-01", 6)
    options = Options(page_size=25, max_pages=4, max_parallel_windows=1)
    slow = extract(CHATS, partitions, client, lake, options, run_id="slow")
    with closing(slow):
        wait_in_it(sandbox, slow)
        # While the first waits for its second page, another run does all of it.
        fetch(CHATS, partitions, client, lake, run_id="fast", max_parallel_windows=1)
        assert_lake_is_true(sandbox, lake, CHATS, partitions)
        reports = list(slow)
    assert_lake_is_true(sandbox, lake, CHATS, partitions)
    assert all(footer.complete for footer in footers(CHATS, partitions, lake))
    ended = [report for report in reports if isinstance(report, PartitionReport)]
    assert all(report.footer.complete for report in ended)


def test_partitions_that_were_not_reached_are_told_as_they_are_now(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, 60)
    partitions = days("2026-02-01", 3)
    options = Options(page_size=10, max_pages=2, max_parallel_windows=1)
    slow = extract(CHATS, partitions, client, lake, options, run_id="slow")
    with closing(slow):
        wait_in_it(sandbox, slow)
        fetch(CHATS, partitions, client, lake, run_id="fast")
        found = about([*slow])
    assert found[partitions[2].key].action is Action.NOT_REACHED
    assert found[partitions[2].key].footer.run_id == "fast"
    assert_lake_is_true(sandbox, lake, CHATS, partitions)
