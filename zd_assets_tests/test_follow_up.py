"""The follow-up rule is one table (design, "Pagination and the follow-up rule")."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zd_assets.zendesk.follow_up import Policy, follow_up

NOW, WAIT = True, False
MORE, ALL = {"last": False}, {"last": True}

# What the page says                      progress documented full_page  the row it names
TABLE: list[tuple[dict[str, Any], tuple[bool, bool, bool], str]] = [
    ({"count": 3, "limit": 10, "moved": True}, (NOW, NOW, WAIT), "count 3 < limit 10"),
    ({"count": 10, "limit": 10, "moved": True}, (NOW, WAIT, NOW), "count 10 = limit 10"),
    ({"count": 12, "limit": 10, "moved": True}, (NOW, WAIT, NOW), "count 12 > limit 10"),
    ({"count": 0, "limit": 10, "moved": False}, (WAIT, WAIT, WAIT), "count = 0"),
    ({"count": 0, "limit": 10, "moved": True}, (WAIT, WAIT, WAIT), "count = 0"),
    ({"count": 3, "limit": 10, "moved": False}, (WAIT, WAIT, WAIT), "the cursor didn't move"),
    ({"count": 10, "limit": 10, "moved": False}, (WAIT, WAIT, WAIT), "the cursor didn't move"),
    # Where the server gives its own word, no policy is asked.
    ({"count": 3, "limit": 10, "moved": True, **ALL}, (WAIT, WAIT, WAIT), "end_of_stream: true"),
    ({"count": 10, "limit": 10, "moved": True, **ALL}, (WAIT, WAIT, WAIT), "end_of_stream: true"),
    ({"count": 12, "limit": 10, "moved": True, **ALL}, (WAIT, WAIT, WAIT), "end_of_stream: true"),
    ({"count": 0, "limit": 10, "moved": False, **ALL}, (WAIT, WAIT, WAIT), "end_of_stream: true"),
    ({"count": 10, "limit": 10, "moved": False, **ALL}, (WAIT, WAIT, WAIT), "end_of_stream: true"),
    ({"count": 3, "limit": 10, "moved": True, **MORE}, (NOW, NOW, NOW), "end_of_stream: false"),
    ({"count": 10, "limit": 10, "moved": True, **MORE}, (NOW, NOW, NOW), "end_of_stream: false"),
    (
        {"count": 3, "limit": 9, "moved": False, **MORE},
        (WAIT, WAIT, WAIT),
        "the cursor didn't move",
    ),
]


@pytest.mark.parametrize(
    ("page", "policy", "now", "row"),
    [
        (page, policy, now, row)
        for page, decisions, row in TABLE
        for policy, now in zip(
            (Policy.PROGRESS, Policy.DOCUMENTED, Policy.FULL_PAGE), decisions, strict=True
        )
    ],
)
def test_the_rule_decides_by_its_table_and_names_the_row(
    page: dict[str, Any], policy: Policy, now: bool, row: str
) -> None:
    decision = follow_up(policy, **page)
    assert (decision.now, decision.row) == (now, row)


@given(
    st.sampled_from(Policy),
    st.integers(0, 20),
    st.integers(0, 20),
    st.sampled_from([None, True, False]),
)
def test_no_page_that_left_the_cursor_where_it_was_is_followed_at_once(
    policy: Policy, count: int, limit: int, last: bool | None
) -> None:
    assert not follow_up(policy, count=count, limit=limit, moved=False, last=last).now
