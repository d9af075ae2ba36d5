"""`scan`: a table's partitions in any frame, and whether they are complete."""

import datetime as dt
import shutil
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

import zd_assets
from zd_assets import scan
from zd_assets.catalog.chat import CHATS, CONVERSIONS
from zd_assets.engine.scan import scan_keys
from zd_assets.lake.errors import GoneError, IncompleteError, LakeError
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.models.facts.chat_engagements import CHAT_ENGAGEMENTS
from zd_assets.models.latest import CHATS_LATEST
from zd_assets.schema.arrow import arrow_schema
from zd_assets_tests.helpers.daily_lake import hour, iso, make_days, put, refresh
from zd_assets_tests.helpers.object_store import BUCKET, s3
from zd_assets_tests.helpers.truth import day

_ENGAGEMENTS = CHAT_ENGAGEMENTS


def _chat(id: str, created: str, updated: str = "", **more: object) -> dict[str, object]:
    return {
        "id": id,
        "timestamp": iso(created),
        "update_timestamp": iso(updated or created),
        **more,
    }


_CHATS = [
    _chat("a", "05 09:00", visitor={"id": "v1"}),
    _chat("b", "06 09:00"),
    _chat("a", "05 09:00", "07 09:00"),
    _chat("c", "07 10:00"),
]


@pytest.fixture
def chats(lake: Lake) -> Lake:
    """Three days of chats, the last open until noon; before the second a gap of nothing."""
    put(lake, CHATS, _CHATS, 5, 6)
    put(lake, CHATS, _CHATS, 7, until="07 12:00")
    return lake


def test_a_range_is_read_in_every_frame(chats: Lake) -> None:
    found = scan("chats", "2026-01-05", "2026-01-06", lake=chats)
    ids = ["a", "b"]
    assert found.arrow()["id"].to_pylist() == ids
    assert list(found.pandas()["id"]) == ids
    assert found.polars()["id"].to_list() == ids
    assert found.lazy().select("id").collect()["id"].to_list() == ids
    assert found.duckdb().order("id").project("id").fetchall() == [("a",), ("b",)]
    assert pa.Table.from_batches(found.batches())["id"].to_pylist() == ids
    assert found.dataset().to_table(["id"])["id"].to_pylist() == ids
    assert isinstance(found.pandas(), pd.DataFrame)
    assert isinstance(found.polars(), pl.DataFrame)
    assert found.rows == 2


def test_an_open_end_is_that_of_the_lake(chats: Lake) -> None:
    assert scan("chats", lake=chats).arrow().num_rows == 4
    assert scan("chats", "2026-01-06", lake=chats).arrow()["id"].to_pylist() == ["b", "a", "c"]
    assert scan("chats", last=dt.date(2026, 1, 5), lake=chats).arrow()["id"].to_pylist() == ["a"]


def test_whether_partitions_are_complete_is_told(chats: Lake) -> None:
    found = scan("chats", "2026-01-04", "2026-01-08", lake=chats)
    assert found.missing == ("2026-01-04", "2026-01-08")
    assert found.incomplete == ("2026-01-07",)
    assert not found.complete
    message = (
        r"zendesk_chat/chats: of its partitions 1 not complete yet \(2026-01-07 until 2026-01-07 "
        r"12:00:00 UTC\) and 2 not there \(2026-01-04, 2026-01-08\); wait until they are"
    )
    with pytest.raises(IncompleteError, match=message):
        found.require_complete()
    whole = scan("chats", "2026-01-05", "2026-01-06", lake=chats)
    assert whole.complete
    assert whole.require_complete() is whole


def test_only_complete_partitions_are_read_where_that_is_asked_for(chats: Lake) -> None:
    found = scan("chats", "2026-01-05", "2026-01-07", lake=chats, complete_only=True)
    assert [one.key for one in found.partitions] == ["2026-01-05", "2026-01-06"]
    assert found.missing == ("2026-01-07",)


def test_current_state_has_each_chat_once_and_tells_whether_all_is_merged(chats: Lake) -> None:
    refresh(chats)
    found = scan("chats", latest=True, lake=chats)
    assert sorted(found.arrow()["id"].to_pylist()) == ["a", "b", "c"]
    assert set(found.arrow()["month"].to_pylist()) == {"2026-01"}
    assert found.complete
    assert found.table is CHATS_LATEST
    assert scan("chats_latest", lake=chats).files == found.files
    put(chats, CHATS, [_chat("d", "08 09:00")], 8)
    assert not scan("chats_latest", lake=chats).complete
    with pytest.raises(LakeError, match="chats_latest has no partitions: leave out first and last"):
        scan("chats", "2026-01-05", latest=True, lake=chats)


def test_a_model_is_read_with_its_days(chats: Lake) -> None:
    put(chats, CHATS, [_chat("e", "09 10:00", engagements=[{"id": "e1"}])], 9)
    make_days(chats, _ENGAGEMENTS, 9)
    found = scan("analytics/chat_engagements", lake=chats)
    [row] = found.arrow(["chat_id", "date"]).to_pylist()
    assert row == {"chat_id": "e", "date": dt.date(2026, 1, 9)}


def test_a_day_names_its_hours(lake: Lake) -> None:
    put(lake, CHATS, _CHATS, hour(5, 8), hour(5, 9), hour(6, 9))
    found = scan("chats", "2026-01-05", "2026-01-05", lake=lake)
    assert found.arrow(["id", "date", "hour"]).to_pylist() == [
        {"id": "a", "date": dt.date(2026, 1, 5), "hour": 9}
    ]
    assert len(found.missing) == 22
    assert "2026-01-05-08:00" not in found.missing
    one = scan("chats", "2026-01-05-09:00", "2026-01-05-10:00", lake=lake)
    assert (one.rows, one.missing) == (1, ("2026-01-05-10:00",))


def test_an_accounts_prefix_is_its_folder(lake: Lake) -> None:
    acme = Lake(lake.root.joinpath("acme"))
    put(acme, CHATS, _CHATS, 5)
    for found in (
        scan("acme/zendesk_chat/chats", lake=str(lake.root)),
        scan(["acme", "zendesk_chat", "chats"], lake=lake),
        scan("chats", lake=lake, prefix="acme"),
    ):
        assert found.rows == 1
    assert scan("chats", lake=lake).partitions == ()


def test_the_lake_is_the_environments_where_none_is_named(
    chats: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ZD_LAKE", str(chats.root))
    assert scan("chats").rows == 4


def test_what_isnt_committed_isnt_read(chats: Lake) -> None:
    folder = chats.path(CHATS, day("2026-01-05")).parent
    shutil.copy(folder / "part-0.parquet", folder / ".part-0.parquet.tmp")
    shutil.copy(folder / "part-0.parquet", folder / "part-1.parquet")
    shutil.copytree(folder, folder.parent / ".date=2026-01-05.swap")
    assert scan("chats", last="2026-01-05", lake=chats).arrow().num_rows == 1


def test_columns_are_there_also_where_no_file_has_them(chats: Lake) -> None:
    empty = scan("chats", "2026-03-01", "2026-03-02", lake=chats)
    assert empty.missing == ("2026-03-01", "2026-03-02")
    assert empty.arrow().schema.names == [*arrow_schema(CHATS.all_columns).names, "date"]
    assert empty.polars().is_empty()
    assert empty.duckdb().fetchall() == []
    # A file from before a column, and before an attribute of a nested one, was added.
    path = chats.path(CHATS, day("2026-01-05"))
    old = pq.read_table(path, partitioning=None)
    footer = old.schema.metadata
    narrow = pa.table({"id": old["id"], "visitor": pa.array([{"id": "v1"}])})
    kept = pq.ParquetFile(path).metadata.metadata
    pq.write_table(narrow.replace_schema_metadata({**(footer or {}), **kept}), path)
    rows = scan("chats", last="2026-01-06", lake=chats).arrow(["id", "rating", "visitor"])
    assert [row["visitor"] and row["visitor"]["id"] for row in rows.to_pylist()] == ["v1", None]
    assert rows["rating"].to_pylist() == [None, None]


def test_ids_stay_whole_in_pandas_where_some_are_null(lake: Lake) -> None:
    big = 2**53 + 1
    put(lake, CHATS, [_chat("a", "05 09:00", department_id=big), _chat("b", "05 10:00")], 5)
    assert list(scan("chats", lake=lake).pandas(["department_id"])["department_id"].dropna()) == [
        big
    ]


def test_rows_can_be_chosen(chats: Lake) -> None:
    found = scan("chats", lake=chats)
    assert found.arrow(["id"], pc.field("date") == dt.date(2026, 1, 6))["id"].to_pylist() == ["b"]
    assert duckdb.sql("select 1").fetchall() == [(1,)]
    relation = found.duckdb()  # noqa: F841
    assert duckdb.sql("select count(distinct id) from relation").fetchall() == [(3,)]


def test_keys_of_their_own_are_read_without_what_lies_between(chats: Lake) -> None:
    found = scan_keys(chats, CHATS, ["2026-01-07", "2026-01-05", "2026-01-09"])
    assert [one.key for one in found.partitions] == ["2026-01-05", "2026-01-07"]
    assert found.missing == ("2026-01-09",)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("tocks",), "the lake has no table 'tocks'; it has analytics/"),
        (("chats", "soon"), "'soon' is no partition; name a day, 2026-01-28, or an hour"),
    ],
)
def test_what_there_isnt_is_one_clear_message(
    chats: Lake, arguments: tuple[str, ...], message: str
) -> None:
    with pytest.raises(LakeError, match=message):
        scan(*arguments, lake=chats)
    with pytest.raises(LakeError, match="there is no current state of zendesk_chat/conversions"):
        scan("conversions", latest=True, lake=chats)
    with pytest.raises(LakeError, match="zendesk_chat/chats has no column 'rating2'; it has"):
        scan("chats", lake=chats).arrow(["rating2"])


def test_a_file_that_went_away_is_one_clear_message(chats: Lake) -> None:
    found = scan("chats", lake=chats)
    chats.path(CHATS, day("2026-01-05")).unlink()
    with pytest.raises(GoneError, match="is gone"):
        found.arrow()


def test_a_partition_that_is_replaced_meanwhile_is_read_as_it_is_now(chats: Lake) -> None:
    found = scan("chats", last="2026-01-05", lake=chats)
    put(chats, CHATS, [_chat(f"n{i}", "05 10:00") for i in range(500)], 5)
    assert found.arrow().num_rows == 500
    again = scan("chats", last="2026-01-05", lake=chats)
    assert again.partitions[0].identity != found.partitions[0].identity


def test_a_store_is_read_as_a_folder_is(monkeypatch: pytest.MonkeyPatch) -> None:
    with s3() as store:
        for name, value in store.env.items():
            monkeypatch.setenv(name, value)
        uri = f"s3://{BUCKET}/zendesk"
        lake = open_lake(uri)
        put(lake, CONVERSIONS, [{"id": "c", "timestamp": iso("05 09:00")}], 5, 6)
        found = scan("conversions", lake=uri)
        assert found.arrow(["id", "date"]).num_rows == 1
        assert found.polars(["id"])["id"].to_list() == ["c"]
        assert found.duckdb().project("id").fetchall() == [("c",)]
        assert found.files[0].startswith("s3://")


def test_scan_stands_on_the_packages_face() -> None:
    assert zd_assets.scan is scan
    assert replace(scan_keys(Lake(Path("nowhere")), CHATS, []), missing=("x",)).missing == ("x",)
