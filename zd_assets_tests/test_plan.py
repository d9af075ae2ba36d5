"""What a run does with each partition that was asked for."""

from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zd_assets.exports.chat import CHATS
from zd_assets.extract.plan import Plan, Target, plan
from zd_assets.lake.footer import Footer, empty_footer
from zd_assets.lake.partition import Partition
from zd_assets_tests.truth import day, days

DAY = day("2026-02-01")
NOON_US = DAY.start_us + 43_200_000_000
LATER_US = DAY.end_us + 43_200_000_000
EMPTY = empty_footer(CHATS, DAY, "a run")
COMPLETE = replace(EMPTY, complete=True, complete_until_us=DAY.end_us)
HALF = replace(EMPTY, complete_until_us=NOON_US)
BEGUN = replace(EMPTY, resume_url="https://acme.zendesk.com/next")

# The file's footer, what adopts() says, refetch, horizon -> what becomes of it, from where.
TABLE: dict[str, tuple[Footer | None, bool, bool, int, str, int | None]] = {
    "missing": (None, False, False, LATER_US, "whole", DAY.start_us),
    "complete": (COMPLETE, False, False, LATER_US, "whole", DAY.start_us),
    "complete, but never reported": (COMPLETE, True, False, LATER_US, "adopted", None),
    "complete, never reported, refetch": (COMPLETE, True, True, LATER_US, "whole", DAY.start_us),
    "incomplete": (HALF, False, False, LATER_US, "resumed", NOON_US),
    "incomplete is not to be adopted": (HALF, True, False, LATER_US, "resumed", NOON_US),
    "incomplete, refetch": (HALF, False, True, LATER_US, "whole", DAY.start_us),
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
    "future, refetch": (COMPLETE, True, True, DAY.start_us - 1, "unsettled", None),
}


@pytest.mark.parametrize("case", TABLE)
def test_a_partitions_file_decides_what_becomes_of_it(case: str) -> None:
    footer, adopts, refetch, horizon_us, becomes, from_us = TABLE[case]
    todo = plan(
        CHATS,
        [Target(DAY, footer)],
        adopts=lambda footer: adopts,
        refetch=refetch,
        horizon_us=horizon_us,
        windows=4,
    )
    found: dict[str, list[object]] = {
        "adopted": [*todo.adopted],
        "unsettled": [*todo.unsettled],
        "resumed": [stretch for stretch in todo.stretches if stretch.resumes],
        "whole": [stretch for stretch in todo.stretches if not stretch.resumes],
    }
    assert {name: len(list_) for name, list_ in found.items() if list_} == {becomes: 1}
    assert [stretch.from_us for stretch in todo.stretches] == [us for us in [from_us] if us]


def test_an_incomplete_partition_is_resumed_as_the_first_of_its_stretch() -> None:
    partitions = days("2026-01-30", 5)
    targets = [Target(partition, None) for partition in partitions]
    targets[2] = Target(partitions[2], replace(HALF, start_us=partitions[2].start_us))
    todo = plan_of(targets, windows=1)
    assert [[t.partition.key for t in stretch.targets] for stretch in todo.stretches] == [
        ["2026-01-30", "2026-01-31"],
        ["2026-02-01", "2026-02-02", "2026-02-03"],
    ]
    assert [stretch.resumes for stretch in todo.stretches] == [False, True]


def plan_of(targets: list[Target], windows: int) -> Plan:
    return plan(
        CHATS,
        targets,
        adopts=lambda footer: footer.run_id == "unreported",
        refetch=False,
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
    walked = [target.partition for stretch in todo.stretches for target in stretch.targets]
    assert walked == [partition for kind, partition in asked if kind != "adopted"]
    assert [t.partition for t in todo.adopted] == [p for kind, p in asked if kind == "adopted"]
    kind_of = {partition.key: kind for kind, partition in asked}
    for stretch in todo.stretches:
        for one, next_one in pairwise(stretch.partitions):
            assert one.end_us == next_one.start_us
        resumed = [
            partition for partition in stretch.partitions if kind_of[partition.key] == "half"
        ]
        assert resumed == ([stretch.partitions[0]] if stretch.resumes else [])
        assert stretch.until_us == stretch.partitions[-1].end_us
    if 0 < len(todo.stretches) < windows:
        assert all(len(stretch.targets) == 1 for stretch in todo.stretches)
