"""Tickets by dimension, what requesters said, and demand by hour, against examples by hand."""

from itertools import count
from typing import Any

from zd_assets.catalog.chat import AGENT_TIMELINE, CHATS
from zd_assets.catalog.support import TICKET_EVENTS, TICKETS
from zd_assets.lake.lake import Lake
from zd_assets.models.facts.ticket_attributes import TICKET_ATTRIBUTES
from zd_assets.models.marts.demand_by_hour_daily import DEMAND_BY_HOUR_DAILY
from zd_assets.models.marts.tickets_by_dimension_daily import TICKETS_BY_DIMENSION_DAILY
from zd_assets_tests.helpers.daily_lake import (
    Item,
    epoch,
    iso,
    make_days,
    put,
    rows,
    values,
    when,
)

_IDS = count(100)


def version(at: str, ticket: int, score: str | None = None, **fields: Any) -> Item:
    """A ticket as the export has it; created on the 2nd unless told."""
    item = {"id": ticket, "generated_timestamp": epoch(at), "created_at": iso("02 09:00")}
    rating = {} if score is None else {"satisfaction_rating": {"score": score}}
    return item | {"status": "open", "via": {"channel": "web"}} | rating | fields


def event(at: str, ticket: int, **child: Any) -> Item:
    item = {"id": next(_IDS), "ticket_id": ticket, "timestamp": epoch(at), "updater_id": 7}
    return item | {"child_events": [child]}


def by(lake: Lake, number: int, dimension: str, *columns: str) -> dict[Any, tuple[Any, ...]]:
    """Some columns of a dimension, by value; of what isn't known, by `unknown`."""
    return {
        one["value"] if one["is_known"] else "unknown": tuple(one[name] for name in columns)
        for one in rows(lake, TICKETS_BY_DIMENSION_DAILY, number)
        if one["dimension"] == dimension
    }


def test_tickets_count_in_each_dimension_and_for_each_tag(lake: Lake) -> None:
    old = {"created_at": iso("01 09:00")}
    put(
        lake,
        TICKETS,
        [
            version("02 10:00", 1, brand_id=1, tags=["a", "b"], priority="high", group_id=4),
            version("02 10:00", 2, brand_id=1, tags=["a", "a"], via={"channel": "email"}),
            version("02 10:00", 3, brand_id=2, tags=[], status="solved"),
            version("03 10:00", 3, brand_id=1, tags=["c"], status="open"),
            version("03 10:00", 4, brand_id=None, **old),
        ],
        *range(2, 6),
    )
    put(
        lake,
        TICKET_EVENTS,
        [
            event("02 09:00", 5, event_type="Create", status="new"),
            event("03 09:00", 1, event_type="Change", status="solved", previous_value="open"),
        ],
        *range(2, 6),
    )
    make_days(lake, TICKETS_BY_DIMENSION_DAILY, 2, 3, 4)
    flows = ("created", "solved", "reopened", "backlog")
    # 4 is older: the first day looks ahead; 5 is in no version.
    assert by(lake, 2, "all", *flows) == {"all": (4, 1, 0, 4)}
    assert by(lake, 2, "brand", *flows) == {
        "1": (2, 0, 0, 2),
        "2": (1, 1, 0, 0),
        None: (0, 0, 0, 1),
        "unknown": (1, 0, 0, 1),
    }
    assert by(lake, 2, "channel", *flows) == {
        "web": (2, 1, 0, 2),
        "email": (1, 0, 0, 1),
        "unknown": (1, 0, 0, 1),
    }
    assert by(lake, 2, "tag", *flows) == {
        "a": (2, 0, 0, 2),
        "b": (1, 0, 0, 1),
        None: (1, 1, 0, 1),
        "unknown": (1, 0, 0, 1),
    }
    assert by(lake, 2, "priority", "created")["high"] == (1,)
    assert by(lake, 2, "group", "created")["4"] == (1,)
    assert by(lake, 3, "brand", *flows) == {
        "1": (0, 1, 1, 2),
        None: (0, 0, 0, 1),
        "unknown": (0, 0, 0, 1),
    }
    # Nothing touched them: what was known is known still.
    assert by(lake, 4, "tag", "backlog") == {
        "a": (1,),
        "c": (1,),
        None: (1,),
        "unknown": (1,),
    }


def test_a_rating_counts_on_the_day_on_which_it_is_given_or_changed(lake: Lake) -> None:
    versions = [
        version("02 10:00", 1, "unoffered"),
        version("03 10:00", 1, "offered", status="solved"),
        version("04 10:00", 1, "good", status="solved"),
        version("05 10:00", 1, "good", status="solved", tags=["x"]),
        version("06 10:00", 1, "bad", status="solved"),
        version("02 10:00", 2, "good", status="solved"),
        # Older than all exports: nobody knows since when.
        version("04 10:00", 3, "bad", created_at=iso("01 09:00"), status="solved"),
    ]
    put(lake, TICKETS, versions, *range(2, 8))
    put(lake, TICKET_EVENTS, [], *range(2, 8))
    make_days(lake, TICKETS_BY_DIMENSION_DAILY, *range(2, 8))
    columns = ("offered", "good", "bad", "satisfaction")
    assert [by(lake, number, "all", *columns).get("all") for number in range(2, 8)] == [
        (1, 1, 0, 1),
        (1, 0, 0, None),
        (0, 1, 0, 1),
        None,
        (0, 0, 1, 0),
        None,
    ]
    columns = ("ticket_id", "satisfaction", "rated")
    assert values(lake, TICKET_ATTRIBUTES, 5, *columns) == [
        (1, "good", None),
        (2, "good", None),
        (3, "bad", None),
    ]


def test_demand_by_hour_is_what_came_and_who_was_there(lake: Lake) -> None:
    of = {"type": "chat", "update_timestamp": iso("05 12:00")}
    chats = [
        {"id": "a", "timestamp": iso("02 09:10"), **of},
        {"id": "b", "timestamp": iso("02 09:50"), "missed": True, **of},
        {"id": "c", "timestamp": iso("02 10:00"), "deleted": True, **of},
        {"id": "d", "timestamp": iso("02 10:00"), **of, "type": "offline_msg"},
    ]
    put(lake, CHATS, chats, *range(2, 6))
    spans = [
        {"agent_id": agent, "start_time": iso(at), "duration": seconds, "status": status}
        for agent, at, seconds, status in (
            (7, "02 09:00", 5400, "online"),
            (8, "02 09:30", 900, "online"),
            (9, "02 09:00", 3600, "away"),
        )
    ]
    put(lake, AGENT_TIMELINE, spans, 2, 3)
    created = event("02 09:05", 1, event_type="Create", status="new")
    put(lake, TICKET_EVENTS, [created], 2)
    make_days(lake, DEMAND_BY_HOUR_DAILY, 2)
    found = rows(lake, DEMAND_BY_HOUR_DAILY, 2)
    assert [one["hour"] for one in found] == [9, 10]
    # The 2nd of January 2026 was a Friday.
    assert {one["weekday"] for one in found} == {when("02 00:00").isoweekday()} == {5}
    columns = ("chats", "missed_chats", "tickets_created", "agents", "online_s")
    assert tuple(found[0][name] for name in columns) == (2, 1, 1, 2, 4500)
    assert found[0]["chats_per_agent_hour"] == 1.6
    assert tuple(found[1][name] for name in columns) == (0, 0, 0, 1, 1800)
    assert found[1]["chats_per_agent_hour"] == 0
