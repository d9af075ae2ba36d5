"""Facts and marts against the oracle: a second reading of their columns in plain Python."""

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from zd_assets.analytics.daily.catalogue import DAILY
from zd_assets.analytics.daily.day import Day
from zd_assets.analytics.daily.make import make
from zd_assets.analytics.daily.table import DailyTable
from zd_assets.exports.catalogue import CATALOGUE
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.sandbox import Running
from zd_assets_tests.daily_lake import key, put, refresh, rows, us
from zd_assets_tests.odd_items import PATIENT
from zd_assets_tests.oracle import histories
from zd_assets_tests.oracle.histories import DAYS, Items
from zd_assets_tests.oracle.history import ORACLE, History
from zd_assets_tests.oracle.rows import DAY_US, Item, Row, differences
from zd_assets_tests.runs import few

LIVES = {
    "start": "2026-01-15",
    "tickets_per_day": 40,
    "odd": False,
    "automation_rate": 0.3,
    "late_activation_rate": 0.3,
    "answered_dropped_rate": 0.2,
    "older_events_rate": 0.1,
}
FIRST, LAST = 22, 30
OBSERVED_DAYS = range(FIRST, LAST + 1)


def start_us(number: int) -> int:
    return us(f"{number:02} 00:00")


def assert_as_the_oracle_says(
    lake: Lake, table: DailyTable, number: int, history: History
) -> list[Row]:
    """A day's rows are the oracle's; returns those."""
    expected = ORACLE[table.name](history, start_us(number))
    found = differences(rows(lake, table, number), expected, table.key, f"{table.name} {number}")
    assert not found, "\n".join([f"{len(found)} differences", *found[:20]])
    return expected


def make_all(lake: Lake, tables: Iterable[DailyTable], numbers: Iterable[int]) -> None:
    """Bring current state up to date and make days, all of a table before the next."""
    refresh(lake)
    days = [Day(key(number)) for number in numbers]
    for table in tables:
        for _ in make(table, lake, days, run_id="run", memory_mb=256):
            pass


@pytest.fixture(scope="module")
def observed(running_sandbox: Running) -> Iterator[tuple[Lake, History]]:
    """Days as a nightly run exports them, each with the versions of that night."""
    items: dict[str, list[Item]] = {}
    for number in OBSERVED_DAYS:
        start, end = start_us(number), start_us(number) + DAY_US
        few(running_sandbox, 60, now=end // 1_000_000, **LIVES)
        for export in CATALOGUE:
            truth = running_sandbox.truth(export.name, start / 1e6, end / 1e6, by="own")
            items.setdefault(export.name, []).extend(json.loads(text) for _, text in truth)
    with tempfile.TemporaryDirectory() as folder:
        lake = open_lake(folder)
        for export in CATALOGUE:
            put(lake, export, items[export.name], *OBSERVED_DAYS)
        make_all(lake, DAILY, OBSERVED_DAYS)
        yield lake, History(items, start_us(FIRST), start_us(LAST))


@pytest.mark.parametrize("table", DAILY, ids=lambda table: table.name)
def test_every_day_of_the_sandbox_is_what_the_oracle_says(
    table: DailyTable, observed: tuple[Lake, History]
) -> None:
    lake, history = observed
    for number in OBSERVED_DAYS:
        found = assert_as_the_oracle_says(lake, table, number, history)
    assert found


# Each is a lake of many lives, which share nothing: there is nothing to be made smaller.
FEW = settings(PATIENT, max_examples=2, phases=[Phase.explicit, Phase.reuse, Phase.generate])
SEEDS = st.integers(0, 2**32).map(Random)
TABLES = {table.name: table for table in DAILY}
CHAT_TABLES = ("chat_engagements", "chat_messages", "chat_daily_summary")
AGENT_TABLES = (
    "chat_engagements",
    "agent_activity",
    "ticket_field_changes",
    "agent_daily_scorecard",
)
QUEUE_TABLES = ("department_queue", "conversion_attribution")
SKILL_TABLES = ("skills", "ticket_field_changes", "skill_assignments")
STATE_TABLES = ("ticket_field_changes", "ticket_states", "ticket_backlog_daily")
METRIC_TABLES = ("ticket_field_changes", "ticket_states", "ticket_metrics", "sla_breaches_daily")


@contextmanager
def lake_of(items: Items, names: Sequence[str]) -> Iterator[Lake]:
    """A lake of the days, all made once."""
    with tempfile.TemporaryDirectory() as folder:
        lake = open_lake(folder)
        for export in CATALOGUE:
            if export.name in items:
                put(lake, export, items[export.name], *DAYS)
        make_all(lake, [TABLES[name] for name in names], DAYS)
        yield lake


def assert_all_as_the_oracle_says(items: Items, names: Sequence[str]) -> None:
    history = History(items, start_us(DAYS[0]), start_us(DAYS[-1]))
    with lake_of(items, names) as lake:
        for name in names:
            for number in DAYS:
                assert_as_the_oracle_says(lake, TABLES[name], number, history)


@FEW
@given(SEEDS)
def test_random_chats_are_what_the_oracle_says(chance: Random) -> None:
    assert_all_as_the_oracle_says(histories.chats(chance, 60), CHAT_TABLES)


@FEW
@given(SEEDS)
def test_random_days_of_agents_are_what_the_oracle_says(chance: Random) -> None:
    items = histories.timespans(chance, 40) | histories.chats(chance, 20)
    assert_all_as_the_oracle_says(items | histories.ticket_lives(chance, 20), AGENT_TABLES)


@FEW
@given(SEEDS)
def test_random_queues_and_conversions_are_what_the_oracle_says(chance: Random) -> None:
    assert_all_as_the_oracle_says(histories.queues(chance, 60), QUEUE_TABLES)


@FEW
@given(SEEDS)
def test_random_skills_are_what_the_oracle_says(chance: Random) -> None:
    items = histories.skills(chance, 60) | histories.ticket_lives(chance, 60)
    assert_all_as_the_oracle_says(items, SKILL_TABLES)


@FEW
@given(SEEDS)
def test_random_lives_of_tickets_are_what_the_oracle_says(chance: Random) -> None:
    assert_all_as_the_oracle_says(histories.ticket_lives(chance, 200), STATE_TABLES)


@FEW
@given(SEEDS)
def test_random_measurements_are_what_the_oracle_says(chance: Random) -> None:
    items = histories.measurements(chance, 200) | histories.ticket_lives(chance, 150)
    assert_all_as_the_oracle_says(items, METRIC_TABLES)
