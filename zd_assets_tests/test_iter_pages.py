"""Why pages end, and that it asks for no page it need not, or may not, have."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from urllib.parse import urlencode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zd_assets.catalog.chat import AGENT_TIMELINE, CHATS
from zd_assets.catalog.export import Endpoint, Export
from zd_assets.catalog.support import ROUTING_ATTRIBUTES, TICKET_METRIC_EVENTS, TICKETS
from zd_assets.zendesk.errors import StuckCursorError
from zd_assets.zendesk.follow_up import Policy
from zd_assets.zendesk.iter_pages import PageResult, Start, StopReason, iter_pages
from zd_assets.zendesk.page import Cursor, Page
from zd_assets.zendesk.paginators import page_size

BASE = "https://acme.zendesk.com/api/v2/incremental"
START_S, NOW_S = 10_000, 20_000
HORIZON_S = NOW_S - CHATS.settle_s
SUPPORT_HORIZON_S = NOW_S - TICKETS.settle_s
LIMIT = 10

Kind = tuple[Export, Endpoint]
CHAT: Kind = (CHATS, CHATS.endpoints[0])
TIMELINE: Kind = (AGENT_TIMELINE, AGENT_TIMELINE.endpoints[0])
BY_CURSOR: Kind = (TICKETS, TICKETS.endpoints[0])
BY_TIME: Kind = (TICKETS, TICKETS.endpoints[1])
BY_PAGES: Kind = (TICKET_METRIC_EVENTS, TICKET_METRIC_EVENTS.endpoints[1])
ROUTING: Kind = (ROUTING_ATTRIBUTES, ROUTING_ATTRIBUTES.endpoints[0])


@dataclass(frozen=True)
class Case:
    """One page, and what is done after it; times in seconds."""

    stop_reason: StopReason | None
    count: int = LIMIT
    end_s: int | None = START_S + 100
    end_id: str | None = "x"
    until_s: int = 15_000
    policy: Policy = Policy.PROGRESS
    pages: int = 2
    kind: Kind = CHAT
    cursor: str | None = None
    last: bool | None = None


SHORT = LIMIT - 3
CASES = {
    "full page on the way": Case(None),
    "short page on the way": Case(None, count=SHORT),
    "one second before the end": Case(None, end_s=14_999),
    "at the end": Case(StopReason.REACHED, end_s=15_000),
    "past the end": Case(StopReason.REACHED, count=SHORT, end_s=15_001),
    "past the end, no page left": Case(StopReason.REACHED, end_s=15_000, pages=1),
    "past the end, though the rule says wait": Case(
        StopReason.REACHED, end_s=15_000, policy=Policy.DOCUMENTED
    ),
    "one second before the horizon": Case(None, end_s=HORIZON_S - 1, until_s=NOW_S),
    "at the horizon": Case(StopReason.HORIZON, end_s=HORIZON_S, until_s=NOW_S),
    "at the horizon, no page left": Case(
        StopReason.HORIZON, end_s=HORIZON_S, until_s=NOW_S, pages=1
    ),
    "past the end of a window that isn't settled": Case(
        StopReason.HORIZON, end_s=NOW_S, until_s=HORIZON_S + 100
    ),
    "the end is the horizon": Case(StopReason.REACHED, end_s=HORIZON_S, until_s=HORIZON_S),
    "nothing more": Case(StopReason.CAUGHT_UP, count=0, end_s=START_S),
    "nothing more, no position": Case(StopReason.CAUGHT_UP, count=0, end_s=None),
    "nothing but the boundary row": Case(
        StopReason.CAUGHT_UP, count=1, end_s=START_S, end_id=None, kind=TIMELINE
    ),
    "full page, the documented rule": Case(StopReason.WAIT, policy=Policy.DOCUMENTED),
    "short page, the documented rule": Case(None, count=SHORT, policy=Policy.DOCUMENTED),
    "full page, the observed rule": Case(None, policy=Policy.FULL_PAGE),
    "short page, the observed rule": Case(StopReason.WAIT, count=SHORT, policy=Policy.FULL_PAGE),
    "stuck on a short page": Case(StopReason.WAIT, count=SHORT, end_s=START_S, end_id=None),
    "no page left": Case(StopReason.PAGES_SPENT, pages=1),
    # Where the server says itself whether there is more.
    "the last, full": Case(StopReason.CAUGHT_UP, kind=BY_CURSOR, cursor="a", last=True),
    "the last, short": Case(
        StopReason.CAUGHT_UP, count=SHORT, kind=BY_CURSOR, cursor="a", last=True
    ),
    "the last, empty": Case(StopReason.CAUGHT_UP, count=0, kind=BY_CURSOR, cursor="a", last=True),
    "the last, no page left": Case(
        StopReason.CAUGHT_UP, kind=BY_CURSOR, cursor="a", last=True, pages=1
    ),
    "the last, the cursor unmoved": Case(
        StopReason.CAUGHT_UP, end_s=START_S, kind=BY_CURSOR, cursor=None, last=True
    ),
    "the last, past the end": Case(
        StopReason.REACHED, end_s=15_000, kind=BY_CURSOR, cursor="a", last=True
    ),
    "the last, past the horizon": Case(
        StopReason.HORIZON, end_s=NOW_S, until_s=NOW_S, kind=BY_CURSOR, cursor="a", last=True
    ),
    "the last one by time": Case(StopReason.CAUGHT_UP, end_id=None, kind=BY_TIME, last=True),
    "not the last, the documented rule": Case(
        None, policy=Policy.DOCUMENTED, kind=BY_CURSOR, cursor="a", last=False
    ),
    "not the last and short, the observed rule": Case(
        None, count=SHORT, policy=Policy.FULL_PAGE, kind=BY_CURSOR, cursor="a", last=False
    ),
    "the cursor moved, the time didn't": Case(
        None, end_s=START_S, kind=BY_CURSOR, cursor="a", last=False
    ),
    "the cursor moved, no item has a time": Case(
        None, end_s=0, kind=BY_PAGES, cursor="a", last=False
    ),
    "the cursor doesn't move on a short page": Case(
        StopReason.WAIT, count=SHORT, end_s=START_S, end_id=None, kind=BY_CURSOR, last=False
    ),
    "more than the limit, by time": Case(None, count=LIMIT + 3, end_id=None, kind=BY_TIME),
    "nothing but the boundary, by time": Case(
        StopReason.CAUGHT_UP, count=1, end_s=START_S, end_id=None, kind=BY_TIME
    ),
    "routing on the way": Case(None, count=SHORT, end_id=None, kind=ROUTING, cursor="a"),
    "routing, nothing more": Case(StopReason.CAUGHT_UP, count=0, end_s=None, kind=ROUTING),
}


def horizon_s(kind: Kind) -> int:
    return NOW_S - kind[0].settle_s


def steps_of(case: Case, asked: list[str]) -> Iterator[PageResult]:
    export, endpoint = case.kind
    unit = 1_000_000 // endpoint.unit_us
    position = None
    if case.end_s is not None:
        end_id = case.end_id if case.kind == CHAT else None
        position = Cursor(case.end_s * unit, end_id, case.cursor)
    page = Page(
        [b"{}"] * case.count, case.count, LIMIT, position, "second", NOW_S + 0.25, case.last
    )
    allowance = iter(range(case.pages))

    def ask(url: str) -> Page:
        asked.append(url)
        return page

    return iter_pages(
        export,
        endpoint,
        Start("first", Cursor(START_S * unit)),
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
    assert step.stop_reason == case.stop_reason
    assert step.horizon_us // 1_000_000 == horizon_s(case.kind)
    assert step.horizon_us % case.kind[1].unit_us == 0
    # The next page is asked for only with the next step.
    assert asked == ["first"]
    if case.stop_reason is not None:
        assert next(steps, None) is None
        assert asked == ["first"]


@pytest.mark.parametrize("policy", Policy)
@pytest.mark.parametrize("count", [0, SHORT, LIMIT])
def test_the_servers_own_end_of_stream_ends_it_under_any_policy(policy: Policy, count: int) -> None:
    case = Case(None, count=count, policy=policy, kind=BY_CURSOR, cursor="a", last=True)
    (step,) = steps_of(case, [])
    assert (step.stop_reason, step.follow_up.now) == (StopReason.CAUGHT_UP, False)
    assert step.follow_up.row.startswith("end_of_stream")


@pytest.mark.parametrize("kind", [BY_CURSOR, BY_TIME, BY_PAGES])
def test_an_empty_page_whose_server_says_that_there_is_more_is_asked_for_again_then_fails(
    kind: Kind,
) -> None:
    cursor, asked = None if kind == BY_TIME else "a", list[str]()
    with pytest.raises(StuckCursorError, match="an empty page says that there is more"):
        next(steps_of(Case(None, count=0, kind=kind, cursor=cursor, last=False), asked))
    assert asked == ["first"] * 3


@pytest.mark.parametrize("kind", [CHAT, TIMELINE, BY_TIME])
def test_an_empty_page_that_moved_the_cursor_proves_no_end(kind: Kind) -> None:
    asked: list[str] = []
    with pytest.raises(StuckCursorError, match="an empty page moved the cursor"):
        next(steps_of(Case(None, count=0, end_s=START_S + 50, kind=kind), asked))
    assert asked == ["first"] * 3


def test_an_empty_page_that_the_server_calls_the_last_moves_nothing() -> None:
    asked: list[str] = []
    step = next(steps_of(Case(None, count=0, end_s=START_S + 50, kind=BY_TIME, last=True), asked))
    assert asked == ["first"] * 3
    assert (step.stop_reason, step.after) == (StopReason.CAUGHT_UP, Cursor(START_S))


def test_the_next_step_follows_the_pages_own_url_from_its_position() -> None:
    asked: list[str] = []
    steps = steps_of(replace(CASES["full page on the way"], end_s=START_S + 50), asked)
    first = next(steps)
    with pytest.raises(StuckCursorError):
        next(steps)
    # What names itself is asked for again before it fails.
    assert asked == ["first", "second", "second", "second"]
    assert first.after == Cursor(START_S + 50, "x")


def test_without_an_allowance_nothing_is_asked() -> None:
    asked: list[str] = []
    assert list(steps_of(replace(CASES["no page left"], pages=0), asked)) == []
    assert asked == []


STUCK = [
    Case(None, count=LIMIT, end_s=START_S, end_id=None),
    Case(None, count=LIMIT + 3, end_s=START_S, end_id=None),
    Case(None, count=LIMIT, end_s=None),
    # One place on the page is the boundary row's.
    Case(None, count=LIMIT, end_s=START_S, end_id=None, kind=TIMELINE),
    Case(None, count=LIMIT - 1, end_s=START_S, end_id=None, kind=TIMELINE),
    Case(None, count=LIMIT - 1, end_s=START_S, kind=BY_TIME, last=False),
    Case(None, count=LIMIT, end_s=START_S, kind=BY_CURSOR, last=False),
    Case(None, count=LIMIT, end_s=0, kind=BY_PAGES, last=False),
    Case(None, count=LIMIT, end_s=START_S, kind=ROUTING),
]


@pytest.mark.parametrize("case", STUCK)
def test_a_full_page_that_doesnt_move_is_an_error_that_says_what_to_do(case: Case) -> None:
    with pytest.raises(StuckCursorError, match="Raise page_size") as failed:
        next(steps_of(case, []))
    assert case.kind[0].name in str(failed.value)
    assert str(START_S) in str(failed.value)


# --- Page after page ----------------------------------------------------------------------------


def page_at(position: Cursor, limit: int = LIMIT, next_url: str | None = "next") -> Page:
    return Page([b"{}"] * limit, limit, limit, position, next_url, NOW_S, last=next_url is None)


def walked(kind: Kind, positions: Sequence[Cursor]) -> list[PageResult]:
    """The steps over full pages that end there; the last says so."""
    urls = ["first", *(f"next{number}" for number in range(1, len(positions)))]
    following = [*urls[1:], None]
    pages = {
        url: page_at(position, next_url=next_url)
        for url, position, next_url in zip(urls, positions, following, strict=True)
    }
    start = Start("first", Cursor(START_S))
    return list(iter_pages(*kind, start, 10**18, Policy.PROGRESS, pages.__getitem__, lambda: True))


@pytest.mark.parametrize("kind", [BY_CURSOR, BY_PAGES, ROUTING])
@given(st.lists(st.integers(0, SUPPORT_HORIZON_S - 1), min_size=1, max_size=8))
def test_a_cursors_position_never_goes_back_in_time(kind: Kind, times: list[int]) -> None:
    steps = walked(kind, [Cursor(time, cursor=str(i)) for i, time in enumerate(times)])
    assert [step.after.cursor for step in steps] == [str(i) for i in range(len(times))]
    reached = [max(START_S, *times[: i + 1]) for i in range(len(times))]
    assert [step.after.end_time for step in steps] == reached
    assert [step.before for step in steps[1:]] == [step.after for step in steps[:-1]]


@pytest.mark.parametrize("kind", [BY_CURSOR, BY_PAGES])
@pytest.mark.parametrize("end_time", [0, START_S - 5])
def test_nor_where_the_last_page_names_no_cursor(kind: Kind, end_time: int) -> None:
    (step,) = walked(kind, [Cursor(end_time)])
    assert step.after.end_time == START_S


@pytest.mark.parametrize("kind", [BY_CURSOR, BY_PAGES, ROUTING])
def test_a_cursor_that_stands_still_is_stuck_whatever_its_items_times_say(kind: Kind) -> None:
    with pytest.raises(StuckCursorError, match="left the cursor"):
        walked(
            kind,
            [Cursor(end, cursor=c) for end, c in ((11_000, "a"), (12_000, "a"), (13_000, "b"))],
        )


CIRCLES: list[tuple[Kind, list[Cursor]]] = [
    (CHAT, [Cursor(11_000, "a"), Cursor(11_000, "b"), Cursor(11_000, "a")]),
    (BY_TIME, [Cursor(11_000), Cursor(12_000), Cursor(11_000)]),
    (BY_CURSOR, [Cursor(11_000, cursor=cursor) for cursor in "aba"]),
    # The items' times don't hide it.
    (BY_CURSOR, [Cursor(end, cursor=c) for end, c in ((12_000, "a"), (0, "b"), (500, "a"))]),
    (ROUTING, [Cursor(11_000, cursor=cursor) for cursor in "abca"]),
]


@pytest.mark.parametrize(("kind", "positions"), CIRCLES)
def test_a_cursor_that_comes_back_is_an_error_not_a_circle(
    kind: Kind, positions: list[Cursor]
) -> None:
    assert len(walked(kind, positions[:-1])) == len(positions) - 1
    with pytest.raises(StuckCursorError, match="went back"):
        walked(kind, [*positions, Cursor(99_999, "z", "z")])


# The size that a run asks for, and what the client makes of some pages (by their number) after a
# 504 -> the sizes of the pages that are asked for.
SIZES: list[tuple[int, dict[int, int], list[int]]] = [
    (1000, {}, [1000, 1000, 1000]),
    (1000, {0: 500}, [1000, 1000, 1000]),
    (1000, {0: 250}, [1000, 500, 1000, 1000]),
    (1000, {0: 7}, [1000, 14, 28, 56, 112, 224, 448, 896, 1000, 1000]),
    (1000, {1: 125, 2: 125}, [1000, 1000, 250, 125, 125, 250, 500, 1000, 1000]),
    (100, {0: 1, 3: 3}, [100, 2, 4, 8, 3, 3, 6, 12, 24, 48, 96, 100, 100]),
    (1, {}, [1, 1]),
]


@pytest.mark.parametrize(("size", "made_smaller", "asked_sizes"), SIZES)
@pytest.mark.parametrize("kind", [CHAT, BY_TIME, BY_CURSOR])
def test_a_page_made_smaller_is_followed_by_larger_ones_up_to_the_size_of_the_run(
    kind: Kind, size: int, made_smaller: dict[int, int], asked_sizes: list[int]
) -> None:
    export, endpoint = kind
    name = "limit" if kind == CHAT else "per_page"
    asked: list[str] = []

    def ask(url: str) -> Page:
        number = len(asked)
        asked.append(url)
        got = made_smaller.get(number, page_size(endpoint, url))
        # The server's own next URL repeats the size that it was asked for.
        next_url = f"{BASE}/x?{urlencode({'start_time': START_S + number + 1, name: got})}"
        position = Cursor(START_S + number + 1, cursor=str(number) if kind == BY_CURSOR else None)
        return page_at(position, got, next_url)

    allowance = iter(asked_sizes)
    steps = iter_pages(
        export,
        endpoint,
        Start(f"{BASE}/x?{name}={size}", Cursor(START_S)),
        10**18,
        Policy.PROGRESS,
        ask,
        lambda: next(allowance, None) is not None,
    )
    assert [step.url for step in steps] == asked
    assert [page_size(endpoint, url) for url in asked] == asked_sizes
    assert all(f"start_time={START_S + number}&" in url for number, url in enumerate(asked[1:], 1))


def test_the_servers_url_is_followed_to_the_letter_where_no_page_was_made_smaller() -> None:
    odd = (
        "https://ACME.zendesk.com:443//x.json?per_page=7&cursor=%41b%3d{0}&&include=users,groups#y"
    )
    asked: list[str] = []

    def ask(url: str) -> Page:
        asked.append(url)
        return page_at(
            Cursor(START_S + len(asked), cursor=f"Ab={len(asked)}"), 7, odd.format(len(asked))
        )

    steps = iter_pages(
        *BY_CURSOR,
        Start(f"{BASE}/tickets/cursor?start_time=1&per_page=7", Cursor(START_S)),
        10**18,
        Policy.PROGRESS,
        ask,
        lambda: len(asked) < 3,
    )
    assert len(list(steps)) == 3
    assert asked[1:] == [odd.format(1), odd.format(2)]


@pytest.mark.parametrize("next_url", ["https://[bad/", "", "next", "https://elsewhere.example/"])
@pytest.mark.parametrize("kind", [CHAT, BY_TIME, BY_CURSOR, BY_PAGES, ROUTING])
def test_where_a_next_url_leads_is_the_clients_to_judge(kind: Kind, next_url: str) -> None:
    asked: list[str] = []

    def ask(url: str) -> Page:
        asked.append(url)
        if len(asked) == 2:
            raise RuntimeError("the client's own error")
        return replace(page_at(Cursor(START_S + 1)), next_url=next_url, limit=1000)

    steps = iter_pages(
        *kind, Start("first", Cursor(START_S)), 10**18, Policy.PROGRESS, ask, lambda: True
    )
    assert next(steps).stop_reason is None
    with pytest.raises(RuntimeError, match="the client's own"):
        next(steps)
    assert asked[1].startswith(next_url)
