"""How often analytics are brought up to date, and what a tick over a quiet lake looks at."""

import time
from math import inf
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zd_assets.catalog.chat import CHATS, CONVERSIONS
from zd_assets.engine.day import Day
from zd_assets.engine.inputs import File, Finder, LookBack, Quiet
from zd_assets.engine.latest.update import is_due, update
from zd_assets.lake.lake import Lake
from zd_assets.lake.location import Location
from zd_assets.models.facts.conversion_attribution import CONVERSION_ATTRIBUTION
from zd_assets.models.latest import CHATS_LATEST
from zd_assets.models.marts.chat_daily_summary import CHAT_DAILY_SUMMARY
from zd_assets.models.model import Model
from zd_assets.report.input_version import is_due as is_report_due
from zd_assets_tests.helpers.daily_lake import Item, iso, key, make_days, put

AGO_S = 3600.0


def conversions(*ids: str) -> list[dict[str, Any]]:
    return [{"id": id, "timestamp": iso("02 09:00"), "goal_id": 5} for id in ids]


def chat(id: str, started: str) -> Item:
    return {"id": id, "timestamp": iso(started), "update_timestamp": iso(started)}


def day_is_due(lake: Lake, rests_since_s: float) -> bool:
    finder = Finder(lake)
    return finder.is_due(CONVERSION_ATTRIBUTION, Day(key(2)), rests_since_s=rests_since_s)


def test_a_day_rests_after_it_was_made_until_the_pace_is_over(lake: Lake) -> None:
    put(lake, CONVERSIONS, conversions("a"), 2, until="02 10:00")
    assert day_is_due(lake, time.time() - AGO_S)  # It was never made.
    make_days(lake, CONVERSION_ATTRIBUTION, 2)
    put(lake, CONVERSIONS, conversions("a", "b"), 2, until="02 11:00")
    assert day_is_due(lake, inf)
    assert not day_is_due(lake, time.time() - AGO_S)
    assert day_is_due(lake, time.time() + 2)


def test_a_day_that_completes_does_not_rest(lake: Lake) -> None:
    put(lake, CONVERSIONS, conversions("a"), 2, until="02 10:00")
    make_days(lake, CONVERSION_ATTRIBUTION, 2)
    put(lake, CONVERSIONS, conversions("a", "b"), 2)
    assert day_is_due(lake, time.time() - AGO_S)
    make_days(lake, CONVERSION_ATTRIBUTION, 2)
    put(lake, CONVERSIONS, conversions("a", "b", "c"), 2)  # A late one.
    assert not day_is_due(lake, time.time() - AGO_S)


def test_current_state_rests_unless_a_partition_completes(lake: Lake) -> None:
    since_s = time.time() - AGO_S
    put(lake, CHATS, [chat("a", "02 09:00")], 2, until="02 10:00")
    assert is_due(CHATS_LATEST, lake, rests_since_s=since_s)
    update(CHATS_LATEST, lake, memory_mb=256)
    put(lake, CHATS, [chat("a", "02 09:00"), chat("b", "02 10:30")], 2, until="02 11:00")
    assert is_due(CHATS_LATEST, lake)
    assert not is_due(CHATS_LATEST, lake, rests_since_s=since_s)
    put(lake, CHATS, [chat("a", "02 09:00"), chat("b", "02 10:30")], 2)
    assert is_due(CHATS_LATEST, lake, rests_since_s=since_s)
    update(CHATS_LATEST, lake, memory_mb=256)
    assert not is_due(CHATS_LATEST, lake)


def test_a_partition_that_is_new_and_complete_does_not_wait(lake: Lake) -> None:
    put(lake, CHATS, [chat("a", "02 09:00")], 2)
    update(CHATS_LATEST, lake, memory_mb=256)
    put(lake, CHATS, [], 3, until="03 01:00")
    assert not is_due(CHATS_LATEST, lake, rests_since_s=time.time() - AGO_S)
    put(lake, CHATS, [], 4)
    assert is_due(CHATS_LATEST, lake, rests_since_s=time.time() - AGO_S)


def test_a_report_of_long_ago_is_made_only_where_there_is_one(lake: Lake) -> None:
    put(lake, CHATS, [chat("a", "02 09:00")], 2, 3)
    make_days(lake, CHAT_DAILY_SUMMARY, 2)
    assert is_report_due(Finder(lake), Day(key(2)), since=key(2))
    assert not is_report_due(Finder(lake), Day(key(2)), since=key(3))


def test_a_tick_over_a_quiet_lake_looks_at_no_day(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    days = [key(number) for number in range(1, 5)]
    put(lake, CONVERSIONS, conversions("a"), 2, 3)
    quiet = Quiet()
    assert quiet.due_days(Finder(lake), CONVERSION_ATTRIBUTION, days) == {key(2), key(3)}
    make_days(lake, CONVERSION_ATTRIBUTION, 2, 3)
    assert quiet.due_days(Finder(lake), CONVERSION_ATTRIBUTION, days) == set()

    looked: list[str] = []
    inputs = Finder.inputs

    def counted(finder: Finder, table: Model, day: Day) -> Any:
        looked.append(day.key)
        return inputs(finder, table, day)

    monkeypatch.setattr(Finder, "inputs", counted)
    assert quiet.due_days(Finder(lake), CONVERSION_ATTRIBUTION, days) == set()
    assert quiet.due_days(Finder(lake), CONVERSION_ATTRIBUTION, days[:2]) == set()
    assert looked == []
    # A day that wasn't asked about, a partition that changed, and one that is gone.
    quiet.due_days(Finder(lake), CONVERSION_ATTRIBUTION, [*days, key(5)])
    assert key(5) in looked
    put(lake, CONVERSIONS, conversions("a", "b"), 2)
    assert quiet.due_days(Finder(lake), CONVERSION_ATTRIBUTION, days) == {key(2)}
    make_days(lake, CONVERSION_ATTRIBUTION, 2)
    assert quiet.due_days(Finder(lake), CONVERSION_ATTRIBUTION, days) == set()


DAYS = [key(number) for number in range(1, 9)]
MOMENTS = st.integers(0, 8) | st.just(inf)


@given(
    by_day=st.dictionaries(st.sampled_from(DAYS), st.lists(MOMENTS, max_size=3)),
    after=st.sampled_from(DAYS),
    end=st.integers(0, 9),
)
def test_looking_back_finds_what_a_look_at_every_file_finds(
    by_day: dict[str, list[float]], after: str, end: int, tmp_path_factory: Any
) -> None:
    where: Location = tmp_path_factory.getbasetemp()
    files = {
        day: [(moment, File(where, f"{day} {number}")) for number, moment in enumerate(moments)]
        for day, moments in sorted(by_day.items())
    }
    days = list(files)
    from_day = [
        min([inf, *(moment for one in days[place:] for moment, _ in files[one])])
        for place in range(len(days))
    ]
    wanted = [file for day in days if day > after for moment, file in files[day] if moment < end]
    assert LookBack(days, [files[day] for day in days], from_day).before(end, after) == wanted
