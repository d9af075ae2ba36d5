"""What a partition file says about itself."""

import json
from dataclasses import replace

import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st

from zd_assets.exports.chat import CHATS, CONVERSIONS
from zd_assets.exports.columns import Column, Scalar
from zd_assets.lake.footer import Footer, LastPage, decode_footer, empty_footer, schema_id
from zd_assets.lake.lake import Lake
from zd_assets_tests.files import DAY, conversion, footer_json, write
from zd_assets_tests.odd_items import PATIENT

_INT64 = st.integers(-(2**63), 2**63 - 1)
FOOTERS = st.builds(
    Footer,
    export=st.text(),
    start_us=_INT64,
    complete_until_us=_INT64,
    end_us=_INT64,
    items=st.integers(0, 2**40),
    drift=st.dictionaries(st.text(), st.integers(0)),
    last_page=st.none()
    | st.builds(
        LastPage, count=_INT64, limit=_INT64, end_time=_INT64, end_id=st.none() | st.text()
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
