"""Sideloaded rows go where the items that refer to them go."""

import json
from typing import Any

import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zd_assets.catalog.columns import List, Scalar
from zd_assets.catalog.export import Export, Sideload
from zd_assets.catalog.registry import EXPORTS
from zd_assets.catalog.support import TICKETS
from zd_assets.extract.assign import PartitionRows
from zd_assets.extract.sideloads import share
from zd_assets.schema.convert import convert
from zd_assets.schema.keys import item_times_us
from zd_assets_tests.helpers.odd_items import PATIENT

ASIDE: dict[str, tuple[Export, Sideload]] = {
    sideload.table.name: (export, sideload) for export in EXPORTS for sideload in export.sideloads
}
USERS_OF_TICKETS = ASIDE["tickets__users"][1]

Items = list[dict[str, Any]]
IDS = st.integers(1, 6)


def rows_of(table: Any, items: Items) -> pa.Table:
    return convert(table, json.dumps(items).encode())


def placed_of(export: Export, items: pa.Table, numbers: list[int | None]) -> list[PartitionRows]:
    """The items by the partition that each goes to; None for those that go to none."""
    times_us, _ = item_times_us(export, items)
    return [
        PartitionRows(number, items.filter(pa.array(mine)), times_us[mine])
        for number in sorted({number for number in numbers if number is not None})
        for mine in [[one == number for one in numbers]]
    ]


def names_by_partition(
    sideload: Sideload, beside: Items, items: pa.Table, placed: list[PartitionRows]
) -> dict[int, list[str]]:
    shared = list(share(sideload, rows_of(sideload.table, beside), items, placed))
    assert [number for number, _ in shared] == [part.number for part in placed]
    return {number: rows["name"].to_pylist() for number, rows in shared}


@st.composite
def pages(draw: st.DrawFn, export: Export, sideload: Sideload) -> tuple[Items, Items]:
    """Items that refer to some ids, and a list with them that holds some."""
    kinds = {column.name: column.type for column in export.columns}

    def reference(column: str) -> st.SearchStrategy[Any]:
        one = IDS | IDS.map(str) | st.none()
        return st.none() | st.lists(one, max_size=3) if isinstance(kinds[column], List) else one

    items = draw(
        st.lists(
            st.fixed_dictionaries({}, optional={c: reference(c) for c in sideload.referred_by}),
            max_size=6,
        )
    )
    beside = draw(st.lists(IDS | st.none(), max_size=8))
    # Only the name tells the rows apart: one id may be listed twice.
    return items, [{"id": id, "name": f"row {number}"} for number, id in enumerate(beside)]


def ids_referred_to(sideload: Sideload, item: dict[str, Any]) -> set[int]:
    values = [item.get(column) for column in sideload.referred_by]
    flat = [one for value in values for one in (value if isinstance(value, list) else [value])]
    return {int(one) for one in flat if one is not None}


# One whose references are ids and lists of them, and one with a single reference.
@pytest.mark.parametrize("name", ["tickets__users", "users__organizations"])
@settings(PATIENT, max_examples=60)
@given(data=st.data())
def test_a_row_is_in_each_partition_whose_items_refer_to_it(name: str, data: st.DataObject) -> None:
    export, sideload = ASIDE[name]
    items, beside = data.draw(pages(export, sideload))
    numbers = data.draw(
        st.lists(st.none() | st.sampled_from([3, 4, 7]), min_size=len(items), max_size=len(items))
    )
    table = rows_of(export, items)
    shared = names_by_partition(sideload, beside, table, placed_of(export, table, numbers))

    referred = [ids_referred_to(sideload, item) for item in items]
    by_any = set[int]().union(*referred)
    expected: dict[int, list[str]] = {}
    for number in sorted({one for one in numbers if one is not None}):
        own = set[int]().union(
            *(ids for ids, one in zip(referred, numbers, strict=True) if one == number)
        )
        first = not expected
        expected[number] = [
            row["name"] for row in beside if row["id"] in own or (first and row["id"] not in by_any)
        ]
    assert shared == expected


TWO_DAYS: list[int | None] = [0, 1]


@pytest.mark.parametrize(
    ("beside", "items", "numbers", "shared"),
    [
        ([1, 2], [{"requester_id": 1}, {"requester_id": 2}], TWO_DAYS, {0: [1], 1: [2]}),
        ([1], [{"requester_id": 1}, {"assignee_id": 1}], TWO_DAYS, {0: [1], 1: [1]}),
        ([1, 2], [{"follower_ids": [1, 2]}, {"email_cc_ids": [2]}], TWO_DAYS, {0: [1, 2], 1: [2]}),
        ([1, 9], [{"requester_id": 1}, {}], TWO_DAYS, {0: [1, 9], 1: []}),
        # By an item of another window only: that window brings the row again.
        ([1, 2], [{"requester_id": 1}, {"requester_id": 2}], [None, 5], {5: [2]}),
        ([1, 9], [{"requester_id": 1}], [None], {}),
        # A reference that drifted is in no column: nobody claims the row, and it isn't lost.
        ([1], [{}, {"requester_id": {"id": 1}}], TWO_DAYS, {0: [1], 1: []}),
        ([1], [{}, {"assigned_to": 1}], TWO_DAYS, {0: [1], 1: []}),
        ([1], [{}, {"requester_id": "1"}], TWO_DAYS, {0: [], 1: [1]}),
        ([], [{"requester_id": 1}, {}], TWO_DAYS, {0: [], 1: []}),
    ],
)  # fmt: skip
def test_users_go_with_their_tickets(
    beside: list[int], items: Items, numbers: list[int | None], shared: dict[int, list[int]]
) -> None:
    table = rows_of(TICKETS, items)
    users = [{"id": id, "name": str(id)} for id in beside]
    found = names_by_partition(USERS_OF_TICKETS, users, table, placed_of(TICKETS, table, numbers))
    assert {number: [int(name) for name in names] for number, names in found.items()} == shared


def test_a_partition_whose_items_were_all_left_out_gets_only_what_nobody_claims() -> None:
    # As `exclude_system_updates` leaves it: rows are filtered away after they were placed.
    table = rows_of(TICKETS, [{"requester_id": 1}, {"requester_id": 2}])
    first, second = placed_of(TICKETS, table, TWO_DAYS)
    emptied = PartitionRows(first.number, first.rows.filter(pa.array([False])), first.times_us[:0])
    users = [{"id": id, "name": str(id)} for id in (1, 2, 9)]
    shared = names_by_partition(USERS_OF_TICKETS, users, table, [emptied, second])
    assert shared == {0: ["9"], 1: ["2"]}


def test_a_row_without_id_goes_to_the_first_partition() -> None:
    table = rows_of(TICKETS, [{"requester_id": None}, {"requester_id": 2}])
    users: Items = [{"id": None, "name": "nobody"}, {"id": "x", "name": "drifted"}]
    placed = placed_of(TICKETS, table, TWO_DAYS)
    assert names_by_partition(USERS_OF_TICKETS, users, table, placed) == {
        0: ["nobody", "drifted"],
        1: [],
    }


@pytest.mark.parametrize("name", ASIDE)
def test_every_reference_is_a_documented_column_of_ids(name: str) -> None:
    export, sideload = ASIDE[name]
    kinds = {column.name: column.type for column in export.columns}
    assert sideload.referred_by
    assert {kinds[column] for column in sideload.referred_by} <= {Scalar.ID, List(Scalar.ID)}
    assert {c.name: c.type for c in sideload.table.columns}["id"] is Scalar.ID
