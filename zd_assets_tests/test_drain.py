"""Why a drain ends after a page, and that it asks for no page it need not, or may not, have."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import pytest

from zd_assets.exports.chat import AGENT_TIMELINE, CHATS
from zd_assets.exports.export import Export
from zd_assets.zendesk.drain import Ending, Start, Step, drain
from zd_assets.zendesk.errors import StuckCursorError
from zd_assets.zendesk.follow_up import Policy
from zd_assets.zendesk.page import Page, Position

START_S, NOW_S = 10_000, 20_000
HORIZON_S = NOW_S - CHATS.settle_s
LIMIT = 10


@dataclass(frozen=True)
class Case:
    """One page, and what the drain does after it; times in seconds."""

    ending: Ending | None
    count: int = LIMIT
    end_s: int | None = START_S + 100
    end_id: str | None = "x"
    until_s: int = 15_000
    policy: Policy = Policy.PROGRESS
    pages: int = 2
    export: Export = CHATS


SHORT = LIMIT - 3
CASES = {
    "full page on the way": Case(None),
    "short page on the way": Case(None, count=SHORT),
    "one second before the end": Case(None, end_s=14_999),
    "at the end": Case(Ending.REACHED, end_s=15_000),
    "past the end": Case(Ending.REACHED, count=SHORT, end_s=15_001),
    "past the end, no page left": Case(Ending.REACHED, end_s=15_000, pages=1),
    "past the end, though the rule says wait": Case(
        Ending.REACHED, end_s=15_000, policy=Policy.DOCUMENTED
    ),
    "one second before the horizon": Case(None, end_s=HORIZON_S - 1, until_s=NOW_S),
    "at the horizon": Case(Ending.HORIZON, end_s=HORIZON_S, until_s=NOW_S),
    "at the horizon, no page left": Case(Ending.HORIZON, end_s=HORIZON_S, until_s=NOW_S, pages=1),
    "past the end of a window that isn't settled": Case(
        Ending.HORIZON, end_s=NOW_S, until_s=HORIZON_S + 100
    ),
    "the end is the horizon": Case(Ending.REACHED, end_s=HORIZON_S, until_s=HORIZON_S),
    "nothing more": Case(Ending.CAUGHT_UP, count=0, end_s=START_S),
    "nothing more, no position": Case(Ending.CAUGHT_UP, count=0, end_s=None),
    "nothing more, though a later position": Case(Ending.CAUGHT_UP, count=0, end_s=NOW_S),
    "nothing but the boundary row": Case(
        Ending.CAUGHT_UP, count=1, end_s=START_S, end_id=None, export=AGENT_TIMELINE
    ),
    "full page, the documented rule": Case(Ending.WAIT, policy=Policy.DOCUMENTED),
    "short page, the documented rule": Case(None, count=SHORT, policy=Policy.DOCUMENTED),
    "full page, the observed rule": Case(None, policy=Policy.FULL_PAGE),
    "short page, the observed rule": Case(Ending.WAIT, count=SHORT, policy=Policy.FULL_PAGE),
    "stuck on a short page": Case(Ending.WAIT, count=SHORT, end_s=START_S, end_id=None),
    "no page left": Case(Ending.PAGES_SPENT, pages=1),
}


def steps_of(case: Case, asked: list[str]) -> Iterator[Step]:
    unit = 1_000_000 // case.export.cursor.unit_us
    position = None if case.end_s is None else Position(case.end_s * unit, case.end_id)
    page = Page(b"[]", case.count, LIMIT, position, "second", NOW_S + 0.25)
    allowance = iter(range(case.pages))

    def ask(url: str) -> Page:
        asked.append(url)
        return page

    return drain(
        case.export,
        Start("first", Position(START_S * unit)),
        case.until_s * 1_000_000,
        case.policy,
        ask,
        lambda: next(allowance, None) is not None,
    )


@pytest.mark.parametrize("name", CASES)
def test_a_page_decides_whether_the_drain_ends(name: str) -> None:
    case, asked = CASES[name], list[str]()
    steps = steps_of(case, asked)
    step = next(steps)
    assert step.ending == case.ending
    assert step.horizon_us // 1_000_000 == HORIZON_S
    assert step.horizon_us % case.export.cursor.unit_us == 0
    # The next page is asked for only with the next step.
    assert asked == ["first"]
    if case.ending is not None:
        assert next(steps, None) is None
        assert asked == ["first"]


def test_the_next_step_follows_the_pages_own_url_from_its_position() -> None:
    asked: list[str] = []
    steps = steps_of(replace(CASES["full page on the way"], end_s=START_S + 50), asked)
    first = next(steps)
    with pytest.raises(StuckCursorError):
        next(steps)
    assert asked == ["first", "second"]
    assert first.after == Position(START_S + 50, "x")


def test_without_an_allowance_nothing_is_asked() -> None:
    asked: list[str] = []
    assert list(steps_of(replace(CASES["no page left"], pages=0), asked)) == []
    assert asked == []


STUCK = [
    Case(None, count=LIMIT, end_s=START_S, end_id=None),
    Case(None, count=LIMIT + 3, end_s=START_S, end_id=None),
    Case(None, count=LIMIT, end_s=None),
    # One place on the page is the boundary row's.
    Case(None, count=LIMIT, end_s=START_S, end_id=None, export=AGENT_TIMELINE),
    Case(None, count=LIMIT - 1, end_s=START_S, end_id=None, export=AGENT_TIMELINE),
]


@pytest.mark.parametrize("case", STUCK)
def test_a_full_page_that_doesnt_move_is_an_error_that_says_what_to_do(case: Case) -> None:
    with pytest.raises(StuckCursorError, match="Raise page_size") as failed:
        next(steps_of(case, []))
    assert case.export.name in str(failed.value)
    assert str(START_S) in str(failed.value)
