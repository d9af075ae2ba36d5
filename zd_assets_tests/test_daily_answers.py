"""Answers by day, against examples worked out by hand."""

from itertools import count
from typing import Any

import pytest

from zd_assets.catalog.chat import AGENT_TIMELINE, CHATS
from zd_assets.catalog.support import TICKET_EVENTS, USERS
from zd_assets.lake.lake import Lake
from zd_assets.models.marts.agent_daily_scorecard import AGENT_DAILY_SCORECARD
from zd_assets.models.marts.chat_daily_summary import CHAT_DAILY_SUMMARY
from zd_assets.models.marts.team_daily_summary import TEAM_DAILY_SUMMARY
from zd_assets.models.marts.ticket_backlog_daily import TICKET_BACKLOG_DAILY
from zd_assets_tests.helpers.daily_lake import (
    Item,
    due,
    epoch,
    iso,
    make_days,
    put,
    refresh,
    rows,
    values,
)

_IDS = count(100)
HOUR = 3600


def chat(at: str, **attributes: Any) -> Item:
    """A chat of department 3 that was served, unless the attributes say otherwise."""
    item: Item = {"id": f"c{next(_IDS)}", "type": "chat", "timestamp": iso(at)}
    item |= {"update_timestamp": iso("05 12:00"), "department_id": 3, "department_name": "Sales"}
    return item | {"missed": False, "dropped": False} | attributes


def summary(lake: Lake, chats: list[Item], number: int = 2) -> list[Item]:
    put(lake, CHATS, chats, 2, 3, 4, 5)
    make_days(lake, CHAT_DAILY_SUMMARY, number)
    return rows(lake, CHAT_DAILY_SUMMARY, number)


def times(first: float | None, mean: float | None, longest: float | None) -> Item:
    return {"first": first, "avg": mean, "max": longest}


def test_a_days_chats_are_served_missed_or_dropped(lake: Lake) -> None:
    chats = [
        chat("02 00:00", duration=100, response_time=times(10, 20, 40), rating="good"),
        chat("02 23:59:59", duration=50, response_time=times(30, 10, 90), rating="bad"),
        chat("02 09:00", duration=None, response_time=times(20, None, None), rating="good"),
        chat("02 09:00", duration=0, response_time=times(None, None, None)),
        # An agent or a trigger began it: nobody waits for the first response of the one.
        chat("02 09:10", proactive=True, duration=30, response_time=times(1000, 6, 7)),
        chat(
            "02 09:20",
            triggered=True,
            duration=20,
            response_time=times(60, 12, 13),
            abandon_time=5000,  # of a chat that nobody abandoned
        ),
        chat("02 10:00", missed=True, abandon_time=30, rating="good", duration=9),
        chat("02 10:00", missed=True, dropped=True, abandon_time=60),
        chat("02 10:00", dropped=True, abandon_time=15, response_time=times(5, 5, 500)),
        chat("02 10:00", dropped=True, missed=None, proactive=True),
        chat("03 00:00", missed=True, abandon_time=900),
    ]
    by_hour = [1, *[0] * 8, 4, 4, *[0] * 12, 1]
    [found] = summary(lake, chats)
    histograms = [found.pop("abandon_histogram"), found.pop("first_response_histogram")]
    # 1.1^24 to 1.1^25 seconds are 9.8 to 10.8, where 10 is in bucket 25.
    assert [sum(one) for one in histograms] == [3, 5]
    assert histograms[1][25] == 1
    assert [found] == [
        {
            "department_id": 3,
            "department_name": "Sales",
            "chats": 10,
            "served": 8,  # with the two that were dropped
            "completed": 6,
            "missed": 2,
            "dropped": 2,  # without the one that was missed, too
            "missed_share": 0.2,
            "dropped_share": 0.25,
            "proactive": 2,
            "transferred": 0,
            "offline_messages": 0,
            "deleted": 0,
            "abandoned": 3,
            "abandon_mean_s": (30 + 60 + 15) / 3,
            "abandon_median_s": 30,
            "abandon_p90_s": 54,
            "abandon_max_s": 60,
            "answered": 5,  # 10, 30, 20, 60 and 5; the proactive chat's 1000 is none
            "first_response_mean_s": 25,
            "first_response_median_s": 20,
            "first_response_p90_s": pytest.approx(48),
            "first_response_max_s": 60,
            "responded": 5,  # 20, 10, 6, 12 and 5
            "response_mean_s": 10.6,
            "response_max_s": 500,
            "timed": 5,  # 100, 50, 0, 30 and 20
            "duration_mean_s": 40,
            "good": 3,
            "bad": 1,
            "satisfaction": 0.75,
            "chats_by_hour": by_hour,
        }
    ]


def test_the_summary_and_the_scorecard_agree_on_a_chat_that_was_answered_and_then_dropped(
    lake: Lake,
) -> None:
    chats = [
        chat(
            "02 09:00",
            dropped=dropped,
            response_time=times(first, first, first),
            engagements=[engagement(7, response_time=times(first, first, first))],
        )
        for dropped, first in ((True, 60), (False, 10))
    ]
    [found] = summary(lake, chats)
    assert (found["served"], found["completed"], found["dropped"]) == (2, 1, 1)
    make_days(lake, AGENT_DAILY_SCORECARD, 2)
    [card] = rows(lake, AGENT_DAILY_SCORECARD, 2)
    assert card["chats"] == found["served"]
    assert card["first_response_mean_s"] == found["first_response_mean_s"] == 35


def test_deleted_chats_and_offline_messages_count_in_their_columns_alone(lake: Lake) -> None:
    everything: Item = {
        "rating": "good",
        "duration": 5,
        "response_time": times(1, 1, 1),
        "proactive": True,
        "engagements": [{"id": "1", "started_by": "transfer"}],
    }
    chats = [
        chat("02 09:00", deleted=True, **everything),
        chat("02 09:00", deleted=True, missed=True, abandon_time=5),
        chat("02 09:00", deleted=True, type="offline_msg", message="Hi"),
        chat("02 09:00", type="offline_msg", message="Hi", **everything),
        chat("02 09:00", type="offline_msg", missed=True, abandon_time=7),
    ]
    [found] = summary(lake, chats)
    assert (found.pop("deleted"), found.pop("offline_messages")) == (3, 2)
    assert (found.pop("department_id"), found.pop("department_name")) == (3, "Sales")
    assert found.pop("chats_by_hour") == [0] * 24
    assert {name for name, value in found.items() if value is None} == {
        *("abandon_mean_s", "abandon_median_s", "abandon_p90_s", "abandon_max_s"),
        *("response_mean_s", "response_max_s", "duration_mean_s"),
        *("first_response_mean_s", "first_response_median_s"),
        *("first_response_p90_s", "first_response_max_s"),
        *("missed_share", "dropped_share", "satisfaction"),
    }
    assert all(not value for value in found.values())


def test_a_transferred_chat_counts_once_for_the_department_that_it_names(lake: Lake) -> None:
    def engaged(department: int, started_by: str) -> Item:
        return {"department_id": department, "started_by": started_by, "agent_id": 7}

    chats = [
        chat(
            "02 09:00", department_id=4, engagements=[engaged(3, "visitor"), engaged(4, "transfer")]
        ),
        chat("02 09:00", department_id=3, engagements=[engaged(3, "transfer")] * 2),
        chat("02 09:00", department_id=None, engagements=[engaged(3, "visitor")]),
        chat("02 09:00", department_id=None, engagements=None, department_name=None),
        chat("02 09:00", department_id=None, engagements=[], department_name=None),
    ]
    assert [
        (one["department_id"], one["chats"], one["transferred"]) for one in summary(lake, chats)
    ] == [(3, 1, 1), (4, 1, 1), (None, 3, 0)]


def test_a_department_bears_the_name_that_its_chats_had_last(lake: Lake) -> None:
    chats = [
        chat("02 09:00", department_name="Sale", update_timestamp=iso("03 09:00")),
        chat("02 09:00", department_name="Support", update_timestamp=iso("04 09:00")),
        chat("02 09:00", department_name="Sales", update_timestamp=iso("02 09:00")),
        chat("02 09:00", department_name=None, update_timestamp=iso("05 09:00")),
    ]
    assert [one["department_name"] for one in summary(lake, chats)] == ["Support"]


def test_what_a_chat_doesnt_say_it_isnt(lake: Lake) -> None:
    bare = {"id": "bare", "timestamp": iso("02 09:00"), "update_timestamp": iso("02 09:00")}
    lost = {"id": "lost", "timestamp": None, "update_timestamp": iso("02 09:00")}
    [found] = summary(lake, [bare, lost])
    assert (found["chats"], found["served"], found["answered"]) == (1, 1, 0)
    # A day without chats has no rows.
    make_days(lake, CHAT_DAILY_SUMMARY, 3)
    assert rows(lake, CHAT_DAILY_SUMMARY, 3) == []


def engagement(agent: int | None, **attributes: Any) -> Item:
    item = {"agent_id": agent, "agent_name": f"Agent {agent}", "accepted": True}
    return item | {"timestamp": iso("02 09:00"), "started_by": "visitor"} | attributes


def online(agent: int, start: str, seconds: float, engagements: int, status: str) -> Item:
    return {
        "agent_id": agent,
        "start_time": iso(start),
        "duration": seconds,
        "status": status,
        "engagement_count": engagements,
    }


def change(at: str, agent: int, ticket: int, *children: Item) -> Item:
    item = {"id": next(_IDS), "ticket_id": ticket, "timestamp": epoch(at), "updater_id": agent}
    return item | {"child_events": [{"event_type": "Change", **child} for child in children]}


def test_an_agents_day_is_time_online_engagements_and_tickets(lake: Lake) -> None:
    put(
        lake,
        AGENT_TIMELINE,
        [
            online(7, "02 08:00", 1800, 0, "online"),
            online(7, "02 08:30", 600, 1, "online"),
            online(7, "02 08:40", 300, 3, "away"),
            online(7, "02 08:45", 60, 0, "invisible"),
            online(9, "02 08:00", 10, 0, "away"),
        ],
        2,
    )
    said = {"agent": 4, "visitor": 9}
    put(
        lake,
        CHATS,
        [
            chat(
                "02 09:00",
                engagements=[
                    engagement(7, response_time=times(10, 1, 1), count=said, duration=60),
                    engagement(8, accepted=False, count={"agent": 1}, rating="bad"),
                    engagement(7, started_by="transfer", duration=120, rating="good"),
                ],
            ),
            chat(
                "02 10:00",
                proactive=True,
                engagements=[engagement(7, response_time=times(99, 1, 1), count=said)],
            ),
            chat("02 11:00", engagements=[engagement(7, accepted=None, duration=999)]),
            chat(
                "02 11:00", engagements=[engagement(7, response_time=times(30, 1, 1), rating="bad")]
            ),
            chat("02 11:00", deleted=True, engagements=[engagement(7, rating="bad")]),
            chat("02 11:00", engagements=[engagement(None, rating="bad")]),
            chat("03 00:00", engagements=[engagement(7, rating="bad")]),
        ],
        2,
        5,
    )
    solve = {"status": "solved", "previous_value": "open"}
    put(
        lake,
        TICKET_EVENTS,
        [
            change(
                "02 09:00", 7, 1, {"status": "open", "previous_value": "new"}, {"priority": "low"}
            ),
            change("02 10:00", 7, 1, solve),
            change("02 11:00", 7, 1, {"status": "open", "previous_value": "solved"}),
            change("02 12:00", 7, 1, solve),  # The same ticket again: one ticket.
            change("02 12:00", 7, 2, {"status": "solved", "previous_value": "solved"}),
            change("02 12:00", 7, 3, {"status": "solved"}),
            change("02 12:00", 7, 4),  # changes no field
            change("02 12:00", 66, 5, solve),  # neither online nor in a chat: a requester, perhaps
        ],
        2,
    )
    make_days(lake, AGENT_DAILY_SCORECARD, 2)
    seven, eight, nine = rows(lake, AGENT_DAILY_SCORECARD, 2)
    assert sum(seven.pop("first_response_histogram")) == seven["answered"]
    assert seven == {
        "agent_id": 7,
        "is_automation": False,
        "agent_name": "Agent 7",
        "online_s": 2400,
        "away_s": 300,
        "invisible_s": 60,
        "engagement_s": 600 + 3 * 300,
        "engaged_s": 900,
        "concurrency": 1500 / 900,
        "answered": 2,
        "timed": 2,
        "most_engagements": 3,
        "offered": 5,
        "accepted": 4,
        "not_accepted": 1,
        "taken_over": 1,
        "proactive": 1,
        "chats": 3,
        "messages": 8,
        "first_response_mean_s": 20,  # 10 and 30; the proactive chat's 99 is none
        "first_response_median_s": 20,
        "first_response_p90_s": pytest.approx(28),
        "duration_mean_s": 90,  # 60 and 120; what wasn't accepted is none
        "good": 1,
        "bad": 1,
        "satisfaction": 0.5,
        "tickets_updated": 3,
        "tickets_solved": 2,
        "tickets_replied": 0,
        "public_replies": 0,
        "internal_notes": 0,
        "online_s_by_hour": [*[0] * 8, 2400, *[0] * 15],
    }
    # Who was in a chat without being online, and who was online without a chat.
    columns = ("agent_id", "online_s", "away_s", "concurrency", "offered", "not_accepted", "chats")
    assert [tuple(one[name] for name in columns) for one in (eight, nine)] == [
        (8, 0, 0, None, 1, 1, 0),
        (9, 0, 10, None, 0, 0, 0),
    ]
    assert (eight["bad"], eight["satisfaction"], eight["messages"]) == (1, 0, 0)
    assert (nine["agent_name"], nine["satisfaction"], nine["tickets_updated"]) == (None, None, 0)
    assert eight["online_s_by_hour"] == nine["online_s_by_hour"] == [0] * 24


def test_who_works_in_support_alone_has_a_row_and_a_name_and_automation_one_of_its_own(
    lake: Lake,
) -> None:
    def comment(public: bool, author: int) -> Item:
        return {"event_type": "Comment", "id": 1, "author_id": author, "public": public}

    users = [
        {"id": id, "name": name, "role": role, "created_at": iso(created)}
        | {"updated_at": iso("04 00:00")}
        for id, name, role, created in (
            (7, "Ann", "agent", "01 00:00"),
            (8, "Bob", "admin", "01 00:00"),
            (9, "Eve", "end-user", "01 00:00"),
            (10, "Dan", "end-user", "01 00:00"),  # an agent once: tickets are assigned to him
            (11, "Cem", "agent", "03 00:00"),
        )
    ]
    put(lake, USERS, users, 4)
    solve = {"status": "solved", "previous_value": "open"}
    put(
        lake,
        TICKET_EVENTS,
        [
            change("02 08:00", 9, 2, {"assignee_id": "10"}),
            change("02 09:00", 7, 1, {"priority": "low"}, solve | {"via": "Rule"}),
            change("02 09:00", 9, 1, {"subject": "Help"}, comment(True, 9)),
            change("02 10:00", 8, 1, comment(True, 8), comment(False, 8), comment(True, 8)),
            change("02 10:00", 10, 2, solve),
            change("02 11:00", -1, 3, solve | {"status": "closed"}),
        ],
        2,
    )
    make_days(lake, TEAM_DAILY_SUMMARY, 2)
    columns = ("agent_id", "is_automation", "agent_name", "tickets_updated", "tickets_solved")
    comments = ("tickets_replied", "public_replies", "internal_notes")
    assert values(lake, AGENT_DAILY_SCORECARD, 2, *columns, *comments) == [
        (7, False, "Ann", 1, 0, 0, 0, 0),
        (8, False, "Bob", 0, 0, 1, 2, 1),
        (10, False, None, 1, 1, 0, 0, 0),
        (None, True, None, 2, 1, 0, 0, 0),
    ]
    columns = ("is_automation", "agents", "tickets_updated", "tickets_solved", "tickets_replied")
    assert values(lake, TEAM_DAILY_SUMMARY, 2, *columns) == [
        (False, 3, 2, 1, 1),
        (True, 0, 2, 1, 0),
    ]


def test_a_chat_of_two_agents_counts_once_for_the_team(lake: Lake) -> None:
    put(lake, CHATS, [chat("02 09:00", engagements=[engagement(7), engagement(8)])], 2, 5)
    make_days(lake, TEAM_DAILY_SUMMARY, 2)
    assert values(lake, AGENT_DAILY_SCORECARD, 2, "chats") == [(1,), (1,)]
    assert values(lake, TEAM_DAILY_SUMMARY, 2, "is_automation", "agents", "chats") == [
        (False, 2, 1),
    ]


def test_a_new_name_makes_days_due_since_that_agent_was_created_and_an_end_users_none(
    lake: Lake,
) -> None:
    def user(id: int, role: str, created: str, name: str) -> Item:
        of = {"created_at": iso(created), "updated_at": iso("06 00:00")}
        return {"id": id, "role": role, "name": name, **of}

    old = [user(7, "agent", "01 00:00", "Ann"), user(8, "agent", "04 12:00", "Bob")]
    put(lake, USERS, [*old, user(9, "end-user", "01 00:00", "Eve")], 6)
    put(lake, TICKET_EVENTS, [], *range(2, 6))
    make_days(lake, AGENT_DAILY_SCORECARD, *range(2, 6))
    put(lake, USERS, [*old, user(9, "end-user", "01 00:00", "Eva")], 6)
    refresh(lake)
    assert due(lake, range(2, 6), [AGENT_DAILY_SCORECARD]) == []
    put(lake, USERS, [old[0], user(8, "agent", "04 12:00", "Rob")], 6)
    refresh(lake)
    found = due(lake, range(2, 6), [AGENT_DAILY_SCORECARD])
    assert [number for _, number in found] == [4, 5]


def ticket(at: str, number: int, previous: Any = None, *, new: bool = False, **fields: Any) -> Item:
    children: list[Item] = [
        {"event_type": "Create" if new else "Change", name: value} for name, value in fields.items()
    ]
    if previous is not None:
        children[0]["previous_value"] = previous
    item = {"id": next(_IDS), "ticket_id": number, "timestamp": epoch(at), "updater_id": 7}
    return item | {"child_events": children}


BACKLOG = ("group_id", "backlog", "created", "solved", "reopened", "closed")


def test_the_backlog_is_what_is_unsolved_at_the_days_end(lake: Lake) -> None:
    put(
        lake,
        TICKET_EVENTS,
        [
            ticket("02 06:00", 1, new=True, status="new", group_id=5),
            ticket("02 12:00", 2, new=True, status="open", group_id=5, assignee_id=8),
            ticket("02 18:00", 3, new=True, status="pending", group_id=6, assignee_id=8),
            ticket("02 18:00", 4, new=True, status="solved", group_id=6),
            ticket("02 18:00", 5, new=True, status="waiting for parts"),
            # Solved twice and reopened once, then handed to the other group on the day after.
            ticket("02 13:00", 2, "open", status="solved"),
            ticket("02 14:00", 2, "solved", status="open"),
            ticket("02 15:00", 2, "open", status="solved"),
            ticket("03 08:00", 2, "solved", status="hold", group_id=6, assignee_id=None),
            ticket("03 09:00", 1, "new", status="deleted"),
            ticket("03 09:00", 3, "pending", status="closed"),
            ticket("03 09:00", 4, "solved", status="closed"),
            ticket("04 09:00", 3, subject="touched, though closed"),
        ],
        *(2, 3, 4),
    )
    make_days(lake, TICKET_BACKLOG_DAILY, 2, 3, 4)
    assert [values(lake, TICKET_BACKLOG_DAILY, number, *BACKLOG) for number in (2, 3, 4)] == [
        [(5, 1, 2, 2, 1, 0), (6, 1, 2, 1, 0, 0), (None, 1, 1, 0, 0, 0)],
        [(5, 0, 0, 0, 0, 1), (6, 1, 0, 0, 1, 2), (None, 1, 0, 0, 0, 0)],
        [(6, 1, 0, 0, 0, 0), (None, 1, 0, 0, 0, 0)],
    ]
    statuses = ("group_id", "new", "open", "pending", "hold", "other", "unassigned")
    assert values(lake, TICKET_BACKLOG_DAILY, 2, *statuses) == [
        (5, 1, 0, 0, 0, 0, 1),
        (6, 0, 0, 1, 0, 0, 0),
        (None, 0, 0, 0, 0, 1, 1),
    ]
    assert values(lake, TICKET_BACKLOG_DAILY, 3, *statuses)[1] == (6, 0, 0, 0, 1, 0, 1)
    flows = ("before", "reopened", "moved_in", "moved_out", "left", "backlog")
    assert values(lake, TICKET_BACKLOG_DAILY, 3, *flows) == [
        (1, 0, 0, 0, 1, 0),
        (1, 1, 0, 0, 1, 1),
        (1, 0, 0, 0, 0, 1),
    ]


def test_a_ticket_that_changes_hands_leaves_one_group_for_the_other(lake: Lake) -> None:
    events = [
        ticket("02 06:00", 1, new=True, status="open", group_id=5),
        ticket("03 06:00", 1, 5, group_id=6),
    ]
    put(lake, TICKET_EVENTS, events, 2, 3)
    make_days(lake, TICKET_BACKLOG_DAILY, 2, 3)
    flows = ("group_id", "before", "moved_in", "moved_out", "backlog")
    assert values(lake, TICKET_BACKLOG_DAILY, 3, *flows) == [(5, 1, 0, 1, 0), (6, 0, 1, 0, 1)]


@pytest.mark.parametrize(
    ("until", "ages"), [(None, (24 * HOUR, 18 * HOUR)), ("09 12:00", (12 * HOUR, 6 * HOUR))]
)
def test_ages_go_as_far_as_the_day_is_known(
    until: str | None, ages: tuple[int, int], lake: Lake
) -> None:
    events = [
        ticket("01 12:00", 1, new=True, status="open"),
        ticket("02 00:00", 2, new=True, status="open"),
        ticket("09 00:00", 3, new=True, status="open"),
        ticket("09 06:00", 4, new=True, status="open"),
        ticket("09 06:00", 5, new=True, status="solved"),
        ticket("09 06:00", 6, "new", status="open"),
    ]
    put(lake, TICKET_EVENTS, events, *range(1, 9))
    put(lake, TICKET_EVENTS, events, 9, until=until)
    make_days(lake, TICKET_BACKLOG_DAILY, *range(1, 10))
    unknown, found = rows(lake, TICKET_BACKLOG_DAILY, 9)
    third, fourth = ages
    first, second = third + 7.5 * 24 * HOUR, third + 7 * 24 * HOUR
    # When the sixth was created isn't known, nor its group, which isn't the same as none.
    assert (unknown["is_group_known"], unknown["backlog"], unknown["aged"]) == (False, 1, 0)
    assert (found["is_group_known"], found["backlog"], found["aged"]) == (True, 4, 4)
    assert found["age_max_s"] == first
    assert found["age_mean_s"] == pytest.approx((first + second + third + fourth) / 4)
    assert found["older_than_week"] == 2
