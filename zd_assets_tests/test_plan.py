"""What a run does with each partition that was asked for."""

from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zd_assets.catalog.chat import CHATS
from zd_assets.catalog.export import Export
from zd_assets.catalog.support import TICKETS
from zd_assets.extract.plan import Plan, Target, plan
from zd_assets.lake.footer import Footer, empty_footer
from zd_assets.lake.partition import Partition
from zd_assets_tests.helpers.truth import day, days

DAY = day("2026-02-01")
NOON_US = DAY.start_us + 43_200_000_000
LATER_US = DAY.end_us + 43_200_000_000
EMPTY = empty_footer(CHATS, DAY, "a run")
COMPLETE = replace(EMPTY, complete=True, complete_until_us=DAY.end_us)
HALF = replace(EMPTY, complete_until_us=NOON_US)
BEGUN = replace(EMPTY, resume_url="https://acme.zendesk.com/next")

# The file's footer, should_adopt(), full_refresh, horizon -> what becomes of it, from where.
TABLE: dict[str, tuple[Footer | None, bool, bool, int, str, int | None]] = {
    "missing": (None, False, False, LATER_US, "whole", DAY.start_us),
    "complete": (COMPLETE, False, False, LATER_US, "whole", DAY.start_us),
    "complete, but never reported": (COMPLETE, True, False, LATER_US, "adopted", None),
    "complete, never reported, full_refresh": (
        COMPLETE,
        True,
        True,
        LATER_US,
        "whole",
        DAY.start_us,
    ),
    "incomplete": (HALF, False, False, LATER_US, "resumed", NOON_US),
    "incomplete is not to be adopted": (HALF, True, False, LATER_US, "resumed", NOON_US),
    "incomplete, full_refresh": (HALF, False, True, LATER_US, "whole", DAY.start_us),
    "begun, nothing proven": (BEGUN, False, False, LATER_US, "resumed", DAY.start_us),
    "empty": (EMPTY, False, False, LATER_US, "whole", DAY.start_us),
    "of an older schema": (
        replace(HALF, schema="0"),
        False,
        False,
        LATER_US,
        "whole",
        DAY.start_us,
    ),
    "partly settled": (None, False, False, NOON_US, "whole", DAY.start_us),
    "begins at the horizon": (None, False, False, DAY.start_us, "unsettled", None),
    "begins one step before it": (None, False, False, DAY.start_us + 1, "whole", DAY.start_us),
    "future, full_refresh": (COMPLETE, True, True, DAY.start_us - 1, "unsettled", None),
}


@pytest.mark.parametrize("case", TABLE)
def test_a_partitions_file_decides_what_becomes_of_it(case: str) -> None:
    footer, should_adopt, full_refresh, horizon_us, becomes, from_us = TABLE[case]
    todo = plan(
        CHATS,
        [Target(DAY, footer)],
        parameters={},
        should_adopt=lambda footer: should_adopt,
        full_refresh=full_refresh,
        horizon_us=horizon_us,
        windows=4,
    )
    found: dict[str, list[object]] = {
        "adopted": [*todo.adopted],
        "unsettled": [*todo.unsettled],
        "resumed": [segment for segment in todo.segments if segment.resumes],
        "whole": [segment for segment in todo.segments if not segment.resumes],
    }
    assert {name: len(list_) for name, list_ in found.items() if list_} == {becomes: 1}
    assert [segment.from_us for segment in todo.segments] == [us for us in [from_us] if us]


WITH_USERS = {"include": "users"}
WITH_GROUPS_TOO = {"include": "users,groups"}

# What the file was asked for with, what is asked for now -> what becomes of a half-done file.
PARAMETERS: list[tuple[dict[str, str], dict[str, str], str]] = [
    ({}, {}, "resumed"),
    (WITH_USERS, WITH_USERS, "resumed"),
    ({"a": "1", "b": "2"}, {"b": "2", "a": "1"}, "resumed"),
    ({}, WITH_USERS, "whole"),
    (WITH_USERS, {}, "whole"),
    (WITH_USERS, WITH_GROUPS_TOO, "whole"),
    (WITH_GROUPS_TOO, WITH_USERS, "whole"),
    (WITH_USERS, WITH_USERS | {"exclude_system_updates": "true"}, "whole"),
    ({"drop": "users.email"}, {"hash": "users.email"}, "whole"),
]


def planned(footer: Footer, asked: dict[str, str], export: Export = TICKETS, **how: Any) -> Plan:
    settings: dict[str, Any] = {
        "should_adopt": lambda footer: False,
        "full_refresh": False,
        "windows": 1,
    }
    return plan(
        export,
        [Target(DAY, footer)],
        parameters=asked,
        horizon_us=LATER_US,
        **settings | how,
    )


@pytest.mark.parametrize(("had", "asked", "becomes"), PARAMETERS)
def test_a_part_is_resumed_only_if_it_was_asked_for_as_now(
    had: dict[str, str], asked: dict[str, str], becomes: str
) -> None:
    half = replace(empty_footer(TICKETS, DAY, "a run"), complete_until_us=NOON_US, parameters=had)
    (segment,) = planned(half, asked).segments
    assert segment.resumes is (becomes == "resumed")
    assert segment.from_us == (NOON_US if becomes == "resumed" else DAY.start_us)
    (refetched,) = planned(half, asked, full_refresh=True).segments
    assert not refetched.resumes


@pytest.mark.parametrize("asked", [{}, WITH_USERS])
def test_a_stream_without_times_is_resumed_where_its_file_says(asked: dict[str, str]) -> None:
    begun = replace(
        empty_footer(TICKETS, DAY, "a run"), resume_url="https://x/?cursor=a", parameters=asked
    )
    (segment,) = planned(begun, asked).segments
    assert (segment.resumes, segment.from_us) == (True, DAY.start_us)


@pytest.mark.parametrize(
    "unlike", [{"parameters": {}}, {"schema": "0"}], ids=["parameters", "schema"]
)
def test_a_file_that_was_asked_for_otherwise_is_not_adopted(unlike: dict[str, Any]) -> None:
    # The run before this one was killed; since then, `drop` keeps e-mails out of the lake.
    asked = {"drop": "users.email"}
    whole = replace(empty_footer(TICKETS, DAY, "killed"), complete=True, parameters=asked)
    assert planned(whole, asked, should_adopt=lambda footer: True).adopted
    assert not planned(replace(whole, **unlike), asked, should_adopt=lambda footer: True).adopted


def test_an_incomplete_partition_is_resumed_as_the_first_of_its_stretch() -> None:
    partitions = days("2026-01-30", 5)
    targets = [Target(partition, None) for partition in partitions]
    targets[2] = Target(partitions[2], replace(HALF, start_us=partitions[2].start_us))
    todo = plan_of(targets, windows=1)
    assert [[t.partition.key for t in segment.targets] for segment in todo.segments] == [
        ["2026-01-30", "2026-01-31"],
        ["2026-02-01", "2026-02-02", "2026-02-03"],
    ]
    assert [segment.resumes for segment in todo.segments] == [False, True]


def plan_of(targets: list[Target], windows: int) -> Plan:
    return plan(
        CHATS,
        targets,
        parameters={},
        should_adopt=lambda footer: footer.run_id == "unreported",
        full_refresh=False,
        horizon_us=LATER_US + 10**15,
        windows=windows,
    )


def footer_of(kind: str, partition: Partition) -> Footer | None:
    empty = empty_footer(CHATS, partition, "unreported" if kind == "adopted" else "run")
    middle_us = (partition.start_us + partition.end_us) // 2
    return {
        "missing": None,
        "complete": replace(empty, complete=True),
        "adopted": replace(empty, complete=True),
        "half": replace(empty, complete_until_us=middle_us),
    }[kind]


@given(
    st.lists(
        st.sampled_from(["missing", "complete", "adopted", "half", "not asked for"]), max_size=14
    ),
    st.integers(1, 6),
)
def test_stretches_cover_exactly_the_targets_contiguously_and_in_order(
    kinds: list[str], windows: int
) -> None:
    asked = [
        (kind, partition)
        for kind, partition in zip(kinds, days("2026-02-01", len(kinds)), strict=True)
        if kind != "not asked for"
    ]
    todo = plan_of([Target(p, footer_of(kind, p)) for kind, p in asked], windows)
    walked = [target.partition for segment in todo.segments for target in segment.targets]
    assert walked == [partition for kind, partition in asked if kind != "adopted"]
    assert [t.partition for t in todo.adopted] == [p for kind, p in asked if kind == "adopted"]
    kind_of = {partition.key: kind for kind, partition in asked}
    for segment in todo.segments:
        for one, next_one in pairwise(segment.partitions):
            assert one.end_us == next_one.start_us
        resumed = [
            partition for partition in segment.partitions if kind_of[partition.key] == "half"
        ]
        assert resumed == ([segment.partitions[0]] if segment.resumes else [])
        assert segment.until_us == segment.partitions[-1].end_us
    if 0 < len(todo.segments) < windows:
        assert all(len(segment.targets) == 1 for segment in todo.segments)
