"""A page's envelope, and the URLs that ask for one."""

import json
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zd_assets.exports.catalogue import CATALOGUE
from zd_assets.exports.chat import AGENT_TIMELINE, CHATS, CONVERSIONS
from zd_assets.exports.export import Export
from zd_assets.zendesk.client import Body, UnusableBodyError
from zd_assets.zendesk.page import Page, Position, first_url, read_page, same_request

BASE = "https://acme.zendesk.com/api/v2/chat"
NEXT = f"{BASE}/incremental/chats?start_time=1524710057&start_id=a"


def page_of(content: bytes, export: Export = CHATS) -> Page:
    return read_page(export, 7, Body(content, "application/json", 12.5))


def test_a_page_is_read_without_touching_its_items() -> None:
    items = '[{"id": "\\ud83d", "n": 1.50e2, "big": 170141183460469231731687303715884105727}, 7]'
    text = f'{{"chats": {items}, "count": 2, "end_id": "a", "end_time": 9, "next_page": "{NEXT}"}}'
    assert page_of(text.encode()) == Page(
        items=items.encode(),
        count=2,
        limit=7,
        position=Position(9, "a"),
        next_url=NEXT,
        asked_at_s=12.5,
    )


# From the document: "Example", and the agent timeline's "Example response(s)".
DOCUMENTED = [
    (
        CHATS,
        {"count": 4, "end_id": "1804.2.QqHwCNX18mZ7Y", "end_time": 1524710057},
        Position(1524710057, "1804.2.QqHwCNX18mZ7Y"),
    ),
    (
        AGENT_TIMELINE,
        {"count": 4, "end_time": 1525010407403712},
        Position(1525010407403712),
    ),
    (AGENT_TIMELINE, {"count": 4, "end_time": 9, "end_id": ""}, Position(9)),
    (CONVERSIONS, {"count": 0}, None),
    (CONVERSIONS, {"count": 1, "end_time": 9.0, "end_id": None}, Position(9)),
    (CONVERSIONS, {"count": 1, "end_time": 9, "end_id": ""}, Position(9)),
]


@pytest.mark.parametrize(("export", "said", "position"), DOCUMENTED)
def test_a_pages_position_is_its_end(
    export: Export, said: dict[str, Any], position: Position | None
) -> None:
    items = {export.name: [{}] * said["count"]}
    page = page_of(json.dumps(said | items | {"next_page": NEXT}).encode(), export)
    assert page.position == position


WHOLE = {"chats": [{}], "count": 1, "end_id": "a", "end_time": 9, "next_page": NEXT}
WRONG_VALUES: dict[str, list[Any]] = {
    "chats": [None, {}, "chats", 4],
    "count": [None, "4", 1.5, []],
    "next_page": [None, 4, []],
    "end_time": ["9", [], None, True],
    "end_id": [4, []],
}
UNUSABLE: dict[str, bytes] = {
    "nothing": b"",
    "HTML": b"<!DOCTYPE html><html></html>",
    "cut": json.dumps(WHOLE).encode()[:-9],
    "more than one value": json.dumps(WHOLE).encode() * 2,
    "an array": b"[]",
    "null": b"null",
    "invalid UTF-8": json.dumps(WHOLE).encode().replace(b'"a"', b'"\xff"'),
    "UTF-16": json.dumps(WHOLE).encode("utf-16"),
    "NaN": json.dumps(WHOLE | {"x": float("nan")}).encode(),
    **{
        f"without {name}": json.dumps({k: v for k, v in WHOLE.items() if k != name}).encode()
        for name in ("chats", "count", "end_time", "next_page")
    },
    **{
        f"{name} is {value!r}": json.dumps(WHOLE | {name: value}).encode()
        for name, values in WRONG_VALUES.items()
        for value in values
    },
}


@pytest.mark.parametrize("case", UNUSABLE)
def test_what_is_no_page_of_the_export_is_refused(case: str) -> None:
    with pytest.raises(UnusableBodyError):
        page_of(UNUSABLE[case])


@given(st.binary(max_size=60))
def test_no_body_is_worse_than_unusable(content: bytes) -> None:
    with pytest.raises(UnusableBodyError):
        page_of(content)


@pytest.mark.parametrize("export", CATALOGUE, ids=lambda export: export.name)
def test_the_first_url_asks_in_the_exports_unit(export: Export) -> None:
    url = first_url(BASE, export, 1546326000_000_000, 7, None)
    unit = {"agent_timeline": "1546326000000000"}.get(export.name, "1546326000")
    assert url == f"{BASE}/incremental/{export.name}?start_time={unit}&limit=7"


def test_the_first_url_asks_for_fields() -> None:
    url = first_url(BASE, CHATS, 0, 1000, "chats(id,response_time.max)")
    assert parse_qs(urlsplit(url).query)["fields"] == ["chats(id,response_time.max)"]


MINE = f"{BASE}/incremental/chats?start_time=1&limit=7&fields=chats(*)"


@pytest.mark.parametrize(
    ("other", "same"),
    [
        (MINE, True),
        (f"{BASE}/incremental/chats?fields=chats%28%2A%29&limit=7&start_id=a&start_time=5", True),
        (MINE.replace("https://acme", "https://ACME"), True),
        (MINE.replace(".com/", ".com:443/"), True),
        (MINE.replace("https", "http"), False),
        (MINE.replace("acme", "acme2"), False),
        (MINE.replace("limit=7", "limit=8"), False),
        (MINE.replace("chats(*)", "chats(id)"), False),
        (MINE.replace("/chats?", "/conversions?"), False),
        (f"{MINE}&more=1", False),
        ("https://[bad/", False),
        ("", False),
    ],
)
def test_two_urls_ask_the_same_if_only_their_cursors_differ(other: str, same: bool) -> None:
    assert same_request(other, MINE) is same
    assert same_request(MINE, other) is same
