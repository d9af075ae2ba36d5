"""Comments on tickets, against examples worked out by hand."""

import json
from typing import Any

import pytest

from zd_assets.catalog.support import TICKET_EVENTS
from zd_assets.lake.lake import Lake
from zd_assets.models.facts.ticket_comments import TICKET_COMMENTS
from zd_assets.schema.privacy import Privacy
from zd_assets_tests.helpers.daily_lake import (
    Item,
    epoch,
    iso,
    make_days,
    put,
    row,
    rows,
    values,
    when,
)


def event(at: str, *children: Any, id: int = 10, ticket: int | None = 1) -> Item:
    """A ticket event with these child events."""
    item = {"id": id, "ticket_id": ticket, "timestamp": epoch(at), "updater_id": 7}
    return item | {"event_type": "Audit", "child_events": list(children)}


def comment(**attributes: Any) -> Item:
    """A comment as ticket events hold it."""
    return {
        "id": 11,
        "via": {"channel": "email", "source": {"rel": None}},
        "via_reference_id": None,
        "type": "Comment",
        "author_id": 8,
        "body": "Grüße!",
        "html_body": "<p>Grüße!</p>",
        "public": True,
        "attachments": [],
        "audit_id": 10,
        "created_at": iso("02 08:59"),
        "event_type": "Comment",
    } | attributes


def test_a_comment_is_told_as_it_was_sent(lake: Lake) -> None:
    change = {"id": 12, "event_type": "Change", "status": "open", "via": "Web form"}
    put(lake, TICKET_EVENTS, [event("02 09:00", change, comment(attachments=[{"id": 1}]))], 2)
    make_days(lake, TICKET_COMMENTS, 2)
    assert row(lake, TICKET_COMMENTS, 2) == {
        "event_id": 10,
        "ordinal": 2,
        "comment_id": 11,
        "ticket_id": 1,
        "author_id": 8,
        "commented_at": when("02 08:59"),
        "is_public": True,
        "type": "Comment",
        "channel": "email",
        "body": "Grüße!",
        "html_body": "<p>Grüße!</p>",
        "characters": 6,
        "attachments": 1,
    }


def test_comments_of_one_event_each_have_a_row(lake: Lake) -> None:
    note = comment(id=12, public=False, body="psst", event_type="Comment")
    voice = comment(id=13, type="VoiceComment", event_type="VoiceComment", via="Phone call")
    put(lake, TICKET_EVENTS, [event("02 09:00", comment(), note, voice)], 2)
    make_days(lake, TICKET_COMMENTS, 2)
    assert values(lake, TICKET_COMMENTS, 2, "comment_id", "is_public", "type", "channel") == [
        (11, True, "Comment", "email"),
        (12, False, "Comment", "email"),
        (13, True, "VoiceComment", "Phone call"),
    ]


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ({"public": None}, {"is_public": None}),
        ({"public": "yes"}, {"is_public": None}),
        ({"body": None}, {"body": None, "characters": None}),
        ({"body": ""}, {"body": "", "characters": 0}),
        ({"body": 5}, {"body": "5", "characters": 1}),
        ({"author_id": "vip"}, {"author_id": None}),
        ({"author_id": -1}, {"author_id": -1}),
        ({"author_id": "8"}, {"author_id": 8}),
        ({"id": 10**30}, {"comment_id": None}),
        ({"via": None}, {"channel": None}),
        ({"via": 4}, {"channel": None}),
        ({"via": {}}, {"channel": None}),
        ({"via": {"channel": None}}, {"channel": None}),
        ({"attachments": None}, {"attachments": None}),
        ({"attachments": "none"}, {"attachments": None}),
        ({"created_at": "yesterday"}, {"commented_at": when("02 09:00")}),
        ({"created_at": None}, {"commented_at": when("02 09:00")}),
        ({"type": None}, {"type": "Comment"}),
    ],
)
def test_attributes_may_be_anything(sent: Item, kept: Item, lake: Lake) -> None:
    put(lake, TICKET_EVENTS, [event("02 09:00", comment(**sent))], 2)
    make_days(lake, TICKET_COMMENTS, 2)
    assert row(lake, TICKET_COMMENTS, 2).items() >= kept.items()


@pytest.mark.parametrize(
    "children",
    [None, "none", {"event_type": "Comment"}, [None, 3, "Comment", [1], {"event_type": "Change"}]],
)
def test_what_is_no_comment_is_left_out(children: Any, lake: Lake) -> None:
    odd = event("02 09:00") | {"child_events": children}
    put(lake, TICKET_EVENTS, [odd, event("02 10:00", comment(body="plain"), id=20)], 2)
    make_days(lake, TICKET_COMMENTS, 2)
    assert values(lake, TICKET_COMMENTS, 2, "event_id", "body") == [(20, "plain")]


def test_comments_that_were_only_mentioned_have_a_row_without_what_they_say(lake: Lake) -> None:
    mention = {"id": 11, "event_type": "Comment", "via": "Web form", "via_reference_id": None}
    mention |= {"comment_present": True, "comment_public": False}
    put(lake, TICKET_EVENTS, [event("02 09:00", mention)], 2)
    make_days(lake, TICKET_COMMENTS, 2)
    columns = ("comment_id", "commented_at", "channel", "body", "is_public")
    assert values(lake, TICKET_COMMENTS, 2, *columns) == [
        (11, when("02 09:00"), "Web form", None, False)
    ]


def test_what_privacy_drops_or_hashes_of_comments_isnt_in_the_fact(lake: Lake) -> None:
    sent = json.dumps([event("02 09:00", comment(body="secret", html_body="<p>secret</p>"))])
    privacy = Privacy(
        drop=("ticket_events.child_events.html_body",),
        hash=("ticket_events.child_events.body",),
        hash_key="key",
    )
    put(lake, TICKET_EVENTS, json.loads(privacy.apply(TICKET_EVENTS, sent.encode())), 2)
    make_days(lake, TICKET_COMMENTS, 2)
    [only] = rows(lake, TICKET_COMMENTS, 2)
    assert (only["html_body"], only["characters"]) == (None, 64)
    assert "secret" not in str(only)
