"""A server that fails in the middle of an export: nothing is lost, nothing leaks."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zd_assets.catalog.chat import CHATS, DEPARTMENT_EVENTS
from zd_assets.catalog.export import Api, Endpoint, Export, Pagination
from zd_assets.catalog.support import ROUTING_INSTANCE_VALUES, TICKET_METRIC_EVENTS, TICKETS
from zd_assets.extract.events import Notice, PageReport, PartitionReport
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.sandbox import Running
from zd_assets.zendesk import client as client_module
from zd_assets.zendesk.client import Client
from zd_assets.zendesk.errors import (
    AuthenticationError,
    UnavailableError,
)
from zd_assets_tests.helpers.runs import (
    Clients,
    about,
    asked_from,
    attempt,
    every_road,
    fetch,
    fetch_until_complete,
    few_of,
    footers,
    incomplete,
    over,
    road,
    statuses,
)
from zd_assets_tests.helpers.secrecy import SECRET
from zd_assets_tests.helpers.truth import (
    assert_lake_is_true,
    day,
    days,
)

DAYS = days("2026-02-01", 3)
#: Pages of DAYS, about 65 items: the fault strikes in the middle of the second day.
PAGE_SIZE = 15
AFTER = 3
SECRETS: dict[str, Any] = {"token": SECRET, "api_token": SECRET}

#: One of each pagination.
CHAT = road(CHATS, Pagination.CHAT)
BY_CURSOR = road(TICKETS, Pagination.CURSOR)
BY_TIME = road(TICKETS, Pagination.TIME)
BY_PAGES = road(TICKET_METRIC_EVENTS, Pagination.PAGES)
ROUTING = road(ROUTING_INSTANCE_VALUES, Pagination.ROUTING)


@pytest.fixture
def clients(make_client: Callable[..., Client]) -> dict[Api, Client]:
    return {api: make_client(api, token=SECRET, attempts=3) for api in Api}


def little(sandbox: Running, export: Export, **settings: Any) -> None:
    few_of(sandbox, export, 40, **SECRETS, **settings)


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


#: Faults that strike a page of any kind.
ANY_PAGE = ["500", "cut", "invalid JSON", "HTML with 200", "no next_page"]
STRIKES = [
    *((*CHAT, fault) for fault in FAULTS),
    *((*BY_CURSOR, fault) for fault in ANY_PAGE),
    *((*one, fault) for one in (BY_TIME, BY_PAGES) for fault in ("429", "no next_page")),
]
by_strike = pytest.mark.parametrize(
    ("export", "endpoint", "fault"),
    [
        pytest.param(*strike, id=f"{strike[0].name} by {strike[1].pagination}, {strike[2]}")
        for strike in STRIKES
    ],
)


@by_strike
def test_after_a_fault_that_passes_the_lake_is_true(
    export: Export,
    endpoint: Endpoint,
    fault: str,
    sandbox: Running,
    clients: Clients,
    lake: Lake,
) -> None:
    little(sandbox, export)
    sandbox.faults([FAULTS[fault] | {"after": AFTER, "times": 2}])
    reports, error = attempt(export, DAYS, clients, lake, endpoint=endpoint)
    assert error is None
    assert len([report for report in reports if isinstance(report, Notice)]) == 2
    assert_lake_is_true(sandbox, lake, export, DAYS)


@every_road
@given(data=st.data())
@settings(
    max_examples=3,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_whatever_strikes_and_whenever_some_runs_later_the_lake_is_true(
    export: Export,
    endpoint: Endpoint,
    data: st.DataObject,
    sandbox: Running,
    clients: Clients,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    kinds = st.sampled_from([*FAULTS.values(), {"kind": "redirect"}])
    # Routing has one page only.
    afters = st.integers(0, 5) if endpoint.has_start_time else st.just(0)
    strikes = st.tuples(kinds, afters, st.integers(1, 5))
    strikes_of_all = data.draw(st.lists(strikes, max_size=4), label="faults")
    windows = data.draw(st.sampled_from([1, 4]), label="windows")
    little(sandbox, export, pages=data.draw(st.sampled_from(["full", "documented"])))
    sandbox.faults([kind | {"after": after, "times": n} for kind, after, n in strikes_of_all])
    lake = open_lake(str(tmp_path_factory.mktemp("lake")))
    options: dict[str, Any] = {"max_parallel_windows": windows, "page_size": 25}
    # Each failing run uses up a strike at least.
    for _ in range(30):
        todo = incomplete(export, DAYS, lake)
        if not todo:
            break
        attempt(export, todo, clients, lake, endpoint=endpoint, **options)
    assert_lake_is_true(sandbox, lake, export, DAYS)


STAYING = [(*road(DEPARTMENT_EVENTS, Pagination.CHAT), fault) for fault in FAULTS] + [
    (*one, fault) for one in (BY_CURSOR, BY_TIME, BY_PAGES) for fault in ("500", "no next_page")
]


@pytest.mark.parametrize(
    ("export", "endpoint", "fault"),
    [
        pytest.param(*strike, id=f"{strike[0].name} by {strike[1].pagination}, {strike[2]}")
        for strike in STAYING
    ],
)
def test_a_fault_that_stays_keeps_what_was_committed_and_a_later_run_completes_it(
    export: Export,
    endpoint: Endpoint,
    fault: str,
    sandbox: Running,
    clients: Clients,
    lake: Lake,
) -> None:
    little(sandbox, export)
    sandbox.faults([FAULTS[fault] | {"after": AFTER, "times": -1}])
    reports, error = attempt(export, DAYS, clients, lake, endpoint=endpoint)
    assert isinstance(error, UnavailableError)
    assert "\n" not in str(error)
    assert export.name in str(error)
    assert len(str(error)) < 300
    first, open_one = footers(export, DAYS[:2], lake)
    assert first.complete
    assert not open_one.complete
    assert open_one.items > 0
    # The address of the next page is what has just failed.
    assert open_one.resume_url is None
    assert list(about(reports)) == [partition.key for partition in DAYS[:2]]
    assert_lake_is_true(sandbox, lake, export, DAYS[:1])
    little(sandbox, export)
    options: dict[str, Any] = {"page_size": PAGE_SIZE, "max_parallel_windows": 1}
    fetch_until_complete(export, DAYS, clients, lake, endpoint=endpoint, runs=1, **options)
    assert_lake_is_true(sandbox, lake, export, DAYS)
    # The second day goes on where it was left.
    assert asked_from(sandbox)[0] == open_one.complete_until_us // endpoint.unit_us - 1


@over([CHAT, BY_CURSOR])
def test_a_fault_that_stays_leaves_a_complete_partition_complete(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    little(sandbox, export)
    fetch(export, DAYS, clients, lake, endpoint=endpoint, page_size=PAGE_SIZE)
    sandbox.faults([{"kind": "status", "status": 503, "after": AFTER, "times": -1}])
    reports, error = attempt(export, DAYS, clients, lake, endpoint=endpoint, full_refresh=True)
    assert isinstance(error, UnavailableError)
    assert list(about(reports)) == [DAYS[0].key]
    assert_lake_is_true(sandbox, lake, export, DAYS)


@over([CHAT, BY_CURSOR, ROUTING])
def test_a_server_that_is_down_from_the_start_leaves_no_file(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    little(sandbox, export)
    sandbox.faults([{"kind": "status", "status": 503, "times": -1}])
    reports, error = attempt(export, DAYS, clients, lake, endpoint=endpoint)
    assert isinstance(error, UnavailableError)
    assert about(reports) == {}
    assert len(incomplete(export, DAYS, lake)) == 3


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("after", [0, AFTER])
@pytest.mark.parametrize(
    ("export", "variables"),
    [(CHATS, "ZENDESK_CHAT_TOKEN"), (TICKETS, "ZENDESK_EMAIL and ZENDESK_API_TOKEN")],
    ids=["chats", "tickets"],
)
def test_a_refused_token_fails_at_once_and_keeps_what_was_committed(
    export: Export,
    variables: str,
    after: int,
    status: int,
    sandbox: Running,
    clients: Clients,
    lake: Lake,
) -> None:
    little(sandbox, export)
    sandbox.faults([{"kind": "status", "status": status, "after": after, "times": -1}])
    _, error = attempt(export, DAYS, clients, lake)
    assert isinstance(error, AuthenticationError)
    assert variables in str(error)
    assert statuses(sandbox) == [200] * after + [status]
    assert len(list(lake.root.rglob("*.parquet"))) == (2 if after else 0)


def test_a_server_that_falls_silent_costs_a_time_out_and_no_data(
    sandbox: Running, clients: Clients, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    little(sandbox, CHATS)
    monkeypatch.setattr(client_module, "_READ_S", 0.3)
    sandbox.faults([{"kind": "hang", "seconds": 3, "after": AFTER}])
    _, error = attempt(CHATS, DAYS, clients, lake)
    assert error is None
    assert_lake_is_true(sandbox, lake, CHATS, DAYS)


def test_a_waiting_run_says_what_it_waits_for(
    sandbox: Running, clients: Clients, lake: Lake
) -> None:
    little(sandbox, CHATS)
    sandbox.faults([{"kind": "status", "status": 429, "retry_after": 0, "after": 1}])
    reports, _ = attempt(CHATS, [day("2026-02-01")], clients, lake)
    notices = [report.message for report in reports if isinstance(report, Notice)]
    assert len(notices) == 1
    assert "chats answered 429; asking again in" in notices[0]
    kinds = {type(report) for report in reports}
    assert kinds == {Notice, PageReport, PartitionReport}
