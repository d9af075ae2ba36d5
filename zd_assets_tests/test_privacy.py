"""Personal data that must not be kept is nowhere in the lake."""

import hashlib
import hmac
import json
from typing import Any

import pytest

from zd_assets.catalog.chat import AGENT_TIMELINE, CHATS, CONVERSIONS, DEPARTMENT_EVENTS
from zd_assets.catalog.export import Table
from zd_assets.catalog.registry import EXPORTS
from zd_assets.catalog.support import ORGANIZATIONS, TICKETS, USERS
from zd_assets.schema.convert import convert
from zd_assets.schema.drift import drift_of
from zd_assets.schema.privacy import Privacy
from zd_assets.schema.rebuild import rebuild

SECRET = "ada@example.com"
KEY = "a key of the owner's"
HASHED = hmac.new(KEY.encode(), SECRET.encode(), hashlib.sha256).hexdigest()

# A chat with the secret in it, and the path that leads to it.
PLACES: list[tuple[str, Any]] = [
    ("chats.comment", {"comment": SECRET}),
    ("chats.visitor.email", {"visitor": {"email": SECRET, "name": "Ada"}}),
    ("chats.agent_names", {"agent_names": ["Grace", SECRET]}),
    ("chats.engagements.agent_name", {"engagements": [{"agent_name": SECRET}, None, {}]}),
    ("chats.history.msg", {"history": [{"msg": SECRET, "type": "chat.msg"}, 5]}),
    ("chats.history.sender.email", {"history": [{"sender": {"email": SECRET}}]}),
    ("chats.brand_new", {"brand_new": SECRET}),
    ("chats.visitor.twitter", {"visitor": {"twitter": SECRET}}),
    ("chats.visitor.email", {"visitor": [{"email": SECRET}]}),
    ("chats.duration", {"duration": SECRET}),
]


def row(privacy: Privacy, item: Any, export: Any = CHATS) -> dict[str, Any]:
    items = json.dumps([{"id": "a", **item}]).encode()
    (only,) = convert(export, privacy.apply(export, items)).to_pylist()
    return dict(only)


@pytest.mark.parametrize(("path", "item"), PLACES)
def test_what_is_dropped_is_nowhere_in_the_row(path: str, item: Any) -> None:
    assert SECRET in repr(row(Privacy(), item))
    assert SECRET not in repr(row(Privacy(drop=(path,)), item))


@pytest.mark.parametrize(("path", "item"), PLACES)
def test_what_is_hashed_is_nowhere_in_the_row_but_its_hmac_is(path: str, item: Any) -> None:
    text = repr(row(Privacy(hash=(path,), hash_key=KEY), item))
    assert SECRET not in text
    assert text.count(HASHED) == 1


@pytest.mark.parametrize(("path", "item"), PLACES)
def test_the_rest_of_an_item_stays_as_it_was(path: str, item: Any) -> None:
    replaced = json.loads(json.dumps(item).replace(SECRET, HASHED))
    kept = rebuild(CHATS, row(Privacy(hash=(path,), hash_key=KEY), item))
    if path == "chats.agent_names":
        replaced["agent_names"][0] = Privacy(hash=(path,), hash_key=KEY)._hash("Grace")
    assert kept == {"id": "a", **replaced}


def test_a_secret_sent_twice_under_one_name_is_gone_twice() -> None:
    items = f'[{{"id":"a","comment":"{SECRET}","comment":"{SECRET}"}}]'.encode()
    assert SECRET.encode() not in Privacy(drop=("chats.comment",)).apply(CHATS, items)


@pytest.mark.parametrize(
    ("value", "hashed"),
    [
        (None, None),
        ("", None),
        ("5", "5"),
        (5, "5"),
        (True, "true"),
        ({"b": 1, "a": 2}, '{"a": 2, "b": 1}'),
        ("\ud83d", b"\xed\xa0\xbd"),
        (["5", None, 6], ["5", None, "6"]),
    ],
)
def test_the_hash_is_the_hmac_sha256_of_the_values_text(value: Any, hashed: Any) -> None:
    def expected(text: Any) -> Any:
        if isinstance(text, list):
            return [expected(one) for one in text]
        if text is None:
            return None
        data = text if isinstance(text, bytes) else text.encode()
        return hmac.new(KEY.encode(), data, hashlib.sha256).hexdigest()

    items = json.dumps([{"comment": value}]).encode()
    privacy = Privacy(hash=("chats.comment",), hash_key=KEY)
    (item,) = json.loads(privacy.apply(CHATS, items))
    assert item == {"comment": expected(hashed)}


def test_a_hash_depends_on_the_key() -> None:
    one, other = (Privacy(hash=("chats.comment",), hash_key=key) for key in (KEY, "another"))
    assert row(one, {"comment": SECRET})["comment"] != row(other, {"comment": SECRET})["comment"]


def test_hashing_without_a_key_is_refused() -> None:
    with pytest.raises(ValueError, match="hash_key"):
        Privacy(hash=("chats.visitor.email",))


def test_no_text_shows_the_key() -> None:
    privacy = Privacy(hash=("chats.visitor.email",), hash_key=KEY)
    assert KEY not in f"{privacy} {privacy!r} {[privacy]}"
    assert "chats.visitor.email" in repr(privacy)


def test_nothing_to_protect_leaves_the_bytes_alone() -> None:
    items = b'[ {"id" : "a"} ]'
    assert Privacy().apply(CHATS, items) is items
    elsewhere = Privacy(drop=("chats.comment",), hash=("conversions.goal_name",), hash_key=KEY)
    assert elsewhere.apply(DEPARTMENT_EVENTS, items) is items


@pytest.mark.parametrize("path", ["chats.brand_new", "chats.id.deeper", "chats.tags.name.first"])
def test_a_path_that_leads_nowhere_changes_nothing(path: str) -> None:
    item = {"id": "a", "tags": ["vip", {"name": "x"}], "comment": None}
    for privacy in (Privacy(drop=(path,)), Privacy(hash=(path,), hash_key=KEY)):
        assert rebuild(CHATS, row(privacy, item)) == {"id": "a", "tags": item["tags"]}


USERS_OF_TICKETS, GROUPS_OF_TICKETS, ORGANIZATIONS_OF_TICKETS = (
    sideload.table for sideload in TICKETS.sideloads
)
ORGANIZATIONS_OF_USERS, GROUPS_OF_USERS, ROLES_OF_USERS = (
    sideload.table for sideload in USERS.sideloads
)
(GROUPS_OF_ORGANIZATIONS,) = (sideload.table for sideload in ORGANIZATIONS.sideloads)

# A path -> every table that it means, and some that it doesn't.
MEANT: list[tuple[str, list[Table], list[Table]]] = [
    ("users.email", [USERS, USERS_OF_TICKETS], [CHATS, TICKETS, GROUPS_OF_TICKETS]),
    (
        "organizations.name",
        [ORGANIZATIONS, ORGANIZATIONS_OF_TICKETS, ORGANIZATIONS_OF_USERS],
        [USERS, GROUPS_OF_ORGANIZATIONS],
    ),
    (
        "groups.name",
        [GROUPS_OF_TICKETS, GROUPS_OF_USERS, GROUPS_OF_ORGANIZATIONS],
        [ORGANIZATIONS, ROLES_OF_USERS],
    ),
    ("roles.configuration", [ROLES_OF_USERS], [USERS, GROUPS_OF_USERS]),
    ("tickets.subject", [TICKETS], [USERS_OF_TICKETS, GROUPS_OF_TICKETS]),
]


@pytest.mark.parametrize(("path", "meant", "not_meant"), MEANT)
def test_a_path_means_its_items_wherever_they_stand(
    path: str, meant: list[Table], not_meant: list[Table]
) -> None:
    attribute = path.partition(".")[2]
    items = json.dumps([{"id": 1, attribute: SECRET}]).encode()
    for privacy in (Privacy(drop=(path,)), Privacy(hash=(path,), hash_key=KEY)):
        for table in meant:
            (protected,) = convert(table, privacy.apply(table, items)).to_pylist()
            assert SECRET not in repr(protected)
            assert (HASHED in repr(protected)) is bool(privacy.hash)
        for table in not_meant:
            assert privacy.apply(table, items) is items


@pytest.mark.parametrize("table", ["tickets__users", "users__roles", "group", "zendesk_support"])
def test_the_folder_of_a_list_beside_others_is_no_kind_of_item(table: str) -> None:
    with pytest.raises(ValueError, match=f"^'{table}.name' names no attribute"):
        Privacy(drop=(f"{table}.name",))


def test_keys_and_times_of_lists_beside_others_can_not_be_taken_away_either() -> None:
    for kind in ("groups", "roles"):
        for column in ("id", "updated_at"):
            with pytest.raises(ValueError, match="has to stay"):
                Privacy(drop=(f"{kind}.{column}",))


@pytest.mark.parametrize("path", ["chats", "chats.", "chats..email", "chat.comment", "", "."])
@pytest.mark.parametrize("kind", ["exclude_fields", "drop", "hash"])
def test_a_path_that_cannot_exist_is_named(kind: str, path: str) -> None:
    with pytest.raises(ValueError, match=f"^{path!r} names no attribute"):
        Privacy(**{kind: (path,)}, hash_key=KEY)


@pytest.mark.parametrize(
    "path",
    ["chats.visitor.email", "chats.brand_new", "agent_timeline.status", "tickets.subject"],
)
def test_what_the_api_cannot_leave_out_is_named(path: str) -> None:
    with pytest.raises(ValueError, match=f"{path} can't be left out"):
        Privacy(exclude_fields=(path,))


@pytest.mark.parametrize("export", EXPORTS, ids=lambda export: export.name)
def test_keys_and_times_can_not_be_taken_away(export: Any) -> None:
    times = {export.time.column, export.time.plus_seconds} - {None}
    for column in {*export.key, *times}:
        with pytest.raises(ValueError, match="has to stay"):
            Privacy(drop=(f"{export.name}.{column}",))
    for column in times:
        with pytest.raises(ValueError, match="has to stay"):
            Privacy(hash=(f"{export.name}.{column}",), hash_key=KEY)


def test_a_key_can_be_hashed() -> None:
    privacy = Privacy(hash=("chats.id",), hash_key=KEY)
    assert row(privacy, {"id": SECRET})["id"] == HASHED


def test_a_numeric_key_cant_be_hashed_since_its_column_takes_no_text() -> None:
    with pytest.raises(ValueError, match=r"tickets\.id .* has to stay"):
        Privacy(hash=("tickets.id",), hash_key=KEY)


def test_the_keys_id_changes_with_the_key_and_doesnt_tell_it() -> None:
    ids = [Privacy(hash_key=key).hash_key_id for key in ("", KEY, KEY + "x")]
    assert len(set(ids)) == 3
    assert KEY not in ids[1]


def test_fields_ask_for_everything_or_for_all_but_what_is_left_out() -> None:
    privacy = Privacy(exclude_fields=("conversions.goal_name", "chats.visitor", "chats.session"))
    assert Privacy().fields(CHATS) == "chats(*)"
    assert privacy.fields(CONVERSIONS) == "conversions(id,timestamp,goal_id,attribution)"
    asked = str(privacy.fields(CHATS))
    names = asked.removeprefix("chats(").removesuffix(")").split(",")
    documented = {column.name for column in CHATS.columns}
    assert set(names) == documented - {"visitor", "session"}
    assert privacy.fields(AGENT_TIMELINE) is None
    assert privacy.fields(DEPARTMENT_EVENTS) is None
    assert privacy.fields(TICKETS) is None


def test_a_hash_of_what_isnt_text_is_kept_beside_its_column_and_is_no_drift() -> None:
    privacy = Privacy(
        hash=("chats.duration", "chats.visitor.id", "chats.missed", "chats.engagements.duration"),
        hash_key=KEY,
    )
    item = {
        "id": "a",
        "duration": 7,
        "missed": True,
        "engagements": [{"id": "e", "duration": 7}, {"id": "f", "duration": None}],
        "news": 1,
    }
    rows = convert(CHATS, privacy.apply(CHATS, json.dumps([item]).encode()))
    seven = hmac.new(KEY.encode(), b"7", hashlib.sha256).hexdigest()
    [kept] = rows.to_pylist()
    assert kept["duration"] is None
    extra = json.loads(kept["_extra"])
    assert extra["duration"] == extra["engagements[0].duration"] == seven
    assert drift_of(rows, privacy.hashed(CHATS)) == {"news": 1}
    assert set(drift_of(rows)) == {"news", "duration", "missed", "engagements[].duration"}
