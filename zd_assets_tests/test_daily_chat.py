"""Facts of Chat by day, against examples worked out by hand."""

from typing import Any

import pytest

from zd_assets.catalog.chat import CHATS, CONVERSIONS, DEPARTMENT_EVENTS
from zd_assets.lake.lake import Lake
from zd_assets.models.facts.chat_engagements import CHAT_ENGAGEMENTS
from zd_assets.models.facts.chat_messages import CHAT_MESSAGES
from zd_assets.models.facts.conversion_attribution import CONVERSION_ATTRIBUTION
from zd_assets.models.facts.department_queue import DEPARTMENT_QUEUE
from zd_assets_tests.helpers.daily_lake import (
    Item,
    footer,
    hour,
    iso,
    make_days,
    put,
    put_all,
    row,
    rows,
    values,
    when,
)


def chat(id: str, start: str, updated: str = "", **attributes: Any) -> Item:
    times = {"timestamp": iso(start), "update_timestamp": iso(updated or start)}
    return {"id": id, "type": "chat", **times, **attributes}


ENGAGEMENT = {
    "id": "c.1",
    "timestamp": iso("02 09:00:05"),
    "duration": 90.5,
    "started_by": "visitor",
    "agent_id": "7",
    "agent_name": "Ann",
    "agent_full_name": "Ann Example",
    "department_id": 3,
    "assigned": True,
    "accepted": True,
    "rating": "good",
    "response_time": {"first": 4.5, "avg": 6.0, "max": 9.0},
    "count": {"agent": 3, "visitor": 2, "total": 5},
    "skills_requested": [{"id": 1}],
    "skills_fulfilled": True,
}


def test_an_engagement_is_a_row_with_all_that_the_chat_says_of_it(lake: Lake) -> None:
    put(lake, CHATS, [chat("c", "02 09:00", engagements=[ENGAGEMENT], proactive=True)], 2)
    make_days(lake, CHAT_ENGAGEMENTS, 2)
    assert row(lake, CHAT_ENGAGEMENTS, 2) == {
        "chat_id": "c",
        "ordinal": 1,
        "engagement_id": "c.1",
        "started_at": when("02 09:00:05"),
        "ended_at": when("02 09:01:35.500000"),  # 09:00:05 and 90.5 seconds
        "duration_s": 90.5,
        "started_by": "visitor",
        "is_transfer": False,
        "agent_id": 7,
        "agent_name": "Ann Example",
        "department_id": 3,
        "assigned": True,
        "accepted": True,
        "first_response_s": 4.5,
        "mean_response_s": 6.0,
        "max_response_s": 9.0,
        "agent_messages": 3,
        "visitor_messages": 2,
        "rating": "good",
        "skills_requested": '[{"id": 1}]',
        "skills_fulfilled": True,
        "is_proactive": True,
        "is_deleted": False,
    }


def test_a_transferred_chat_has_an_engagement_for_each_agent_in_its_order(lake: Lake) -> None:
    first = {"id": "c.1", "agent_id": 7, "department_id": 3, "accepted": True}
    second = {"id": "c.2", "agent_id": 8, "department_id": 4, "started_by": "transfer"}
    put(lake, CHATS, [chat("c", "02 23:59", "03 01:00", engagements=[first, second])], 2, 3)
    make_days(lake, CHAT_ENGAGEMENTS, 2, 3)
    # Both are on the day on which the chat started, wherever it is exported.
    columns = ("ordinal", "agent_id", "department_id", "is_transfer", "accepted")
    assert values(lake, CHAT_ENGAGEMENTS, 2, *columns) == [
        (1, 7, 3, False, True),
        (2, 8, 4, True, False),
    ]
    assert rows(lake, CHAT_ENGAGEMENTS, 3) == []


@pytest.mark.parametrize("engagements", [None, [], [None], "none", {"id": "c.1"}])
def test_a_chat_without_engagements_has_no_rows(engagements: object, lake: Lake) -> None:
    put(lake, CHATS, [chat("c", "02 09:00", engagements=engagements)], 2)
    make_days(lake, CHAT_ENGAGEMENTS, 2)
    assert rows(lake, CHAT_ENGAGEMENTS, 2) == []


def test_what_an_engagement_lacks_is_null_and_its_numbers_may_be_absurd(lake: Lake) -> None:
    nothing = {"response_time": {"first": None, "avg": None, "max": None}, "agent_full_name": ""}
    endless = {"timestamp": iso("02 09:00"), "duration": 1e300, "agent_id": 2**70}
    engagements = [nothing | {"agent_name": "Ann"}, {}, endless]
    put(lake, CHATS, [chat("c", "02 09:00", engagements=engagements)], 2)
    make_days(lake, CHAT_ENGAGEMENTS, 2)
    columns = ("ordinal", "agent_name", "agent_id", "ended_at", "duration_s", "first_response_s")
    assert values(lake, CHAT_ENGAGEMENTS, 2, *columns, "accepted", "agent_messages") == [
        (1, "Ann", None, None, None, None, False, None),
        (2, None, None, None, None, None, False, None),
        (3, None, None, None, 1e300, None, False, None),
    ]


def test_a_chat_that_is_deleted_later_keeps_its_rows_flagged(lake: Lake) -> None:
    before = chat("c", "02 09:00", engagements=[ENGAGEMENT], history=[message("hi", "02 09:00")])
    put(lake, CHATS, [before], 2)
    put(lake, CHATS, [before | {"update_timestamp": iso("04 08:00"), "deleted": True}], 4)
    for table in (CHAT_ENGAGEMENTS, CHAT_MESSAGES):
        make_days(lake, table, 2, 4)
        assert values(lake, table, 2, "chat_id", "is_deleted") == [("c", True)]
        assert rows(lake, table, 4) == []


def message(text: Any, at: str, sender: str = "Visitor", **more: Any) -> Item:
    return {"type": "chat.msg", "msg": text, "timestamp": iso(at), "sender_type": sender, **more}


def test_messages_are_the_historys_with_their_place_and_the_wait_before(lake: Lake) -> None:
    history = [
        {"type": "chat.memberjoin", "timestamp": iso("02 23:59:50"), "name": "Visitor 1"},
        message("hello", "02 23:59:52", name="Visitor 1"),
        message("Hallö!", "02 23:59:58.5", "Agent", name="Ann", agent_id="7"),
        {"type": "chat.rating", "timestamp": iso("02 23:59:59")},
        message("", "03 00:01:58.5", "Trigger"),
    ]
    put(lake, CHATS, [chat("c", "02 23:59:50", "03 01:00", history=history)], 2, 3)
    make_days(lake, CHAT_MESSAGES, 2, 3)
    columns = ("ordinal", "sender_type", "agent_id", "sender_name", "text", "characters")
    assert values(lake, CHAT_MESSAGES, 2, *columns, "waited_s", "is_offline") == [
        (2, "Visitor", None, "Visitor 1", "hello", 5, None, False),
        (3, "Agent", 7, "Ann", "Hallö!", 6, 6.5, False),
        (5, "Trigger", None, None, "", 0, 120.0, False),  # from 23:59:58.5 to 00:01:58.5
    ]
    assert rows(lake, CHAT_MESSAGES, 3) == []
    assert row_of(lake, 5)["sent_at"] == when("03 00:01:58.500000")


def row_of(lake: Lake, ordinal: int) -> Item:
    [one] = [one for one in rows(lake, CHAT_MESSAGES, 2) if one["ordinal"] == ordinal]
    return one


def test_an_offline_message_is_the_visitors_and_its_history_stays_apart(lake: Lake) -> None:
    offline = {"type": "offline_msg", "message": "Call me", "visitor": {"name": "Bo"}}
    beside = [message("Still there?", "02 09:00:10")]
    # A chat has no such text, and its messages waited for none of another.
    other = chat("b", "02 08:00", message="?", history=[message("Bye", "02 08:00")])
    silent = {**offline, "message": None}
    chats = [
        chat("c", "02 09:00", history=beside) | offline,
        other,
        chat("d", "02 09:00") | silent,
    ]
    put(lake, CHATS, chats, 2)
    make_days(lake, CHAT_MESSAGES, 2)
    columns = ("ordinal", "sender_type", "sender_name", "text", "sent_at", "is_offline", "waited_s")
    assert values(lake, CHAT_MESSAGES, 2, "chat_id", *columns) == [
        ("b", 1, "Visitor", None, "Bye", when("02 08:00"), False, None),
        ("c", 0, "Visitor", "Bo", "Call me", when("02 09:00"), True, None),
        ("c", 1, "Visitor", None, "Still there?", when("02 09:00:10"), False, 10.0),
    ]


@pytest.mark.parametrize(
    ("history", "texts"),
    [
        ("null", []),
        ('"ended"', []),
        ('{"type": "chat.msg", "msg": "no list"}', []),
        ("3", []),
        ('[null, 3, "chat.msg", [], {"msg": "no type"}, {"type": "chat.msg"}]', [None]),
        (
            r'[{"type": "chat.msg", "msg": "half \ud83d, \ude00 half"}]',
            ["half \ufffd, \ufffd half"],
        ),
        (
            r'[{"type": "chat.msg", "msg": "\ud83d"}, {"type": "chat.msg", "msg": "\ud83d\ude00"}]',
            ["\ufffd", "😀"],
        ),
        (
            r'[{"type": "chat.msg", "msg": "\ud83d"}, {"type": "chat.msg", "msg": "\\ud83d"}]',
            ["\ufffd", r"\ud83d"],
        ),
        (r'[{"type": "chat.msg", "msg": "\ud83d\ud83d\ude00\u0000"}]', ["\ufffd😀\0"]),
        ('[{"type": "chat.msg", "msg": {"a": 1}, "agent_id": 99999999999999999999}]', ['{"a":1}']),
        ('[{"type": "chat.msg", "msg": "at", "timestamp": 1767344400}]', ["at"]),
    ],
)
def test_a_history_may_be_anything(history: str, texts: list[str | None], lake: Lake) -> None:
    times = f'"timestamp": "{iso("02 09:00")}", "update_timestamp": "{iso("02 10:00")}"'
    put(lake, CHATS, [f'{{"id": "c", {times}, "history": {history}}}'], 2)
    make_days(lake, CHAT_MESSAGES, 2)
    assert [text for (text,) in values(lake, CHAT_MESSAGES, 2, "text")] == texts
    assert all(one["agent_id"] is None for one in rows(lake, CHAT_MESSAGES, 2))
    assert all(one["sent_at"] is None for one in rows(lake, CHAT_MESSAGES, 2))


def queue(id: str, at: str, size: Any, before: Any = None, department: int | None = 1) -> Item:
    """A change of a department's queue; `before` is absent where there was none."""
    item: Item = {"id": id, "department_id": department, "timestamp": iso(at)}
    item |= {"field_name": "queue_sizes", "value": {"queue_size": size}}
    return item | ({} if before is None else {"previous_value": {"queue_size": before}})


QUEUE = ("at_start", "at_end", "peak", "peak_at", "mean", "waiting_s", "known_s", "events")


def test_a_queue_keeps_its_size_over_midnight_and_over_days_without_events(lake: Lake) -> None:
    events = [
        queue("a", "02 12:00", 2, 0),
        queue("b", "02 18:00", 5, 2),
        queue("c", "02 18:30", 1, 5),
        queue("d", "05 06:00", 0, 1),
    ]
    put(lake, DEPARTMENT_EVENTS, events, 2, 3, 4, 5)
    make_days(lake, DEPARTMENT_QUEUE, 2, 3, 4, 5)
    # Hours: 0 until 12:00, 2 for 6, 5 for 0.5, 1 for 5.5: (12 + 2.5 + 5.5) / 24 in the mean.
    assert values(lake, DEPARTMENT_QUEUE, 2, *QUEUE) == [
        (0, 1, 5, when("02 18:00"), pytest.approx(20 / 24), 12 * 3600, 86400, 3)
    ]
    for quiet in (3, 4):
        assert values(lake, DEPARTMENT_QUEUE, quiet, *QUEUE) == [
            (1, 1, 1, when(f"{quiet:02} 00:00"), 1.0, 86400, 86400, 0)
        ]
    assert values(lake, DEPARTMENT_QUEUE, 5, *QUEUE) == [
        (1, 0, 1, when("05 00:00"), 6 / 24, 6 * 3600, 86400, 1)
    ]
    assert footer(lake, DEPARTMENT_QUEUE, 5).carried_since == "2026-01-02"


def test_a_queue_whose_size_before_isnt_told_is_known_from_its_first_event_on(lake: Lake) -> None:
    events = [
        queue("a", "02 18:00", 4),
        queue("b", "02 21:00", 0, 4),
        queue("c", "02 06:00", 1, 3, department=None),
    ]
    put(lake, DEPARTMENT_EVENTS, events, 2)
    make_days(lake, DEPARTMENT_QUEUE, 2)
    assert values(lake, DEPARTMENT_QUEUE, 2, "department_id", *QUEUE) == [
        # 4 for three hours of the six that are known.
        (1, None, 0, 4, when("02 18:00"), 2.0, 3 * 3600, 6 * 3600, 2),
        # 3 until 06:00 as the event says, then 1: (18 + 18) / 24.
        (None, 3, 1, 3, when("02 00:00"), 1.5, 86400, 86400, 1),
    ]


def test_what_is_carried_goes_before_what_the_first_event_says_was_before(lake: Lake) -> None:
    events = [
        queue("a", "02 12:00", 3, 0),
        queue("b", "03 06:00", 1, 9),
        queue("c", "02 12:00", 2, 4, department=None),
        queue("d", "03 12:00", 0, 7, department=None),
    ]
    put(lake, DEPARTMENT_EVENTS, events, 2, 3)
    make_days(lake, DEPARTMENT_QUEUE, 2, 3)
    assert values(lake, DEPARTMENT_QUEUE, 3, "department_id", *QUEUE) == [
        # 3 for six hours, 1 for eighteen; 2 for twelve.
        (1, 3, 1, 3, when("03 00:00"), 36 / 24, 86400, 86400, 1),
        (None, 2, 0, 2, when("03 00:00"), 1.0, 12 * 3600, 86400, 1),
    ]


def test_todays_queue_is_known_until_the_partition_is(lake: Lake) -> None:
    put(lake, DEPARTMENT_EVENTS, [queue("a", "02 09:00", 2, 0)], 2, until="02 12:00")
    make_days(lake, DEPARTMENT_QUEUE, 2)
    # Nine hours of 0, three of 2.
    assert values(lake, DEPARTMENT_QUEUE, 2, *QUEUE) == [
        (0, 2, 2, when("02 09:00"), 6 / 12, 3 * 3600, 12 * 3600, 1)
    ]
    assert not footer(lake, DEPARTMENT_QUEUE, 2).complete


def test_at_midnight_the_event_counts_on_the_new_day_and_after_a_gap_nothing_is_carried(
    lake: Lake,
) -> None:
    events = [queue("a", "02 00:00", 3, 1), queue("b", "03 00:00", 0, 3), queue("c", "05 12:00", 7)]
    put(lake, DEPARTMENT_EVENTS, events, 2, 3, 5)
    make_days(lake, DEPARTMENT_QUEUE, 2, 3, 5)
    assert values(lake, DEPARTMENT_QUEUE, 2, "at_start", "at_end", "mean", "events") == [
        (1, 3, 3.0, 1)
    ]
    assert values(lake, DEPARTMENT_QUEUE, 3, "at_start", "at_end", "waiting_s") == [(3, 0, 0)]
    assert values(lake, DEPARTMENT_QUEUE, 5, "at_start", "at_end", "known_s") == [
        (None, 7, 12 * 3600)
    ]
    assert footer(lake, DEPARTMENT_QUEUE, 5).carried_since == "2026-01-05"


def test_sizes_that_are_no_numbers_change_nothing(lake: Lake) -> None:
    events = [
        queue("a", "02 06:00", "3", "1"),
        queue("b", "02 08:00", "many", 3),
        queue("c", "02 09:00", 2**70),
        queue("d", "02 10:00", None),
        {"id": "e", "department_id": 1, "timestamp": iso("02 11:00"), "field_name": "queue_sizes"},
        queue("f", "02 12:00", 9) | {"field_name": "agents"},
        queue("g", "02 13:00", 9) | {"value": [1]},
        queue("h", "02 13:00", 0, department=2) | {"value": "3"},
        queue("i", "02 13:30", "\ud83d") | {"value": {"queue_size": 3, "\ud83d": 1}},
    ]
    put(lake, DEPARTMENT_EVENTS, events, 2)
    make_days(lake, DEPARTMENT_QUEUE, 2)
    assert values(lake, DEPARTMENT_QUEUE, 2, "at_start", "at_end", "peak", "events") == [
        (1, 3, 3, 2)
    ]


def test_a_size_that_is_no_number_doesnt_hide_what_the_next_event_says_was_before(
    lake: Lake,
) -> None:
    events = [queue("a", "02 06:00", None), queue("b", "02 12:00", 0, 2)]
    put(lake, DEPARTMENT_EVENTS, events, 2)
    make_days(lake, DEPARTMENT_QUEUE, 2)
    assert values(lake, DEPARTMENT_QUEUE, 2, "at_start", "at_end", "waiting_s", "events") == [
        (2, 0, 12 * 3600, 1)
    ]


def conversion(id: str, at: str, **attributes: Any) -> Item:
    return {"id": id, "timestamp": iso(at), "goal_id": 5, "goal_name": "buy", **attributes}


def test_a_conversion_is_owed_to_the_chat_that_it_names_or_to_none(lake: Lake) -> None:
    owed = {"chat_id": "c", "chat_timestamp": iso("02 23:50"), "agent_id": 7, "department_id": 3}
    nobody = {"chat_id": None, "chat_timestamp": None, "agent_id": None, "department_id": None}
    items = [
        conversion("a", "03 00:10:00.5", attribution=owed),
        conversion("b", "03 08:00", attribution=nobody),
        conversion("c", "03 09:00", attribution="none"),
        conversion("d", "04 00:00"),
    ]
    put(lake, CONVERSIONS, items, 3, 4)
    make_days(lake, CONVERSION_ATTRIBUTION, 3, 4)
    columns = ("conversion_id", "is_attributed", "chat_id", "after_s", "agent_id", "department_id")
    assert values(lake, CONVERSION_ATTRIBUTION, 3, *columns) == [
        ("a", True, "c", 1200.5, 7, 3),  # 20 minutes and half a second
        ("b", False, None, None, None, None),
        ("c", False, None, None, None, None),
    ]
    assert values(lake, CONVERSION_ATTRIBUTION, 4, *columns, "goal_id", "goal_name") == [
        ("d", False, None, None, None, None, 5, "buy")
    ]
    first = rows(lake, CONVERSION_ATTRIBUTION, 3)[0]
    assert first["converted_at"] == when("03 00:10:00.500000")
    assert first["chat_started_at"] == when("02 23:50")


def test_what_stands_in_another_days_partition_is_not_that_days(lake: Lake) -> None:
    times = ("01 23:59:59", "02 00:00", "02 23:59:59.999999", "03 00:00")
    put_all(lake, CONVERSIONS, [conversion(at, at) for at in times], 2)
    make_days(lake, CONVERSION_ATTRIBUTION, 2)
    found = [one for (one,) in values(lake, CONVERSION_ATTRIBUTION, 2, "conversion_id")]
    assert found == ["02 00:00", "02 23:59:59.999999"]


def test_hours_beside_their_day_count_once(lake: Lake) -> None:
    conversions = [conversion(one, f"02 0{number}:30") for number, one in enumerate("abc")]
    older = [one | {"goal_name": "older"} for one in conversions]
    put(lake, CONVERSIONS, older, hour(2, 0), hour(2, 1))
    put(lake, CONVERSIONS, conversions, 2)
    events = [queue("a", "02 00:30", 1, 0), queue("b", "02 01:30", 0, 1)]
    put(lake, DEPARTMENT_EVENTS, events, hour(2, 1), 2)
    for table in (CONVERSION_ATTRIBUTION, DEPARTMENT_QUEUE):
        make_days(lake, table, 2)
    assert values(lake, CONVERSION_ATTRIBUTION, 2, "conversion_id", "goal_name") == [
        (one, "buy") for one in "abc"
    ]
    assert values(lake, DEPARTMENT_QUEUE, 2, "events", "waiting_s") == [(2, 3600)]


def test_a_day_of_hours_is_known_up_to_the_first_that_is_missing(lake: Lake) -> None:
    events = [queue("a", "02 00:30", 1, 0), queue("b", "02 03:30", 3, 1)]
    put(lake, DEPARTMENT_EVENTS, events, hour(2, 0), hour(2, 1), hour(2, 3))
    make_days(lake, DEPARTMENT_QUEUE, 2)
    assert footer(lake, DEPARTMENT_QUEUE, 2).known_until_us == hour(2, 2).start_us
    put(lake, DEPARTMENT_EVENTS, events, *(hour(2, number) for number in range(24)))
    make_days(lake, DEPARTMENT_QUEUE, 2)
    assert footer(lake, DEPARTMENT_QUEUE, 2).complete
    # 1 from 00:30 to 03:30, 3 for the rest: (3 + 3 * 20.5) / 24.
    assert values(lake, DEPARTMENT_QUEUE, 2, "mean", "known_s") == [(64.5 / 24, 86400)]
