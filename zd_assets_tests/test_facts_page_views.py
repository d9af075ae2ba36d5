"""Pages that visitors of chats saw, against examples worked out by hand."""

from typing import Any

import pytest

from zd_assets.catalog.chat import CHATS
from zd_assets.lake.lake import Lake
from zd_assets.models.facts.chat_page_views import CHAT_PAGE_VIEWS
from zd_assets_tests.helpers.daily_lake import Item, iso, make_days, put, row, values, when


def chat(id: str, at: str, webpath: Any, updated: str | None = None, **attributes: Any) -> Item:
    """A chat that started at a moment, and was updated then or later."""
    item = {"id": id, "type": "chat", "timestamp": iso(at), "update_timestamp": iso(updated or at)}
    return item | {"webpath": webpath, **attributes}


def page(at: Any, to: Any, title: Any = "A page", source: Any = "") -> Item:
    return {"from": source, "timestamp": at, "title": title, "to": to}


def test_pages_are_told_in_the_order_of_the_visit(lake: Lake) -> None:
    first = page(iso("01 23:58"), "https://shop/", "Shop")
    second = page(iso("02 00:05"), "https://shop/cart", "Cart", "https://shop/")
    put(lake, CHATS, [chat("a", "02 00:10", [first, second])], 2)
    make_days(lake, CHAT_PAGE_VIEWS, 2)
    columns = ("chat_id", "position", "viewed_at", "title", "to_url", "from_url", "is_deleted")
    assert values(lake, CHAT_PAGE_VIEWS, 2, *columns) == [
        ("a", 1, when("01 23:58"), "Shop", "https://shop/", None, False),
        ("a", 2, when("02 00:05"), "Cart", "https://shop/cart", "https://shop/", False),
    ]


def test_they_are_on_the_day_on_which_the_chat_started_as_the_newest_version_has_them(
    lake: Lake,
) -> None:
    late = [page(iso("02 23:00"), "https://a"), page(iso("03 00:20"), "https://b")]
    put(lake, CHATS, [chat("a", "02 23:30", late[:1])], 2)
    put(lake, CHATS, [chat("a", "02 23:30", late, "03 01:00", deleted=True)], 3)
    make_days(lake, CHAT_PAGE_VIEWS, 2, 3)
    assert values(lake, CHAT_PAGE_VIEWS, 2, "to_url", "is_deleted") == [
        ("https://a", True),
        ("https://b", True),
    ]
    assert values(lake, CHAT_PAGE_VIEWS, 3, "to_url") == []


@pytest.mark.parametrize("webpath", [None, [], "none", {"to": "x"}, [None, 3, "x", [1]]])
def test_what_is_no_page_is_left_out(webpath: Any, lake: Lake) -> None:
    plain = chat("b", "02 10:00", [page(iso("02 09:59"), "https://b")])
    put(lake, CHATS, [chat("a", "02 09:00", webpath), plain], 2)
    make_days(lake, CHAT_PAGE_VIEWS, 2)
    assert values(lake, CHAT_PAGE_VIEWS, 2, "chat_id") == [("b",)]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"timestamp": "soon"}, {"viewed_at": None}),
        ({"timestamp": None}, {"viewed_at": None}),
        ({"title": None}, {"title": None}),
        ({"title": 404}, {"title": "404"}),
        ({"to": None}, {"to_url": None}),
        ({"from": None}, {"from_url": None}),
    ],
)
def test_attributes_may_be_anything(sent: Item, kept: Item, lake: Lake) -> None:
    pages = [None, page(iso("02 09:00"), "https://a", source="https://z") | sent]
    put(lake, CHATS, [chat("a", "02 09:00", pages)], 2)
    make_days(lake, CHAT_PAGE_VIEWS, 2)
    assert row(lake, CHAT_PAGE_VIEWS, 2).items() >= (kept | {"position": 2}).items()
