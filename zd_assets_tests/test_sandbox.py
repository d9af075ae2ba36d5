"""The sandbox keeps to the Chat API document, and to what its control API promises.

First the seeded data as pure functions, then pages as pure functions of data and cursor, then the
server as a client meets it: refusals, walks, explicit items, faults.
"""

from __future__ import annotations

import datetime as dt
import http.client
import itertools
import json
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any, Literal
from urllib.parse import parse_qs, urlsplit

import orjson
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st

from zd_assets import sandbox
from zd_assets.sandbox import chat, fields, rawjson
from zd_assets.sandbox.exports import CHAT_EXPORTS, place
from zd_assets.sandbox.seeded.chat_streams import chat_streams
from zd_assets.sandbox.seeded.chats import Chats
from zd_assets.sandbox.seeded.hashing import mix
from zd_assets.sandbox.seeded.oddities import distort_chat, kinds
from zd_assets.sandbox.seeded.stream import Stream
from zd_assets.sandbox.seeded.timetable import Timetable
from zd_assets.sandbox.seeded.versions import Versions
from zd_assets.sandbox.store import Store
from zd_assets.sandbox.timestamps import HOUR_US, SECOND_US, iso_us, parse_us

START_US = parse_us("2025-01-01")
NOW = "2025-02-01T12:00:00Z"
NOW_S = parse_us(NOW) // SECOND_US
EXPORTS = list(CHAT_EXPORTS)
BASE = "/api/v2/chat/incremental"
AUTHORIZED = {"Authorization": "Bearer sandbox-token"}
EPOCH_OF_2018 = 1514764800

Fullness = Literal["full", "documented"]
SEEDS = st.integers(0, 2**32)
DAY_US = 24 * HOUR_US

settings.register_profile("sandbox", deadline=None)
settings.load_profile("sandbox")

# --- Seeded data --------------------------------------------------------------------------------


@given(SEEDS, st.integers(0, 400), st.floats(0.3, 50_000), st.integers(0, 10**6))
def test_a_slot_is_found_by_its_time(seed: int, day: int, per_day: float, slot: int) -> None:
    timetable = Timetable(seed, START_US + day * DAY_US, per_day)
    at = timetable.time_us(slot)
    first = timetable.first_at(at)
    assert first <= slot < timetable.first_at(at + 1)
    assert timetable.time_us(first) == at
    assert first == 0 or timetable.time_us(first - 1) < at


@given(SEEDS, st.floats(0.3, 50_000), st.integers(0, 10**6), st.integers(0, 2000))
def test_slots_are_enumerated_as_they_are_sought(
    seed: int, per_day: float, first: int, count: int
) -> None:
    timetable = Timetable(seed, START_US, per_day)
    slots = list(timetable.slots(first, first + count))
    assert [slot for slot, _ in slots] == list(range(first, first + count))
    assert all(time_us == timetable.time_us(slot) for slot, time_us in slots[:: max(1, count // 9)])
    assert all(one[1] <= other[1] for one, other in itertools.pairwise(slots))


@given(SEEDS, st.integers(0, 10**9))
def test_versions_are_linked_both_ways(seed: int, slot: int) -> None:
    versions = Versions(seed)
    later, earlier = versions.next(slot), versions.previous(slot)
    assert later is None or (later > slot and versions.previous(later) == slot)
    assert earlier is None or (earlier < slot and versions.next(earlier) == slot)


def test_a_day_has_the_promised_rates_and_shape() -> None:
    streams = chat_streams(1, True, START_US, 3000, 0)
    week = [START_US + days * DAY_US for days in (33, 40)]
    for name, per_day in zip(EXPORTS, (3000, 5000, 400, 2000), strict=True):
        unit_us = CHAT_EXPORTS[name].unit_us
        rows = streams[name].rows(week[0] // unit_us, week[1])
        times = [row.time_us for row in rows]
        assert len(times) == pytest.approx(7 * per_day, rel=0.15)
        by_hour = [sum(t % DAY_US // HOUR_US == hour for t in times) for hour in range(24)]
        assert by_hour[11] > 10 * by_hour[3]


@settings(max_examples=20)
@given(SEEDS, st.integers(0, 1000))
def test_an_updated_chat_stands_once_and_newest_whatever_the_time(seed: int, first: int) -> None:
    recipe = Chats(seed, True, START_US, 100)
    timetable = recipe.timetable
    chats = Stream(recipe, SECOND_US, 5000)
    for slot in range(first, first + 12):
        # Just before a slot comes, which may be an update, and just when it came.
        for now_us in (timetable.time_us(slot) - 1, timetable.time_us(slot)):
            newest = {recipe.id(each): each for each in range(timetable.first_at(now_us + 1))}
            rows = list(chats.rows(0, now_us))
            assert len(rows) == len(newest)
            assert {row.id: row.source for row in rows} == newest


def test_chats_are_updated_again_and_deleted() -> None:
    early = {row.id: row for row in seeded("chats").rows(0, START_US + 9 * DAY_US)}
    late = {row.id: row for row in seeded("chats").rows(0, START_US + 30 * DAY_US)}
    assert early.keys() <= late.keys()
    moved = [id for id in early if late[id].time > early[id].time]
    assert len(moved) > 50
    old, new = (
        [json.loads(seeded("chats").item(rows[id].source)) for id in moved]
        for rows in (early, late)
    )
    assert sum(chat["deleted"] for chat in new) > sum(chat["deleted"] for chat in old)
    assert all(one["timestamp"] == other["timestamp"] for one, other in zip(old, new, strict=True))


@settings(max_examples=25)
@given(st.sampled_from(EXPORTS), st.integers(-DAY_US, 12 * DAY_US))
def test_seeking_is_a_suffix_of_enumerating(name: str, offset_us: int) -> None:
    unit_us = CHAT_EXPORTS[name].unit_us
    time = (START_US + offset_us) // unit_us
    now_us = START_US + 10 * DAY_US
    everything = list(seeded(name).rows(0, now_us))
    assert everything == sorted(everything)
    assert list(seeded(name).rows(time, now_us)) == [r for r in everything if r.time >= time]


@pytest.mark.parametrize("chats_per_day", [1, 40, 3000])
def test_spans_of_an_agent_touch_and_never_overlap_nor_exceed_a_day(chats_per_day: int) -> None:
    stream = chat_streams(3, True, START_US, chats_per_day, 0)["agent_timeline"]
    spans = defaultdict(list)
    for row in itertools.islice(stream.rows(0, START_US + 60 * DAY_US), 8000):
        assert isinstance(row.source, int)
        body = stream.item(row.source)
        assert place(CHAT_EXPORTS["agent_timeline"], body)[0] == row.time_us
        span = json.loads(body)
        assert span["duration"] <= 86400
        start_us = row.time_us - round(span["duration"] * SECOND_US)
        assert span["start_time"] == iso_us(start_us)
        if isinstance(span["agent_id"], int) and span["agent_id"] < 2**63:
            spans[span["agent_id"]].append((start_us, row.time_us, span["status"]))
    touching = total = 0
    for of_agent in spans.values():
        assert {status for *_, status in of_agent} >= {"online", "away"}
        for (_, end_us, _), (start_us, _, _) in itertools.pairwise(of_agent):
            assert start_us >= end_us
            touching += start_us == end_us
            total += 1
    assert touching > 0.5 * total


def test_ties_of_one_second_hold_more_than_a_small_page() -> None:
    seconds: defaultdict[int, int] = defaultdict(int)
    for row in seeded("chats").rows(0, START_US + 30 * DAY_US):
        seconds[row.time] += 1
    assert max(seconds.values()) > 10


def test_a_few_seeded_chats_are_odd() -> None:
    odd = [kinds(mix(5, number)) for number in range(50_000)]
    assert 60 < sum(unknown is not None for unknown, _ in odd) < 140
    assert 60 < sum(drift is not None for _, drift in odd) < 140


def test_without_odd_chats_every_chat_has_the_documented_attributes_alone() -> None:
    def attributes(odd: bool) -> set[str]:
        stream = chat_streams(1, odd, START_US, 200, 50_000)["chats"]
        rows = stream.rows(0, START_US + 14 * DAY_US)
        return {name for row in rows for name in json.loads(stream.item(row.source))}

    assert attributes(odd=False) < attributes(odd=True)


@pytest.mark.parametrize(
    ("drift", "spelled"),
    [
        (0, b'"department_id":"vip"'),
        (1, b'"duration":"12"'),
        (2, b'"tags":null'),
        (3, b'"rating":4.5'),
        (4, b'.25Z"'),
        (5, b'"zendesk_ticket_id":170141183460469231731687303715884105727'),
        (6, rb"\ud83d"),
    ],
)
def test_a_chat_drifts(drift: int, spelled: bytes) -> None:
    item = ordinary_chat()
    before = orjson.dumps(item)
    distort_chat(item, 1 + 500 * drift)
    body = orjson.dumps(item)
    assert spelled in body
    assert spelled not in before
    assert place(CHAT_EXPORTS["chats"], body) == place(CHAT_EXPORTS["chats"], before)


@pytest.mark.parametrize("chance", range(8))
def test_a_chat_carries_more_than_documented(chance: int) -> None:
    item = ordinary_chat()
    before = orjson.dumps(item)
    distort_chat(item, 500 * chance)
    assert len(orjson.dumps(item)) > len(before)


def test_seeded_chats_are_four_to_five_kilobytes() -> None:
    rows = itertools.islice(seeded("chats").rows(0, START_US + 30 * DAY_US), 1000)
    bodies = [STORE.body("chats", row) for row in rows]
    assert 4000 < sum(map(len, bodies)) / len(bodies) < 5200


def ordinary_chat() -> dict[str, Any]:
    rows = STORE.rows("chats", START_US // SECOND_US, START_US + DAY_US)
    items = (json.loads(STORE.body("chats", row)) for row in rows)
    return next(item for item in items if item["type"] == "chat" and item["engagements"])


# --- Raw JSON and fields ------------------------------------------------------------------------

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(), max_size=5),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=3), inner, max_size=4)
    ),
    max_leaves=12,
)
SURROGATES = st.sampled_from(["", "\ud83d", "\udc00", "\ud83d\ud83d", "\ud83d\ude00"])
INDENTS = st.sampled_from([None, 0, 2])


@given(st.lists(JSON, max_size=5), SURROGATES, INDENTS)
def test_elements_are_kept_byte_for_byte(values: list[Any], odd: str, indent: int | None) -> None:
    parts = [json.dumps(value, indent=indent) for value in [*values, odd]]
    body = ("[ " + " ,\n".join(parts) + "]").encode()
    assert rawjson.elements(body) == [part.encode() for part in parts]


@given(st.dictionaries(st.text(max_size=3), JSON, max_size=5), SURROGATES, INDENTS)
def test_members_are_kept_byte_for_byte(
    values: dict[str, Any], odd: str, indent: int | None
) -> None:
    parts = {key: json.dumps(value, indent=indent) for key, value in {**values, "odd": odd}.items()}
    body = "{" + " , ".join(f"{json.dumps(key)} : {part}" for key, part in parts.items()) + " }"
    assert rawjson.members(body.encode()) == {key: part.encode() for key, part in parts.items()}


@pytest.mark.parametrize(
    ("asked", "kept"),
    [
        ("chats(*)", b'{"id":"1","n":1.50,"in":{"a":[{"x":1,"y":2},{"y":3}],"b":null},"no":null}'),
        ("chats(id)", b'{"id":"1"}'),
        ("chats(id,n)", b'{"id":"1","n":1.50}'),
        ("chats( n , id )", b'{"n":1.50,"id":"1"}'),
        ("chats(in.b)", b'{"in":{"b":null}}'),
        ("chats(in.a.x,id)", b'{"in":{"a":[{"x":1},{}]},"id":"1"}'),
        ("chats(in.a.y,in.b)", b'{"in":{"a":[{"y":2},{"y":3}],"b":null}}'),
        ("chats(in.*)", b'{"in":{"a":[{"x":1,"y":2},{"y":3}],"b":null}}'),
        ("chats(no.such,absent)", b'{"no":null}'),
    ],
)
def test_fields_choose_attributes_at_any_depth(asked: str, kept: bytes) -> None:
    body = b'{"id":"1","n":1.50,"in":{"a":[{"x":1,"y":2},{"y":3}],"b":null},"no":null}'
    assert fields.select(body, fields.parse(asked, "chats")) == kept


@pytest.mark.parametrize(
    "asked", ["id", "conversions(id)", "chats", "chats()", "chats(id", "chats(a(b))"]
)
def test_fields_of_another_form_are_refused(asked: str) -> None:
    with pytest.raises(ValueError, match="fields"):
        fields.parse(asked, "chats")


# --- Pages --------------------------------------------------------------------------------------


def seeded(name: str) -> Stream:
    return STREAMS[name]


STREAMS = chat_streams(7, True, START_US, 200, 50_000)
STORE = Store(CHAT_EXPORTS, STREAMS)


@settings(max_examples=60)
@given(
    st.sampled_from(EXPORTS),
    st.sampled_from(["full", "documented"]),
    st.integers(3, 1000),
    st.integers(-3600, 5 * 86400),
    st.integers(0, 36 * 3600),
)
def test_walking_yields_exactly_the_window_in_order(
    name: str, fullness: Fullness, limit: int, start: int, length: int
) -> None:
    export = CHAT_EXPORTS[name]
    now_us = START_US + 6 * DAY_US
    start_us = START_US + start * SECOND_US
    end_us = start_us + length * SECOND_US
    truth = [
        STORE.body(name, row)
        for row in STORE.rows(name, start_us // export.unit_us, now_us)
        if row.time_us < end_us
    ]
    query = {"start_time": str(start_us // export.unit_us), "limit": str(limit)}
    if export.expands:
        query["fields"] = f"{name}(*)"
    walked: list[bytes] = []
    while True:
        page = chat.serve(STORE, name, query, "http://zd/x", now_us, fullness)
        facts = page.facts
        assert facts["count"] == len(page.items) <= limit
        if fullness == "full":
            assert len(page.items) == limit or facts["end_time"] * export.unit_us > now_us - DAY_US
        fresh = page.items
        if not export.has_ids:
            # The row at start_time comes again.
            fresh = [item for item in fresh if item not in walked[-1:]]
        walked += fresh
        asked = query
        query = {
            key: value[0] for key, value in parse_qs(urlsplit(facts["next_page"]).query).items()
        }
        assert query.get("fields") == asked.get("fields")
        assert query["limit"] == asked["limit"]
        if not fresh or facts["end_time"] * export.unit_us >= end_us:
            break
        if facts["end_time"] * export.unit_us >= now_us - 300 * SECOND_US:
            break
    inside = [item for item in walked if _time_us(name, item) < end_us]
    assert inside == truth


@given(st.integers(1, 9), st.integers(0, 30))
def test_documented_pages_are_one_short_while_more_remain(limit: int, available: int) -> None:
    rows = [STORE_ROW] * available
    full = chat.take(iter(rows), limit, "full")
    documented = chat.take(iter(rows), limit, "documented")
    assert len(full) == min(limit, available)
    assert len(documented) == (available if available <= limit else max(1, limit - 1))


STORE_ROW = next(STORE.rows("chats", 0, START_US))


def _time_us(name: str, item: bytes) -> int:
    return place(CHAT_EXPORTS[name], item)[0]


# --- The server ---------------------------------------------------------------------------------

QUIET = {"seeded": False}


@pytest.fixture(scope="module")
def process() -> Iterator[sandbox.Running]:
    config = sandbox.Settings(now=NOW, clock="frozen", requests_per_minute=10**6)
    with sandbox.start(config) as running:
        yield running


@pytest.fixture
def server(process: sandbox.Running) -> sandbox.Running:
    process.reset()
    return process


def get(server: sandbox.Running, export: str = "chats", **query: Any) -> requests.Response:
    return get_url(f"{server.url}{BASE}/{export}", **query)


def get_url(url: str, **query: Any) -> requests.Response:
    return requests.get(url, params=query, headers=AUTHORIZED, timeout=10, allow_redirects=False)


def chat_item(id: str, time: str = "2025-01-05T00:00:00Z", **more: Any) -> dict[str, Any]:
    return {"id": id, "timestamp": "2025-01-04T00:00:00Z", "update_timestamp": time} | more


@pytest.mark.parametrize(
    ("headers", "status"),
    [
        ({}, 401),
        ({"Authorization": "Basic c2FuZGJveA=="}, 401),
        ({"Authorization": "Bearer wrong"}, 403),
    ],
)
def test_a_request_without_the_token_is_refused(
    server: sandbox.Running, headers: dict[str, str], status: int
) -> None:
    answer = requests.get(f"{server.url}{BASE}/chats", headers=headers, timeout=10)
    assert answer.status_code == status
    assert answer.json().keys() == {"error", "message"}


@pytest.mark.parametrize("export", EXPORTS)
@pytest.mark.parametrize(
    "query",
    [
        {"limit": "0"},
        {"limit": "1001"},
        {"limit": "ten"},
        {"limit": "1.0"},
        {"limit": "-1"},
        {"start_time": "now"},
        {"start_time": "1.5"},
        {"start_time": "9" * 18},
        {"start_time": "1_000"},
    ],
)
def test_a_bad_parameter_is_refused(
    server: sandbox.Running, export: str, query: dict[str, str]
) -> None:
    answer = get(server, export, **query)
    assert answer.status_code == 400
    assert next(iter(query)) in answer.json()["message"]


@pytest.mark.parametrize("export", EXPORTS)
def test_start_time_must_be_more_than_five_minutes_in_the_past(
    server: sandbox.Running, export: str
) -> None:
    units = SECOND_US // CHAT_EXPORTS[export].unit_us
    latest = (NOW_S - 300) * units
    assert get(server, export, start_time=latest - 1).status_code == 200
    assert get(server, export, start_time=latest).status_code == 400
    server.clock(advance=1)
    assert get(server, export, start_time=latest).status_code == 200


def test_bad_fields_and_unknown_paths_are_refused(server: sandbox.Running) -> None:
    assert get(server, fields="conversions(*)").status_code == 400
    assert get(server, "agent_timeline", fields="whatever").status_code == 200
    assert get(server, "nothing").status_code == 404


def test_empty_parameters_count_as_not_given(server: sandbox.Running) -> None:
    bare = get(server)
    assert bare.json()["count"] == 1000
    empty = get(server, fields="", limit="", start_id="", start_time="")
    assert empty.content == bare.content


def test_the_documents_examples_are_among_the_data(server: sandbox.Running) -> None:
    server.reset(**QUIET)
    timeline = get(server, "agent_timeline", limit=7).json()
    assert timeline["end_time"] == 1525010407403712
    assert timeline["count"] == 4
    assert "end_id" not in timeline
    assert timeline["next_page"].endswith("/agent_timeline?limit=7&start_time=1525010407403712")
    conversions = get(server, "conversions", fields="conversions(*)").json()
    assert conversions["end_time"] == 1525690658
    assert conversions["next_page"].endswith(
        "/conversions?fields=conversions%28%2A%29&start_time=1525690658"
        "&start_id=1805.2234024.v.1865.4rUmpcFFfUBCkBqDru9j6V"
    )
    chats = get(server, fields="chats(*)").json()
    assert [chat["id"] for chat in chats["chats"]] == [
        "2012.9339545.SJs7biGpcbveH",
        "2012.9339545.SJsAIFAY09HB1",
    ]
    assert chats["chats"][0]["engagements"][0]["duration"] == 43.4449999332428


def test_without_fields_only_ids_come(server: sandbox.Running) -> None:
    assert all(chat.keys() == {"id"} for chat in get(server).json()["chats"])
    some = get(server, fields="chats(id,response_time.max)", start_time=1736000000, limit=50)
    assert all(
        chat.keys() <= {"id", "response_time"} and chat.get("response_time", {}).keys() <= {"max"}
        for chat in some.json()["chats"]
    )
    whole = get(server, "department_events", start_time=1736000000, limit=1).json()
    assert len(whole["department_events"][0]) >= 5


def test_next_page_stays_on_the_host_and_path_that_were_asked(server: sandbox.Running) -> None:
    url = server.url.replace("127.0.0.1", "localhost") + "/api/v2/incremental/chats"
    assert get_url(url, limit=1).json()["next_page"].startswith(f"{url}?limit=1&start_time=")


def test_an_empty_page_repeats_the_cursor(server: sandbox.Running) -> None:
    server.reset(**QUIET)
    page = get(server, start_time=1700000000, start_id="x y").json()
    assert page == {
        "chats": [],
        "count": 0,
        "end_time": 1700000000,
        "end_id": "x y",
        "next_page": f"{server.url}{BASE}/chats?start_time=1700000000&start_id=x%20y",
    }
    empty = get(server, "agent_timeline", start_time=1700000000000000).json()
    assert (empty["end_time"], empty["count"]) == (1700000000000000, 0)


@pytest.mark.parametrize("pages", ["full", "documented"])
@pytest.mark.parametrize("export", EXPORTS)
def test_a_walk_over_http_yields_the_truth(
    server: sandbox.Running, export: str, pages: str
) -> None:
    server.reset(pages=pages, chats_per_day=400)
    start, end = 1736000000, 1736000000 + 2 * 86400
    truth = server.truth(export, start, end)
    start_time = start * SECOND_US // CHAT_EXPORTS[export].unit_us
    url = f"{server.url}{BASE}/{export}?fields={export}(*)&limit=170&start_time={start_time}"
    walked: list[bytes] = []
    while True:
        body = get_url(url).content
        page = rawjson.members(body)
        items = rawjson.elements(page[export])
        walked += [item for item in items if item not in walked[-1:]]
        url = json.loads(page["next_page"])
        if json.loads(page["end_time"]) * CHAT_EXPORTS[export].unit_us >= end * SECOND_US:
            break
    assert walked[: len(truth)] == [item for _, item in truth]
    assert all(_time_us(export, item) >= end * SECOND_US for item in walked[len(truth) :])


def test_conversions_are_attributed_to_chats_there_are(server: sandbox.Running) -> None:
    server.reset(chats_per_day=100)
    chats = {json.loads(body)["id"] for _, body in server.truth("chats")}
    conversions = [json.loads(body) for _, body in server.truth("conversions", 1736000000)]
    attributions = [c["attribution"] for c in conversions if c["attribution"]]
    known = [a for a in attributions if a["chat_id"]]
    assert len(attributions) > len(known) > len(attributions) // 2
    assert all(a["chat_id"] in chats for a in known)


def test_the_rate_limit_says_when_to_come_back(server: sandbox.Running) -> None:
    server.settings(requests_per_minute=3)
    answers = [get(server, limit=1) for _ in range(5)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429, 429]
    assert 55 <= int(answers[-1].headers["Retry-After"]) <= 60
    assert [entry["status"] for entry in server.requests()] == [200, 200, 200, 429, 429]


def test_the_date_header_shows_the_sandboxs_clock(server: sandbox.Running) -> None:
    assert get(server, limit=1).headers["Date"] == "Sat, 01 Feb 2025 12:00:00 GMT"
    assert server.clock(now="2025-02-03T04:05:06Z") == "2025-02-03T04:05:06.000000Z"
    assert get(server, limit=1).headers["Date"] == "Mon, 03 Feb 2025 04:05:06 GMT"


def test_the_clock_runs_or_is_frozen_or_jumps_with_each_page(server: sandbox.Running) -> None:
    assert server.clock() == server.clock()
    server.reset(advance_per_request=60)
    get(server, limit=1)
    get(server, limit=1)
    assert server.clock() == "2025-02-01T12:02:00.000000Z"
    server.settings(clock="running")
    assert "2025-02-01T12:02:00" < server.clock() < server.clock() < "2025-02-01T12:02:09"
    server.settings(now=None)
    assert server.clock().startswith(f"{dt.datetime.now(dt.UTC):%Y-%m-%d}")


def test_explicit_items_are_merged_by_time_and_id_and_kept_byte_for_byte(
    server: sandbox.Running,
) -> None:
    odd = (
        rb'{ "update_timestamp":"2025-01-05T10:00:00Z", "id" : "odd", "n": 1.50e0,'
        rb' "big":123456789012345678901234567890, "text":"\ud83d \u00e9" }'
    )
    server.put("chats", [odd])
    truth = server.truth("chats", 1736070000, 1736073000)
    assert odd in [item for _, item in truth]
    times = [time_us for time_us, _ in truth]
    assert times == sorted(times)
    page = get(server, fields="chats(*)", start_time=1736071199, limit=1000).content
    assert odd in page
    assert (
        rb'{"text":"\ud83d \u00e9","n":1.50e0}'
        in get(server, fields="chats(text,n)", start_time=1736071199).content
    )


def test_putting_a_known_id_moves_the_item(server: sandbox.Running) -> None:
    server.reset(**QUIET)
    server.put("chats", [chat_item("a"), chat_item("b"), chat_item("c")])
    server.put("chats", [chat_item("a", "2025-01-06T00:00:00Z")])
    page = get(server, start_time=1736000000).json()
    assert [chat["id"] for chat in page["chats"]] == ["b", "c", "a"]


def test_an_explicit_item_replaces_the_seeded_one_of_its_id(server: sandbox.Running) -> None:
    server.reset(chats_per_day=50)
    _, body = server.truth("chats", 1736070000)[0]
    id = json.loads(body)["id"]
    server.put("chats", [chat_item(id, "2025-01-30T00:00:00Z", tags=["moved"])])
    same = [b for _, b in server.truth("chats", 1736070000) if json.loads(b)["id"] == id]
    assert [json.loads(b)["tags"] for b in same] == [["moved"]]


def test_an_item_without_usable_time_is_put_where_it_is_told(server: sandbox.Running) -> None:
    server.reset(**QUIET)
    with pytest.raises(ValueError, match="update_timestamp"):
        server.put("chats", [b'{"id":"x"}'])
    server.put("chats", [b'{"update_timestamp":null}'], time="1736000000.5", id="x")
    server.put("chats", [b'{"id":"y","update_timestamp":17}'], time="2025-01-03T00:00:00Z")
    server.put("agent_timeline", [b"{}"], time="1736000000.000001")
    assert server.truth("chats", "1736000000.5", "1736000000.500001") == [
        (1736000000500000, b'{"update_timestamp":null}')
    ]
    assert server.truth("agent_timeline", 1736000000) == [(1736000000000001, b"{}")]
    assert server.truth("agent_timeline", "1736000000.000002") == []


def test_explicit_items_of_the_future_appear_with_time(server: sandbox.Running) -> None:
    server.reset(**QUIET)
    server.put("chats", [chat_item("later", "2025-02-01T13:00:00Z")])
    assert get(server, start_time=1736000000).json()["count"] == 0
    server.clock(advance=3600)
    assert get(server, start_time=1736000000).json()["count"] == 1


def test_the_log_shows_requests_but_no_token(server: sandbox.Running) -> None:
    get(server, limit=3, access_token="sandbox-token")
    requests.get(f"{server.url}/_sandbox", timeout=10)
    (entry,) = server.requests()
    assert abs(entry.pop("at") - time.time()) < 30
    assert entry.pop("bytes") > 20
    assert entry == {
        "method": "GET",
        "path": f"{BASE}/chats",
        "query": {"limit": "3", "access_token": "***"},
        "export": "chats",
        "endpoint": "chat",
        "status": 200,
        "count": 3,
        "fault": None,
    }
    server.forget_requests()
    assert server.requests() == []


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("POST", "reset", {"colour": "red"}),
        ("POST", "reset", {"pages": "half"}),
        ("POST", "reset", {"now": "yesterday"}),
        ("POST", "settings", []),
        ("POST", "clock", {"then": 1}),
        ("POST", "faults", [{"kind": "earthquake"}]),
        ("POST", "faults", [{"kind": "reset", "export": "nothing"}]),
        ("PUT", "items/nothing", []),
        ("PUT", "items/chats", {}),
        ("GET", "truth/chats?start=soon", None),
    ],
)
def test_the_control_api_explains_what_it_refuses(
    server: sandbox.Running, method: str, path: str, body: Any
) -> None:
    answer = requests.request(method, f"{server.url}/_sandbox/{path}", json=body, timeout=10)
    assert answer.status_code == 400
    assert answer.json()["message"]


# --- Faults -------------------------------------------------------------------------------------


def test_a_fault_lets_requests_pass_first_and_then_strikes_so_often(
    server: sandbox.Running,
) -> None:
    server.faults([{"kind": "status", "export": "chats", "after": 1, "times": 2, "status": 500}])
    assert get(server, "conversions", limit=1).status_code == 200
    assert [get(server, limit=1).status_code for _ in range(4)] == [200, 500, 500, 200]
    assert requests.get(f"{server.url}/_sandbox/faults", timeout=10).json() == []
    assert [entry["fault"] for entry in server.requests()] == [None, None, "status", "status", None]


def test_a_fault_for_always_stays(server: sandbox.Running) -> None:
    waiting = server.faults([{"kind": "html", "times": -1}])
    assert waiting == [{"kind": "html", "times": -1}]
    answers = [get(server) for _ in range(3)]
    assert {answer.headers["Content-Type"] for answer in answers} == {"text/html; charset=utf-8"}


@pytest.mark.parametrize("after", [7, "Wed, 21 Oct 2026 07:28:00 GMT", None])
def test_a_status_comes_with_the_asked_retry_after(
    server: sandbox.Running, after: int | str | None
) -> None:
    server.faults([{"kind": "status", "status": 429, "retry_after": after}])
    answer = get(server)
    assert answer.status_code == 429
    assert answer.headers.get("Retry-After") == (None if after is None else str(after))


def test_a_redirect_leads_where_it_was_told(server: sandbox.Running) -> None:
    server.faults([{"kind": "redirect", "url": "http://other.example/x"}])
    answer = get(server)
    assert (answer.status_code, answer.headers["Location"]) == (302, "http://other.example/x")


@pytest.mark.parametrize("limit", [1, 1000])
def test_a_reset_breaks_the_connection_in_mid_body(server: sandbox.Running, limit: int) -> None:
    server.faults([{"kind": "reset"}])
    url = urlsplit(server.url)
    connection = http.client.HTTPConnection(url.hostname or "", url.port, timeout=10)
    connection.request("GET", f"{BASE}/chats?limit={limit}&fields=chats(*)", headers=AUTHORIZED)
    answer = connection.getresponse()
    assert answer.status == 200
    with pytest.raises(ConnectionResetError):
        answer.read()
    connection.close()


def test_a_cut_body_is_shorter_than_promised(server: sandbox.Running) -> None:
    server.faults([{"kind": "cut"}])
    with pytest.raises(requests.exceptions.ChunkedEncodingError, match="IncompleteRead"):
        get(server, fields="chats(*)")
    assert get(server).status_code == 200


def test_invalid_json_has_the_right_length(server: sandbox.Running) -> None:
    server.faults([{"kind": "invalid_json"}])
    answer = get(server)
    assert answer.status_code == 200
    with pytest.raises(requests.exceptions.JSONDecodeError):
        answer.json()


@pytest.mark.parametrize("start_time", [0, NOW_S - 301])
def test_invalid_utf8_is_nothing_but_that(server: sandbox.Running, start_time: int) -> None:
    server.reset(**QUIET)
    server.faults([{"kind": "invalid_utf8"}])
    body = get(server, start_time=start_time).content
    with pytest.raises(UnicodeDecodeError):
        body.decode()
    json.loads(body.decode(errors="replace"))


def test_hanging_and_slow_answers_take_their_time(server: sandbox.Running) -> None:
    server.faults([{"kind": kind, "seconds": 0.3} for kind in ("hang", "slow")])
    for _ in range(2):
        before = time.monotonic()
        assert get(server, limit=100).json()["count"] == 100
        assert 0.29 < time.monotonic() - before < 2


def test_a_foreign_next_page_names_another_host(server: sandbox.Running) -> None:
    server.faults([{"kind": "foreign_next_page"}])
    foreign, own = (get(server, limit=2).json()["next_page"] for _ in range(2))
    assert foreign == own.replace(server.url, "https://foreign.example")


def test_a_stuck_page_has_items_but_does_not_move(server: sandbox.Running) -> None:
    server.faults([{"kind": "stuck"}])
    page = get(server, start_time=1736000000, start_id="z", limit=5).json()
    assert page["count"] == len(page["chats"]) == 5
    assert (page["end_time"], page["end_id"]) == (1736000000, "z")
    assert page["next_page"].endswith("limit=5&start_time=1736000000&start_id=z")


@pytest.mark.parametrize("name", ["count", "next_page", "end_time"])
def test_a_fact_of_the_page_is_missing(server: sandbox.Running, name: str) -> None:
    server.faults([{"kind": f"no_{name}"}])
    broken, whole = (get(server, limit=2).json() for _ in range(2))
    assert whole.keys() - broken.keys() == {name}
    assert broken.keys() <= whole.keys()


@pytest.mark.parametrize("export", EXPORTS)
def test_an_unordered_page_still_makes_progress(server: sandbox.Running, export: str) -> None:
    start = 1736000000 * SECOND_US // CHAT_EXPORTS[export].unit_us
    server.faults([{"kind": "unordered"}])
    asked = {"fields": f"{export}(*)", "start_time": start, "limit": 50}
    shuffled, plain = (get(server, export, **asked).json() for _ in range(2))
    assert shuffled[export] != plain[export]
    assert sorted(shuffled[export], key=str) == sorted(plain[export], key=str)
    assert shuffled["next_page"] == plain["next_page"]
    last = shuffled[export][-1]
    if export == "chats":
        assert shuffled["end_time"] == parse_us(last["timestamp"]) // SECOND_US


def test_the_documents_chats_example_is_unordered_as_printed(server: sandbox.Running) -> None:
    server.reset(**QUIET)
    last = server.truth("chats", EPOCH_OF_2018)[-1][1]
    assert parse_us(json.loads(last)["timestamp"]) // SECOND_US == 1608613496


@pytest.mark.parametrize(("kind", "name"), [("no_id", "id"), ("no_time", "update_timestamp")])
def test_one_item_lacks_an_attribute(server: sandbox.Running, kind: str, name: str) -> None:
    server.faults([{"kind": kind}])
    items = get(server, fields="chats(*)", limit=9).json()["chats"]
    assert sum(name not in item for item in items) == 1


# --- The process --------------------------------------------------------------------------------


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_stops_at_once_even_while_a_request_hangs(number: signal.Signals) -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "zd_assets.sandbox", "--port=0", "--no-seeded"],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    line = process.stdout.readline()
    assert line.startswith("sandbox listening on http://127.0.0.1:")
    url = line.split()[-1]
    fault = [{"kind": "hang", "seconds": 60}]
    requests.post(f"{url}/_sandbox/faults", json=fault, timeout=10)
    with pytest.raises(requests.exceptions.ReadTimeout):
        requests.get(f"{url}{BASE}/chats", headers=AUTHORIZED, timeout=0.2)
    before = time.monotonic()
    process.send_signal(number)
    assert process.wait(timeout=5) == 0
    assert time.monotonic() - before < 2
    assert process.stdout.read() == ""
    process.stdout.close()
