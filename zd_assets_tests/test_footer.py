"""What a partition file says about itself."""

import json
from dataclasses import replace

import msgspec
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zd_assets.catalog.chat import CHATS, CONVERSIONS
from zd_assets.catalog.columns import Column, Scalar
from zd_assets.catalog.export import Export
from zd_assets.catalog.support import TICKETS
from zd_assets.engine.day import DayFooter
from zd_assets.lake.errors import LakeError
from zd_assets.lake.footer import Footer, LastPage, decode_footer, empty_footer, schema_id
from zd_assets.lake.lake import Lake
from zd_assets.lake.partition import Partition
from zd_assets_tests.helpers.files import DAY, conversion, footer_json, write
from zd_assets_tests.helpers.odd_items import PATIENT
from zd_assets_tests.helpers.runs import hours
from zd_assets_tests.helpers.truth import day, days

_INT64 = st.integers(-(2**63), 2**63 - 1)
FOOTERS = st.builds(
    Footer,
    export=st.text(),
    start_us=_INT64,
    complete_until_us=_INT64,
    end_us=_INT64,
    items=st.integers(0, 2**40),
    drift=st.dictionaries(st.text(), st.integers(0)),
    parameters=st.dictionaries(st.text(), st.text()),
    sideloads=st.dictionaries(st.text(), st.integers(0)),
    system_updates=st.integers(0),
    last_page=st.none()
    | st.builds(
        LastPage,
        count=_INT64,
        limit=_INT64,
        end_time=_INT64,
        end_id=st.none() | st.text(),
        cursor=st.none() | st.text(),
    ),
)


@PATIENT
@given(FOOTERS)
def test_a_footer_is_read_as_it_was_written(footer: Footer) -> None:
    assert decode_footer(footer.encode()) == footer


@PATIENT
@given(FOOTERS)
def test_a_footer_is_one_json_object_of_its_facts(footer: Footer) -> None:
    facts = json.loads(footer.encode())
    assert set(facts) == set(Footer.__dataclass_fields__)
    assert facts["drift"] == footer.drift
    assert facts["complete_until_us"] == footer.complete_until_us


def test_attributes_of_a_later_version_are_passed_over() -> None:
    footer = replace(
        empty_footer(CHATS, DAY, "run"),
        last_page=LastPage(1, 1000, 2, "id", "progress", "fewer", None, True),
    )
    facts = json.loads(footer.encode())
    facts["later"] = facts["last_page"]["later"] = {"any": ["thing"]}
    assert decode_footer(json.dumps(facts).encode()) == footer


def test_a_footer_of_an_earlier_version_was_asked_for_plainly() -> None:
    footer = replace(
        empty_footer(CHATS, DAY, "run"),
        last_page=LastPage(1, 1000, 2, "id", "progress", "fewer", None, True),
    )
    facts = json.loads(footer.encode())
    for added in ("parameters", "sideloads", "system_updates"):
        del facts[added]
    del facts["last_page"]["cursor"]
    assert decode_footer(json.dumps(facts).encode()) == footer
    assert footer.parameters == {}


@pytest.mark.parametrize("missing", ["export", "complete", "complete_until_us", "schema"])
def test_a_footer_without_its_essentials_is_none_of_ours(missing: str) -> None:
    facts = json.loads(empty_footer(CHATS, DAY, "run").encode())
    del facts[missing]
    with pytest.raises(ValueError, match=missing):
        decode_footer(json.dumps(facts).encode())


def test_the_files_footer_is_the_one_that_was_committed(lake: Lake) -> None:
    footer = write(lake, [[conversion("a"), conversion("b")]])
    path = lake.path(CONVERSIONS, DAY)
    assert lake.footer(CONVERSIONS, DAY) == footer
    assert footer_json(path) == json.loads(footer.encode())
    assert footer_json(path)["items"] == 2 == pq.read_metadata(path).num_rows
    assert lake.footer(CHATS, DAY) is None


def test_an_empty_partition_is_a_file_too(lake: Lake) -> None:
    footer = write(lake, [])
    assert footer.items == 0
    assert not footer.complete
    assert footer.complete_until_us == DAY.start_us
    assert lake.footer(CONVERSIONS, DAY) == footer
    assert pq.read_table(lake.path(CONVERSIONS, DAY), partitioning=None).num_rows == 0


def test_the_schemas_id_changes_with_columns_but_not_with_their_descriptions() -> None:
    first, *others = CHATS.columns
    described = replace(first, description="Something else.")
    retyped = replace(first, type=Scalar.JSON)
    added = Column("brand_new", Scalar.TEXT, "New.")
    ids = [
        schema_id(replace(CHATS, columns=columns))
        for columns in (
            CHATS.columns,
            (described, *others),
            (retyped, *others),
            (*CHATS.columns, added),
            tuple(others),
        )
    ]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 4


def test_the_schemas_id_changes_with_the_columns_of_the_tables_beside() -> None:
    users, *others = TICKETS.sideloads

    def with_users(*columns: Column) -> Export:
        table = replace(users.table, columns=columns)
        return replace(TICKETS, sideloads=(replace(users, table=table), *others))

    first, *rest = users.table.columns
    added = Column("brand_new", Scalar.TEXT, "New.")
    ids = [
        schema_id(export)
        for export in (
            TICKETS,
            with_users(replace(first, description="Something else."), *rest),
            with_users(first, *rest, added),
            with_users(*rest),
            replace(TICKETS, sideloads=()),
        )
    ]
    assert ids[0] == ids[1]
    assert len(set(ids)) == 4


# --- What earlier files say ---------------------------------------------------------------------


def keys_before(lake: Lake, partition: Partition) -> list[str]:
    return [footer.partition for footer in lake.footers_before(CONVERSIONS, partition)]


def test_earlier_files_are_read_newest_first_and_later_ones_not_at_all(lake: Lake) -> None:
    first, second, third, fourth = days("2025-12-31", 4)
    for partition in (second, fourth, first):
        write(lake, [], partition=partition)
    lake.path(CONVERSIONS, fourth).write_bytes(b"none of ours")
    assert keys_before(lake, third) == ["2026-01-01", "2025-12-31"]
    assert keys_before(lake, second) == ["2025-12-31"]
    assert keys_before(lake, first) == []
    assert list(lake.footers_before(CHATS, fourth)) == []


def test_a_lake_that_isnt_there_has_no_earlier_files(lake: Lake) -> None:
    assert keys_before(lake, DAY) == []
    assert not lake.root.exists()


def test_hours_inside_a_day_are_not_before_it(lake: Lake) -> None:
    # A lake that went from hours to days.
    evening = hours("2025-12-31T22:00:00", 4)
    for hour in evening:
        write(lake, [], partition=hour)
    write(lake, [], partition=DAY)
    assert DAY.key == "2026-01-01"
    assert keys_before(lake, DAY) == ["2025-12-31-23:00", "2025-12-31-22:00"]
    assert keys_before(lake, evening[3]) == [
        *("2026-01-01-00:00", "2025-12-31-23:00", "2025-12-31-22:00")
    ]
    assert keys_before(lake, day("2026-01-02"))[0] == DAY.key


def test_a_day_is_not_before_its_own_hours(lake: Lake) -> None:
    # A lake that went from days to hours.
    write(lake, [], partition=day("2025-12-31"))
    write(lake, [], partition=DAY)
    noon, afternoon = hours("2026-01-01T12:00:00", 2)
    write(lake, [], partition=noon)
    assert keys_before(lake, afternoon) == ["2026-01-01-12:00", "2025-12-31"]


def test_earlier_files_are_opened_only_as_far_as_they_are_asked_for(lake: Lake) -> None:
    first, second, third = days("2025-12-31", 3)
    for partition in (first, second):
        write(lake, [], partition=partition)
    lake.path(CONVERSIONS, first).write_bytes(b"none of ours")
    found = lake.footers_before(CONVERSIONS, third)
    assert next(found).partition == second.key
    with pytest.raises(LakeError, match="can't be read as a file of this lake"):
        next(found)


def test_unfinished_and_foreign_files_beside_earlier_ones_are_passed_over(lake: Lake) -> None:
    first, second = days("2025-12-31", 2)
    write(lake, [], partition=first)
    folder = lake.path(CONVERSIONS, first).parent
    (folder / ".part-0.parquet.123.tmp").write_bytes(b"")
    (folder / "notes.txt").write_text("mine")
    (folder.parent / "notes.txt").write_text("mine")
    assert keys_before(lake, second) == [first.key]


def test_a_footer_of_an_older_version_is_read_without_what_it_lacks() -> None:
    footer = empty_footer(CHATS, DAY, "a run")
    facts = json.loads(footer.encode())
    for name in ("resume_time", "parameters", "sideloads", "system_updates"):
        del facts[name]
    assert decode_footer(json.dumps(facts).encode()) == footer


def test_a_footer_of_the_version_before_is_read() -> None:
    """Its `ending` has another name now: the partition then goes on from time."""
    page = {
        "count": 3,
        "limit": 1000,
        "end_time": 1769904000,
        "end_id": None,
        "policy": "progress",
        "row": "count < limit",
        "ending": "caught up: the server has no more items",
        "follow_up_now": False,
    }
    before = json.loads(empty_footer(CHATS, DAY, "run").encode()) | {"last_page": page}
    footer = decode_footer(json.dumps(before).encode())
    assert footer.last_page
    assert (footer.last_page.count, footer.last_page.stop_reason) == (3, None)


def test_a_day_of_the_version_before_is_read_and_due() -> None:
    before = {"table": "chat_messages", "day": "2026-02-02", "made_of": "1", "content": "2"}
    footer = msgspec.json.decode(json.dumps(before), type=DayFooter)
    assert (footer.input_version, footer.complete) == ("", False)
