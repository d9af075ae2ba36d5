"""The follow-up rule is one table (design, "Pagination and the follow-up rule")."""

import pytest

from zd_assets.zendesk.follow_up import Policy, follow_up

NOW, WAIT = True, False

# What the page says                      progress documented full_page  the row it names
TABLE = [
    ({"count": 3, "limit": 10, "moved": True}, (NOW, NOW, WAIT), "count 3 < limit 10"),
    ({"count": 10, "limit": 10, "moved": True}, (NOW, WAIT, NOW), "count 10 = limit 10"),
    ({"count": 0, "limit": 10, "moved": False}, (WAIT, WAIT, WAIT), "count = 0"),
    ({"count": 0, "limit": 10, "moved": True}, (WAIT, WAIT, WAIT), "count = 0"),
    ({"count": 3, "limit": 10, "moved": False}, (WAIT, WAIT, WAIT), "the cursor didn't move"),
    ({"count": 10, "limit": 10, "moved": False}, (WAIT, WAIT, WAIT), "the cursor didn't move"),
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
    page: dict[str, int], policy: Policy, now: bool, row: str
) -> None:
    decision = follow_up(
        policy, count=page["count"], limit=page["limit"], moved=bool(page["moved"])
    )
    assert (decision.now, decision.row) == (now, row)
