"""What is particular to the five kinds of endpoints: their URLs, and what their pages say."""

import json
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zd_assets.catalog.chat import AGENT_TIMELINE, CHATS
from zd_assets.catalog.export import Endpoint, Pagination
from zd_assets.catalog.registry import EXPORTS
from zd_assets.catalog.support import (
    ORGANIZATIONS,
    ROUTING_ATTRIBUTES,
    ROUTING_INSTANCE_VALUES,
    TICKET_EVENTS,
    TICKET_METRIC_EVENTS,
    TICKETS,
    USERS,
)
from zd_assets.schema.json_text import split_object
from zd_assets.zendesk.paginators import (
    NextPage,
    asking_for,
    asks_the_same,
    cursor_of,
    first_url,
    page_size,
    paginator,
    sized,
)

BASE = "https://acme.zendesk.com/api/v2"
MOMENT_US = 1546326000_000_000

(CHAT,) = CHATS.endpoints
(TIMELINE,) = AGENT_TIMELINE.endpoints
TICKETS_BY_CURSOR, TICKETS_BY_TIME = TICKETS.endpoints
USERS_BY_CURSOR, USERS_BY_TIME = USERS.endpoints
(EVENTS,) = TICKET_EVENTS.endpoints
METRICS_BY_TIME, METRICS_BY_PAGES = TICKET_METRIC_EVENTS.endpoints
(ORGANIZATIONS_BY_TIME,) = ORGANIZATIONS.endpoints
(ATTRIBUTES,) = ROUTING_ATTRIBUTES.endpoints
(INSTANCE_VALUES,) = ROUTING_INSTANCE_VALUES.endpoints

ENDPOINTS = [endpoint for export in EXPORTS for endpoint in export.endpoints]
endpoints = st.sampled_from(ENDPOINTS)
moments = st.integers(1_000_000, 4_000_000_000_000_000)
parameters = st.dictionaries(
    st.sampled_from(["fields", "include", "include_changes"]),
    st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), min_size=1, max_size=9),
)


# --- URLs ---------------------------------------------------------------------------------------

FIRST_URLS = [
    (CHAT, "chats?start_time=1546326000&limit=7"),
    (TIMELINE, "agent_timeline?start_time=1546326000000000&limit=7"),
    (TICKETS_BY_CURSOR, "tickets/cursor?start_time=1546326000&per_page=7"),
    (TICKETS_BY_TIME, "tickets?start_time=1546326000&per_page=7"),
    (USERS_BY_CURSOR, "users/cursor?start_time=1546326000&per_page=7"),
    (USERS_BY_TIME, "users?start_time=1546326000&per_page=7"),
    (EVENTS, "ticket_events?start_time=1546326000&per_page=7"),
    (METRICS_BY_TIME, "ticket_metric_events?start_time=1546326000&per_page=7"),
    (METRICS_BY_PAGES, "ticket_metric_events?start_time=1546326000&page%5Bsize%5D=7"),
    (ORGANIZATIONS_BY_TIME, "organizations?start_time=1546326000&per_page=7"),
    (ATTRIBUTES, "routing/attributes"),
    (INSTANCE_VALUES, "routing/instance_values"),
    *(
        (export.sample, f"{export.name}/sample?start_time=1546326000&per_page=7")
        for export in (TICKETS, TICKET_EVENTS, USERS, ORGANIZATIONS)
        if export.sample
    ),
]


@pytest.mark.parametrize(("endpoint", "url"), FIRST_URLS)
def test_the_first_url_asks_in_the_endpoints_unit_and_words(endpoint: Endpoint, url: str) -> None:
    assert first_url(BASE, endpoint, MOMENT_US, 7, {}) == f"{BASE}/incremental/{url}"


@given(endpoints, moments, st.integers(1, 1000), parameters)
def test_the_first_url_carries_the_parameters_as_they_are(
    endpoint: Endpoint, start_us: int, size: int, asked: dict[str, str]
) -> None:
    url = first_url(BASE, endpoint, start_us, size, asked)
    query = dict(parse_qsl(urlsplit(url).query))
    assert url.isascii()
    assert asked.items() <= query.items()
    own = {name: value for name, value in query.items() if name not in asked}
    if endpoint.pagination is Pagination.ROUTING:
        assert own == {}
    else:
        assert own.pop("start_time") == str(start_us // endpoint.unit_us)
        assert list(own.values()) == [str(size)]
        assert page_size(endpoint, url) == size


CURSOR_URL = f"{BASE}/incremental/tickets/cursor.json?cursor=MTU3NjYxMzUzOS4wfHw0Njd8"
SIZES = [
    (CHAT, f"{BASE}/incremental/chats?start_time=1&limit=7", 7),
    (CHAT, f"{BASE}/incremental/chats?start_time=1", 1000),
    (CHAT, f"{BASE}/incremental/chats?per_page=7", 1000),
    (TICKETS_BY_CURSOR, CURSOR_URL, 1000),
    (TICKETS_BY_CURSOR, f"{CURSOR_URL}&per_page=500", 500),
    (TICKETS_BY_TIME, f"{BASE}/incremental/tickets.json?per_page=3&start_time=1390362485", 3),
    (TICKETS_BY_TIME, f"{BASE}/incremental/tickets.json?limit=3", 1000),
    (TICKETS_BY_TIME, f"{BASE}/incremental/tickets.json?per_page=", 1000),
    (TICKETS_BY_TIME, f"{BASE}/incremental/tickets.json?per_page=all", 1000),
    (TICKETS_BY_TIME, f"{BASE}/incremental/tickets.json?per_page=-3", 1000),
    (TICKETS_BY_TIME, f"{BASE}/incremental/tickets.json?per_page=%C2%B2", 1000),
    (TICKETS_BY_TIME, f"{BASE}/incremental/tickets.json?per_page={'9' * 5000}", 1000),
    (METRICS_BY_PAGES, f"{BASE}/incremental/ticket_metric_events?page[size]=50", 50),
    (METRICS_BY_PAGES, f"{BASE}/incremental/ticket_metric_events?page%5Bsize%5D=50", 50),
    (METRICS_BY_PAGES, f"{BASE}/incremental/ticket_metric_events?per_page=50", 100),
    (ATTRIBUTES, f"{BASE}/incremental/routing/attributes?cursor=x&per_page=5", 3000),
]


@pytest.mark.parametrize(("endpoint", "url", "size"), SIZES)
def test_a_url_asks_for_its_size_or_for_the_endpoints_most(
    endpoint: Endpoint, url: str, size: int
) -> None:
    assert page_size(endpoint, url) == size


# Spelled as no library would spell them: what they ask for is nobody's business but the server's.
ODD_URLS = [
    (CHAT, "https://ACME.zendesk.com:443/api/v2/chat/incremental/chats?limit=7&fields=chats(*)&&"),
    (TICKETS_BY_CURSOR, f"{CURSOR_URL}%3d%3D&per_page=7&x=#end"),
    (TICKETS_BY_TIME, f"{BASE}/incremental/tickets.json?per_page=3&per_page=7&start_time=%31"),
    (METRICS_BY_PAGES, f"{BASE}/incremental/ticket_metric_events?page[after]=a+b&page[size]=7"),
]


@pytest.mark.parametrize(("endpoint", "url"), ODD_URLS)
def test_a_url_of_the_wanted_size_stays_as_it_was_to_the_letter(
    endpoint: Endpoint, url: str
) -> None:
    assert sized(endpoint, url, 7) == url
    assert page_size(endpoint, sized(endpoint, url, 8)) == 8


@pytest.mark.parametrize(
    ("endpoint", "url", "eight"),
    [
        (TICKETS_BY_CURSOR, CURSOR_URL, f"{CURSOR_URL}&per_page=8"),
        (
            TICKETS_BY_TIME,
            f"{BASE}/incremental/tickets.json?per_page=3&start_time=1390362485",
            f"{BASE}/incremental/tickets.json?start_time=1390362485&per_page=8",
        ),
        (
            METRICS_BY_PAGES,
            f"{BASE}/incremental/ticket_metric_events.json?page[size]=100&page[after]=xxx",
            f"{BASE}/incremental/ticket_metric_events.json?page%5Bafter%5D=xxx&page%5Bsize%5D=8",
        ),
        (ATTRIBUTES, f"{BASE}/x.json?cursor=a%2Bb", f"{BASE}/x.json?cursor=a%2Bb"),
    ],
)
def test_another_size_changes_nothing_else_of_a_url(
    endpoint: Endpoint, url: str, eight: str
) -> None:
    assert sized(endpoint, url, 8) == eight


QUERIES = st.lists(
    st.tuples(
        st.sampled_from(
            ["start_time", "cursor", "page[after]", "per_page", "limit", "page[size]", "include"]
        ),
        st.text(st.characters(min_codepoint=32, max_codepoint=0x2FF), max_size=6),
    ),
    max_size=6,
)


@given(endpoints, QUERIES, st.integers(1, 3000))
def test_a_url_made_for_a_size_asks_the_same_for_so_many(
    endpoint: Endpoint, query: list[tuple[str, str]], size: int
) -> None:
    url = f"{BASE}/incremental/{endpoint.path}.json?{urlencode(query)}"
    other = sized(endpoint, url, size)
    if endpoint.pagination is Pagination.ROUTING:
        assert other == url
        return
    assert page_size(endpoint, other) == size
    assert sized(endpoint, other, size) == other
    assert asks_the_same(endpoint, url, other)
    name = paginator(endpoint).size

    def others(url: str) -> list[tuple[str, str]]:
        return [pair for pair in parse_qsl(urlsplit(url).query, True) if pair[0] != name]

    assert others(other) == others(url)


@pytest.mark.parametrize("text", ["https://[bad/", "//[", "", "next"])
def test_a_text_that_is_no_url_is_left_for_the_client_to_refuse(text: str) -> None:
    for endpoint in ENDPOINTS:
        assert sized(endpoint, text, 5) == text
        assert not asks_the_same(endpoint, text, CURSOR_URL)


CHATS_URL = f"{BASE}/chat/incremental/chats?start_time=1&limit=7&fields=chats(*)"
TICKETS_URL = f"{BASE}/incremental/tickets/cursor?start_time=1&per_page=7&include=users%2Cgroups"
METRICS_URL = f"{BASE}/incremental/ticket_metric_events?start_time=1&page%5Bsize%5D=7"
ROUTING_URL = f"{BASE}/incremental/routing/attributes"

# What was asked for -> another URL, and whether it is only another place of the same.
COMPARED: list[tuple[Endpoint, str, str, bool]] = [
    (CHAT, CHATS_URL, CHATS_URL, True),
    (
        CHAT,
        CHATS_URL,
        f"{BASE}/chat/incremental/chats?fields=chats%28%2A%29&limit=7&start_id=a&start_time=5",
        True,
    ),
    (CHAT, CHATS_URL, CHATS_URL.replace("https://acme", "https://ACME"), True),
    (CHAT, CHATS_URL, CHATS_URL.replace(".com/", ".com:443/"), True),
    (CHAT, CHATS_URL, CHATS_URL.replace("limit=7", "limit=8"), True),
    (CHAT, CHATS_URL, CHATS_URL.replace("&limit=7", ""), True),
    (CHAT, CHATS_URL, CHATS_URL.replace("https", "http"), False),
    (CHAT, CHATS_URL, CHATS_URL.replace("acme", "acme2"), False),
    (CHAT, CHATS_URL, CHATS_URL.replace("chats(*)", "chats(id)"), False),
    (CHAT, CHATS_URL, CHATS_URL.replace("/chats?", "/conversions?"), False),
    (CHAT, CHATS_URL, f"{CHATS_URL}&more=1", False),
    (CHAT, CHATS_URL, f"{CHATS_URL}&cursor=1", False),
    (CHAT, CHATS_URL, "https://[bad/", False),
    (CHAT, CHATS_URL, "", False),
    (TICKETS_BY_CURSOR, TICKETS_URL, f"{CURSOR_URL}&include=users,groups", True),
    (TICKETS_BY_CURSOR, TICKETS_URL, f"{CURSOR_URL}&include=users,groups&per_page=500", True),
    (TICKETS_BY_CURSOR, TICKETS_URL, f"{CURSOR_URL}&include=users", False),
    (TICKETS_BY_CURSOR, TICKETS_URL, CURSOR_URL, False),
    (TICKETS_BY_CURSOR, TICKETS_URL, TICKETS_URL.replace("/cursor?", "?"), False),
    (TICKETS_BY_CURSOR, TICKETS_URL, TICKETS_URL.replace("/cursor?", ".json?"), False),
    (TICKETS_BY_CURSOR, TICKETS_URL, TICKETS_URL.replace("/tickets/", "/users/"), False),
    (
        TICKETS_BY_TIME,
        f"{BASE}/incremental/tickets?start_time=1&per_page=7",
        f"{BASE}/incremental/tickets.json?per_page=3&start_time=1390362485",
        True,
    ),
    (
        TICKETS_BY_TIME,
        f"{BASE}/incremental/tickets?start_time=1&per_page=7",
        f"{BASE}/incremental/tickets.json?cursor=x",
        False,
    ),
    (METRICS_BY_PAGES, METRICS_URL, METRICS_URL + "0&page[after]=xxx", True),
    (METRICS_BY_PAGES, METRICS_URL, f"{METRICS_URL}&include_changes=true", False),
    (METRICS_BY_PAGES, METRICS_URL, f"{METRICS_URL}&page[before]=yyy", False),
    (METRICS_BY_TIME, METRICS_URL.replace("page%5Bsize%5D", "per_page"), METRICS_URL, False),
    (METRICS_BY_PAGES, METRICS_URL, METRICS_URL.replace("page%5Bsize%5D", "per_page"), False),
    (ATTRIBUTES, ROUTING_URL, f"{ROUTING_URL}.json?cursor=4d9bcc66-e1d9-4d26", True),
    (ATTRIBUTES, ROUTING_URL, f"{ROUTING_URL}?start_time=1", False),
    (ATTRIBUTES, ROUTING_URL, ROUTING_URL.replace("attributes", "attribute_values"), False),
]


@pytest.mark.parametrize(("endpoint", "mine", "other", "same"), COMPARED)
def test_two_urls_ask_the_same_if_only_place_and_size_differ(
    endpoint: Endpoint, mine: str, other: str, same: bool
) -> None:
    assert asks_the_same(endpoint, mine, other) is same
    assert asks_the_same(endpoint, other, mine) is same


@given(
    endpoints,
    st.tuples(moments, st.integers(1, 3000), parameters),
    st.tuples(moments, st.integers(1, 3000), parameters),
)
def test_first_urls_ask_the_same_exactly_if_their_parameters_are_the_same(
    endpoint: Endpoint,
    one: tuple[int, int, dict[str, str]],
    other: tuple[int, int, dict[str, str]],
) -> None:
    urls = [first_url(BASE, endpoint, *asked) for asked in (one, other)]
    assert asks_the_same(endpoint, *urls) is (one[2] == other[2])


@pytest.mark.parametrize(
    ("url", "cursor"),
    [
        (None, None),
        ("", None),
        (ROUTING_URL, None),
        (f"{ROUTING_URL}?cursor=", None),
        (f"{ROUTING_URL}?cursor=4d9bcc66-e1d9-4d26", "4d9bcc66-e1d9-4d26"),
        (f"{CURSOR_URL}%3D%3D&per_page=7", "MTU3NjYxMzUzOS4wfHw0Njd8=="),
    ],
)
def test_the_cursor_that_a_url_asks_from(url: str | None, cursor: str | None) -> None:
    assert cursor_of(url) == cursor


# --- Pages --------------------------------------------------------------------------------------

TICKETS_PAGE = "https://{subdomain}.zendesk.com/api/v2/incremental/tickets.json?per_page=3&"
EVENTS_PAGE = "https://example.zendesk.com/api/v2/incremental/ticket_events.json?"
USERS_CURSOR = "https://example.zendesk.com/api/v2/incremental/users/cursor.json?"
PAGED = "https://example.zendesk.com/api/v2/incremental/ticket_metric_events.json?page[size]=100&"
ROUTED = f"{BASE}/incremental/routing/attributes.json?cursor=4d9bcc66-e1d9-4d26"

# The documents' own examples where they give one; else what their properties say there is.
DOCUMENTED: dict[str, tuple[Endpoint, dict[str, Any], NextPage]] = {
    "chats": (
        CHAT,
        {
            "count": 4,
            "end_id": "1804.2.QqHwCNX18mZ7Y",
            "end_time": 1524710057,
            "next_page": CHATS_URL,
        },
        NextPage(CHATS_URL, None, 4, 1524710057, end_id="1804.2.QqHwCNX18mZ7Y"),
    ),
    "TimeBasedExportIncrementalTicketsResponse": (
        TICKETS_BY_TIME,
        {
            "count": 2,
            "end_of_stream": True,
            "end_time": 1390362485,
            "next_page": f"{TICKETS_PAGE}start_time=1390362485",
        },
        NextPage(f"{TICKETS_PAGE}start_time=1390362485", True, 2, 1390362485),
    ),
    "ExportIncrementalOrganizationsResponse": (
        ORGANIZATIONS_BY_TIME,
        {
            "count": 1,
            "end_of_stream": True,
            "end_time": 1601357503,
            "next_page": f"{EVENTS_PAGE}start_time=1601357503",
        },
        NextPage(f"{EVENTS_PAGE}start_time=1601357503", True, 1, 1601357503),
    ),
    "time-based, not the last": (
        EVENTS,
        {
            "count": 1,
            "end_of_stream": False,
            "end_time": 1601357503,
            "next_page": f"{EVENTS_PAGE}start_time=1601357503",
        },
        NextPage(f"{EVENTS_PAGE}start_time=1601357503", False, 1, 1601357503),
    ),
    "time-based, next_page nullable": (
        EVENTS,
        {"count": 1, "end_of_stream": False, "end_time": 1601357503, "next_page": None},
        NextPage(None, False, 1, 1601357503),
    ),
    "TicketMetricEventsResponse, which has no end_of_stream": (
        METRICS_BY_TIME,
        {"count": 1, "end_time": 1601357503, "next_page": METRICS_URL},
        NextPage(METRICS_URL, None, 1, 1601357503),
    ),
    "CursorBasedExportIncrementalTicketsResponse": (
        TICKETS_BY_CURSOR,
        {
            "after_cursor": "MTU3NjYxMzUzOS4wfHw0Njd8",
            "after_url": CURSOR_URL,
            "before_cursor": None,
            "before_url": None,
            "end_of_stream": True,
        },
        NextPage(CURSOR_URL, True, cursor="MTU3NjYxMzUzOS4wfHw0Njd8"),
    ),
    "CursorBasedExportIncrementalUsersResponse, not the last": (
        USERS_BY_CURSOR,
        {
            "after_cursor": "MTU3NjYxMzUzOS4wfHw0Njd8",
            "after_url": f"{USERS_CURSOR}cursor=MTU3NjYxMzUzOS4wfHw0Njd8",
            "before_cursor": None,
            "before_url": None,
            "end_of_stream": False,
        },
        NextPage(
            f"{USERS_CURSOR}cursor=MTU3NjYxMzUzOS4wfHw0Njd8",
            False,
            cursor="MTU3NjYxMzUzOS4wfHw0Njd8",
        ),
    ),
    "cursor-based, all nullable ones null": (
        USERS_BY_CURSOR,
        {"after_cursor": None, "after_url": None, "end_of_stream": True},
        NextPage(None, True),
    ),
    "Pagination, cursor pagination": (
        METRICS_BY_PAGES,
        {
            "meta": {"has_more": True, "after_cursor": "xxx", "before_cursor": "yyy"},
            "links": {"next": f"{PAGED}page[after]=xxx", "prev": f"{PAGED}page[before]=yyy"},
        },
        NextPage(f"{PAGED}page[after]=xxx", False, cursor="xxx"),
    ),
    "Pagination, cursor pagination, the last": (
        METRICS_BY_PAGES,
        {
            "meta": {"has_more": False, "after_cursor": None, "before_cursor": None},
            "links": {"next": None, "prev": None},
        },
        NextPage(None, True),
    ),
    "IncrementalSkillBasedRouting": (
        ATTRIBUTES,
        {"count": 2, "end_time": 1601357503, "next_page": ROUTED},
        NextPage(ROUTED, None, 2, 1601357503, cursor="4d9bcc66-e1d9-4d26"),
    ),
    "routing, nothing more": (
        ATTRIBUTES,
        {"count": 0, "next_page": ROUTED},
        NextPage(ROUTED, None, 0, cursor="4d9bcc66-e1d9-4d26"),
    ),
}


@pytest.mark.parametrize("name", DOCUMENTED)
def test_a_documented_page_says_where_it_goes_on(name: str) -> None:
    endpoint, said, onward = DOCUMENTED[name]
    body = said | {endpoint.items: [{"id": 1, "count": "none of the page's"}], "more": {}}
    assert paginator(endpoint).read(split_object(json.dumps(body).encode())) == onward


def test_every_kind_of_endpoint_is_shown_above() -> None:
    assert {endpoint.pagination for endpoint, _, _ in DOCUMENTED.values()} == {*Pagination}
    assert {endpoint.pagination for endpoint, _ in FIRST_URLS} == {*Pagination}


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        ("https://x/a?cursor=b%3D&include=users", "https://x/a?cursor=b%3D&include=users"),
        ("https://x/a?cursor=b%3D", "https://x/a?cursor=b%3D&include=users"),
        ("https://x/a", "https://x/a?include=users"),
        ("https://[bad/", "https://[bad/"),
    ],
)
def test_what_the_server_left_out_of_its_url_is_asked_for_all_the_same(
    url: str, asked: str
) -> None:
    assert asking_for(url, {"include": "users"}) == asked
    assert asking_for(url, {}) == url
