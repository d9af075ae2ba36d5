"""The follow-up rule: after a page, ask for the next one now or after the polling interval?

The Chat document, "Pagination and polling", says: if `count` is less than `limit`, more items
are available and `next_page` may be requested immediately; otherwise after a polling interval.
Clients that met the real API report the opposite: full pages until the newest data, then a
short one. The policy says whose word counts; most of Support's pages say it themselves. No
policy can lose an item: it decides when the next page is asked for, while a window counts as
complete only once it is proven (see `iter_pages`).
"""

from dataclasses import dataclass
from enum import StrEnum


class Policy(StrEnum):
    """Whose word counts on whether more items are available."""

    PROGRESS = "progress"
    """Right under both readings; one request too many at worst."""

    DOCUMENTED = "documented"
    """The document's sentence to the letter."""

    FULL_PAGE = "full_page"
    """What clients observe."""


@dataclass(frozen=True)
class FollowUp:
    """The decision, and the row of the table that made it."""

    now: bool
    row: str


_FOLLOW_SHORT_PAGE = {Policy.PROGRESS: True, Policy.DOCUMENTED: True, Policy.FULL_PAGE: False}
_FOLLOW_FULL_PAGE = {Policy.PROGRESS: True, Policy.DOCUMENTED: False, Policy.FULL_PAGE: True}


def follow_up(
    policy: Policy,
    *,
    count: int,
    limit: int,
    moved: bool,
    last: bool | None = None,
    repeats: bool = False,
) -> FollowUp:
    """Decide from a page's `count`, its `limit` and whether it moved the cursor.

    `repeats` says that it brought nothing but items of the page before. `last` is the server's
    own word on whether this is all, which most of Support gives; no policy is asked then.
    """
    if last:
        return FollowUp(False, "end_of_stream: true")
    if last is False and moved:
        return FollowUp(True, "end_of_stream: false")
    if count == 0:
        return FollowUp(False, "count = 0")
    if not moved:
        return FollowUp(False, "the cursor didn't move")
    if repeats:
        return FollowUp(False, "nothing but items of the page before")
    if count < limit:
        return FollowUp(_FOLLOW_SHORT_PAGE[policy], f"count {count} < limit {limit}")
    # Support's time-based pages keep their last second whole, beyond the limit if need be.
    sign = "=" if count == limit else ">"
    return FollowUp(_FOLLOW_FULL_PAGE[policy], f"count {count} {sign} limit {limit}")
