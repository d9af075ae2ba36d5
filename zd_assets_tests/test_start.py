"""Where a walk begins: at a time, or where an earlier file says that it goes on."""

import threading
from dataclasses import replace
from typing import Any
from urllib.parse import urlencode

import pytest

from zd_assets.catalog.chat import AGENT_TIMELINE, CHATS
from zd_assets.catalog.export import Endpoint, Export
from zd_assets.catalog.support import (
    ORGANIZATIONS,
    ROUTING_ATTRIBUTES,
    TICKET_METRIC_EVENTS,
    TICKETS,
)
from zd_assets.extract.job import Job, PageBudget
from zd_assets.extract.options import Options
from zd_assets.extract.plan import Segment, Target
from zd_assets.extract.start import from_us, starts
from zd_assets.lake.footer import Footer, LastPage, empty_footer
from zd_assets.lake.lake import Lake
from zd_assets.lake.partition import Partition
from zd_assets.lake.writer import PartitionWriter
from zd_assets.zendesk.auth import bearer
from zd_assets.zendesk.budget import Budget
from zd_assets.zendesk.client import Client
from zd_assets.zendesk.iter_pages import Start, StopReason
from zd_assets.zendesk.page import Cursor
from zd_assets_tests.helpers.runs import hours
from zd_assets_tests.helpers.truth import day, days

BASE = "https://acme.zendesk.com/api/v2"
SIZE = 100
DAY = day("2026-02-01")
DAY_S = DAY.start_us // 10**6
NOON_S = DAY_S + 43_200

Kind = tuple[Export, Endpoint]
CHAT: Kind = (CHATS, CHATS.endpoints[0])
TIMELINE: Kind = (AGENT_TIMELINE, AGENT_TIMELINE.endpoints[0])
BY_CURSOR: Kind = (TICKETS, TICKETS.endpoints[0])
BY_TIME: Kind = (TICKETS, TICKETS.endpoints[1])
BY_PAGES: Kind = (TICKET_METRIC_EVENTS, TICKET_METRIC_EVENTS.endpoints[1])
ROUTING: Kind = (ROUTING_ATTRIBUTES, ROUTING_ATTRIBUTES.endpoints[0])


def job_of(kind: Kind, lake: Lake, query: dict[str, str] | None = None) -> Job:
    return Job(
        export=kind[0],
        endpoint=kind[1],
        options=Options(page_size=SIZE),
        query=query or {},
        sideloads=(),
        parameters=query or {},
        client=Client(BASE, "URL", bearer("token", "TOKEN"), Budget("never asked", 1)),
        lake=lake,
        run_id="run",
        page_budget=PageBudget(1),
        emit=lambda report: None,
        stop=threading.Event(),
        others_lock=threading.Lock(),
    )


def start(job: Job, segment: Segment) -> Start:
    """The first of the ways to begin."""
    return next(starts(job, segment, from_us(job, segment)))


def footer_of(
    export: Export, resume_url: str | None, partition: Partition = DAY, **last: Any
) -> Footer:
    """The footer of a file that is done until noon, and whose walk went on at `resume_url`."""
    page = LastPage(
        **{
            "count": 9,
            "limit": 9,
            "end_time": NOON_S + 7,
            "end_id": None,
            "cursor": None,
            "policy": "progress",
            "row": "",
            "stop_reason": StopReason.PAGES_SPENT,
            "follow_up_now": True,
            **last,
        }
    )
    return replace(
        empty_footer(export, partition, "an earlier run"),
        complete_until_us=partition.start_us + 43_200_000_000,
        resume_url=resume_url,
        resume_time=NOON_S + 7,
        last_page=page,
    )


def resumed(kind: Kind, lake: Lake, footer: Footer, **query: str) -> Start:
    return start(job_of(kind, lake, query), Segment((Target(DAY, footer),), resumes=True))


# --- At a time ----------------------------------------------------------------------------------

FROM_A_TIME: list[tuple[Kind, str, int]] = [
    (CHAT, f"chats?start_time={DAY_S - 1}&limit={SIZE}", DAY_S - 1),
    (
        TIMELINE,
        f"agent_timeline?start_time={DAY.start_us - 1}&limit={SIZE}",
        DAY.start_us - 1,
    ),
    (BY_CURSOR, f"tickets/cursor?start_time={DAY_S - 1}&per_page={SIZE}", DAY_S - 1),
    (BY_TIME, f"tickets?start_time={DAY_S - 1}&per_page={SIZE}", DAY_S - 1),
    (
        BY_PAGES,
        f"ticket_metric_events?start_time={DAY_S - 1}&page%5Bsize%5D={SIZE}",
        DAY_S - 1,
    ),
]


@pytest.mark.parametrize(("kind", "url", "position"), FROM_A_TIME)
def test_a_walk_begins_one_unit_before_its_first_window(
    kind: Kind, url: str, position: int, lake: Lake
) -> None:
    begun = footer_of(kind[0], f"{BASE}/incremental/{url}")
    for footer in (None, begun):  # What is fetched whole goes on nowhere.
        segment = Segment(tuple(Target(one, footer) for one in days("2026-02-01", 3)))
        expected = Start(f"{BASE}/incremental/{url}", Cursor(position))
        assert start(job_of(kind, lake), segment) == expected


def test_what_is_asked_for_beyond_the_items_goes_with_the_first_request(lake: Lake) -> None:
    job = job_of(BY_CURSOR, lake, {"include": "users,groups"})
    url = start(job, Segment((Target(DAY, None),))).url
    assert url == (
        f"{BASE}/incremental/tickets/cursor?"
        f"start_time={DAY_S - 1}&per_page={SIZE}&include=users%2Cgroups"
    )


# --- Where its file says ------------------------------------------------------------------------

TICKETS_URL = f"{BASE}/incremental/tickets/cursor.json?cursor=MTU3NjYxMzUzOS4wfHw0Njd8"
RESUMED: list[tuple[Kind, str, dict[str, Any], Cursor]] = [
    (
        CHAT,
        f"{BASE}/incremental/chats?start_time={NOON_S + 7}&start_id=x&limit={SIZE}",
        {"end_id": "x"},
        Cursor(NOON_S + 7, "x"),
    ),
    (BY_CURSOR, f"{TICKETS_URL}&per_page={SIZE}", {"cursor": "b"}, Cursor(NOON_S + 7, None, "b")),
    (
        BY_TIME,
        f"{BASE}/incremental/tickets.json?start_time={NOON_S + 7}&per_page={SIZE}",
        {},
        Cursor(NOON_S + 7),
    ),
    (
        BY_PAGES,
        f"{BASE}/incremental/ticket_metric_events.json?page[size]={SIZE}&page[after]=xxx",
        {"cursor": "xxx"},
        Cursor(NOON_S + 7, None, "xxx"),
    ),
]


@pytest.mark.parametrize(("kind", "url", "last", "position"), RESUMED)
def test_a_resumed_walk_goes_on_at_the_servers_own_url(
    kind: Kind, url: str, last: dict[str, Any], position: Cursor, lake: Lake
) -> None:
    assert resumed(kind, lake, footer_of(kind[0], url, **last)) == Start(url, position)


def test_a_resumed_walk_asks_for_pages_of_its_own_size(lake: Lake) -> None:
    for url in (TICKETS_URL, f"{TICKETS_URL}&per_page=7"):
        footer = footer_of(TICKETS, url, cursor="b")
        assert resumed(BY_CURSOR, lake, footer).url == f"{TICKETS_URL}&per_page={SIZE}"


ASKED = {"include": "users"}
OTHER_URLS: dict[str, str | None] = {
    "none": None,
    "another origin": f"{TICKETS_URL}&include=users".replace("acme", "acme2"),
    "plain http": f"{TICKETS_URL}&include=users".replace("https", "http"),
    "without what is included": TICKETS_URL,
    "more included": f"{TICKETS_URL}&include=users,groups",
    "another export": f"{TICKETS_URL}&include=users".replace("/tickets/", "/users/"),
    "another pagination": f"{BASE}/incremental/tickets.json?start_time=1&include=users",
    "no url": "https://[bad/",
}


@pytest.mark.parametrize("case", OTHER_URLS)
def test_a_url_that_asks_for_something_else_is_passed_over_in_favour_of_the_time(
    case: str, lake: Lake
) -> None:
    footer = footer_of(TICKETS, OTHER_URLS[case], cursor="b")
    query = urlencode({"start_time": NOON_S - 1, "per_page": SIZE, **ASKED})
    assert resumed(BY_CURSOR, lake, footer, **ASKED) == Start(
        f"{BASE}/incremental/tickets/cursor?{query}", Cursor(NOON_S - 1)
    )


def test_the_first_of_a_stretch_is_resumed_and_the_others_follow(lake: Lake) -> None:
    partitions = days("2026-02-01", 3)
    url = f"{BASE}/incremental/organizations.json?start_time={NOON_S + 7}&per_page={SIZE}"
    others = [Target(one, footer_of(ORGANIZATIONS, "https://x/", one)) for one in partitions[1:]]
    segment = Segment((Target(DAY, footer_of(ORGANIZATIONS, url)), *others), resumes=True)
    kind = (ORGANIZATIONS, ORGANIZATIONS.endpoints[0])
    assert start(job_of(kind, lake), segment) == Start(url, Cursor(NOON_S + 7))


# --- The stream that has no start time ----------------------------------------------------------

STREAM = f"{BASE}/incremental/routing/attributes"
BEGINNING = Start(STREAM, Cursor(0))


def commit(lake: Lake, resume_url: str | None, partition: Partition) -> Footer:
    footer = footer_of(ROUTING_ATTRIBUTES, resume_url, partition)
    return PartitionWriter(lake, ROUTING_ATTRIBUTES, partition).commit(footer, None)


def at(cursor: str) -> Start:
    return Start(f"{STREAM}.json?cursor={cursor}", Cursor(NOON_S + 7, cursor=cursor))


def whole(lake: Lake, footer: Footer | None = None) -> Start:
    return start(job_of(ROUTING, lake), Segment((Target(DAY, footer),)))


def test_without_an_earlier_file_the_stream_begins_at_its_beginning(lake: Lake) -> None:
    assert whole(lake) == BEGINNING
    (later,) = days("2026-02-02", 1)
    commit(lake, at("later").url, later)
    assert whole(lake) == BEGINNING


def test_it_goes_on_from_the_cursor_of_the_newest_earlier_file_that_keeps_one(lake: Lake) -> None:
    first, second, third = days("2026-01-29", 3)
    commit(lake, at("first").url, first)
    assert whole(lake) == at("first")
    commit(lake, at("second").url, second)
    assert whole(lake) == at("second")
    commit(lake, None, third)
    assert whole(lake) == at("second")


def test_a_file_fetched_again_goes_on_from_the_one_before_not_from_its_own_end(lake: Lake) -> None:
    (before,) = days("2026-01-31", 1)
    own = commit(lake, at("own").url, DAY)
    assert whole(lake, own) == BEGINNING
    commit(lake, at("before").url, before)
    assert whole(lake, own) == at("before")
    assert resumed(ROUTING, lake, own) == at("own")


def test_hours_go_on_from_the_hour_before(lake: Lake) -> None:
    one, two, three = hours("2026-01-31T22:00:00", 3)
    commit(lake, at("one").url, one)
    commit(lake, at("two").url, two)
    commit(lake, at("three").url, three)
    for hour, goes_on in ((one, BEGINNING), (two, at("one")), (three, at("two"))):
        assert start(job_of(ROUTING, lake), Segment((Target(hour, None),))) == goes_on


@pytest.mark.parametrize(
    "url",
    [
        "https://elsewhere.zendesk.com/api/v2/incremental/routing/attributes.json?cursor=x",
        f"{BASE}/incremental/routing/attribute_values.json?cursor=x",
    ],
)
def test_a_cursor_of_another_stream_is_none_of_ours(url: str, lake: Lake) -> None:
    (before,) = days("2026-01-31", 1)
    commit(lake, url, before)
    assert whole(lake) == BEGINNING
    assert resumed(ROUTING, lake, footer_of(ROUTING_ATTRIBUTES, url)) == BEGINNING
