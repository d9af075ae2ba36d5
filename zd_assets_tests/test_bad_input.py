"""A server that fails or lies in the middle of a drain: nothing is lost, nothing leaks."""

import threading
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zd_assets.exports.catalogue import CATALOGUE
from zd_assets.exports.chat import CHATS, CONVERSIONS, DEPARTMENT_EVENTS
from zd_assets.exports.export import Export
from zd_assets.extract.extract import Options, extract
from zd_assets.extract.report import Notice, PageReport, PartitionReport, Report
from zd_assets.lake import writer as writer_module
from zd_assets.lake.errors import LakeError
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.sandbox import Running
from zd_assets.zendesk import client as client_module
from zd_assets.zendesk.client import Client
from zd_assets.zendesk.drain import Ending
from zd_assets.zendesk.errors import (
    AuthenticationError,
    ForeignUrlError,
    StuckCursorError,
    UnavailableError,
    ZendeskError,
)
from zd_assets_tests.local_server import Answer, serving
from zd_assets_tests.runs import (
    about,
    at_us,
    fetch,
    fetch_until_complete,
    few,
    footers,
    incomplete,
    item,
    rows,
    statuses,
)
from zd_assets_tests.secrecy import SECRET, assert_secret_nowhere
from zd_assets_tests.truth import (
    assert_lake_is_true,
    canonical_text,
    day,
    days,
    lake_items,
    true_items,
)

DAYS = days("2026-02-01", 3)
#: Pages of DAYS, about 65 events: the fault strikes in the middle of the second day.
PAGE_SIZE = 15
AFTER = 3

every_export = pytest.mark.parametrize("export", CATALOGUE, ids=lambda export: export.name)


@pytest.fixture
def client(make_client: Callable[..., Client], sandbox: Running) -> Client:
    few(sandbox, 40, token=SECRET)
    return make_client(token=SECRET, attempts=3)


def attempt(
    export: Export, client: Client, lake: Lake, **options: Any
) -> tuple[list[Report], ZendeskError | LakeError | None]:
    """One run over `DAYS`, or others: what it said and its error; no secret is left anywhere."""
    reports: list[Report] = []
    failure: ZendeskError | LakeError | None = None
    partitions = options.pop("partitions", DAYS)
    ordinary = {"page_size": PAGE_SIZE, "max_parallel_windows": 1}
    try:
        for report in extract(
            export, partitions, client, lake, Options(**{**ordinary, **options}), run_id="run"
        ):
            reports.append(report)
    except (ZendeskError, LakeError) as error:
        failure = error
    assert_secret_nowhere(reports, failure, lake.root)
    return reports, failure


FAULTS: dict[str, dict[str, Any]] = {
    "500": {"kind": "status", "status": 500},
    "502": {"kind": "status", "status": 502},
    "503": {"kind": "status", "status": 503},
    "504": {"kind": "status", "status": 504},
    "429": {"kind": "status", "status": 429},
    "429 for 0 s": {"kind": "status", "status": 429, "retry_after": 0},
    "429 until": {
        "kind": "status",
        "status": 429,
        "retry_after": "Sun, 01 Mar 2026 12:00:00 GMT",
    },
    "reset": {"kind": "reset"},
    "cut": {"kind": "cut"},
    "invalid JSON": {"kind": "invalid_json"},
    "invalid UTF-8": {"kind": "invalid_utf8"},
    "HTML with 200": {"kind": "html"},
    "no count": {"kind": "no_count"},
    "no next_page": {"kind": "no_next_page"},
    "no end_time": {"kind": "no_end_time"},
}


@pytest.mark.parametrize("fault", FAULTS)
def test_after_a_fault_that_passes_the_lake_is_true(
    fault: str, sandbox: Running, client: Client, lake: Lake
) -> None:
    sandbox.faults([FAULTS[fault] | {"after": AFTER, "times": 2}])
    reports, error = attempt(CHATS, client, lake)
    assert error is None
    assert len([report for report in reports if isinstance(report, Notice)]) == 2
    assert_lake_is_true(sandbox, lake, CHATS, DAYS)


@every_export
@given(data=st.data())
@settings(
    max_examples=6,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_strikes_and_whenever_some_runs_later_the_lake_is_true(
    export: Export,
    data: st.DataObject,
    sandbox: Running,
    client: Client,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    kinds = st.sampled_from([*FAULTS.values(), {"kind": "redirect"}])
    strikes = st.tuples(kinds, st.integers(0, 5), st.integers(1, 5))
    strikes_of_all = data.draw(st.lists(strikes, max_size=4), label="faults")
    windows = data.draw(st.sampled_from([1, 4]), label="windows")
    few(sandbox, 40, token=SECRET, pages=data.draw(st.sampled_from(["full", "documented"])))
    sandbox.faults([kind | {"after": after, "times": n} for kind, after, n in strikes_of_all])
    lake = open_lake(str(tmp_path_factory.mktemp("lake")))
    # Each failing run uses up a strike at least.
    for _ in range(30):
        todo = incomplete(export, DAYS, lake)
        if not todo:
            break
        attempt(export, client, lake, partitions=todo, max_parallel_windows=windows, page_size=25)
    assert_lake_is_true(sandbox, lake, export, DAYS)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_fault_that_stays_keeps_what_was_committed_and_a_later_run_completes_it(
    fault: str, sandbox: Running, client: Client, lake: Lake
) -> None:
    export = DEPARTMENT_EVENTS
    sandbox.faults([FAULTS[fault] | {"after": AFTER, "times": -1}])
    reports, error = attempt(export, client, lake)
    assert isinstance(error, UnavailableError)
    assert "\n" not in str(error)
    assert export.name in str(error)
    assert len(str(error)) < 300
    first, open_one = footers(export, DAYS[:2], lake)
    assert first.complete
    assert not open_one.complete
    assert open_one.items > 0
    assert open_one.resume_url
    assert list(about(reports)) == [partition.key for partition in DAYS[:2]]
    assert_lake_is_true(sandbox, lake, export, DAYS[:1])
    few(sandbox, 40, token=SECRET)
    fetch_until_complete(
        export, DAYS, client, lake, page_size=PAGE_SIZE, max_parallel_windows=1, runs=1
    )
    assert_lake_is_true(sandbox, lake, export, DAYS)
    # The second day goes on where it was left.
    assert sandbox.requests()[0]["query"].get("start_id")


def test_a_fault_that_stays_leaves_a_complete_partition_complete(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    fetch(CHATS, DAYS, client, lake, page_size=PAGE_SIZE)
    sandbox.faults([{"kind": "status", "status": 503, "after": AFTER, "times": -1}])
    reports, error = attempt(CHATS, client, lake, refetch=True)
    assert isinstance(error, UnavailableError)
    assert list(about(reports)) == [DAYS[0].key]
    assert_lake_is_true(sandbox, lake, CHATS, DAYS)


def test_a_server_that_is_down_from_the_start_leaves_no_file(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    sandbox.faults([{"kind": "status", "status": 503, "times": -1}])
    reports, error = attempt(CHATS, client, lake)
    assert isinstance(error, UnavailableError)
    assert about(reports) == {}
    assert len(incomplete(CHATS, DAYS, lake)) == 3


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("after", [0, AFTER])
def test_a_refused_token_fails_at_once_and_keeps_what_was_committed(
    status: int, after: int, sandbox: Running, client: Client, lake: Lake
) -> None:
    sandbox.faults([{"kind": "status", "status": status, "after": after, "times": -1}])
    _, error = attempt(CHATS, client, lake)
    assert isinstance(error, AuthenticationError)
    assert "ZENDESK_CHAT_TOKEN" in str(error)
    assert statuses(sandbox) == [200] * after + [status]
    assert len(list(lake.root.rglob("*.parquet"))) == (2 if after else 0)


@pytest.mark.parametrize("kind", ["foreign_next_page", "redirect"])
def test_another_host_that_the_server_names_is_not_asked(
    kind: str, sandbox: Running, client: Client, lake: Lake
) -> None:
    with serving(lambda path, number: Answer()) as foreign:
        sandbox.faults([{"kind": kind, "after": 1, "url": f"{foreign.url}/steal"}])
        _, error = attempt(CHATS, client, lake)
        assert isinstance(error, ForeignUrlError)
        assert foreign.seen == []
    assert "ZENDESK_CHAT_URL" in str(error)
    # A later run doesn't trust what the bad page said.
    fetch_until_complete(CHATS, DAYS, client, lake, page_size=PAGE_SIZE, runs=2)
    assert_lake_is_true(sandbox, lake, CHATS, DAYS)


def test_a_redirect_within_the_origin_is_followed(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    url = f"{client.base_url}/incremental/chats?fields=chats(*)&limit=15&start_time=1769903999"
    sandbox.faults([{"kind": "redirect", "url": url}])
    _, error = attempt(CHATS, client, lake)
    assert error is None
    assert statuses(sandbox)[:2] == [302, 200]
    assert_lake_is_true(sandbox, lake, CHATS, DAYS)


@pytest.mark.parametrize("after", [0, AFTER])
@every_export
def test_a_cursor_that_is_stuck_on_a_full_page_fails_clearly_and_asks_no_more(
    export: Export, after: int, sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, 150, token=SECRET)
    sandbox.faults([{"kind": "stuck", "after": after, "times": -1}])
    _, error = attempt(export, client, lake)
    assert isinstance(error, StuckCursorError)
    assert f"{export.name}: a full page of {PAGE_SIZE} items" in str(error)
    assert len(sandbox.requests()) == after + 1
    few(sandbox, 150, token=SECRET)
    fetch_until_complete(
        export, DAYS, client, lake, page_size=PAGE_SIZE, max_parallel_windows=1, runs=1
    )
    assert_lake_is_true(sandbox, lake, export, DAYS)


@pytest.mark.parametrize("export", [CHATS, CONVERSIONS], ids=lambda export: export.name)
def test_a_cursor_that_is_stuck_on_a_short_page_waits(
    export: Export, sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, seeded=False, token=SECRET)
    us = at_us("2026-02-01T10:00:00")
    sandbox.put(export.name, [item(export, us + n * 1_000_000, n) for n in range(20)])
    sandbox.faults([{"kind": "stuck", "after": 1}])
    reports, error = attempt(export, client, lake)
    assert error is None
    assert len(sandbox.requests()) == 2
    footer = footers(export, DAYS[:1], lake)[0]
    assert not footer.complete
    assert footer.last_page
    assert footer.last_page.ending == Ending.WAIT
    assert footer.last_page.row == "the cursor didn't move"
    assert not footer.last_page.follow_up_now
    assert list(about(reports)) == [partition.key for partition in DAYS]
    fetch_until_complete(export, DAYS, client, lake, page_size=PAGE_SIZE, runs=1)
    assert_lake_is_true(sandbox, lake, export, DAYS)


@pytest.mark.parametrize(
    ("export", "kind", "counted"),
    [(export, "no_time", "time") for export in CATALOGUE]
    + [(export, "no_id", "key") for export in CATALOGUE if export.key],
)
def test_items_without_id_or_time_are_kept_and_counted(
    export: Export, kind: str, counted: str, sandbox: Running, client: Client, lake: Lake
) -> None:
    stripped = {"no_id": "id", "no_time": export.time.column}[kind]
    sandbox.faults([{"kind": kind, "after": 1}])
    _, error = attempt(export, client, lake, page_size=5)
    assert error is None

    def texts(items: list[Any]) -> Counter[str]:
        bare = [{k: v for k, v in one.items() if k != stripped} for one in items]
        return Counter(map(canonical_text, bare))

    have = texts([one for p in DAYS for one in lake_items(lake, export, p)])
    want = texts([one for p in DAYS for one in true_items(sandbox, export, p)])
    assert not want - have
    found = footers(export, DAYS, lake)
    totals = {
        "key": sum(footer.items_without_key for footer in found),
        "time": sum(footer.items_without_time for footer in found),
    }
    assert totals == {"key": 0, "time": 0, counted: 1}
    without = [row for p in DAYS for row in rows(lake, export, p) if row[stripped] is None]
    assert len(without) == 1


def test_drift_is_counted_in_the_partition_whose_rows_drifted(
    sandbox: Running, client: Client, lake: Lake
) -> None:
    few(sandbox, seeded=False, token=SECRET)
    midnight_us = DAYS[1].start_us
    chats = [item(CHATS, midnight_us + (n - 5) * 60_000_000, n) for n in range(10)]
    chats[2] |= {"mood": "glad"}
    chats[7] |= {"duration": "long"}
    sandbox.put("chats", chats)
    attempt(CHATS, client, lake, page_size=100)
    assert [footer.drift for footer in footers(CHATS, DAYS, lake)] == [
        {"mood": 1},
        {"duration": 1},
        {},
    ]


def test_a_server_that_falls_silent_costs_a_time_out_and_no_data(
    sandbox: Running, client: Client, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client_module, "_READ_S", 0.3)
    sandbox.faults([{"kind": "hang", "seconds": 3, "after": AFTER}])
    _, error = attempt(CHATS, client, lake)
    assert error is None
    assert_lake_is_true(sandbox, lake, CHATS, DAYS)


def threads_of_walks() -> list[str]:
    names = [thread.name for thread in threading.enumerate()]
    return [name for name in names if name.startswith(("stretch", "page")) or "_walk_all" in name]


@pytest.mark.parametrize("windows", [2, 4])
def test_an_error_in_one_stretch_stops_the_others_and_keeps_what_they_have(
    windows: int, sandbox: Running, client: Client, lake: Lake
) -> None:
    partitions = days("2026-01-01", 12)
    sandbox.faults([{"kind": "status", "status": 403, "after": 9}])
    sandbox.settings(latency=0.01)
    reports, error = attempt(
        CHATS, client, lake, partitions=partitions, max_parallel_windows=windows
    )
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
    reports, error = attempt(CHATS, client, lake, partitions=partitions, max_parallel_windows=2)
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
        attempt(CHATS, client, lake)
    assert threads_of_walks() == []


def test_a_waiting_run_says_what_it_waits_for(
    sandbox: Running, client: Client, lake: Lake, tmp_path: Path
) -> None:
    sandbox.faults([{"kind": "status", "status": 429, "retry_after": 0, "after": 1}])
    reports, _ = attempt(CHATS, client, lake, partitions=[day("2026-02-01")])
    notices = [report.message for report in reports if isinstance(report, Notice)]
    assert len(notices) == 1
    assert "chats answered 429; asking again in" in notices[0]
    kinds = {type(report) for report in reports}
    assert kinds == {Notice, PageReport, PartitionReport}
