"""Facts and marts against the oracle: a second reading of their columns in plain Python."""

import json
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from zd_assets.catalog.registry import EXPORTS
from zd_assets.engine.day import Day
from zd_assets.engine.make import make
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.models.model import Model
from zd_assets.models.registry import MODELS
from zd_assets.sandbox import Running
from zd_assets_tests.helpers.daily_lake import key, put, refresh, rows, us
from zd_assets_tests.helpers.odd_items import PATIENT
from zd_assets_tests.helpers.runs import few
from zd_assets_tests.oracle import histories
from zd_assets_tests.oracle.histories import DAYS, Items
from zd_assets_tests.oracle.history import ORACLE, History
from zd_assets_tests.oracle.rows import DAY_US, Item, Row, differences

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


def assert_as_the_oracle_says(lake: Lake, model: Model, number: int, history: History) -> list[Row]:
    """A day's rows are the oracle's; returns those."""
    expected = ORACLE[model.name](history, start_us(number))
    found = differences(rows(lake, model, number), expected, model.key, f"{model.name} {number}")
    assert not found, "\n".join([f"{len(found)} differences", *found[:20]])
    return expected


def make_all(lake: Lake, models: Iterable[Model], numbers: Iterable[int]) -> None:
    """Bring current state up to date and make days, all of a model before the next."""
    refresh(lake)
    days = [Day(key(number)) for number in numbers]
    for model in models:
        for _ in make(model, lake, days, run_id="run", memory_mb=256):
            pass


@pytest.fixture(scope="module")
def observed(running_sandbox: Running) -> Iterator[tuple[Lake, History]]:
    """Days as a nightly run exports them, each with the versions of that night."""
    items: dict[str, list[Item]] = {}
    for number in OBSERVED_DAYS:
        start, end = start_us(number), start_us(number) + DAY_US
        few(running_sandbox, 60, now=end // 1_000_000, **LIVES)
        for export in EXPORTS:
            truth = running_sandbox.truth(export.name, start / 1e6, end / 1e6, by="own")
            items.setdefault(export.name, []).extend(json.loads(text) for _, text in truth)
    with tempfile.TemporaryDirectory() as folder:
        lake = open_lake(folder)
        for export in EXPORTS:
            put(lake, export, items[export.name], *OBSERVED_DAYS)
        make_all(lake, MODELS, OBSERVED_DAYS)
        yield lake, History(items, start_us(FIRST), start_us(LAST))


@pytest.mark.parametrize(
    "model", [one for one in MODELS if one.name in ORACLE], ids=lambda model: model.name
)
def test_every_day_of_the_sandbox_is_what_the_oracle_says(
    model: Model, observed: tuple[Lake, History]
) -> None:
    lake, history = observed
    for number in OBSERVED_DAYS:
        found = assert_as_the_oracle_says(lake, model, number, history)
    assert found


# Each is a lake of many lives, which share nothing: there is nothing to be made smaller.
FEW = settings(PATIENT, max_examples=2, phases=[Phase.explicit, Phase.reuse, Phase.generate])
SEEDS = st.integers(0, 2**32).map(Random)
BY_NAME = {model.name: model for model in MODELS}
CHAT_DAYS = ("chat_engagements", "chat_messages", "chat_daily_summary")
AGENT_DAYS = (
    "chat_engagements",
    "agent_activity",
    "ticket_field_changes",
    "ticket_states",
    "ticket_comments",
    "agent_daily_scorecard",
    "team_daily_summary",
)
QUEUE_DAYS = ("department_queue", "conversion_attribution")
SKILL_DAYS = ("skills", "ticket_field_changes", "skill_assignments")
STATE_DAYS = ("ticket_field_changes", "ticket_states", "ticket_backlog_daily")
METRIC_DAYS = (
    "ticket_field_changes",
    "ticket_states",
    "ticket_metrics",
    "sla_breaches_daily",
    "ticket_times_daily",
)


@contextmanager
def lake_of(items: Items, names: Sequence[str]) -> Iterator[Lake]:
    """A lake of the days, all made once."""
    with tempfile.TemporaryDirectory() as folder:
        lake = open_lake(folder)
        for export in EXPORTS:
            if export.name in items:
                put(lake, export, items[export.name], *DAYS)
        make_all(lake, [BY_NAME[name] for name in names], DAYS)
        yield lake


def assert_all_as_the_oracle_says(items: Items, names: Sequence[str]) -> None:
    history = History(items, start_us(DAYS[0]), start_us(DAYS[-1]))
    with lake_of(items, names) as lake:
        for name in names:
            for number in DAYS:
                assert_as_the_oracle_says(lake, BY_NAME[name], number, history)


@FEW
@given(SEEDS)
def test_random_chats_are_what_the_oracle_says(chance: Random) -> None:
    assert_all_as_the_oracle_says(histories.chats(chance, 60), CHAT_DAYS)


@FEW
@given(SEEDS)
def test_random_days_of_agents_are_what_the_oracle_says(chance: Random) -> None:
    items = histories.timespans(chance, 40) | histories.chats(chance, 20)
    assert_all_as_the_oracle_says(items | histories.ticket_lives(chance, 20), AGENT_DAYS)


@FEW
@given(SEEDS)
def test_random_queues_and_conversions_are_what_the_oracle_says(chance: Random) -> None:
    assert_all_as_the_oracle_says(histories.queues(chance, 60), QUEUE_DAYS)


@FEW
@given(SEEDS)
def test_random_skills_are_what_the_oracle_says(chance: Random) -> None:
    items = histories.skills(chance, 60) | histories.ticket_lives(chance, 60)
    assert_all_as_the_oracle_says(items, SKILL_DAYS)


@FEW
@given(SEEDS)
def test_random_lives_of_tickets_are_what_the_oracle_says(chance: Random) -> None:
    assert_all_as_the_oracle_says(histories.ticket_lives(chance, 200), STATE_DAYS)


@FEW
@given(SEEDS)
def test_random_measurements_are_what_the_oracle_says(chance: Random) -> None:
    items = histories.measurements(chance, 200) | histories.ticket_lives(chance, 150)
    assert_all_as_the_oracle_says(items, METRIC_DAYS)
