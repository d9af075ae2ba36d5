"""A page's envelope, of each kind of endpoint: what is usable, and where the page ends."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zd_assets.catalog.chat import AGENT_TIMELINE, CHATS, CONVERSIONS
from zd_assets.catalog.export import Endpoint, Export, Pagination
from zd_assets.catalog.support import (
    ROUTING_ATTRIBUTES,
    TICKET_METRIC_EVENTS,
    TICKETS,
    USERS,
)
from zd_assets.schema.convert import convert
from zd_assets.schema.keys import item_times_us
from zd_assets.zendesk.client import Body, UnusableBodyError
from zd_assets.zendesk.page import Cursor, Page, read_page

BASE = "https://acme.zendesk.com/api/v2"
NEXT = f"{BASE}/incremental/next?cursor=4d9bcc66"
ASKED = f"{BASE}/incremental/x?limit=7&per_page=7&page[size]=7"

_TICKETS_BY_CURSOR, _TICKETS_BY_TIME = TICKETS.endpoints


@dataclass(frozen=True)
class Kind:
    """An endpoint, a page of it that can be used, and what makes it unusable.

    `optional` may be missing; the values of `wrong` are none that the attribute may have.
    """

    export: Export
    endpoint: Endpoint
    page: dict[str, Any]
    wrong: dict[str, list[Any]]
    optional: set[str] = field(default_factory=set)


LISTS: list[Any] = [None, {}, "chats", 4]
COUNTS: list[Any] = [None, "1", 1.5, [], True]
URLS: list[Any] = [4, [], False]
TIMES: list[Any] = ["9", [], None, True]
KINDS = {
    "chat": Kind(
        CHATS,
        CHATS.endpoints[0],
        {"chats": [{}], "count": 1, "end_id": "a", "end_time": 9, "next_page": NEXT},
        {
            "chats": LISTS,
            "count": COUNTS,
            "next_page": [*URLS, None],
            "end_time": TIMES,
            "end_id": [4, []],
        },
        {"end_id"},
    ),
    "time-based": Kind(
        TICKETS,
        _TICKETS_BY_TIME,
        {
            "tickets": [{}],
            "count": 1,
            "end_time": 9,
            "next_page": NEXT,
            "end_of_stream": False,
        },
        {
            "tickets": LISTS,
            "count": COUNTS,
            "next_page": URLS,
            "end_time": TIMES,
            "end_of_stream": ["true", 0, []],
        },
        {"end_of_stream"},
    ),
    "cursor-based": Kind(
        TICKETS,
        _TICKETS_BY_CURSOR,
        {"tickets": [{}], "after_cursor": "x", "after_url": NEXT, "end_of_stream": False},
        {
            "tickets": LISTS,
            "after_cursor": [4, [], False],
            "after_url": [*URLS, None],
            "end_of_stream": ["false", 0, None, []],
        },
        {"after_cursor"},
    ),
    "pages": Kind(
        TICKET_METRIC_EVENTS,
        TICKET_METRIC_EVENTS.endpoints[1],
        {
            "ticket_metric_events": [{}],
            "meta": {"has_more": True, "after_cursor": "x"},
            "links": {"next": NEXT},
        },
        {
            "ticket_metric_events": LISTS,
            "meta": [
                *(None, [], {}, "x"),
                {"after_cursor": "x"},
                {"has_more": None},
                {"has_more": "true"},
                {"has_more": True, "after_cursor": 4},
            ],
            "links": [None, [], {}, "x", {"next": None}, {"next": 4}, {"prev": NEXT}],
        },
    ),
    "routing": Kind(
        ROUTING_ATTRIBUTES,
        ROUTING_ATTRIBUTES.endpoints[0],
        {"attributes": [{}], "count": 1, "end_time": 9, "next_page": NEXT},
        {
            "attributes": LISTS,
            "count": COUNTS,
            "next_page": [*URLS, None, "https://[bad/"],
            "end_time": TIMES,
        },
    ),
}


def page_of(
    content: bytes,
    kind: str | tuple[Export, Endpoint] = "chat",
    *,
    url: str = ASKED,
    sideloads: tuple[str, ...] = (),
) -> Page:
    export, endpoint = (KINDS[kind].export, KINDS[kind].endpoint) if isinstance(kind, str) else kind
    return read_page(export, endpoint, Body(url, content, "application/json", 12.5), sideloads)


def encoded(page: Any) -> bytes:
    return json.dumps(page).encode()


def test_every_kind_is_shown_above() -> None:
    assert {kind.endpoint.pagination for kind in KINDS.values()} == {*Pagination}


# --- What can be used ---------------------------------------------------------------------------


def test_a_page_is_read_without_touching_its_items() -> None:
    items = '[{"id": "\\ud83d", "n": 1.50e2, "big": 170141183460469231731687303715884105727}, 7]'
    text = f'{{"chats": {items}, "count": 2, "end_id": "a", "end_time": 9, "next_page": "{NEXT}"}}'
    assert page_of(text.encode()) == Page(
        items=[
            b'{"id": "\\ud83d", "n": 1.50e2, "big": 170141183460469231731687303715884105727}',
            b"7",
        ],
        count=2,
        limit=7,
        position=Cursor(9, "a"),
        next_url=NEXT,
        asked_at_s=12.5,
        last=None,
    )


def test_a_cursors_page_counts_its_items_and_leaves_them_as_they_are() -> None:
    items = '[ {"id": "\\ud83d", "n": 1.50e2}, 7 , [[]], {"\\udfff": [{}, "]"]}, null ]'
    text = f'{{"end_of_stream": true, "tickets": {items}, "after_cursor": "x"}}'
    assert page_of(text.encode(), "cursor-based") == Page(
        items=[
            b'{"id": "\\ud83d", "n": 1.50e2}',
            b"7",
            b"[[]]",
            b'{"\\udfff": [{}, "]"]}',
            b"null",
        ],
        count=5,
        limit=7,
        position=Cursor(0, cursor="x"),
        next_url=None,
        asked_at_s=12.5,
        last=True,
    )


LIMITS = [
    ("chat", "?start_time=1&limit=500", 500),
    ("chat", "?start_time=1", 1000),
    ("time-based", "?start_time=1&per_page=250", 250),
    ("cursor-based", ".json?cursor=x&per_page=1", 1),
    ("cursor-based", ".json?cursor=x", 1000),
    ("pages", "?page%5Bsize%5D=50", 50),
    ("pages", "?per_page=50", 100),
    ("routing", "?cursor=x&per_page=50", 3000),
]


@pytest.mark.parametrize(("kind", "asked", "limit"), LIMITS)
def test_a_pages_limit_is_what_its_url_asked_for(kind: str, asked: str, limit: int) -> None:
    assert page_of(encoded(KINDS[kind].page), kind, url=f"{BASE}/x{asked}").limit == limit


# What the page says -> its position, and whether the server says that it is the last.
POSITIONS: list[tuple[tuple[Export, Endpoint], dict[str, Any], Cursor | None, bool | None]] = [
    # From the Chat document: "Example", and the agent timeline's "Example response(s)".
    (
        (CHATS, CHATS.endpoints[0]),
        {"count": 4, "end_id": "1804.2.QqHwCNX18mZ7Y", "end_time": 1524710057, "next_page": NEXT},
        Cursor(1524710057, "1804.2.QqHwCNX18mZ7Y"),
        None,
    ),
    (
        (AGENT_TIMELINE, AGENT_TIMELINE.endpoints[0]),
        {"count": 4, "end_time": 1525010407403712, "next_page": NEXT},
        Cursor(1525010407403712),
        None,
    ),
    (
        (AGENT_TIMELINE, AGENT_TIMELINE.endpoints[0]),
        {"count": 4, "end_time": 9, "end_id": "none of its own", "next_page": NEXT},
        Cursor(9),
        None,
    ),
    ((CONVERSIONS, CONVERSIONS.endpoints[0]), {"count": 0, "next_page": NEXT}, None, None),
    (
        (CONVERSIONS, CONVERSIONS.endpoints[0]),
        {"count": 1, "end_time": 9.0, "end_id": None, "next_page": NEXT},
        Cursor(9),
        None,
    ),
    (
        (CONVERSIONS, CONVERSIONS.endpoints[0]),
        {"count": 1, "end_time": 9, "end_id": "", "next_page": NEXT},
        Cursor(9),
        None,
    ),
    # From the Support document: two tickets are counted, one is shown.
    (
        (TICKETS, _TICKETS_BY_TIME),
        {"count": 2, "end_of_stream": True, "end_time": 1390362485, "next_page": NEXT},
        Cursor(1390362485),
        True,
    ),
    (
        (TICKETS, _TICKETS_BY_TIME),
        {"count": 1, "end_of_stream": False, "end_time": 9, "next_page": NEXT, "end_id": "x"},
        Cursor(9),
        False,
    ),
    (
        (TICKETS, _TICKETS_BY_TIME),
        {"count": 0, "end_of_stream": True, "end_time": None, "next_page": None},
        None,
        True,
    ),
    (
        (TICKETS, _TICKETS_BY_TIME),
        {"count": 0, "end_time": 9, "next_page": NEXT},
        Cursor(9),
        None,
    ),
    (
        (USERS, USERS.endpoints[0]),
        {"count": 1, "after_cursor": "x", "after_url": NEXT, "end_of_stream": False},
        Cursor(0, cursor="x"),
        False,
    ),
    (
        (USERS, USERS.endpoints[0]),
        {"count": 0, "after_cursor": None, "after_url": None, "end_of_stream": True},
        Cursor(0),
        True,
    ),
    (
        (ROUTING_ATTRIBUTES, ROUTING_ATTRIBUTES.endpoints[0]),
        {"count": 2, "end_time": 9, "next_page": NEXT},
        Cursor(9, cursor="4d9bcc66"),
        None,
    ),
    (
        (ROUTING_ATTRIBUTES, ROUTING_ATTRIBUTES.endpoints[0]),
        {"count": 0, "next_page": NEXT},
        None,
        None,
    ),
]


@pytest.mark.parametrize(("kind", "said", "position", "last"), POSITIONS)
def test_a_pages_position_is_its_end(
    kind: tuple[Export, Endpoint],
    said: dict[str, Any],
    position: Cursor | None,
    last: bool | None,
) -> None:
    items: dict[str, Any] = {kind[1].items: [{}] * said["count"]}
    page = page_of(encoded(said | items), kind)
    assert (page.position, page.last) == (position, last)


# --- What can't ---------------------------------------------------------------------------------

WHOLE = encoded(KINDS["chat"].page)
NO_PAGES: dict[str, bytes] = {
    "nothing": b"",
    "HTML": b"<!DOCTYPE html><html></html>",
    "cut": WHOLE[:-9],
    "more than one value": WHOLE * 2,
    "an array": b"[]",
    "null": b"null",
    "invalid UTF-8": WHOLE.replace(b'"a"', b'"\xff"'),
    "UTF-16": WHOLE.decode().encode("utf-16"),
    "NaN": encoded(KINDS["chat"].page | {"x": float("nan")}),
}


@pytest.mark.parametrize("case", NO_PAGES)
def test_what_is_no_page_at_all_is_refused(case: str) -> None:
    with pytest.raises(UnusableBodyError):
        page_of(NO_PAGES[case])


UNUSABLE: dict[str, tuple[str, Any]] = {}
for _name, _kind in KINDS.items():
    for _missing in sorted(_kind.page.keys() - _kind.optional):
        _rest = {name: value for name, value in _kind.page.items() if name != _missing}
        UNUSABLE[f"{_name} without {_missing}"] = (_name, _rest)
    for _attribute, _values in _kind.wrong.items():
        for _value in _values:
            UNUSABLE[f"{_name}: {_attribute} is {_value!r}"] = (
                _name,
                _kind.page | {_attribute: _value},
            )
    if "count" in _kind.page:
        UNUSABLE[f"{_name}: items, but none counted"] = (_name, _kind.page | {"count": 0})
        UNUSABLE[f"{_name}: counted, but no items"] = (
            _name,
            _kind.page | {_kind.endpoint.items: []},
        )


@pytest.mark.parametrize("case", UNUSABLE)
def test_a_page_that_lacks_what_its_kind_promises_is_refused(case: str) -> None:
    kind, page = UNUSABLE[case]
    with pytest.raises(UnusableBodyError):
        page_of(encoded(page), kind)


@pytest.mark.parametrize("kind", KINDS)
def test_what_may_be_missing_may(kind: str) -> None:
    whole = KINDS[kind].page
    for missing in [set[str](), *({name} for name in KINDS[kind].optional)]:
        rest = {name: value for name, value in whole.items() if name not in missing}
        assert page_of(encoded(rest), kind).count == 1


@pytest.mark.parametrize(
    ("kind", "said"),
    [
        ("time-based", {"next_page": None, "end_of_stream": True}),
        ("cursor-based", {"after_url": None, "end_of_stream": True}),
        ("pages", {"links": {"next": None}, "meta": {"has_more": False}}),
        ("pages", {"links": {}, "meta": {"has_more": False}}),
    ],
)
def test_a_page_that_names_no_next_one_is_the_last(kind: str, said: dict[str, Any]) -> None:
    page = page_of(encoded(KINDS[kind].page | said), kind)
    assert page.next_url is None
    assert page.last


def test_a_page_that_says_there_is_more_but_not_where_is_refused() -> None:
    with pytest.raises(UnusableBodyError, match="there is more, but not where"):
        page_of(encoded(KINDS["time-based"].page | {"next_page": None}), "time-based")


@pytest.mark.parametrize("kind", KINDS)
@given(content=st.binary(max_size=60))
def test_no_body_is_worse_than_unusable(kind: str, content: bytes) -> None:
    with pytest.raises(UnusableBodyError):
        page_of(content, kind)


ENVELOPES = sorted({name for kind in KINDS.values() for name in kind.page})
TIMED = ["generated_timestamp", "updated_at", "time", "id"]
ANY_TIME = st.one_of(
    st.sampled_from(["2026-01-01T00:00:00Z", "2026-01-01", "noon", "", "\ud83d"]),
    st.integers(),
    st.floats(),
    st.booleans(),
    st.none(),
)
ANY_VALUE: st.SearchStrategy[Any] = st.one_of(
    ANY_TIME,
    st.lists(st.dictionaries(st.sampled_from(TIMED), ANY_TIME, max_size=2) | ANY_TIME, max_size=3),
    st.dictionaries(
        st.sampled_from(["has_more", "after_cursor", "next"]), ANY_TIME | st.just(NEXT), max_size=2
    ),
    st.just(NEXT),
)


@pytest.mark.parametrize("kind", KINDS)
@given(changes=st.dictionaries(st.sampled_from(ENVELOPES), ANY_VALUE, max_size=3))
def test_a_page_is_read_or_unusable_whatever_it_says(kind: str, changes: dict[str, Any]) -> None:
    try:
        page = page_of(encoded(KINDS[kind].page | changes), kind)
    except UnusableBodyError:
        return
    assert page.next_url is not None or page.last
    assert page.position is not None or page.count == 0


# --- How far the items of a cursor's page have come ---------------------------------------------

NEW_YEAR = "2026-01-01T00:00:00Z"
NEW_YEAR_S = 1767225600
S2026 = NEW_YEAR_S

# The items' times -> the second that the page has provably reached.
REACHED: list[tuple[Export, list[Any], int]] = [
    # Epoch seconds
    (TICKETS, [], 0),
    (TICKETS, [5], 5),
    (TICKETS, [5, 5, 9], 9),
    (TICKETS, [5, 9, 7], 5),
    (TICKETS, [9, 5], 5),
    (TICKETS, [None], 0),
    (TICKETS, [5, None, 9], 5),
    (TICKETS, [None, 9, 5], 5),
    (TICKETS, ["5", 9], 9),
    (TICKETS, [True, 9], 9),
    (TICKETS, [9.5, 9], 9),
    (TICKETS, [[5], 9], 9),
    (TICKETS, [-5, 5], 5),
    (TICKETS, [253402300799], 253402300799),
    *((TICKETS, [absurd], 0) for absurd in (253402300800, 10**13, 2**63 - 1, 2**63, 10**400)),
    *((TICKETS, [absurd], 0) for absurd in (10**17, -(10**17), -(10**13), -(2**63))),
    (TICKETS, [10**17, 9, 12], 9),
    (TICKETS, [9, "9999-01-01T00:00:00Z"], 9),
    # ISO 8601
    (USERS, [NEW_YEAR], S2026),
    (USERS, [NEW_YEAR, "2026-01-01T00:00:07Z"], S2026 + 7),
    (USERS, ["2026-01-01T00:00:07Z", NEW_YEAR], S2026),
    (USERS, ["2026-01-01T00:00:07.999999Z"], S2026 + 7),
    (USERS, ["2026-01-01T02:00:07+02:00"], S2026 + 7),
    (USERS, ["2026-01-01T00:00:07.5Z", "2026-01-01T00:00:07.25Z"], S2026 + 7),
    (USERS, ["2026-01-01T00:00:07"], 0),
    (USERS, ["2026-01-01"], 0),
    (USERS, ["2026-02-30T00:00:00Z", NEW_YEAR], S2026),
    (USERS, ["yesterday", None, "", "\ud83d"], 0),
    (USERS, ["2026-01-01T00:00:07", NEW_YEAR, "2026-01-01T00:00:09Z"], S2026),
    (USERS, [NEW_YEAR, 10**17], S2026),
    (USERS, [1767225600], 0),
]


def items_at(export: Export, times: list[Any]) -> list[dict[str, Any]]:
    return [{"id": number, export.time.column: at} for number, at in enumerate(times)]


@pytest.mark.parametrize(("export", "times", "end_s"), REACHED)
def test_a_cursors_page_has_come_as_far_as_its_items_prove(
    export: Export, times: list[Any], end_s: int
) -> None:
    said = {"after_cursor": "x", "after_url": NEXT, "end_of_stream": False}
    body = encoded(said | {export.name: items_at(export, times)})
    page = page_of(body, (export, export.endpoints[0]))
    assert page.position == Cursor(end_s, cursor="x")
    assert page.count == len(times)


@pytest.mark.parametrize(
    ("items", "end_s"),
    [
        ('[{"generated_timestamp": 5, "subject": "\\ud83d"}]', 5),
        ('[{"\\ud83d": 4, "generated_timestamp": 5}]', 5),
        ('[{"generated_timestamp": 4, "generated_timestamp": 5}]', 5),
        ('[{"nested": {"generated_timestamp": 4}, "tags": ["generated_timestamp"]}]', 0),
        ('[7, {"generated_timestamp": 5}, {"generated_timestamp": 9}]', 5),
        ("[null, []]", 0),
        ('["2026-01-01T00:00:00Z", 1767225600]', 0),
        ('[{}, {"generated_timestamp": 5}]', 5),
    ],
)
def test_odd_items_prove_nothing_but_break_nothing(items: str, end_s: int) -> None:
    text = f'{{"end_of_stream": false, "tickets": {items}, "after_url": "{NEXT}"}}'
    assert page_of(text.encode(), "cursor-based").position == Cursor(end_s)


@given(
    st.sampled_from([TICKETS, USERS]),
    st.lists(
        st.none()
        | st.datetimes(datetime(1971, 1, 1), datetime(9999, 12, 30))
        | st.sampled_from(["noon", 10**17, True]),
        max_size=6,
    ),
)
def test_a_cursors_page_never_claims_more_than_the_lake_sees_in_it(
    export: Export, times: list[Any]
) -> None:
    def spelled(at: Any) -> Any:
        if not isinstance(at, datetime):
            return at
        if export is USERS:
            return f"{at.isoformat()}Z"
        return int((at - datetime(1970, 1, 1)).total_seconds())

    items = items_at(export, [spelled(at) for at in times])
    said = {"after_cursor": "x", "after_url": NEXT, "end_of_stream": False}
    position = page_of(encoded(said | {export.name: items}), (export, export.endpoints[0])).position
    rows = convert(export, encoded(items))
    times_us, has_time = item_times_us(export, rows)
    seconds = [us // 10**6 for us in times_us[has_time].tolist()]
    in_order = has_time.all() and times_us.tolist() == sorted(times_us.tolist())
    assert position is not None
    assert position.end_time == (0 if not seconds else seconds[-1] if in_order else min(seconds))


# --- What comes with the items ----------------------------------------------------------------


@pytest.mark.parametrize("kind", ["time-based", "cursor-based"])
def test_lists_beside_the_items_are_taken_as_they_were_sent(kind: str) -> None:
    user = '{"id": 1.0e0, "name": "\\ud83d"}'
    users = f"[ {user} ]"
    text = encoded(KINDS[kind].page).decode().removesuffix("}")
    text += f', "users": {users}, "groups": [], "organizations": [{{"id": 3}}]}}'
    page = page_of(text.encode(), kind, sideloads=("users", "groups"))
    assert page.beside == {"users": [user.encode()], "groups": []}
    assert page_of(text.encode(), kind).beside == {}


def test_a_page_that_lacks_a_list_that_was_asked_for_is_refused_and_names_it() -> None:
    page = KINDS["cursor-based"].page | {"groups": []}
    with pytest.raises(UnusableBodyError, match=r"`include` asked for: users, organizations$"):
        page_of(encoded(page), "cursor-based", sideloads=("users", "groups", "organizations"))


@pytest.mark.parametrize("kind", ["time-based", "cursor-based"])
def test_an_empty_page_need_not_name_the_lists_beside_it(kind: str) -> None:
    page = KINDS[kind].page | {"tickets": []}
    if kind == "time-based":
        page |= {"count": 0}
    read = page_of(encoded(page), kind, sideloads=("users",))
    assert read.beside == {"users": []}


@pytest.mark.parametrize("users", [None, {}, "users", 4])
def test_what_is_no_list_beside_the_items_is_refused(users: Any) -> None:
    page = KINDS["cursor-based"].page | {"users": users}
    assert page_of(encoded(page), "cursor-based").beside == {}
    with pytest.raises(UnusableBodyError, match="`users` is no list"):
        page_of(encoded(page), "cursor-based", sideloads=("users",))
