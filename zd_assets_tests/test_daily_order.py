"""What becomes due by a change, and that the order in which days are made doesn't matter."""

import tempfile
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zd_assets.catalog.chat import AGENT_TIMELINE, CHATS, CONVERSIONS, DEPARTMENT_EVENTS
from zd_assets.catalog.export import Export
from zd_assets.catalog.support import (
    ROUTING_ATTRIBUTE_VALUES,
    ROUTING_ATTRIBUTES,
    ROUTING_INSTANCE_VALUES,
    TICKET_EVENTS,
    TICKET_METRIC_EVENTS,
)
from zd_assets.engine.day import Day, day_file
from zd_assets.engine.make import make
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.lake.location import identity
from zd_assets.models.facts.ticket_attributes import TICKET_ATTRIBUTES
from zd_assets.models.facts.ticket_custom_fields import TICKET_CUSTOM_FIELDS
from zd_assets.models.registry import MODELS
from zd_assets_tests.helpers.daily_lake import (
    Item,
    epoch,
    footer,
    iso,
    key,
    make_days,
    put,
    refresh,
    rows,
    settle,
)
from zd_assets_tests.helpers.files import duck
from zd_assets_tests.helpers.odd_items import PATIENT

DAYS = (2, 3, 4)


def chat(id: str, start: str, updated: str, **attributes: Any) -> Item:
    times = {"timestamp": iso(start), "update_timestamp": iso(updated)}
    return {"id": id, "department_id": 3, **times, **attributes}


def span(start: str, duration: float, agent: int = 7) -> Item:
    item = {"agent_id": agent, "start_time": iso(start), "duration": duration}
    return item | {"status": "online", "engagement_count": 1}


def queue(id: str, at: str, size: int) -> Item:
    item = {"id": id, "department_id": 3, "timestamp": iso(at), "field_name": "queue_sizes"}
    return item | {"value": {"queue_size": size}}


def conversion(id: str, at: str) -> Item:
    return {"id": id, "timestamp": iso(at), "goal_id": 5}


def update(id: int, at: str, status: str, ticket: int = 1) -> Item:
    item = {"id": id, "ticket_id": ticket, "timestamp": epoch(at), "updater_id": 7}
    return item | {"child_events": [{"event_type": "Change", "status": status}]}


def comment(id: int, at: str) -> Item:
    item = {"id": id, "ticket_id": 2, "timestamp": epoch(at), "updater_id": 7}
    return item | {"child_events": [{"id": 9, "event_type": "Comment", "public": True}]}


def metric(id: int, at: str, type: str, ticket: int = 1) -> Item:
    item = {"id": id, "ticket_id": ticket, "metric": "reply_time", "instance_id": 1}
    return item | {"type": type, "time": iso(at), "sla": {"policy": "Gold", "target": 5}}


def moved(id: str, at: str, type: str) -> Item:
    return {"id": id, "attribute_value_id": "en", "instance_id": 1, "type": type, "time": iso(at)}


def named(id: str, at: str, **attributes: Any) -> Item:
    return {"id": id, "name": f"{id} at {at}", "type": "update", "time": iso(at), **attributes}


# All but what needs the tickets export, which this world does without.
TABLES = [model for model in MODELS if model is not TICKET_CUSTOM_FIELDS]
SAID = [{"type": "chat.msg", "msg": "Hi", "timestamp": iso("02 09:00")}]
WORLD: dict[Export, list[Item]] = {
    CHATS: [
        chat(
            "a",
            "02 09:00",
            "02 10:00",
            engagements=[{"agent_id": 7, "accepted": True}],
            webpath=[{"from": "", "timestamp": iso("02 08:59"), "to": "/a", "title": "A"}],
        ),
        chat("b", "02 09:30", "03 08:00", history=SAID, missed=True),
        chat("c", "03 09:00", "04 08:00", deleted=True),
        chat("d", "04 09:00", "04 10:00", rating="good"),
    ],
    AGENT_TIMELINE: [span("02 08:00", 3600), span("02 22:00", 30 * 3600), span("04 08:00", 60, 8)],
    DEPARTMENT_EVENTS: [queue("a", "02 09:00", 2), queue("b", "04 09:00", 0)],
    CONVERSIONS: [conversion("a", "02 09:00"), conversion("b", "04 09:00")],
    TICKET_EVENTS: [
        update(1, "02 08:00", "new"),
        update(2, "03 08:00", "solved"),
        update(3, "04 08:00", "open"),
        update(4, "02 08:00", "open", ticket=2),
        comment(5, "02 08:30"),
    ],
    TICKET_METRIC_EVENTS: [
        metric(1, "02 08:00", "activate"),
        metric(2, "04 08:00", "breach"),
        metric(3, "02 08:00", "activate", ticket=2),
        metric(4, "02 08:30", "fulfill", ticket=2),
    ],
    ROUTING_ATTRIBUTES: [named("language", "02 08:00"), named("language", "03 08:00")],
    ROUTING_ATTRIBUTE_VALUES: [named("en", "02 08:00", attribute_id="language")],
    ROUTING_INSTANCE_VALUES: [
        moved("1", "02 08:00", "associate_ticket"),
        moved("2", "03 20:00", "unassociate_ticket"),
        moved("3", "02 20:00", "associate_agent"),
    ],
}


def put_world(lake: Lake, *days: int) -> None:
    for export, items in WORLD.items():
        put(lake, export, items, *days)


@pytest.fixture(scope="module")
def in_order(tmp_path_factory: pytest.TempPathFactory) -> Lake:
    """All that there is, made in order of time."""
    lake = open_lake(str(tmp_path_factory.mktemp("in_order")))
    put_world(lake, *DAYS)
    refresh(lake)
    settle(lake, DAYS)
    return lake


def everything(lake: Lake) -> dict[tuple[str, int], Any]:
    return {
        (table.name, number): (rows(lake, table, number), footer(lake, table, number).data_version)
        for table in TABLES
        for number in DAYS
    }


def test_every_table_has_rows_in_this_world_and_they_keep_what_it_promises(
    in_order: Lake,
) -> None:
    for table in TABLES:
        if table is TICKET_ATTRIBUTES:
            continue  # They are those of the tickets export.
        assert any(rows(in_order, table, number) for number in DAYS), table.name
        days = in_order.root.joinpath(*table.path, "date=*", "*.parquet")
        for promise, condition in table.assertions.items():
            condition = condition.replace("longest_day_s()", "86400")
            broken = duck(f"select count(*) from '{days}' where not ({condition})")
            assert broken == [(0,)], f"{table.name}: {promise}"


@settings(PATIENT, max_examples=2)
@given(st.data())
def test_made_in_any_order_and_twice_the_days_end_the_same(
    in_order: Lake, data: st.DataObject
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lake = open_lake(folder)
        partitions = [(export, number) for export in WORLD for number in DAYS]
        left = list(data.draw(st.permutations(partitions)))
        while left:
            some = data.draw(st.integers(5, len(partitions)))
            for export, number in left[:some]:
                early = data.draw(st.booleans())
                until = f"{number:02} 08:30" if early else None
                put(lake, export, WORLD[export], number, until=until)
            left = left[some:]
            if data.draw(st.booleans()):
                refresh(lake)
            for number in data.draw(st.lists(st.sampled_from(DAYS), max_size=2)):
                table = data.draw(st.sampled_from(TABLES))
                for _ in make(table, lake, [Day(key(number))], run_id="run", memory_mb=256):
                    pass
        put_world(lake, *DAYS)
        refresh(lake)
        settle(lake, data.draw(st.permutations(DAYS)))
        assert everything(lake) == everything(in_order)
        assert settle(lake, DAYS) == set()


def test_made_again_a_day_is_the_same(in_order: Lake) -> None:
    before = everything(in_order)
    for table in TABLES:
        make_days(in_order, table, *DAYS)
    assert everything(in_order) == before
    assert settle(in_order, DAYS) == set()


AROUND = (1, *DAYS, 5)
Growing = tuple[Lake, dict[Export, list[Item]]]


@pytest.fixture(scope="module")
def growing(tmp_path_factory: pytest.TempPathFactory) -> Growing:
    """The same with quiet days around it, and its items, to which each test adds one."""
    lake = open_lake(str(tmp_path_factory.mktemp("growing")))
    put_world(lake, *AROUND)
    refresh(lake)
    settle(lake, AROUND)
    return lake, {export: list(items) for export, items in WORLD.items()}


ACTIVITY, SUMMARY, CARD = "agent_activity", "chat_daily_summary", "agent_daily_scorecard"
ENGAGEMENTS, MESSAGES, QUEUE = "chat_engagements", "chat_messages", "department_queue"
CHANGES, STATES, BACKLOG = "ticket_field_changes", "ticket_states", "ticket_backlog_daily"
METRICS, BREACHES, SKILLS, HELD = (
    "ticket_metrics",
    "sla_breaches_daily",
    "skills",
    "skill_assignments",
)
TEAM, DEMAND, TIMES = "team_daily_summary", "demand_by_hour_daily", "ticket_times_daily"
PAGES, ATTRIBUTES, DIMENSIONS = (
    "chat_page_views",
    "ticket_attributes",
    "tickets_by_dimension_daily",
)


@pytest.mark.parametrize(
    ("export", "item", "touched"),
    [
        (CONVERSIONS, conversion("new", "03 09:00"), {("conversion_attribution", 3)}),
        # The day after begins with it and hands nothing of it on.
        (DEPARTMENT_EVENTS, queue("new", "03 09:00", 7), {(QUEUE, 3), (QUEUE, 4)}),
        (DEPARTMENT_EVENTS, queue("new", "04 10:00", 7), {(QUEUE, 4)}),
        (
            AGENT_TIMELINE,
            span("03 06:00", 60, 9),
            {(ACTIVITY, 3), (CARD, 3), (TEAM, 3), (DEMAND, 3)},
        ),
        (
            AGENT_TIMELINE,
            span("02 23:59", 120, 9),
            {(name, number) for name in (ACTIVITY, CARD, TEAM, DEMAND) for number in (2, 3)},
        ),
        (
            CHATS,
            chat("a", "02 09:00", "03 10:00", rating="bad", history=SAID),
            {(name, 2) for name in (ENGAGEMENTS, MESSAGES, PAGES, SUMMARY, CARD, TEAM, DEMAND)},
        ),
        (
            TICKET_EVENTS,
            update(9, "04 09:00", "pending"),
            # The first day looks ahead for older tickets.
            {
                *{(CHANGES, 4), (STATES, 4), (BACKLOG, 4), (HELD, 4), (CARD, 4)},
                *{(STATES, 1), (METRICS, 4), (TEAM, 4), (DEMAND, 4), (TIMES, 4)},
                *{("ticket_comments", 4), (ATTRIBUTES, 4), (DIMENSIONS, 4)},
            },
        ),
        (
            TICKET_METRIC_EVENTS,
            metric(9, "03 09:00", "pause"),
            {(name, number) for name in (METRICS, BREACHES, TIMES) for number in (3, 4)},
        ),
        (
            ROUTING_INSTANCE_VALUES,
            moved("9", "04 09:00", "unassociate_agent"),
            {(HELD, 4)},
        ),
        (
            ROUTING_ATTRIBUTE_VALUES,
            named("fr", "04 09:00", attribute_id="language"),
            {(SKILLS, 4), (HELD, 4)},
        ),
    ],
    ids=lambda one: one.name if isinstance(one, Export) else "",
)
def test_a_new_item_makes_only_the_days_due_that_it_touches(
    export: Export, item: Item, touched: set[tuple[str, int]], growing: Growing
) -> None:
    lake, items = growing
    before = identities(lake)
    items[export].append(item)
    put(lake, export, items[export], exported_on(item))
    refresh(lake)
    made = settle(lake, AROUND)
    # What the last day hands on is the business of the day after.
    assert {(name, number) for name, number in made if number <= DAYS[-1]} == touched
    after = identities(lake)
    assert {at for at in before if before[at] != after[at] and at[1] <= DAYS[-1]} == touched


def identities(lake: Lake) -> dict[tuple[str, int], str]:
    return {
        (table.name, number): identity(day_file(lake, table, Day(key(number))))
        for table in TABLES
        for number in AROUND
    }


def exported_on(item: Item) -> int:
    """In which day's partition an item is."""
    match item:
        case {"update_timestamp": text} | {"time": text}:
            return int(text[8:10])
        case {"start_time": _}:
            return 3
        case {"timestamp": int(second)}:
            return 1 + (second - epoch("01 00:00")) // 86_400
    return int(item["timestamp"][8:10])
