"""What holds of daily tables whatever the exports hold, against plain Python."""

import tempfile
from collections import Counter, defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import pairwise
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from zd_assets.catalog.chat import AGENT_TIMELINE, CHATS
from zd_assets.catalog.support import (
    ROUTING_ATTRIBUTE_VALUES,
    ROUTING_ATTRIBUTES,
    ROUTING_INSTANCE_VALUES,
    TICKET_EVENTS,
    TICKET_METRIC_EVENTS,
)
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.models.facts.agent_activity import AGENT_ACTIVITY
from zd_assets.models.facts.chat_engagements import CHAT_ENGAGEMENTS
from zd_assets.models.facts.skill_assignments import SKILL_ASSIGNMENTS
from zd_assets.models.facts.ticket_metrics import TICKET_METRICS
from zd_assets.models.marts.agent_daily_scorecard import AGENT_DAILY_SCORECARD
from zd_assets.models.marts.chat_daily_summary import CHAT_DAILY_SUMMARY
from zd_assets.models.marts.sla_breaches_daily import SLA_BREACHES_DAILY
from zd_assets.models.marts.ticket_backlog_daily import TICKET_BACKLOG_DAILY
from zd_assets_tests.helpers.daily_lake import Item, make_days, put, rows, us
from zd_assets_tests.helpers.odd_items import PATIENT

FEW = settings(PATIENT, max_examples=12)
DAYS = (2, 3, 4)
DAY_US = 86_400_000_000
START_US = us("02 00:00")
# Midnights come often: they are where things go wrong.
MOMENTS = st.one_of(
    st.integers(0, 3 * DAY_US - 1), st.sampled_from([0, DAY_US, DAY_US - 1, 2 * DAY_US])
)


@contextmanager
def small_lake() -> Iterator[Lake]:
    with tempfile.TemporaryDirectory() as folder:
        yield open_lake(folder)


def text(moment_us: int) -> str:
    """A moment of the three days, in microseconds from their start."""
    moment = datetime.fromtimestamp((START_US + moment_us) // 1_000_000, UTC)
    return f"{moment:%Y-%m-%dT%H:%M:%S}.{moment_us % 1_000_000:06}Z"


def span(agent: int, start_us: int, duration_us: int, status: str | None, engaged: int) -> Item:
    return {
        "agent_id": agent,
        "start_time": text(start_us),
        "duration": duration_us / 1e6,
        "status": status,
        "engagement_count": engaged,
    }


STATUSES = st.sampled_from(["online", "away", "invisible", "busy", None])
ALL = ("online_s", "away_s", "invisible_s", "other_s")


@FEW
@given(
    st.lists(
        st.tuples(
            st.integers(7, 8), MOMENTS, st.integers(1, 2 * DAY_US), STATUSES, st.integers(0, 3)
        ),
        max_size=12,
    )
)
def test_no_agents_day_has_more_than_24_hours(
    spans: list[tuple[int, int, int, str | None, int]],
) -> None:
    with small_lake() as lake:
        items = [span(*one) for one in spans]
        put(lake, AGENT_TIMELINE, [*items, *items[:2]], *range(2, 7))
        make_days(lake, AGENT_ACTIVITY, *range(2, 7))
        for number in range(2, 7):
            for one in rows(lake, AGENT_ACTIVITY, number):
                total = sum(one[name] for name in ALL)
                assert total <= 86_400 + 1e-6
                assert min(one[name] for name in (*ALL, "overlap_s")) >= 0
                assert abs(sum(one["online_s_by_hour"]) - one["online_s"]) < 1e-5
                assert max(one["online_s_by_hour"]) <= 3600 + 1e-6
                assert one["engaged_s"] <= total + 1e-6


@FEW
@given(st.lists(MOMENTS, min_size=2, max_size=12, unique=True), st.data())
def test_without_overlaps_the_days_add_up_to_the_timespans_to_the_microsecond(
    bounds: list[int], data: st.DataObject
) -> None:
    bounds.sort()
    used = [pair for pair in pairwise(bounds) if data.draw(st.booleans())]
    expected: Counter[str | None] = Counter()
    items = []
    for start, end in used:
        status, engaged = data.draw(STATUSES), data.draw(st.integers(0, 2))
        items.append(span(7, start, end - start, status, engaged))
        known = status in ("online", "away", "invisible")
        expected[f"{status}_s" if known else "other_s"] += end - start
        expected["engagement_s"] += engaged * (end - start)
    with small_lake() as lake:
        put(lake, AGENT_TIMELINE, items, *DAYS, 5)
        make_days(lake, AGENT_ACTIVITY, *DAYS, 5)
        found = [one for number in (*DAYS, 5) for one in rows(lake, AGENT_ACTIVITY, number)]
        for name in (*ALL, "engagement_s"):
            assert sum(round(one[name] * 1e6) for one in found) == expected[name]
        assert all(one["overlap_s"] == 0 for one in found)


TRUTH = st.sampled_from([True, False, None])
ENGAGEMENTS = st.fixed_dictionaries(
    {
        "agent_id": st.sampled_from([7, 8, None]),
        "started_by": st.sampled_from(["visitor", "agent", "transfer", None]),
        "accepted": TRUTH,
        "rating": st.sampled_from(["good", "bad", None]),
    }
)
CHAT = st.fixed_dictionaries(
    {
        "at": MOMENTS,
        "type": st.sampled_from(["chat", "chat", "offline_msg", None]),
        "missed": TRUTH,
        "dropped": TRUTH,
        "deleted": TRUTH,
        "proactive": TRUTH,
        "department_id": st.sampled_from([3, 4, None]),
        "rating": st.sampled_from(["good", "bad", None]),
        "engagements": st.one_of(st.none(), st.lists(ENGAGEMENTS, max_size=3)),
    }
)


def put_chats(lake: Lake, chats: list[Item]) -> None:
    items = [
        {
            "id": str(number),
            "timestamp": text(one["at"]),
            "update_timestamp": text(one["at"]),
            **one,
        }
        for number, one in enumerate(chats)
    ]
    put(lake, CHATS, items, *DAYS)


@FEW
@given(st.lists(CHAT, max_size=15))
def test_the_departments_add_up_to_what_plain_python_counts(chats: list[Item]) -> None:
    with small_lake() as lake:
        put_chats(lake, chats)
        make_days(lake, CHAT_DAILY_SUMMARY, *DAYS)
        for number in DAYS:
            day = [one for one in chats if one["at"] // DAY_US == number - 2]
            alive = [one for one in day if not one["deleted"]]
            real = [one for one in alive if one["type"] != "offline_msg"]
            expected = {
                "chats": len(real),
                "missed": sum(bool(one["missed"]) for one in real),
                "dropped": sum(bool(one["dropped"]) and not one["missed"] for one in real),
                "served": sum(not one["missed"] for one in real),
                "completed": sum(not one["missed"] and not one["dropped"] for one in real),
                "proactive": sum(bool(one["proactive"]) for one in real),
                "transferred": sum(
                    any(each["started_by"] == "transfer" for each in one["engagements"] or [])
                    for one in real
                ),
                "offline_messages": len(alive) - len(real),
                "deleted": len(day) - len(alive),
                "good": sum(one["rating"] == "good" for one in real),
                "bad": sum(one["rating"] == "bad" for one in real),
            }
            found = rows(lake, CHAT_DAILY_SUMMARY, number)
            assert {name: sum(one[name] for one in found) for name in expected} == expected
            assert len(found) == len({one["department_id"] for one in day})


@FEW
@given(st.lists(CHAT, max_size=15))
def test_the_agents_engagements_add_up_to_those_of_the_day(chats: list[Item]) -> None:
    with small_lake() as lake:
        put_chats(lake, chats)
        make_days(lake, AGENT_DAILY_SCORECARD, *DAYS)
        for number in DAYS:
            engaged = [
                one
                for one in rows(lake, CHAT_ENGAGEMENTS, number)
                if one["agent_id"] and not one["is_deleted"]
            ]
            expected = [
                each
                for one in chats
                if one["at"] // DAY_US == number - 2 and not one["deleted"]
                for each in one["engagements"] or []
                if each["agent_id"]
            ]
            cards = rows(lake, AGENT_DAILY_SCORECARD, number)
            assert sum(one["offered"] for one in cards) == len(engaged) == len(expected)
            for name in ("good", "bad"):
                count = sum(each["rating"] == name for each in expected)
                assert sum(one[name] for one in cards) == count
            accepted = sum(bool(each["accepted"]) for each in expected)
            assert sum(one["accepted"] for one in cards) == accepted


FLOWS = ("created", "solved", "reopened", "restored", "left")
UNSOLVED = {"new", "open", "pending", "hold"}


@FEW
@given(
    st.lists(
        st.tuples(
            MOMENTS,
            st.integers(1, 4),
            st.sampled_from(["open", "pending", "solved", "solved", "closed", "deleted"]),
            st.sampled_from([5, 6, None]),
        ),
        max_size=25,
    )
)
def test_the_backlog_is_yesterdays_with_what_came_and_without_what_went(
    steps: list[tuple[int, int, str, int | None]],
) -> None:
    """Backlog = before + created + reopened + restored - solved - left unsolved."""
    events: list[Item] = []
    status: dict[int, str] = {}
    moved: defaultdict[int, Counter[str]] = defaultdict(Counter)
    at_end: dict[int, Counter[int | None]] = {}
    group: dict[int, int | None] = {}
    ordered = sorted(steps, key=lambda step: step[0] // 1_000_000)
    for number in DAYS:
        today = moved[number]
        for moment, ticket, new, to in ordered:
            if moment // DAY_US != number - 2:
                continue
            old = status.get(ticket)
            if old == "closed":
                continue  # Nothing comes after that, and deleted ones may be restored.
            child: Item = {"event_type": "Change" if old else "Create", "status": new}
            child |= {"previous_value": old} if old and moment % 2 else {}
            # That a ticket was deleted is forgotten when the day is over.
            if old == "deleted":
                child["previous_value"] = "deleted"
            handed = {"event_type": child["event_type"], "group_id": to}
            events.append(
                {
                    "id": len(events),
                    "ticket_id": ticket,
                    "timestamp": (START_US + moment) // 1_000_000,
                    "child_events": [child, handed],
                }
            )
            status[ticket], group[ticket] = new, to
            today["created"] += old is None
            today["solved"] += new == "solved" and (old is None or old in UNSOLVED)
            today["reopened"] += old == "solved" and new in UNSOLVED
            today["restored"] += old == "deleted" and new in UNSOLVED
            unsolved_before = old is None or old in UNSOLVED
            today["left"] += unsolved_before and new in ("closed", "deleted")
        at_end[number] = Counter(
            group[ticket] for ticket, what in status.items() if what in UNSOLVED
        )
    with small_lake() as lake:
        put(lake, TICKET_EVENTS, events, *DAYS)
        make_days(lake, TICKET_BACKLOG_DAILY, *DAYS)
        before = 0
        for number in DAYS:
            found = rows(lake, TICKET_BACKLOG_DAILY, number)
            assert {one["group_id"]: one["backlog"] for one in found if one["backlog"]} == at_end[
                number
            ]
            total = {
                name: sum(one[name] for one in found) for name in ("backlog", "before", *FLOWS)
            }
            today = moved[number]
            assert total["before"] == before
            for name in FLOWS:
                assert total[name] == today[name], name
            came = today["created"] + today["reopened"] + today["restored"]
            assert total["backlog"] == before + came - today["solved"] - today["left"]
            before = total["backlog"]


@FEW
@given(
    st.lists(
        st.tuples(
            MOMENTS, st.integers(1, 2), st.sampled_from(["associate", "unassociate"]), st.booleans()
        ),
        max_size=14,
    )
)
def test_a_skill_is_held_as_long_as_a_plain_walk_over_its_moves_says(
    moves: list[tuple[int, int, str, bool]],
) -> None:
    items = [
        {
            "id": str(number),
            "attribute_value_id": "en",
            "instance_id": holder,
            "type": f"{what}_{'agent' if is_agent else 'ticket'}",
            "time": text(moment),
        }
        for number, (moment, holder, what, is_agent) in enumerate(moves)
    ]
    kinds: defaultdict[tuple[str, int], defaultdict[int, set[str]]] = defaultdict(
        lambda: defaultdict(set)
    )
    for moment, holder, what, is_agent in moves:
        kinds["agent" if is_agent else "ticket", holder][moment].add(what)
    with small_lake() as lake:
        for export in (ROUTING_ATTRIBUTES, ROUTING_ATTRIBUTE_VALUES, TICKET_EVENTS):
            put(lake, export, [], *DAYS)
        put(lake, ROUTING_INSTANCE_VALUES, items, *DAYS)
        make_days(lake, SKILL_ASSIGNMENTS, *DAYS)
        for number in DAYS:
            start = (number - 2) * DAY_US
            found: Counter[tuple[str, int]] = Counter()
            for one in rows(lake, SKILL_ASSIGNMENTS, number):
                found[one["holder"], one["holder_id"]] += round(one["held_s"] * 1e6)
            for who, by_moment in kinds.items():
                held = _held_us(by_moment, start)
                assert found.pop(who, 0) == held <= DAY_US
            assert not found


def _held_us(moves: dict[int, set[str]], start: int) -> int:
    """Microseconds of a day; who first loses what wasn't given had it since that midnight."""
    held, total = False, 0
    for midnight in range(0, start + DAY_US, DAY_US):
        since = midnight if held else None
        is_first, total = True, 0
        for moment, kinds in sorted(moves.items()):
            if moment // DAY_US != midnight // DAY_US or len(kinds) == 2:
                continue
            if kinds == {"associate"}:
                since = moment if since is None else since
            elif since is not None or is_first:
                total += moment - (midnight if since is None else since)
                since = None
            is_first = False
        held = since is not None
        total += midnight + DAY_US - since if since is not None else 0
    return total


@FEW
@given(
    st.lists(
        st.tuples(
            MOMENTS, st.integers(1, 2), st.sampled_from(["activate", "pause", "fulfill", "breach"])
        ),
        max_size=14,
        unique_by=lambda step: step[0],
    )
)
def test_a_metric_runs_as_long_as_a_plain_walk_over_its_events_says(
    steps: list[tuple[int, int, str]],
) -> None:
    # Each is fulfilled once, and then no more is heard of it.
    walks: defaultdict[int, list[tuple[int, str]]] = defaultdict(list)
    for moment, ticket, kind in sorted(steps):
        if not walks[ticket] or walks[ticket][-1][1] != "fulfill":
            walks[ticket].append((moment, kind))
    items: list[dict[str, Any]] = [
        {"ticket_id": ticket, "metric": "m", "instance_id": 1, "type": kind, "time": text(moment)}
        for ticket, walk in walks.items()
        for moment, kind in walk
    ]
    with small_lake() as lake:
        numbered = [{"id": number, **one} for number, one in enumerate(items)]
        put(lake, TICKET_METRIC_EVENTS, numbered, *DAYS)
        make_days(lake, TICKET_METRICS, *DAYS)
        for number in DAYS:
            end = (number - 1) * DAY_US
            for one in rows(lake, TICKET_METRICS, number):
                walk = [step for step in walks[one["ticket_id"]] if step[0] < end]
                turns = [step for step in walk if step[1] != "breach"]
                ends = [*(moment for moment, _ in turns[1:]), end][: len(turns)]
                ran = sum(
                    until - moment
                    for (moment, kind), until in zip(turns, ends, strict=True)
                    if kind == "activate"
                )
                assert round(one["measured_s"] * 1e6) == ran
                assert one["is_running"] == (turns[-1][1] == "activate" if turns else None)
                assert one["pauses"] == sum(kind == "pause" for _, kind in turns)


SHIFTS = st.integers(1, 23)


@FEW
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2 * DAY_US - 1),
            st.sampled_from(["activate", "pause", "fulfill", "breach", "apply_sla"]),
        ),
        max_size=10,
        unique_by=lambda step: step[0],
    ),
    SHIFTS,
)
def test_the_outcome_of_a_measurement_doesnt_depend_on_where_midnight_lies(
    steps: list[tuple[int, str]], hours: int
) -> None:
    found = []
    for shift in (0, hours * 3_600_000_000):
        items = [
            {"id": number, "ticket_id": 1, "metric": "m", "instance_id": 1, "type": kind}
            | {"time": text(moment + shift), "sla": {"policy": "P"} if "sla" in kind else None}
            for number, (moment, kind) in enumerate(sorted(steps))
        ]
        with small_lake() as lake:
            put(lake, TICKET_METRIC_EVENTS, items, *DAYS)
            make_days(lake, SLA_BREACHES_DAILY, *DAYS)
            answers = [one for day in DAYS for one in rows(lake, SLA_BREACHES_DAILY, day)]
            [*_, last] = [None, *rows(lake, TICKET_METRICS, DAYS[-1])]
            state = last and (
                *(last["is_running"], last["pauses"], last["policy"]),
                *(_from_start(last[name], shift) for name in MOMENTS_OF_ONE),
                None if last["is_running"] else last["measured_s"],
            )
            sums = [sum(one[name] for one in answers) for name in ("breaches", "met", "late")]
            found.append((sums, state))
    assert found[0] == found[1]


MOMENTS_OF_ONE = ("activated_at", "fulfilled_at", "breached_at", "met_at", "late_at")


def _from_start(moment: datetime | None, shift: int) -> int | None:
    return moment and round(moment.timestamp() * 1e6) - START_US - shift


@FEW
@given(
    st.lists(
        st.tuples(
            st.integers(0, 2 * 86_400 - 1),
            st.integers(1, 3),
            st.sampled_from(["new", "open", "solved", "closed", "deleted"]),
            st.sampled_from(["none", "right", "unseen"]),
        ),
        max_size=14,
        unique_by=lambda step: step[:2],
    ),
    SHIFTS,
)
def test_what_came_and_went_doesnt_depend_on_where_midnight_lies_and_adds_up(
    steps: list[tuple[int, int, str, str]], hours: int
) -> None:
    status: dict[int, str] = {}
    children = []
    for second, ticket, new, before in sorted(steps):
        if status.get(ticket) == "closed":
            continue
        child: Item = {"event_type": "Change" if ticket in status else "Create", "status": new}
        if ticket in status and before != "none":
            child["previous_value"] = status[ticket] if before == "right" else "pending"
        status[ticket] = new
        children.append((second, ticket, child))
    found = []
    for shift in (0, hours * 3600):
        items = [
            {"id": number, "ticket_id": ticket, "child_events": [child]}
            | {"timestamp": START_US // 1_000_000 + second + shift}
            for number, (second, ticket, child) in enumerate(children)
        ]
        with small_lake() as lake:
            put(lake, TICKET_EVENTS, items, *DAYS)
            make_days(lake, TICKET_BACKLOG_DAILY, *DAYS)
            totals: Counter[str] = Counter()
            left = 0
            for number in DAYS:
                answers = rows(lake, TICKET_BACKLOG_DAILY, number)
                totals.update({name: sum(one[name] for one in answers) for name in FLOWS})
                assert sum(one["before"] for one in answers) == left
                left = sum(one["backlog"] for one in answers)
            came = totals["created"] + totals["reopened"] + totals["restored"]
            assert left == came - totals["solved"] - totals["left"]
            found.append((dict(totals), left))
    assert found[0] == found[1]
