"""The sandbox keeps to the Support API document, and to what recordings of it show.

As for Chat: first the seeded data, then pages as pure functions, then the server as a client
meets it.
"""

from __future__ import annotations

import base64
import json
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import replace
from itertools import groupby, pairwise, takewhile
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from zd_assets import sandbox
from zd_assets.sandbox import support
from zd_assets.sandbox.exports import EXPORTS, SIDELOADED, SUPPORT_EXPORTS, Kind, place, sortable
from zd_assets.sandbox.page import RefusedError, encode
from zd_assets.sandbox.seeded.lives import STEPS, Lives
from zd_assets.sandbox.seeded.stream import Row
from zd_assets.sandbox.seeded.support_streams import support_streams
from zd_assets.sandbox.seeded.timetable import Several, Timetable
from zd_assets.sandbox.settings import resolved
from zd_assets.sandbox.store import Store
from zd_assets.sandbox.time_pages import take_whole_seconds
from zd_assets.sandbox.timestamps import HOUR_US, SECOND_US, parse_us

START_US = parse_us("2025-01-01")
START_S = START_US // SECOND_US
DAY_US = 24 * HOUR_US
NOW = "2025-02-01T12:00:00Z"
NOW_US = parse_us(NOW)
NOW_S = NOW_US // SECOND_US
BASE = "/api/v2/incremental"
AUTHORIZED = {"Authorization": "Bearer sandbox-oauth-token"}

TIMED = ("tickets", "users", "organizations", "ticket_events", "ticket_metric_events")
ROUTING = tuple(name for name in SUPPORT_EXPORTS if name not in TIMED)
SAMPLED = ("tickets", "ticket_events", "users", "organizations")
ENDPOINTS = list(support.paths())
WITH_START = [path for path, _, kind in ENDPOINTS if kind != "routing"]

settings.register_profile("sandbox", deadline=None)
settings.load_profile("sandbox")


def store_of(tickets_per_day: int) -> Store:
    streams = support_streams(7, True, START_US, tickets_per_day, 50_000)
    return Store(EXPORTS | SIDELOADED, streams)


STORE = store_of(40)
ORDINARY = store_of(800)
BUSY = store_of(40_000)


def items(name: str, store: Store = STORE, days: float = 20) -> list[dict[str, Any]]:
    now_us = START_US + int(days * DAY_US)
    rows = [row for row in store.rows(name, 0, now_us) if isinstance(row.source, int)]
    return [json.loads(store.body(name, row)) for row in rows]


# --- Seeded data --------------------------------------------------------------------------------


@given(st.integers(0, 2**32), st.integers(0, 10**6))
def test_the_steps_of_a_ticket_follow_each_other_and_are_found_by_slot(
    seed: int, ticket: int
) -> None:
    lives = Lives(seed, START_US, 500)
    slots = [lives.slot(ticket, step) for step in range(STEPS)]
    assert slots == sorted(set(slots))
    assert [lives.at(slot) for slot in slots] == [(ticket, step) for step in range(STEPS)]


@given(st.integers(0, 2**32), st.integers(1, 4), st.integers(0, 3000), st.integers(0, 50))
def test_several_slots_share_a_time(seed: int, number: int, first: int, count: int) -> None:
    single = Timetable(seed, START_US, 900)
    several = Several(single, number)
    slots = list(several.slots(first, first + count))
    assert [slot for slot, _ in slots] == list(range(first, first + count))
    assert all(at == several.time_us(slot) == single.time_us(slot // number) for slot, at in slots)
    assert several.first_at(single.time_us(first)) == first * number


@pytest.mark.parametrize(
    ("name", "per_day"),
    [
        ("tickets", 800),
        ("ticket_events", 4000),
        ("ticket_metric_events", 5000),
        ("users", 280),
        ("organizations", 20),
        ("routing_instance_values", 40),
    ],
)
def test_a_day_has_the_promised_rates(name: str, per_day: float) -> None:
    # Of a week long ago: no ticket of it will move on.
    rows = ORDINARY.rows(name, START_S + 35 * 86400, START_US + 100 * DAY_US)
    week = takewhile(lambda row: row.time_us < START_US + 42 * DAY_US, rows)
    assert sum(1 for _ in week) / 7 == pytest.approx(per_day, rel=0.25)


@pytest.mark.parametrize("name", SUPPORT_EXPORTS)
def test_rows_are_where_their_items_say_in_order_and_once(name: str) -> None:
    rows = list(STORE.rows(name, 0, START_US + 9 * DAY_US))
    assert rows == sorted(rows, key=lambda row: (row.time, row.id))
    assert len({row.id for row in rows}) == len(rows) > 0
    bodies = STORE.bodies(name, rows)
    assert [(row.time_us, row.id) for row in rows] == [
        place(SUPPORT_EXPORTS[name], body) for body in bodies
    ]


@pytest.mark.parametrize("tickets_per_day", [1, 40])
def test_the_exports_tell_of_the_same_world(tickets_per_day: int) -> None:
    store = store_of(tickets_per_day)
    tickets, events, metrics = (items(name, store) for name in (TIMED[0], *TIMED[3:]))
    users = {user["id"] for user in items("users", store)}
    organizations = {each["id"] for each in items("organizations", store)}
    assert {ticket["requester_id"] for ticket in tickets} <= users
    assert {t["assignee_id"] for t in tickets if isinstance(t["assignee_id"], int)} <= users
    assert {ticket["organization_id"] for ticket in tickets} - {None} <= organizations
    known = {ticket["id"] for ticket in tickets}
    assert {event["ticket_id"] for event in events} == known
    assert {m["ticket_id"] for m in metrics if m["ticket_id"] < 2**63} == known
    attributes = {row["id"] for row in items("routing_attributes", store)}
    values = items("routing_attribute_values", store)
    assert {row["attribute_id"] for row in values if row["type"] == "create"} <= attributes
    used = {row["attribute_value_id"] for row in items("routing_instance_values", store)}
    assert used - {17} <= {row["id"] for row in values}


def test_tickets_move_on_and_system_updates_leave_updated_at() -> None:
    early, late = (
        {ticket["id"]: ticket for ticket in items("tickets", ORDINARY, days)} for days in (2, 6)
    )
    assert early.keys() <= late.keys()
    steps = ("new", "pending", "open", "solved", "closed", "deleted")
    assert {ticket["status"] for ticket in late.values()} == set(steps)
    for id, ticket in early.items():
        moved = late[id]["generated_timestamp"] - ticket["generated_timestamp"]
        assert moved >= 0
        assert steps.index(late[id]["status"]) >= steps.index(ticket["status"])
        assert late[id]["created_at"] == ticket["created_at"]
    lagging = [
        ticket
        for ticket in late.values()
        if parse_us(ticket["updated_at"]) // SECOND_US < ticket["generated_timestamp"]
    ]
    assert 0.1 < len(lagging) / len(late) < 0.9
    assert {type(f["value"]) for t in late.values() for f in t["custom_fields"]} == {
        str, bool, int, float, list, type(None),
    }  # fmt: skip


def test_metric_events_tell_when_a_ticket_was_answered_and_solved() -> None:
    tickets = {t["id"]: t for t in items("tickets", ORDINARY, 5) if t["status"] == "closed"}
    times: dict[tuple[int, str], dict[str, int]] = defaultdict(dict)
    for event in items("ticket_metric_events", ORDINARY, 5):
        if event["ticket_id"] in tickets and isinstance(event["metric"], str):
            at = parse_us(event["time"])
            times[event["ticket_id"], event["metric"]].setdefault(str(event["type"]), at)
        kind = event["type"]
        assert ("sla" in event, "group_sla" in event) == (
            kind == "apply_sla", kind == "apply_group_sla",
        )  # fmt: skip
        assert ("status" in event) >= (kind == "update_status")
    whole = 0
    for (id, metric), at in times.items():
        if metric in ("reply_time", "resolution_time") and {"activate", "fulfill"} <= at.keys():
            assert at["activate"] == parse_us(tickets[id]["created_at"]) < at["fulfill"]
            whole += 1
    assert whole > 1.9 * len(tickets)


def test_a_few_rows_are_odd() -> None:
    texts = [ORDINARY.body("users", row) for row in ORDINARY.rows("users", 0, START_US)]
    ordinary = json.loads(texts[50]).keys() | {"default_group_id"}
    odd = [text for text in texts if json.loads(text).keys() - ordinary]
    assert 0 < len(odd) < len(texts) / 100


# --- Pages --------------------------------------------------------------------------------------


OBSERVED = resolved(sandbox.Settings())
LIKES = [OBSERVED, resolved(sandbox.Settings(like="documented"))]


def ask(
    kind: Kind,
    name: str,
    query: dict[str, str],
    store: Store = STORE,
    now_us: int = NOW_US,
    like: sandbox.Settings = OBSERVED,
) -> dict[str, Any]:
    asked = support.Request(store, SUPPORT_EXPORTS[name], query, "http://zd/x", now_us, like)
    page: dict[str, Any] = json.loads(encode(support.serve(kind, asked)))
    return page


def onward(page: dict[str, Any]) -> str | None:
    url: str | None = page.get("next_page") or page.get("after_url") or page["links"]["next"]
    return url


def query_of(url: str) -> dict[str, str]:
    return {name: value[0] for name, value in parse_qs(urlsplit(url).query).items()}


def walk(
    kind: Kind,
    name: str,
    query: dict[str, str],
    store: Store,
    now_us: int,
    like: sandbox.Settings = OBSERVED,
) -> list[dict[str, Any]]:
    """Follow the pages to their end; returns them."""
    pages = []
    while True:
        page = ask(kind, name, query, store, now_us, like)
        pages.append(page)
        url = onward(page)
        if url is None or page.get("end_of_stream") or page.get("count") == 0:
            return pages
        query = query_of(url)


def listed(name: str, pages: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [item for page in pages for item in page[SUPPORT_EXPORTS[name].list_name]]


def true_items(name: str, start: int, store: Store, now_us: int) -> list[dict[str, Any]]:
    export = SUPPORT_EXPORTS[name]
    rows = list(store.rows(name, start, now_us))
    return [json.loads(support.shown(export, body, "")) for body in store.bodies(name, rows)]


@settings(max_examples=30)
@given(
    st.sampled_from([(kind, name) for _, name, kind in ENDPOINTS if kind in ("time", "cursor")]),
    st.integers(20, 1000),
    st.integers(-3 * 86400, 9 * 86400),
)
def test_a_walk_yields_exactly_the_truth(
    endpoint: tuple[Kind, str], size: int, offset: int
) -> None:
    kind, name = endpoint
    start, now_us = START_S + offset, START_US + 10 * DAY_US
    query = {"start_time": str(start), "per_page": str(size)}
    for like in LIKES if kind == "time" else LIKES[:1]:
        pages = walk(kind, name, query, STORE, now_us, like)
        walked, truth = listed(name, pages), true_items(name, start, STORE, now_us)
        if kind == "time" and like == OBSERVED:
            # Boundaries come twice, and a second isn't in the order of ids.
            assert {each["id"]: each for each in walked} == {each["id"]: each for each in truth}
        else:
            assert walked == truth
        sizes = [len(page[name]) for page in pages]
        # Metric events have no `end_of_stream`, so theirs end with an empty page.
        last = -3 if name == "ticket_metric_events" else -1
        assert min(sizes[:last], default=size) >= size
        assert kind == "time" or max(sizes) <= size


@pytest.mark.parametrize("name", TIMED)
def test_a_time_based_page_of_several_seconds_is_repeated_at_its_boundary(name: str) -> None:
    export, now_us = SUPPORT_EXPORTS[name], START_US + 10 * DAY_US
    pages = walk("time", name, {"start_time": str(START_S), "per_page": "5"}, STORE, now_us)
    repeated = 0
    for page, onward_page in pairwise(pages):
        times = [place(export, json.dumps(each).encode())[0] // SECOND_US for each in page[name]]
        assert times == sorted(times)
        if not times:
            continue
        if times[0] == times[-1]:
            assert page["end_time"] == times[-1] + 1
            continue
        assert page["end_time"] == times[-1]
        assert len(times) == 5 or onward_page is pages[-2] or page.get("end_of_stream")
        assert page[name][-1] in onward_page[name]
        repeated += 1
    assert repeated > 0


@pytest.mark.parametrize(
    ("cap", "told"), [(None, (30, START_S + 1, True)), (7, (7, START_S, False))]
)
def test_a_page_of_one_second_holds_it_whole_unless_a_cap_says_otherwise(
    cap: int | None, told: tuple[int, int, bool]
) -> None:
    store = Store(EXPORTS, {})
    crowd = [{"id": id, "generated_timestamp": START_S} for id in range(1, 31)]
    store.put("tickets", [json.dumps(each).encode() for each in crowd])
    query = {"start_time": str(START_S), "per_page": "5"}
    capped = replace(OBSERVED, second_cap=cap)
    page = ask("time", "tickets", query, store, NOW_US, capped)
    assert (page["count"], page["end_time"], page["end_of_stream"]) == told
    ids = [each["id"] for each in page["tickets"]]
    assert ids != sorted(ids)
    assert ask("time", "tickets", query, store, NOW_US, capped) == page


@settings(max_examples=15)
@given(st.integers(5, 100), st.integers(0, 9 * 86400))
def test_metric_events_are_paged_by_cursor_in_both_directions(size: int, offset: int) -> None:
    name, start, now_us = "ticket_metric_events", START_S + offset, START_US + 10 * DAY_US
    query = {"start_time": str(start), "page[size]": str(size)}
    pages = walk("pages", name, query, STORE, now_us)
    truth = true_items(name, start, STORE, now_us)
    assert listed(name, pages) == truth
    assert [page["meta"]["has_more"] for page in pages] == [True] * (len(pages) - 1) + [False]
    assert pages[0]["links"]["prev"] is None
    assert "count" not in pages[0]
    if len(pages) > 1 and (back := pages[-1]["links"]["prev"]):
        assert ask("pages", name, query_of(back), STORE, now_us)[name] == pages[-2][name]


@pytest.mark.parametrize("name", ROUTING)
def test_routing_rows_come_in_pages_of_up_to_3000_until_none_is_left(name: str) -> None:
    now_us = START_US + 4 * DAY_US
    pages = walk("routing", name, {}, BUSY, now_us)
    list_name = SUPPORT_EXPORTS[name].list_name
    sizes = [page["count"] for page in pages]
    assert sizes[-1] == 0
    assert all(size == 3000 for size in sizes[:-2])
    assert len(sizes) > 2 or name != "routing_instance_values"
    truth, rows = true_items(name, 0, BUSY, now_us), listed(name, pages)
    assert rows == truth if name != "routing_instance_values" else spelled(rows) == spelled(truth)
    assert [len(page[list_name]) for page in pages] == sizes
    assert pages[-1]["next_page"] == pages[-2]["next_page"]
    assert len(query_of(pages[0]["next_page"])["cursor"]) == 36


def spelled(rows: list[dict[str, Any]]) -> list[str]:
    return sorted(json.dumps(row, sort_keys=True) for row in rows)


def test_routing_instance_values_are_grouped_by_value_and_further_ones_come_after() -> None:
    name, store = "routing_instance_values", store_of(800)
    early_us, late_us = START_US + 20 * DAY_US, START_US + 30 * DAY_US
    first = walk("routing", name, {}, store, early_us)
    rows = listed(name, first)
    groups = [value for value, _ in groupby(rows, key=lambda row: str(row["attribute_value_id"]))]
    assert len(groups) == len(set(groups)) > 5
    assert [row["time"] for row in rows] != sorted(row["time"] for row in rows)
    # What brings a value is listed with what takes it.
    taken = [row["id"] for row in rows if row["type"].startswith("un")]
    beside = sum(one["id"] == other["id"] for one, other in pairwise(rows))
    assert beside > 0.8 * len(taken)
    query = query_of(onward(first[-1]) or "")
    further = listed(name, walk("routing", name, query, store, late_us))
    assert spelled(rows + further) == spelled(true_items(name, 0, store, late_us))
    explicit = {"id": "x", "attribute_value_id": "0", "type": "associate_agent"}
    explicit |= {"instance_id": "1", "time": "2025-01-02T00:00:00Z"}
    query = query_of(onward(walk("routing", name, query, store, late_us)[-1]) or "")
    store.put(name, [json.dumps(explicit).encode()])
    assert listed(name, walk("routing", name, query, store, late_us)) == [explicit]
    by_time = replace(OBSERVED, grouped=False)
    again = listed(name, walk("routing", name, {}, store, late_us, by_time))
    assert [row["time"] for row in again] == sorted(row["time"] for row in again)


@settings(max_examples=60)
@given(st.lists(st.integers(0, 6), max_size=40), st.integers(1, 9), st.integers(1, 6))
def test_ties_longer_than_a_page_or_its_overflow_lose_nothing(
    seconds: list[int], size: int, overflow: int
) -> None:
    rows = [Row(at, str(n), at, n) for n, at in enumerate(sorted(seconds))]
    start, walked = 0, []
    for _ in range(50):
        since = (row for row in rows if row.time >= start)
        page, end, last = take_whole_seconds(since, size, overflow)
        walked += page
        if last:
            break
        # A page that overlaps the next moves on all the same.
        assert end is not None
        assert end > start
        assert len(page) >= size
        further = rows[rows.index(page[-1]) + 1]
        assert end == page[-1].time + (further.time > page[-1].time)
        start = end
    assert list(dict.fromkeys(walked)) == rows
    if all(seconds.count(second) <= overflow + 1 for second in seconds):
        assert walked == rows


@settings(max_examples=40)
@given(st.lists(st.integers(0, 3), max_size=30), st.integers(1, 7), st.integers(0, 4))
def test_cursors_pass_through_ties_in_the_order_of_integer_ids(
    seconds: list[int], size: int, first: int
) -> None:
    store = Store(EXPORTS, {})
    tickets = [
        {"id": 95 + 7 * n % 31, "generated_timestamp": START_S + at} for n, at in enumerate(seconds)
    ]
    store.put("tickets", [json.dumps(ticket).encode() for ticket in tickets])
    query = {"start_time": str(START_S + first), "per_page": str(size)}
    walked = listed("tickets", walk("cursor", "tickets", query, store, NOW_US))
    inside = [ticket for ticket in tickets if ticket["generated_timestamp"] >= START_S + first]
    assert walked == sorted(inside, key=lambda each: (each["generated_timestamp"], each["id"]))


def test_a_cursor_is_as_in_the_documents_example() -> None:
    assert support.write_cursor((1576613539, sortable("467"))) == "MTU3NjYxMzUzOS4wfHw0Njd8"
    assert support.read_cursor("MTU3NjYxMzUzOS4wfHw0Njd8") == (1576613539, sortable("467"))


@pytest.mark.parametrize("kind", ["cursor", "routing"])
@pytest.mark.parametrize("text", ["x", "ÿ", base64.b64encode(b"1||2").decode(), "1.0||2|"])
def test_a_cursor_of_another_make_is_refused(kind: Kind, text: str) -> None:
    with pytest.raises(RefusedError) as refused:
        ask(kind, "routing_attributes" if kind == "routing" else "users", {"cursor": text})
    assert refused.value.status == 400


# --- The server ---------------------------------------------------------------------------------

QUIET = {"seeded": False}


@pytest.fixture(scope="module")
def process() -> Iterator[sandbox.Running]:
    config = sandbox.Settings(now=NOW, clock="frozen", support_requests_per_minute=10**6)
    with sandbox.start(config) as running:
        yield running


@pytest.fixture
def server(process: sandbox.Running) -> sandbox.Running:
    process.reset()
    return process


def get(server: sandbox.Running, path: str = "tickets", **query: Any) -> requests.Response:
    path = path if path.startswith("/") else f"{BASE}/{path}"
    return get_url(server.url + path, **query)


def get_url(url: str, **query: Any) -> requests.Response:
    return requests.get(url, params=query, headers=AUTHORIZED, timeout=10)


def ticket(id: int, time: int = START_S, **more: Any) -> dict[str, Any]:
    return {"id": id, "generated_timestamp": time} | more


@pytest.mark.parametrize(
    "signed",
    [
        {"auth": ("agent@example.com/token", "sandbox-api-token")},
        {"headers": {"Authorization": "Bearer sandbox-oauth-token"}},
    ],
)
def test_both_ways_to_sign_in_work(server: sandbox.Running, signed: dict[str, Any]) -> None:
    url = f"{server.url}{BASE}/users?start_time=0"
    assert requests.get(url, timeout=10, **signed).status_code == 200


@pytest.mark.parametrize(
    "signed",
    [
        {},
        {"auth": ("agent@example.com", "sandbox-api-token")},
        {"auth": ("agent@example.com/token", "wrong")},
        {"headers": {"Authorization": "Bearer sandbox-token"}},
        {"headers": {"Authorization": "Basic !"}},
    ],
)
def test_whoever_signs_in_otherwise_is_refused(
    server: sandbox.Running, signed: dict[str, Any]
) -> None:
    answer = requests.get(f"{server.url}{BASE}/tickets?start_time=0", timeout=10, **signed)
    assert answer.status_code == 401
    assert answer.json().keys() == {"error", "description"}


@pytest.mark.parametrize("path", WITH_START)
def test_start_time_is_required_an_integer_and_older_than_a_minute(
    server: sandbox.Running, path: str
) -> None:
    for query in ({}, {"start_time": ""}, {"start_time": "1.5"}, {"start_time": "now"}):
        answer = get(server, path, **query)
        assert answer.status_code == 400
        assert "start_time" in answer.json()["description"]
    assert get(server, path, start_time=NOW_S - 60).status_code == 200
    recent = get(server, path, start_time=NOW_S - 59)
    assert (recent.status_code, recent.json()["error"]) == (400, "StartTimeTooRecent")


@pytest.mark.parametrize(
    ("path", "name", "most"),
    [
        ("tickets", "per_page", 1000),
        ("users/cursor", "per_page", 1000),
        ("ticket_metric_events", "page[size]", 100),
    ],
)
def test_a_page_has_a_size(server: sandbox.Running, path: str, name: str, most: int) -> None:
    for size in (0, "ten"):
        assert get(server, path, start_time=0, **{name: size}).status_code == 400
    allowed, larger = (get(server, path, start_time=0, **{name: n}) for n in (most, most + 1))
    items = [answer.json()[path.partition("/")[0]] for answer in (allowed, larger)]
    assert items[0] == items[1]
    server.settings(like="documented")
    assert get(server, path, start_time=0, **{name: most + 1}).status_code == 400


def test_a_start_time_with_a_decimal_point_is_taken_as_observed(server: sandbox.Running) -> None:
    answer = get(server, "tickets", start_time=f"{START_S}.0")
    assert answer.json() == get(server, "tickets", start_time=START_S).json()
    server.settings(like="documented")
    assert get(server, "tickets", start_time=f"{START_S}.0").status_code == 400


def test_pages_come_as_recorded(server: sandbox.Running) -> None:
    server.settings(support_requests_per_minute=10)
    answer = get(server, "tickets", start_time=START_S)
    told = answer.headers
    assert told["Content-Type"] == "application/json; charset=utf-8"
    assert (told["Content-Encoding"], told["Transfer-Encoding"]) == ("gzip", "chunked")
    assert told["ETag"].startswith('W/"')
    assert (told["X-Rate-Limit"], told["ratelimit-limit"]) == ("10", "10")
    assert (told["X-Rate-Limit-Remaining"], told["ratelimit-remaining"]) == ("9", "9")
    assert 55 <= int(told["ratelimit-reset"]) <= 60
    plain = requests.get(
        answer.url, headers=AUTHORIZED | {"Accept-Encoding": "identity"}, timeout=10
    )
    assert "Content-Encoding" not in plain.headers
    assert plain.content == answer.content
    server.settings(like="documented")
    assert "ETag" not in get(server, "tickets", start_time=START_S).headers


@pytest.mark.parametrize(("like", "there"), [("observed", True), ("documented", False)])
def test_every_recorded_ticket_has_fields(server: sandbox.Running, like: str, there: bool) -> None:
    server.reset(**QUIET, odd=False, like=like)
    (ticket,) = get(server, "tickets", start_time=0).json()["tickets"]
    assert (ticket.get("fields") == ticket["custom_fields"]) == there


@pytest.mark.parametrize(("path", "name", "kind"), ENDPOINTS)
def test_each_path_is_also_there_with_json_and_logged_with_its_kind(
    server: sandbox.Running, path: str, name: str, kind: str
) -> None:
    plain, suffixed = (get(server, path + end, start_time=START_S) for end in ("", ".json"))
    assert plain.content == suffixed.content
    list_name = SUPPORT_EXPORTS[name].list_name
    assert next(iter(plain.json())) == list_name
    assert urlsplit(onward(plain.json()) or "").path == f"{path}.json"
    logged = [(entry["export"], entry["endpoint"]) for entry in server.requests()]
    assert logged == [(name, kind)] * 2


def test_the_chat_exports_are_served_beside_on_their_old_base(server: sandbox.Running) -> None:
    token = {"Authorization": "Bearer sandbox-token"}
    answer = requests.get(f"{server.url}{BASE}/chats", headers=token, timeout=10)
    assert "chats" in answer.json()
    assert get(server, "chats").status_code == 403


def test_the_documents_examples_are_among_the_data(server: sandbox.Running) -> None:
    server.reset(**QUIET)
    page = get(server, "tickets", start_time=0, per_page=3).json()
    assert page.keys() == {"tickets", "count", "end_of_stream", "end_time", "next_page"}
    assert [each["raw_subject"] for each in page["tickets"]] == ["{{dc.printer_on_fire}}"]
    assert (page["count"], page["end_of_stream"], page["end_time"]) == (1, True, 1304553601)
    assert page["next_page"] == f"{server.url}{BASE}/tickets.json?per_page=3&start_time=1304553601"
    page = get(server, "users/cursor", start_time=0).json()
    assert page["users"][0]["user_fields"]["user_decimal"] == 5.1
    cursor = base64.b64encode(b"1304591932.0||35436|").decode()
    assert (page["after_cursor"], page["before_cursor"], page["before_url"]) == (cursor, None, None)
    assert query_of(page["after_url"]) == {"cursor": cursor}
    events = get(server, "ticket_metric_events", start_time=0).json()
    assert events.keys() == {"ticket_metric_events", "count", "end_time", "next_page"}
    assert events["ticket_metric_events"][0]["id"] == 926256957613
    assert get(server, "organizations", start_time=0).json()["organizations"][0]["id"] == 4112492


def test_an_empty_page_repeats_its_place(server: sandbox.Running) -> None:
    server.reset(**QUIET)
    page = get(server, start_time=START_S).json()
    assert (page["count"], page["end_time"], page["end_of_stream"]) == (0, START_S, True)
    first = get(server, "tickets/cursor", start_time=START_S).json()
    again = get_url(first["after_url"]).json()
    assert first == again
    server.put("tickets", [ticket(1)])
    assert [each["id"] for each in get_url(first["after_url"]).json()["tickets"]] == [1]


def test_more_than_a_thousand_in_the_last_second_overlap_in_documented_pages_too(
    server: sandbox.Running,
) -> None:
    server.reset(**QUIET, like="documented")
    server.put("tickets", [ticket(1, START_S - 1)])
    server.put("tickets", [ticket(id) for id in range(2, 2010)])
    cut = get(server, start_time=START_S - 1, per_page=1000).json()
    assert (cut["count"], cut["end_time"]) == (1000, START_S)
    whole = get_url(cut["next_page"]).json()
    assert (whole["count"], whole["end_time"], whole["end_of_stream"]) == (2008, START_S + 1, True)
    server.put("tickets", [ticket(id, START_S + 5) for id in range(2000, 2010)])
    kept = get(server, start_time=START_S - 1, per_page=1000).json()
    assert (kept["count"], kept["end_time"], kept["end_of_stream"]) == (1999, START_S + 1, False)


def test_events_of_the_last_minute_are_held_back(server: sandbox.Running) -> None:
    server.reset(**QUIET)
    server.put("ticket_events", [{"id": 1, "timestamp": NOW_S - 59}])
    server.put("tickets", [ticket(1, NOW_S - 59)])
    assert get(server, "tickets", start_time=START_S).json()["count"] == 1
    assert get(server, "ticket_events", start_time=START_S).json()["count"] == 0
    assert server.truth("ticket_events", START_S) == []
    server.clock(advance=1)
    assert get(server, "ticket_events", start_time=START_S).json()["count"] == 1


def test_comments_are_only_mentioned_unless_sideloaded(server: sandbox.Running) -> None:
    for include in (None, "comment_events"):
        answer = get(server, "ticket_events", start_time=0, include=include, per_page=300)
        page = answer.json()
        events = [event for event in page["ticket_events"] if event["child_events"]]
        comments = [
            child for e in events for child in e["child_events"] if child["event_type"] == "Comment"
        ]
        assert len(comments) > 200
        for comment in comments:
            assert ("body" in comment) == ("author_id" in comment) == (include is not None)
            assert ("comment_present" in comment) == ("comment_public" in comment) != bool(include)
        truth = server.truth("ticket_events", 0, page["end_time"], include)
        events = {event["id"]: event for event in page["ticket_events"]}
        assert len(truth) > 200
        assert all(events[(event := json.loads(body))["id"]] == event for _, body in truth)
        assert query_of(page["next_page"]).get("include") == include


@pytest.mark.parametrize(
    ("path", "include"),
    [
        ("tickets", "users,groups,organizations"),
        ("tickets/cursor", "users,last_audits"),
        ("users", "organizations,groups,roles"),
        ("users/cursor", "roles"),
        ("organizations", "groups,abilities"),
    ],
)
def test_sideloads_hold_what_the_page_refers_to_and_nothing_else(
    server: sandbox.Running, path: str, include: str
) -> None:
    name = path.partition("/")[0]
    start_time = START_S - 86400 * (0 if name == "tickets" else 28)
    page = get(server, path, start_time=start_time, per_page=200, include=include).json()
    refers = SUPPORT_EXPORTS[name].refers
    asked = [part for part in include.split(",") if part in refers]
    lists = {key: value for key, value in page.items() if isinstance(value, list)}
    assert list(lists) == [name, *asked]
    for part in asked:
        wanted: set[int] = set()
        for item in page[name]:
            for attribute in refers[part]:
                value = item.get(attribute)
                wanted |= set(value) if isinstance(value, list) else {value}
        ids = [item["id"] for item in page[part]]
        assert ids == sorted(each for each in wanted if isinstance(each, int))
        assert ids
    assert get_url(onward(page) or "").json().keys() == page.keys()


def test_sideloads_are_made_of_the_pages_own_items(server: sandbox.Running) -> None:
    include = "comment_count,dates,slas,metric_sets"
    page = get(server, start_time=START_S, per_page=50, include=include).json()
    assert all(each["comment_count"] > 0 for each in page["tickets"])
    assert all("policy_metrics" in each["slas"] for each in page["tickets"])
    assert all("solved_at" in each["dates"] for each in page["tickets"])
    ids = [each["id"] for each in page["tickets"]]
    assert [each["ticket_id"] for each in page["metric_sets"]] == ids
    page = get(server, "users/cursor", start_time=0, include="identities").json()
    owners = [each["user_id"] for each in page["identities"]]
    assert owners == [each["id"] for each in page["users"]]


def test_a_sideloaded_user_is_the_newest_version(server: sandbox.Running) -> None:
    server.reset(tickets_per_day=40)
    users = {json.loads(body)["id"]: json.loads(body) for _, body in server.truth("users")}
    page = get(server, start_time=START_S, include="users").json()
    assert all(user == users[user["id"]] for user in page["users"])
    id = page["users"][-1]["id"]
    server.put("users", [{"id": id, "updated_at": "2025-01-30T00:00:00Z", "name": "moved"}])
    page = get(server, start_time=START_S, include="users").json()
    assert page["users"][-1]["name"] == "moved"


@pytest.mark.parametrize("name", SAMPLED)
def test_a_sample_has_at_most_50_items_and_a_limit_of_its_own(
    server: sandbox.Running, name: str
) -> None:
    if name == "tickets":
        server.put(name, [ticket(id) for id in range(1, 200)])
    server.settings(support_requests_per_minute=1)
    answers = [get(server, f"{name}/sample", start_time=START_S) for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert 1190 <= int(answers[-1].headers["Retry-After"]) <= 1200
    assert answers[0].json()["count"] == 50
    assert len(answers[0].json()[name]) == 50
    assert get(server, name, start_time=START_S).status_code == 200


def test_support_has_a_rate_limit_of_its_own(server: sandbox.Running) -> None:
    server.settings(support_requests_per_minute=2)
    answers = [get(server, path) for path in ("users", "routing/attributes", "tickets/cursor")]
    assert [answer.status_code for answer in answers] == [400, 200, 429]
    assert 55 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert answers[-1].json().keys() == {"error", "description"}
    token = {"Authorization": "Bearer sandbox-token"}
    assert requests.get(f"{server.url}{BASE}/chats", headers=token, timeout=10).status_code == 200


def test_no_secret_is_shown(server: sandbox.Running) -> None:
    get(server, token="sandbox-api-token", other="sandbox-oauth-token")
    assert server.requests()[0]["query"] == {"token": "***", "other": "***"}
    assert "sandbox-" not in requests.get(f"{server.url}/_sandbox", timeout=10).text
    assert "sandbox-" not in repr(sandbox.Settings())


def test_explicit_items_are_merged_by_time_and_integer_id(server: sandbox.Running) -> None:
    server.reset(**QUIET)
    odd = b'{"id": 10, "n": 1.50e0, "generated_timestamp": %d}' % START_S
    server.put("tickets", [odd, ticket(9), ticket(100), ticket(7, START_S + 1)])
    assert [json.loads(body)["id"] for _, body in server.truth("tickets", START_S)] == [
        9, 10, 100, 7,
    ]  # fmt: skip
    server.put("tickets", [ticket(9, START_S + 2)])
    answer = get(server, start_time=START_S)
    ids = [each["id"] for each in answer.json()["tickets"]]
    assert (set(ids[:2]), ids[2:]) == ({10, 100}, [7, 9])
    assert odd in answer.content
    with pytest.raises(ValueError, match="generated_timestamp"):
        server.put("tickets", [{"id": 1, "generated_timestamp": "2025-01-05T00:00:00Z"}])
    server.put("tickets", [{"id": "8"}], time=START_S, id="8")
    assert get(server, start_time=START_S).json()["tickets"].count({"id": "8"}) == 1


def test_routing_rows_of_one_thing_all_count(server: sandbox.Running) -> None:
    server.reset(**QUIET)
    rows = [
        {"id": "a", "name": "x", "time": f"2025-01-05T00:00:0{second}Z", "type": kind}
        for second, kind in ((1, "create"), (2, "update"), (3, "update"), (3, "delete"))
    ]
    server.put("routing_attributes", rows)
    server.put("routing_attributes", rows[:1])
    page = get(server, "routing/attributes").json()
    assert page["attributes"] == [*rows[:2], rows[3], rows[2]]
    assert (page["count"], page["end_time"]) == (4, parse_us("2025-01-05T00:00:03Z") // SECOND_US)
    last = get_url(page["next_page"]).json()
    assert (last["count"], last["next_page"]) == (0, page["next_page"])
    server.put("routing_attributes", [rows[0] | {"time": "2025-01-05T00:00:09Z"}])
    assert get_url(page["next_page"]).json()["count"] == 1


def test_the_settings_scale_and_choose_the_data(server: sandbox.Running) -> None:
    since = NOW_S - 2 * 86400
    default = server.truth("tickets", since)
    server.settings(tickets_per_day=80)
    assert len(server.truth("tickets", since)) == pytest.approx(len(default) / 10, rel=0.3)
    server.settings(tickets_per_day=800)
    assert server.truth("tickets", since) == default
    with pytest.raises(ValueError, match="tickets_per_day"):
        server.settings(tickets_per_day=0)


# --- Faults -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("path", "name"),
    [("tickets", "per_page"), ("users/cursor", "per_page"), ("ticket_metric_events", "page[size]")],
)
def test_a_504_strikes_only_larger_pages(server: sandbox.Running, path: str, name: str) -> None:
    server.faults([{"kind": "status", "status": 504, "min_page_size": 50, "times": -1}])
    sizes = (None, 51, 50, 9)
    statuses = [get(server, path, start_time=START_S, **{name: size}).status_code for size in sizes]
    # Without a size of its own, a page of metric events is a time-based one of 1,000.
    assert statuses == [504, 504, 200, 200]


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("tickets", {}),
        ("tickets/cursor", {}),
        ("ticket_metric_events", {"page[size]": 5}),
        ("routing/instance_values", {}),
    ],
)
def test_onward_addresses_can_be_foreign_missing_or_stuck(
    server: sandbox.Running, path: str, query: dict[str, Any]
) -> None:
    query |= {"start_time": START_S}
    server.faults([{"kind": kind} for kind in ("foreign_next_page", "stuck", "no_next_page")])
    foreign, stuck, missing, whole = (get(server, path, **query).json() for _ in range(4))
    assert onward(foreign) == (onward(whole) or "").replace(server.url, "https://foreign.example")
    name = SUPPORT_EXPORTS[server.requests()[0]["export"]].list_name
    assert get_url(onward(stuck) or "").json()[name] == stuck[name] == whole[name]
    assert not missing.keys() & {"next_page", "after_url", "links"}


@pytest.mark.parametrize("path", ["tickets/cursor", "ticket_events", "routing/instance_values"])
def test_an_unordered_page_has_the_facts_of_an_ordered_one(
    server: sandbox.Running, path: str
) -> None:
    server.faults([{"kind": "unordered"}])
    shuffled, plain = (get(server, path, start_time=START_S).json() for _ in range(2))
    assert shuffled != plain
    assert shuffled.keys() == plain.keys()
    assert onward(shuffled) == onward(plain)
