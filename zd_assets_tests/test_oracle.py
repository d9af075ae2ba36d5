"""Facts and marts against the oracle: a second reading of their columns in plain Python."""

import json
import tempfile
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import contextmanager
from random import Random

import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from zd_assets.catalog.chat import AGENT_TIMELINE
from zd_assets.catalog.registry import EXPORTS
from zd_assets.engine.day import Day
from zd_assets.engine.make import make
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.models.marts.ticket_backlog_daily import TICKET_BACKLOG_DAILY
from zd_assets.models.model import Model
from zd_assets.models.registry import MODELS
from zd_assets.sandbox import Running
from zd_assets_tests.helpers.daily_lake import key, put, refresh, rows, settle, us
from zd_assets_tests.helpers.odd_items import PATIENT
from zd_assets_tests.helpers.runs import few
from zd_assets_tests.oracle import histories
from zd_assets_tests.oracle.histories import DAYS, Items
from zd_assets_tests.oracle.history import ORACLE, History
from zd_assets_tests.oracle.rows import DAY_US, Item, Row, differences, is_on, moment

LIVES = {
    "start": "2026-01-15",
    "tickets_per_day": 40,
    "odd": False,
    "automation_rate": 0.3,
    "late_activation_rate": 0.3,
    "answered_dropped_rate": 0.2,
    "older_events_rate": 0.1,
}
FIRST, LAST = 26, 30
# Comments that say something.
WITH = "comment_events"
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
            truth = running_sandbox.truth(
                export.name, start / 1e6, end / 1e6, by="own", include=WITH
            )
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
OF_CHAT = ("chat_engagements", "chat_messages", "chat_daily_summary")
OF_AGENTS = (
    "agent_activity",
    "ticket_field_changes",
    "ticket_states",
    "ticket_comments",
    "agent_daily_scorecard",
    "team_daily_summary",
)
OF_QUEUES = ("department_queue", "conversion_attribution")
OF_SKILLS = ("skills", "ticket_field_changes", "skill_assignments")
OF_TICKETS = ("ticket_field_changes", "ticket_states", "ticket_backlog_daily")
OF_METRICS = ("ticket_metrics", "sla_breaches_daily", "ticket_times_daily")


@contextmanager
def lake_of(items: Items, names: Collection[str], days: Sequence[int] = DAYS) -> Iterator[Lake]:
    """A lake of the days, all made once."""
    with tempfile.TemporaryDirectory() as folder:
        lake = open_lake(folder)
        put_items(lake, items, days)
        make_all(lake, [model for model in MODELS if model.name in names], days)
        yield lake


def put_items(lake: Lake, items: Items, days: Sequence[int]) -> None:
    for export in EXPORTS:
        if export.name in items:
            # Timespans are exported once they have ended.
            after = (days[-1] + 1, days[-1] + 2) if export is AGENT_TIMELINE else ()
            put(lake, export, items[export.name], *days, *after)


def assert_all_as_the_oracle_says(lake: Lake, items: Items, names: Sequence[str]) -> None:
    history = History(items, start_us(DAYS[0]), start_us(DAYS[-1]))
    for name in names:
        for number in DAYS:
            assert_as_the_oracle_says(lake, BY_NAME[name], number, history)


@FEW
@given(SEEDS)
def test_random_chats_and_days_of_agents_are_what_the_oracle_says(chance: Random) -> None:
    items = histories.timespans(chance, 60) | histories.chats(chance, 80)
    items |= histories.ticket_lives(chance, 20)
    names = (*OF_CHAT, *OF_AGENTS)
    with lake_of(items, names) as lake:
        assert_all_as_the_oracle_says(lake, items, names)


@FEW
@given(SEEDS)
def test_random_queues_and_skills_are_what_the_oracle_says(chance: Random) -> None:
    items = histories.queues(chance, 60) | histories.skills(chance, 80)
    items |= histories.ticket_lives(chance, 80)
    names = (*OF_QUEUES, *OF_SKILLS)
    with lake_of(items, names) as lake:
        assert_all_as_the_oracle_says(lake, items, names)


@FEW
@given(SEEDS)
def test_random_lives_of_tickets_are_what_the_oracle_says(chance: Random) -> None:
    items = histories.measurements(chance, 200) | histories.ticket_lives(chance, 200)
    names = (*OF_TICKETS, *OF_METRICS)
    with lake_of(items, names) as lake:
        assert_all_as_the_oracle_says(lake, items, names)
        assert_backlog_adds_up(lake, DAYS)


def assert_backlog_adds_up(lake: Lake, days: Sequence[int]) -> None:
    """Of each day: before, with what came and without what went; before is yesterday's."""
    yesterdays = None
    for number in days:
        found = rows(lake, TICKET_BACKLOG_DAILY, number)
        total = {
            name: sum(one[name] for one in found)
            for name in ("backlog", "before", "moved_in", "moved_out", *CAME, *WENT)
        }
        assert yesterdays in (None, total["before"])
        assert total["moved_in"] == total["moved_out"]
        came, went = (sum(total[name] for name in names) for names in (CAME, WENT))
        assert total["backlog"] == total["before"] + came - went
        yesterdays = total["backlog"]


CAME = ("created", "reopened", "restored", "surfaced")
WENT = ("solved", "left")


def test_the_sandboxs_backlog_is_yesterdays_with_what_came_and_without_what_went(
    observed: tuple[Lake, History],
) -> None:
    assert_backlog_adds_up(observed[0], OBSERVED_DAYS)


#: Figures that add up over days, wherever midnight lies.
ADDITIVE = {
    "chat_daily_summary": ("chats", "served", "missed", "abandoned", "answered", "good", "deleted"),
    "agent_activity": ("online_s", "away_s", "other_s", "engaged_s", "engagement_s"),
    "ticket_backlog_daily": ("created", "solved", "reopened", "restored", "left", "closed"),
    "sla_breaches_daily": ("breaches", "met", "late"),
    "department_queue": ("events",),
    "conversion_attribution": ("is_attributed",),
}
MADE = ("chat_engagements", *ADDITIVE, *OF_TICKETS[:2], *OF_METRICS[:1])


@settings(FEW, max_examples=1)
@given(SEEDS, st.integers(1, 23))
def test_the_same_history_cut_at_other_midnights_gives_the_same_totals(
    chance: Random, hours: int
) -> None:
    items = histories.separate(histories.timespans(chance, 40)) | histories.chats(chance, 40)
    items |= histories.queues(chance, 20) | histories.ticket_lives(chance, 100)
    # A version is the newest of its day, and what is measured ends with its ticket's day.
    items |= {"tickets": []}
    items |= histories.with_policies_first(histories.measurements(chance, 100, first=1000))
    days = (*DAYS, DAYS[-1] + 1)
    totals = []
    for shift in (0, hours * 3600):
        with lake_of(histories.shifted(items, shift), MADE, days) as lake:
            totals.append(
                {
                    (name, figure): sum(
                        one[figure] for day in days for one in rows(lake, BY_NAME[name], day)
                    )
                    for name, figures in ADDITIVE.items()
                    for figure in figures
                }
            )
    assert totals[1] == pytest.approx(totals[0])


@settings(FEW, max_examples=1)
@given(SEEDS)
def test_days_made_in_any_order_twice_and_with_a_gap_are_the_same(chance: Random) -> None:
    items = histories.queues(chance, 20) | histories.skills(chance, 20)
    items |= histories.measurements(chance, 60) | histories.ticket_lives(chance, 60)
    names = [*OF_QUEUES, *OF_SKILLS, *OF_TICKETS[1:], *OF_METRICS]
    models = [BY_NAME[name] for name in names]
    with lake_of(items, (), DAYS) as lake:
        order = [chance.choice(DAYS), *chance.sample(DAYS, len(DAYS) - 1)]
        for number in order:
            make_all(lake, models, [number])
        settle(lake, DAYS, models)
        assert_all_as_the_oracle_says(lake, items, names)


@settings(FEW, max_examples=1)
@given(SEEDS)
def test_a_late_item_changes_the_days_that_it_touches_and_its_loss_changes_them_back(
    chance: Random,
) -> None:
    items = histories.queues(chance, 20) | histories.skills(chance, 20)
    items |= histories.measurements(chance, 60) | histories.ticket_lives(chance, 60)
    names = [*OF_QUEUES, *OF_SKILLS, *OF_TICKETS[1:], *OF_METRICS]
    models = [BY_NAME[name] for name in names]
    middle = DAYS[1]
    without = {
        export: [one for one in of if not is_late(one, middle) or chance.random() < 0.8]
        for export, of in items.items()
    }
    with lake_of(without, names) as lake:
        assert_all_as_the_oracle_says(lake, without, names)
        for now in (items, without):
            put_items(lake, now, [middle])
            made = settle(lake, DAYS, models)
            assert_all_as_the_oracle_says(lake, now, names)
            for model in models:
                touched = {number for name, number in made if name == model.name}
                # Where tickets stood when the lake began is told by the days ahead.
                looks_ahead = model.name in (*OF_TICKETS[1:], *OF_METRICS)
                goes_on = model.depends_on_past or model.name in (*OF_TICKETS[1:], *OF_METRICS)
                may = {middle} | ({DAYS[2]} if goes_on else set())
                assert touched <= may | ({DAYS[0]} if looks_ahead else set()), model.name


def is_late(item: Item, number: int) -> bool:
    times = ("timestamp", "time", "generated_timestamp")
    at = next(moment(item[name]) for name in times if name in item)
    return is_on(start_us(number), at)
