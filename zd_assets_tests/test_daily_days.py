"""How days are made: what their footers say, when they are due, what survives crashes."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from textwrap import dedent
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zd_assets.catalog.chat import AGENT_TIMELINE, CHATS, CONVERSIONS, DEPARTMENT_EVENTS
from zd_assets.catalog.support import TICKET_EVENTS
from zd_assets.engine.day import Day, day_file
from zd_assets.engine.make import make
from zd_assets.lake.errors import LakeError
from zd_assets.lake.footer import FOOTER_KEY
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.models.facts.agent_activity import AGENT_ACTIVITY
from zd_assets.models.facts.chat_engagements import CHAT_ENGAGEMENTS
from zd_assets.models.facts.chat_messages import CHAT_MESSAGES
from zd_assets.models.facts.conversion_attribution import CONVERSION_ATTRIBUTION
from zd_assets.models.facts.department_queue import DEPARTMENT_QUEUE
from zd_assets.models.facts.ticket_field_changes import TICKET_FIELD_CHANGES
from zd_assets.models.facts.ticket_states import TICKET_STATES
from zd_assets.models.latest import CHATS_LATEST
from zd_assets.models.marts.chat_daily_summary import CHAT_DAILY_SUMMARY
from zd_assets.models.registry import MODELS
from zd_assets.schema.arrow import arrow_schema
from zd_assets_tests.helpers.daily_lake import (
    Item,
    due,
    epoch,
    footer,
    hour,
    iso,
    key,
    make_days,
    put,
    refresh,
    rows,
    settle,
    us,
    values,
)
from zd_assets_tests.helpers.truth import day


def conversion(at: str, id: str = "a") -> Item:
    return {"id": id, "timestamp": iso(at), "goal_id": 5}


def chat(id: str, start: str, updated: str, **attributes: Any) -> Item:
    return {"id": id, "timestamp": iso(start), "update_timestamp": iso(updated), **attributes}


def queue(id: str, at: str, size: int) -> Item:
    item = {"id": id, "department_id": 1, "timestamp": iso(at), "field_name": "queue_sizes"}
    return item | {"value": {"queue_size": size}}


def numbers_due(lake: Lake, *tables: Any) -> list[int]:
    return [number for _, number in due(lake, range(1, 10), tables)]


def test_a_days_footer_says_what_it_is_and_how_far_it_goes(lake: Lake) -> None:
    put(lake, CONVERSIONS, [conversion("02 09:00"), conversion("02 10:00", "b")], 2)
    put(lake, CONVERSIONS, [], 3, until="03 06:30")
    make_days(lake, CONVERSION_ATTRIBUTION, 2, 3)
    second, third = (footer(lake, CONVERSION_ATTRIBUTION, number) for number in (2, 3))
    assert (second.table, second.day) == ("conversion_attribution", "2026-01-02")
    assert (second.items, second.run_id, second.carried_since) == (2, "run", None)
    assert (second.complete, second.known_until_us) == (True, us("03 00:00"))
    assert (third.items, third.data_version) == (0, "empty")
    assert (third.complete, third.known_until_us) == (False, us("03 06:30"))


def test_a_day_goes_as_far_as_the_least_known_of_what_it_is_made_of(lake: Lake) -> None:
    put(lake, TICKET_EVENTS, [], 2, until="02 12:00")
    put(lake, AGENT_TIMELINE, [], 2, until="02 09:00")
    put(lake, CHATS, [], 2, 3)
    settle(lake, [2])
    assert not _is_there(lake, CHAT_DAILY_SUMMARY)  # The day's chats aren't merged yet.
    refresh(lake)
    settle(lake, [2])
    by_name = {table.name: footer(lake, table, 2) for table in MODELS if _is_there(lake, table)}
    assert by_name["agent_daily_scorecard"].known_until_us == us("02 09:00")
    assert not by_name["agent_daily_scorecard"].complete
    assert by_name["ticket_backlog_daily"].known_until_us == us("02 12:00")
    assert by_name["chat_daily_summary"].complete
    assert "ticket_metrics" not in by_name  # Nothing there is of the day.


def _is_there(lake: Lake, table: Any) -> bool:
    return day_file(lake, table, Day(key(2))).exists()


def test_a_day_is_due_when_there_is_something_of_it_and_until_it_is_made(lake: Lake) -> None:
    assert due(lake, range(1, 10)) == []
    put(lake, CONVERSIONS, [], 2)
    assert numbers_due(lake, CONVERSION_ATTRIBUTION) == [2]
    settle(lake, range(1, 10))
    assert due(lake, range(1, 10)) == []
    put(lake, CONVERSIONS, [], 2, until="02 12:00")
    assert numbers_due(lake, CONVERSION_ATTRIBUTION) == [2]


def test_a_day_is_due_when_the_table_is_made_in_another_way(lake: Lake) -> None:
    put(lake, CONVERSIONS, [conversion("02 09:00")], 2)
    settle(lake, [2])
    other = replace(CONVERSION_ATTRIBUTION, sql=CONVERSION_ATTRIBUTION.sql + " and goal_id > 5")
    fewer = replace(CONVERSION_ATTRIBUTION, columns=CONVERSION_ATTRIBUTION.columns[:-1])
    said = replace(CONVERSION_ATTRIBUTION, description="The same in other words.")
    assert [bool(due(lake, [2], [table])) for table in (other, fewer, said)] == [True, True, False]
    make_days(lake, other, 2)
    assert rows(lake, other, 2) == []
    assert not due(lake, [2], [other])


def test_a_chat_that_is_updated_later_makes_only_the_day_due_on_which_it_started(
    lake: Lake,
) -> None:
    chats = [chat("a", "02 09:00", "02 10:00"), chat("b", "03 09:00", "03 10:00")]
    put(lake, CHATS, chats, *range(1, 6))
    refresh(lake)
    settle(lake, range(1, 10))
    before = {number: footer(lake, CHAT_DAILY_SUMMARY, number) for number in (2, 3)}
    put(lake, CHATS, [chat("a", "02 09:00", "05 10:00", rating="good")], 5)
    refresh(lake)
    assert numbers_due(lake, CHAT_DAILY_SUMMARY) == [2]
    settle(lake, range(1, 10))
    assert footer(lake, CHAT_DAILY_SUMMARY, 2).data_version != before[2].data_version
    assert footer(lake, CHAT_DAILY_SUMMARY, 3) == before[3]
    assert values(lake, CHAT_DAILY_SUMMARY, 2, "good") == [(1,)]


def test_the_same_chats_fetched_again_make_nothing_due(lake: Lake) -> None:
    chats = [chat("a", "02 09:00", "03 10:00", history=[{"type": "chat.msg", "msg": "Hi"}])]
    put(lake, CHATS, chats, *range(1, 6))
    refresh(lake)
    settle(lake, range(1, 10))
    put(lake, CHATS, chats, *range(1, 6))
    refresh(lake)
    assert due(lake, range(1, 10)) == []


def test_a_day_of_hours_is_whole_when_its_last_hour_is(lake: Lake) -> None:
    chats = [chat("a", "02 09:00", "02 10:00"), chat("b", "02 22:00", "02 23:10")]
    put(lake, CHATS, chats, *(hour(2, number) for number in range(23)))
    refresh(lake)
    settle(lake, [2])
    assert footer(lake, CHAT_DAILY_SUMMARY, 2).known_until_us == hour(2, 23).start_us
    put(lake, CHATS, chats, hour(2, 23))
    refresh(lake)
    assert ("chat_daily_summary", 2) in settle(lake, [2])
    assert footer(lake, CHAT_DAILY_SUMMARY, 2).known_until_us == us("03 00:00")
    assert values(lake, CHAT_DAILY_SUMMARY, 2, "chats") == [(2,)]


def test_a_day_of_chats_waits_for_those_that_end_after_midnight(lake: Lake) -> None:
    late = chat("a", "02 23:50", "03 00:10")
    put(lake, CHATS, [late], 2)
    for until, complete in (("03 05:00", False), ("03 06:00", True)):
        put(lake, CHATS, [late], 3, until=until)
        refresh(lake)
        settle(lake, [2])
        assert footer(lake, CHAT_DAILY_SUMMARY, 2).complete is complete
    assert values(lake, CHAT_DAILY_SUMMARY, 2, "chats") == [(1,)]


def test_a_day_is_complete_once_its_partition_is_merged_as_it_is_now(lake: Lake) -> None:
    put(lake, CHATS, [], 2, 3)
    refresh(lake)
    put(lake, CHATS, [chat("a", "02 09:00", "02 10:00")], 2)
    make_days_alone(lake, CHAT_MESSAGES, 2)
    assert not footer(lake, CHAT_MESSAGES, 2).complete
    refresh(lake)
    settle(lake, [2], [CHAT_MESSAGES])
    assert footer(lake, CHAT_MESSAGES, 2).complete


def make_days_alone(lake: Lake, table: Any, number: int) -> None:
    list(make(table, lake, [Day(key(number))], run_id="run"))


def test_a_day_is_due_when_more_of_it_is_known_though_nothing_came(lake: Lake) -> None:
    for until in ("02 12:00", "02 18:00", None):
        put(lake, CHATS, [chat("a", "02 09:00", "02 10:00")], 2, until=until)
        refresh(lake)
        assert numbers_due(lake, CHAT_MESSAGES) == [2]
        settle(lake, [2])
        assert footer(lake, CHAT_MESSAGES, 2).known_until_us == us(until or "03 00:00")


def test_a_change_that_a_day_doesnt_hand_on_stops_there(lake: Lake) -> None:
    events = [queue("a", "02 09:00", 3), queue("b", "03 09:00", 0)]
    put(lake, DEPARTMENT_EVENTS, events, *range(2, 6))
    settle(lake, range(1, 10), [DEPARTMENT_QUEUE])
    # An hour's peak more, which midnight knows nothing of.
    put(lake, DEPARTMENT_EVENTS, [queue("0", "02 08:00", 9), *events], 2)
    assert numbers_due(lake, DEPARTMENT_QUEUE) == [2]
    make_days(lake, DEPARTMENT_QUEUE, 2)
    assert numbers_due(lake, DEPARTMENT_QUEUE) == [3]  # Made of the whole day before.
    make_days(lake, DEPARTMENT_QUEUE, 3)
    assert numbers_due(lake, DEPARTMENT_QUEUE) == []


def test_a_day_before_the_first_is_carried_on_once_it_is_there(lake: Lake) -> None:
    events = [queue("a", "02 09:00", 3), queue("b", "03 09:00", 0)]
    put(lake, DEPARTMENT_EVENTS, events, 3)
    settle(lake, range(1, 10), [DEPARTMENT_QUEUE])
    assert values(lake, DEPARTMENT_QUEUE, 3, "at_start", "known_s") == [(None, 15 * 3600)]
    put(lake, DEPARTMENT_EVENTS, events, 2)
    settle(lake, range(1, 10), [DEPARTMENT_QUEUE])
    assert values(lake, DEPARTMENT_QUEUE, 3, "at_start", "known_s") == [(3, 24 * 3600)]
    assert footer(lake, DEPARTMENT_QUEUE, 3).carried_since == "2026-01-02"


def test_a_day_whose_partition_was_removed_is_made_empty(lake: Lake) -> None:
    put(lake, CONVERSIONS, [conversion("02 09:00")], 2)
    settle(lake, [2])
    shutil.rmtree(lake.path(CONVERSIONS, day(key(2))).parent)
    assert numbers_due(lake, CONVERSION_ATTRIBUTION) == [2]
    settle(lake, [2])
    assert rows(lake, CONVERSION_ATTRIBUTION, 2) == []
    assert not footer(lake, CONVERSION_ATTRIBUTION, 2).complete


def test_partitions_of_an_older_schema_are_read_as_todays(lake: Lake) -> None:
    fewer = tuple(one for one in CHATS.columns if one.name not in ("rating", "engagements"))
    older = replace(CHATS, columns=fewer)
    put(lake, older, [chat("a", "02 09:00", "02 10:00")], 2)
    columns = tuple(one for one in DEPARTMENT_EVENTS.columns if one.name != "previous_value")
    put(lake, replace(DEPARTMENT_EVENTS, columns=columns), [queue("a", "02 09:00", 3)], hour(2, 9))
    put(lake, DEPARTMENT_EVENTS, [queue("b", "02 10:00", 1)], hour(2, 10))
    refresh(lake)
    settle(lake, [2])
    assert values(lake, CHAT_DAILY_SUMMARY, 2, "chats", "good") == [(1, 0)]
    assert rows(lake, CHAT_ENGAGEMENTS, 2) == []
    assert values(lake, DEPARTMENT_QUEUE, 2, "at_start", "peak", "events") == [(None, 3, 2)]


def test_yesterday_may_be_of_an_older_schema(lake: Lake) -> None:
    older = replace(
        DEPARTMENT_QUEUE,
        columns=tuple(one for one in DEPARTMENT_QUEUE.columns if one.name != "peak_at"),
    )
    put(lake, DEPARTMENT_EVENTS, [queue("a", "02 09:00", 3)], 2, 3)
    make_days(lake, older, 2)
    make_days(lake, DEPARTMENT_QUEUE, 3)
    assert values(lake, DEPARTMENT_QUEUE, 3, "at_start", "at_end") == [(3, 3)]


NONSENSE = b"nonsense, and more than twelve bytes of it"


@pytest.mark.parametrize("kind", ["day", "day of others", "source", "later source", "month"])
def test_a_damaged_or_foreign_file_is_one_clear_message(kind: str, lake: Lake) -> None:
    put(lake, CHATS, [chat("a", "02 09:00", "02 10:00")], 2, 3)
    put(lake, AGENT_TIMELINE, [], 2, 3)
    refresh(lake)
    settle(lake, [2])
    table = CHAT_MESSAGES
    path = day_file(lake, table, Day(key(2)))
    match kind:
        case "day":
            path.write_bytes(NONSENSE)
        case "day of others":
            pq.write_table(pa.table({"a": [1]}), path)
        case "month":
            path = lake.root.joinpath(*CHATS_LATEST.path, "month=2026-01", "part-0.parquet")
            path.write_bytes(NONSENSE)
        case _:
            table = AGENT_ACTIVITY
            path = lake.path(AGENT_TIMELINE, day(key(2 if kind == "source" else 3)))
            path.write_bytes(NONSENSE)

    def look_and_make() -> None:
        settle(lake, [2], [table])
        list(make(table, lake, [Day(key(2))], run_id="run"))

    with pytest.raises(LakeError, match=re.escape(str(path))):
        look_and_make()


def test_another_tables_day_isnt_taken_for_ones_own(lake: Lake) -> None:
    put(lake, CONVERSIONS, [conversion("02 09:00")], 2)
    settle(lake, [2])
    # A partition's file has a footer of ours, but no day's.
    foreign = lake.path(CONVERSIONS, day(key(2)))
    path = day_file(lake, CONVERSION_ATTRIBUTION, Day(key(2)))
    shutil.copy(foreign, path)
    with pytest.raises(LakeError, match=re.escape(str(path))):
        due(lake, [2], [CONVERSION_ATTRIBUTION])


MAKING = """
    import sys
    from zd_assets.models.registry import MODELS
    from zd_assets.engine.day import Day
    from zd_assets.engine.make import make
    from zd_assets.lake.lake import open_lake
    [table] = [table for table in MODELS if table.name == sys.argv[2]]
    days = [Day(f"2026-01-{number:02}") for number in range(1, 29)]
    for report in make(table, open_lake(sys.argv[1]), days, run_id="killed"):
        pass
"""


def test_what_a_killed_run_committed_stays_whole_and_the_next_one_ends_the_same(
    lake: Lake, tmp_path: Path
) -> None:
    events = [
        {
            "id": number,
            "ticket_id": number // 2,
            "timestamp": epoch("01 00:00") + number * 300,
            "child_events": [{"event_type": "Create" if number % 2 else "Change", "status": "new"}],
        }
        for number in range(28 * 288)
    ]
    put(lake, TICKET_EVENTS, events, *range(1, 29))
    settle(lake, range(1, 29), [TICKET_FIELD_CHANGES])
    unharmed = open_lake(str(tmp_path / "unharmed"))
    shutil.copytree(lake.root, unharmed.root)
    folder = lake.root.joinpath(*TICKET_STATES.path)
    command = [sys.executable, "-c", dedent(MAKING), str(lake.root), TICKET_STATES.name]
    for commits in (3, 12):
        run = subprocess.Popen(command)
        while run.poll() is None and len(list(folder.glob("date=*/part-0.parquet"))) < commits:
            time.sleep(0.002)
        os.kill(run.pid, signal.SIGKILL)
        assert run.wait() == -signal.SIGKILL
        for path in folder.glob("date=*/part-0.parquet"):
            number = int(path.parent.name[-2:])
            assert (
                len(rows(lake, TICKET_STATES, number)) == footer(lake, TICKET_STATES, number).items
            )
    # What a run in the midst of writing leaves behind, at the latest.
    target = day_file(lake, TICKET_STATES, Day(key(28)))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.with_name(f".{target.name}.0.tmp").write_bytes(NONSENSE)
    assert due(lake, range(1, 29), [TICKET_STATES])[-1] == (TICKET_STATES, 28)
    settle(lake, range(1, 29), [TICKET_STATES])
    settle(unharmed, range(1, 29), [TICKET_FIELD_CHANGES, TICKET_STATES])
    for number in range(1, 29):
        assert rows(lake, TICKET_STATES, number) == rows(unharmed, TICKET_STATES, number)
        there, here = (footer(one, TICKET_STATES, number) for one in (unharmed, lake))
        assert (there.data_version, there.carried_since) == (here.data_version, here.carried_since)
    assert not list(folder.rglob("*.tmp"))
    assert not list(folder.glob(".spill*"))


def test_what_a_living_run_spills_stays(lake: Lake) -> None:
    put(lake, CONVERSIONS, [], 2, 3)
    folder = lake.root.joinpath(*CONVERSION_ATTRIBUTION.path)
    days = [Day(key(number)) for number in (2, 3)]
    living = make(CONVERSION_ATTRIBUTION, lake, days, run_id="living")
    next(living)
    [spill] = folder.glob(".spill*")
    make_days(lake, CONVERSION_ATTRIBUTION, 2)
    assert list(folder.glob(".spill*")) == [spill]
    assert [report.day.key for report in living] == [key(3)]
    assert not list(folder.glob(".spill*"))


def test_a_day_that_cant_be_made_leaves_those_before_and_its_old_file(lake: Lake) -> None:
    put(lake, CONVERSIONS, [conversion("02 09:00")], 1, 2, 3)
    make_days(lake, CONVERSION_ATTRIBUTION, 1, 2, 3)
    before = footer(lake, CONVERSION_ATTRIBUTION, 3)
    lake.path(CONVERSIONS, day(key(3))).write_bytes(NONSENSE)
    put(lake, CONVERSIONS, [conversion("02 09:00", "b")], 2)
    days = [Day(key(number)) for number in (3, 2)]
    with pytest.raises(LakeError):
        list(make(CONVERSION_ATTRIBUTION, lake, days, run_id="again"))
    assert values(lake, CONVERSION_ATTRIBUTION, 2, "conversion_id") == [("b",)]
    assert footer(lake, CONVERSION_ATTRIBUTION, 3) == before
    assert not list(lake.root.joinpath(*CONVERSION_ATTRIBUTION.path).rglob("*.tmp"))
    assert not list(lake.root.joinpath(*CONVERSION_ATTRIBUTION.path).glob(".spill*"))


@pytest.mark.parametrize("table", MODELS, ids=lambda table: table.name)
def test_a_day_of_an_empty_lake_is_an_empty_file_with_its_columns(table: Any, lake: Lake) -> None:
    make_days(lake, table, 2)
    file = pq.ParquetFile(day_file(lake, table, Day(key(2))))
    assert file.schema_arrow.equals(arrow_schema(table.columns))
    assert (file.metadata.num_rows, FOOTER_KEY in file.metadata.metadata) == (0, True)
    assert not footer(lake, table, 2).complete
    assert footer(lake, table, 2).known_until_us == us("02 00:00")


def test_every_column_says_what_it_is_and_keys_are_columns() -> None:
    for table in MODELS:
        names = [column.name for column in table.columns]
        assert len(set(names)) == len(names)
        assert {*table.key, *(one.column for one in table.relationships)} <= set(names)
        assert all(column.description.endswith((".", "...")) for column in table.columns)
        assert table.description.endswith(".")
