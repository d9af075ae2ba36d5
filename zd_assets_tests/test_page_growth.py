"""How pages grow after the server couldn't give one: back to full size, at little cost."""

from hypothesis import given
from hypothesis import strategies as st

from zd_assets.zendesk.page_growth import PageGrowth


def pages(full: int, limits: list[int]) -> list[tuple[int, int]]:
    """What is asked for and got, page by page, of a server that can give `limits` items."""
    growth, asked, seen = PageGrowth(full), full, list[tuple[int, int]]()
    for limit in limits:
        got = asked
        while got > max(limit, 1):
            got //= 2
        seen.append((asked, got))
        asked = growth.next(asked, got)
    return seen


@given(st.integers(1, 1000), st.lists(st.integers(1, 1000), max_size=200))
def test_no_page_is_larger_than_the_run_asks_for_and_none_is_empty(
    full: int, limits: list[int]
) -> None:
    assert all(0 < got <= asked <= full for asked, got in pages(full, limits))


@given(st.integers(1, 1000), st.lists(st.integers(1, 1000), max_size=100))
def test_pages_are_of_full_size_again_when_the_server_is_well(full: int, limits: list[int]) -> None:
    seen = pages(full, [*limits, *[1000] * 100])
    assert seen[-1] == (full, full)


@given(st.integers(2, 1000), st.data())
def test_a_server_that_stays_weak_is_tried_with_more_a_few_times_only(
    full: int, data: st.DataObject
) -> None:
    limit = data.draw(st.integers(1, full - 1))
    tried = [asked > got for asked, got in pages(full, [limit] * 1000)]
    assert sum(tried[:100]) <= 7
    # Yet again and again, since it may have got well.
    assert all(any(tried[start : start + 66]) for start in range(900))


def test_one_failure_costs_one_small_page() -> None:
    assert [got for _, got in pages(1000, [1000, 500, 1000, 1000])] == [1000, 500, 1000, 1000]
