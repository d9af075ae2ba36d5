"""A server whose pages are not what they should be: other hosts, stuck cursors, lost attributes."""

from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from zd_assets.catalog.chat import CHATS, CONVERSIONS
from zd_assets.catalog.export import Api, Endpoint, Export, Pagination
from zd_assets.catalog.support import TICKET_METRIC_EVENTS, TICKETS
from zd_assets.lake.lake import Lake
from zd_assets.sandbox import Running
from zd_assets.zendesk.client import Client
from zd_assets.zendesk.errors import ForeignUrlError, StuckCursorError
from zd_assets.zendesk.iter_pages import StopReason
from zd_assets_tests.helpers import runs
from zd_assets_tests.helpers.local_server import Answer, serving
from zd_assets_tests.helpers.runs import (
    ROADS,
    Clients,
    about,
    attempt,
    fetch_until_complete,
    few,
    footers,
    item,
    over,
    road,
    rows,
    statuses,
)
from zd_assets_tests.helpers.secrecy import SECRET
from zd_assets_tests.helpers.truth import (
    assert_lake_is_true,
    canonical_text,
    days,
    lake_items,
    true_items,
)

DAYS = days("2026-02-01", 3)
PAGE_SIZE = 15

KINDS = [
    road(CHATS, Pagination.CHAT),
    road(TICKETS, Pagination.CURSOR),
    road(TICKETS, Pagination.TIME),
    road(TICKET_METRIC_EVENTS, Pagination.PAGES),
]


@pytest.fixture
def clients(make_client: Callable[..., Client]) -> dict[Api, Client]:
    return {api: make_client(api, token=SECRET, attempts=3) for api in Api}


def one_an_hour(sandbox: Running, export: Export, count: int = 72) -> None:
    """As in `runs`, over `DAYS`, with the secret that is to be found nowhere."""
    secrets = {"token": SECRET, "api_token": SECRET}
    runs.one_an_hour(sandbox, export, DAYS[0].start_us, count, **secrets)


@over(KINDS)
@pytest.mark.parametrize("kind", ["foreign_next_page", "redirect"])
def test_another_host_that_the_server_names_is_not_asked(
    export: Export,
    endpoint: Endpoint,
    kind: str,
    sandbox: Running,
    clients: Clients,
    lake: Lake,
) -> None:
    one_an_hour(sandbox, export)
    with serving(lambda path, number: Answer()) as foreign:
        sandbox.faults([{"kind": kind, "after": 1, "url": f"{foreign.url}/steal"}])
        _, error = attempt(export, DAYS, clients, lake, endpoint=endpoint)
        assert isinstance(error, ForeignUrlError)
        assert foreign.seen == []
    assert clients[export.api].base_url_variable in str(error)
    # A later run doesn't trust what the bad page said.
    fetch_until_complete(
        export, DAYS, clients, lake, endpoint=endpoint, page_size=PAGE_SIZE, runs=2
    )
    assert_lake_is_true(sandbox, lake, export, DAYS)


@pytest.mark.parametrize(
    ("export", "path"),
    [
        (CHATS, "chats?fields=chats(*)&limit=15&start_time=1769903999"),
        (TICKETS, "tickets/cursor?per_page=15&start_time=1769903999"),
    ],
    ids=["chats", "tickets"],
)
def test_a_redirect_within_the_origin_is_followed(
    export: Export, path: str, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    one_an_hour(sandbox, export)
    url = f"{clients[export.api].base_url}/incremental/{path}"
    sandbox.faults([{"kind": "redirect", "url": url}])
    _, error = attempt(export, DAYS, clients, lake)
    assert error is None
    assert statuses(sandbox)[:2] == [302, 200]
    assert_lake_is_true(sandbox, lake, export, DAYS)


@pytest.mark.parametrize("after", [0, 3])
@over([*(one for one in ROADS if one[0].api is Api.CHAT), *KINDS[1:]])
def test_a_cursor_that_is_stuck_on_a_full_page_fails_clearly_or_is_got_past_by_time(
    export: Export,
    endpoint: Endpoint,
    after: int,
    sandbox: Running,
    clients: Clients,
    lake: Lake,
) -> None:
    one_an_hour(sandbox, export)
    sandbox.faults([{"kind": "stuck", "after": after, "times": -1}])
    _, error = attempt(export, DAYS, clients, lake, endpoint=endpoint)
    if endpoint.names_end_time:
        assert isinstance(error, StuckCursorError)
        assert f"{export.name}: a full page of {PAGE_SIZE} items" in str(error)
        # Three times where it was, and three times from the time that it had come to.
        assert len(sandbox.requests()) <= after + 3 + 3
    else:
        # A cursor's first page is right: so from time to time it gets through.
        assert error is None
        assert_lake_is_true(sandbox, lake, export, DAYS)
    one_an_hour(sandbox, export)
    options: dict[str, Any] = {"page_size": PAGE_SIZE, "max_parallel_windows": 1}
    fetch_until_complete(export, DAYS, clients, lake, endpoint=endpoint, runs=1, **options)
    assert_lake_is_true(sandbox, lake, export, DAYS)


@over([road(CHATS, Pagination.CHAT), road(CONVERSIONS, Pagination.CHAT)])
def test_a_cursor_that_is_stuck_on_a_short_page_waits(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    one_an_hour(sandbox, export, count=20)
    sandbox.faults([{"kind": "stuck", "after": 1}])
    reports, error = attempt(export, DAYS, clients, lake, endpoint=endpoint)
    assert error is None
    assert len(sandbox.requests()) == 2
    footer = footers(export, DAYS[:1], lake)[0]
    assert not footer.complete
    assert footer.last_page
    assert footer.last_page.stop_reason == StopReason.WAIT
    assert footer.last_page.row == "the cursor didn't move"
    assert not footer.last_page.follow_up_now
    assert list(about(reports)) == [partition.key for partition in DAYS]
    fetch_until_complete(export, DAYS, clients, lake, page_size=PAGE_SIZE, runs=1)
    assert_lake_is_true(sandbox, lake, export, DAYS)


@pytest.mark.parametrize(
    ("export", "endpoint", "kind"),
    [
        pytest.param(*one, kind, id=f"{one[0].name} by {one[1].pagination}, {kind}")
        for one in ROADS
        for kind in ("no_time", "no_id")
        if kind == "no_time" or (one[0].key and one[1] is one[0].endpoints[0])
    ],
)
def test_items_without_id_or_time_are_kept_and_counted(
    export: Export,
    endpoint: Endpoint,
    kind: str,
    sandbox: Running,
    clients: Clients,
    lake: Lake,
) -> None:
    stripped = {"no_id": "id", "no_time": export.time.column}[kind]
    one_an_hour(sandbox, export)
    # Routing has one page only.
    sandbox.faults([{"kind": kind, "after": int(endpoint.has_start_time)}])
    _, error = attempt(export, DAYS, clients, lake, endpoint=endpoint, page_size=5)
    assert error is None

    def texts(items: list[Any]) -> Counter[str]:
        bare = [{k: v for k, v in one.items() if k != stripped} for one in items]
        return Counter(map(canonical_text, bare))

    have = texts([one for p in DAYS for one in lake_items(lake, export, p)])
    want = texts([one for p in DAYS for one in true_items(sandbox, export, p)])
    assert not want - have
    found = footers(export, DAYS, lake)
    assert sum(footer.items_without_key for footer in found) == int(stripped in export.key)
    assert sum(footer.items_without_time for footer in found) == int(kind == "no_time")
    without = [row for p in DAYS for row in rows(lake, export, p) if row[stripped] is None]
    assert len(without) == 1


def test_drift_is_counted_in_the_partition_whose_rows_drifted(
    sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few(sandbox, seeded=False, token=SECRET)
    midnight_us = DAYS[1].start_us
    chats = [item(CHATS, midnight_us + (n - 5) * 60_000_000, n) for n in range(10)]
    chats[2] |= {"mood": "glad"}
    chats[7] |= {"duration": "long"}
    sandbox.put("chats", chats)
    attempt(CHATS, DAYS, clients, lake, page_size=100)
    assert [footer.drift for footer in footers(CHATS, DAYS, lake)] == [
        {"mood": 1},
        {"duration": 1},
        {},
    ]
