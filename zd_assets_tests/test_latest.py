"""Current state: the newest version of every item, over all partitions and runs."""

import tempfile
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from zd_assets.catalog.chat import CHATS
from zd_assets.catalog.columns import Column, Scalar
from zd_assets.catalog.support import TICKETS
from zd_assets.defs.analytics.automation import when_out_of_date
from zd_assets.defs.analytics.latest import keys_check, latest_asset
from zd_assets.defs.exports.assets import export_asset
from zd_assets.defs.resources import LakeFolder
from zd_assets.engine.assertions import repeated_keys
from zd_assets.engine.latest.manifest import FILE_NAME as MANIFEST
from zd_assets.engine.latest.merge import month_file
from zd_assets.engine.latest.update import Report, update
from zd_assets.lake.errors import LakeError
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.lake.partition import Partition
from zd_assets.models.latest import LATEST, Latest
from zd_assets.sandbox import Running
from zd_assets.schema.arrow import arrow_schema
from zd_assets_tests.conftest import NO_LIMITS, NOW
from zd_assets_tests.helpers.dagster_runs import SITE, api_resource, lake_resources, materialize
from zd_assets_tests.helpers.latest_lake import (
    FEB_1,
    FEB_2,
    JAN_31,
    brief,
    broken_off,
    chat,
    put,
    rows,
)
from zd_assets_tests.helpers.odd_items import PATIENT
from zd_assets_tests.helpers.truth import days, lake_items

CHATS_LATEST, TICKETS_LATEST, USERS_LATEST, ORGANIZATIONS_LATEST = LATEST


def test_an_item_that_moved_to_a_later_partition_stands_in_its_newest_version(lake: Lake) -> None:
    put(
        lake, JAN_31, [chat("a", "31 09:00", "31 10:00", rating="bad"), chat("b", None, "31 11:00")]
    )
    put(lake, FEB_1, [chat("a", "31 09:00", "01 08:00", rating="good")])
    update(CHATS_LATEST, lake)
    assert brief(lake, "rating", "month", "_source_partition") == [
        ("a", "good", "2026-01", "2026-02-01"),
        ("b", None, "unknown", "2026-01-31"),
    ]


def test_a_partition_that_lost_its_items_to_a_later_one_takes_nothing_away(lake: Lake) -> None:
    put(lake, JAN_31, [chat("a", "31 09:00", "31 10:00"), chat("b", "31 09:00", "31 10:00")])
    update(CHATS_LATEST, lake)
    put(lake, JAN_31, [chat("b", "31 09:00", "31 10:00")])
    update(CHATS_LATEST, lake)
    assert [id for (id,) in brief(lake)] == ["a", "b"]
    put(lake, FEB_1, [chat("a", "31 09:00", "01 08:00", rating="good")])
    update(CHATS_LATEST, lake)
    assert brief(lake, "rating") == [("a", "good"), ("b", None)]


def test_an_older_partition_that_is_fetched_later_doesnt_win(lake: Lake) -> None:
    put(lake, FEB_1, [chat("a", "31 09:00", "01 08:00", rating="good")])
    update(CHATS_LATEST, lake)
    put(
        lake,
        JAN_31,
        [chat("a", "31 09:00", "31 10:00", rating="bad")],
        fetched_at="2026-04-01T00:00:00+00:00",
    )
    assert update(CHATS_LATEST, lake).partitions == 1
    assert brief(lake, "rating") == [("a", "good")]


@pytest.mark.parametrize("seconds_later", [0, 1])
def test_of_two_versions_of_one_time_the_one_fetched_later_wins(
    seconds_later: int, lake: Lake
) -> None:
    put(lake, FEB_1, [chat("a", "01 07:00", "01 08:00", visitor={"email": "a@example.com"})])
    update(CHATS_LATEST, lake)
    hashed = [chat("a", "01 07:00", "01 08:00", visitor={"email": "9f86d0"})]
    put(lake, FEB_1, hashed, fetched_at=f"2026-03-01T00:00:0{seconds_later}+00:00")
    update(CHATS_LATEST, lake)
    assert [row["visitor"]["email"] for row in rows(lake)] == ["9f86d0"]


def test_deleted_items_stay_and_are_flagged(lake: Lake) -> None:
    put(lake, FEB_1, [chat("a", "01 07:00", "01 08:00"), chat("b", "01 07:00", "01 08:00")])
    update(CHATS_LATEST, lake)
    put(lake, FEB_2, [chat("a", "01 07:00", "02 08:00", deleted=True)])
    report = update(CHATS_LATEST, lake)
    assert brief(lake, "is_deleted") == [("a", True), ("b", False)]
    assert (report.items, report.deleted) == (2, 1)


@pytest.mark.parametrize(
    ("table", "gone", "there"),
    [
        (TICKETS_LATEST, {"status": "deleted"}, {"status": "open"}),
        (TICKETS_LATEST, {"status": "deleted"}, {}),
        (USERS_LATEST, {"active": False}, {"active": True}),
        (USERS_LATEST, {"active": False}, {}),
    ],
)
def test_each_export_says_in_its_own_way_what_is_deleted(
    table: Latest, gone: dict[str, Any], there: dict[str, Any], lake: Lake
) -> None:
    at = {"created_at": "2026-02-01T01:00:00Z", "updated_at": "2026-02-01T02:00:00Z"}
    put(lake, FEB_1, [{"id": 1, **at, **gone}, {"id": 2, **at, **there}], table.export)
    update(table, lake)
    assert {row["id"]: row["is_deleted"] for row in rows(lake, table)} == {1: True, 2: False}


def test_organizations_are_never_deleted(lake: Lake) -> None:
    put(lake, FEB_1, [{"id": 1, "updated_at": "2026-02-01T02:00:00Z"}], ORGANIZATIONS_LATEST.export)
    assert update(ORGANIZATIONS_LATEST, lake).deleted == 0
    assert [row["is_deleted"] for row in rows(lake, ORGANIZATIONS_LATEST)] == [False]


def test_what_drifted_stays_in_extra_and_columns_keep_the_exports_types(lake: Lake) -> None:
    odd = chat("a", "01 07:00", "01 08:00", rating=5, brand_new={"x": 1}, tags=["vip", "é\u0000"])
    put(lake, FEB_1, [odd, chat("b", "01 07:00", "01 09:00", engagements=[{"id": "e", "x": 2}])])
    update(CHATS_LATEST, lake)
    before = lake_items(lake, CHATS, FEB_1)
    for table in (CHATS_LATEST, CHATS_LATEST):
        update(table, lake)
    path = lake.root / "analytics/chats_latest/month=2026-02/part-0.parquet"
    written = pq.read_table(path, partitioning=None)
    expected = arrow_schema(CHATS_LATEST.columns)
    assert [(one.name, one.type) for one in written.schema] == [
        (one.name, one.type) for one in expected
    ]
    source = pq.read_table(lake.path(CHATS, FEB_1), partitioning=None)
    assert written.select(source.column_names).to_pylist() == source.to_pylist()
    assert len(before) == 2
    assert written["_extra"].null_count == 0


@pytest.mark.parametrize("order", [(JAN_31, FEB_1), (FEB_1, JAN_31)], ids=["forth", "back"])
@pytest.mark.parametrize("at_once", [True, False])
def test_a_creation_time_that_moves_over_a_months_end_leaves_one_row(
    order: tuple[Partition, Partition], at_once: bool, lake: Lake
) -> None:
    versions = {
        JAN_31: [chat("a", "31 23:59", "31 23:59"), chat("b", "31 23:50", "31 23:50")],
        FEB_1: [chat("a", "01 00:00", "01 08:00"), chat("c", "01 00:00", "01 00:00")],
    }
    for partition in order:
        put(lake, partition, versions[partition])
        if not at_once:
            update(CHATS_LATEST, lake)
    update(CHATS_LATEST, lake)
    assert brief(lake, "month") == [("a", "2026-02"), ("b", "2026-01"), ("c", "2026-02")]
    put(lake, FEB_2, [chat("a", "31 23:59", "02 08:00")])
    update(CHATS_LATEST, lake)
    assert brief(lake, "month") == [("a", "2026-01"), ("b", "2026-01"), ("c", "2026-02")]
    assert repeated_keys(CHATS_LATEST, lake) == 0


def test_an_item_that_stands_in_two_months_fails_the_check_of_keys(lake: Lake) -> None:
    put(lake, JAN_31, [chat("a", "31 09:00", "31 09:00")])
    update(CHATS_LATEST, lake)
    folder = lake.root.joinpath(*CHATS_LATEST.path)
    again = month_file(folder, "2026-05")
    again.parent.mkdir()
    again.write_bytes(month_file(folder, "2026-01").read_bytes())
    assert repeated_keys(CHATS_LATEST, lake) == 1
    result = dg.materialize(
        [
            latest_asset(CHATS_LATEST, SITE, when_out_of_date(LakeFolder(), SITE)),
            keys_check(CHATS_LATEST, SITE),
        ],
        resources=lake_resources(lake),
    )
    [evaluation] = result.get_asset_check_evaluations()
    assert (evaluation.passed, evaluation.metadata["repeated"].value) == (False, 1)


def test_an_item_without_a_creation_time_moves_to_its_month_once_that_is_known(lake: Lake) -> None:
    put(lake, JAN_31, [chat("a", None, "31 10:00"), chat("b", "31 09:00", "31 10:00")])
    update(CHATS_LATEST, lake)
    put(lake, FEB_1, [chat("a", "31 09:00", "01 08:00"), chat("c", None, "01 08:00")])
    update(CHATS_LATEST, lake)
    expected = [("a", "2026-01"), ("b", "2026-01"), ("c", "unknown")]
    assert brief(lake, "month") == expected
    # Newer versions that have none stay with what is known.
    put(lake, FEB_2, [chat("b", None, "02 08:00", deleted=True)])
    update(CHATS_LATEST, lake)
    assert brief(lake, "month") == expected
    assert brief(lake, "is_deleted") == [("a", False), ("b", True), ("c", False)]


def test_items_without_a_key_are_left_out_and_counted(lake: Lake) -> None:
    put(lake, FEB_1, [chat(None, "01 07:00", "01 08:00"), chat("b", "01 07:00", "01 08:00")])
    report = update(CHATS_LATEST, lake)
    assert (report.items, report.items_without_key) == (1, 1)
    assert [id for (id,) in brief(lake)] == ["b"]


def test_an_empty_lake_makes_an_empty_table_with_its_columns(lake: Lake) -> None:
    report = update(CHATS_LATEST, lake)
    assert (report.items, report.partitions) == (0, 0)
    table = pq.read_table(lake.root / "analytics/chats_latest/month=unknown/part-0.parquet")
    assert table.num_rows == 0
    assert "is_deleted" in table.column_names


def test_a_new_day_reads_its_partition_and_rewrites_its_months(lake: Lake) -> None:
    put(lake, JAN_31, [chat("a", "31 07:00", "31 08:00")])
    put(lake, FEB_1, [chat("b", "01 07:00", "01 08:00")])
    assert update(CHATS_LATEST, lake).partitions == 2
    january = lake.root / "analytics/chats_latest/month=2026-01/part-0.parquet"
    before = january.stat()
    assert _cost(update(CHATS_LATEST, lake)) == (0, 0)
    put(lake, FEB_2, [chat("c", "02 07:00", "02 08:00")])
    assert _cost(update(CHATS_LATEST, lake)) == (1, 1)
    assert january.stat() == before
    assert _cost(update(CHATS_LATEST, lake)) == (0, 0)


def _cost(report: Report) -> tuple[int, int]:
    return report.partitions, report.months


def test_the_table_is_hive_readable_also_where_its_path_has_wildcards(tmp_path: Path) -> None:
    lake = open_lake(str(tmp_path / "it's [a] la*ke?"))
    put(lake, FEB_1, [chat("a", None, "01 08:00"), chat("b", "31 09:00", "01 09:00")])
    update(CHATS_LATEST, lake)
    frame = pd.read_parquet(lake.root / "analytics/chats_latest")
    assert dict(zip(frame["id"], frame["month"], strict=True)) == {"a": "unknown", "b": "2026-01"}
    assert str(frame["timestamp"].dtype).startswith("datetime64[us, UTC")


@pytest.mark.parametrize("commits", range(4))
def test_a_run_that_breaks_off_between_two_commits_is_made_up_for_by_the_next(
    commits: int, lake: Lake, tmp_path: Path
) -> None:
    def day_by_day(lake: Lake) -> Iterator[None]:
        put(lake, JAN_31, [chat("a", "31 09:00", "31 10:00"), chat("n", None, "31 10:00")])
        yield
        put(
            lake,
            FEB_1,
            [chat(one, "31 09:00", "01 08:00") for one in "an"]
            + [chat("b", "01 08:00", "01 09:00")],
        )
        yield

    unharmed = open_lake(str(tmp_path / "unharmed"))
    for _ in day_by_day(unharmed):
        update(CHATS_LATEST, unharmed)
    first = day_by_day(lake)
    next(first)
    update(CHATS_LATEST, lake)
    next(first)
    with broken_off(commits):
        update(CHATS_LATEST, lake)
    update(CHATS_LATEST, lake)
    assert rows(lake) == rows(unharmed)
    assert not list(lake.root.rglob("*.tmp"))
    assert not list(lake.root.rglob("*.staged"))


def test_a_month_that_was_removed_comes_back(lake: Lake) -> None:
    put(lake, JAN_31, [chat("a", "31 07:00", "31 08:00")])
    put(lake, FEB_1, [chat("b", "01 07:00", "01 08:00")])
    update(CHATS_LATEST, lake)
    before = rows(lake)
    (lake.root / "analytics/chats_latest/month=2026-01/part-0.parquet").unlink()
    update(CHATS_LATEST, lake)
    assert rows(lake) == before


def test_partitions_and_months_of_an_older_schema_are_read_as_todays(lake: Lake) -> None:
    fewer = tuple(one for one in CHATS.columns if one.name not in ("rating", "count"))
    older = replace(CHATS, columns=(*fewer, Column("count", Scalar.INTEGER, "A number.")))
    put(lake, JAN_31, [chat("a", "31 07:00", "31 08:00")], older)
    update(replace(CHATS_LATEST, export=older), lake)
    put(lake, FEB_1, [chat("b", "01 07:00", "01 08:00", rating="good")])
    update(replace(CHATS_LATEST, export=replace(CHATS, columns=(*fewer, CHATS.columns[21]))), lake)
    assert brief(lake, "rating") == [("a", None), ("b", "good")]


@pytest.mark.parametrize("name", [MANIFEST, "month=2026-02/part-0.parquet"])
def test_a_damaged_file_is_one_clear_message(name: str, lake: Lake) -> None:
    put(lake, FEB_1, [chat("b", "01 07:00", "01 08:00")])
    update(CHATS_LATEST, lake)
    path = lake.root / "analytics/chats_latest" / name
    path.write_bytes(b"nonsense, and more than twelve bytes of it")
    put(lake, FEB_1, [chat("b", "01 07:00", "01 08:00")])
    with pytest.raises(LakeError, match=path.name):
        update(CHATS_LATEST, lake)


@dataclass
class World:
    """What the API has, what was fetched of it, and what is to come of that."""

    lake: Lake
    versions: dict[int, dict[str, Any]] = field(default_factory=dict)
    files: dict[Partition, tuple[str, list[dict[str, Any]]]] = field(default_factory=dict)
    expected: dict[int, tuple[Any, dict[str, Any]]] = field(default_factory=dict)
    ticks: int = 0

    def change(self, id: int, hours: int, **attributes: Any) -> None:
        self.versions[id] = {"id": id, "generated_timestamp": START_S + hours * 3600, **attributes}

    def fetch(self, partition: Partition) -> None:
        self.ticks += 1
        at = (datetime(2026, 3, 1, tzinfo=UTC) + timedelta(seconds=self.ticks)).isoformat()
        inside = [
            one
            for one in self.versions.values()
            if partition.start_us <= one["generated_timestamp"] * 10**6 < partition.end_us
        ]
        put(self.lake, partition, inside, TICKETS, at)
        self.files[partition] = (at, inside)

    def run(self, batch_bytes: int) -> None:
        update(TICKETS_LATEST, self.lake, batch_bytes=batch_bytes)
        for partition, (at, items) in self.files.items():
            for one in items:
                rank = (one["generated_timestamp"], at)
                row = {**one, "_source_partition": partition.key}
                if one["id"] not in self.expected or self.expected[one["id"]][0] <= rank:
                    self.expected[one["id"]] = (rank, row)


WINDOWS = days("2026-01-30", 4)
START_S = WINDOWS[0].start_us // 10**6
CREATED = {id: f"2026-0{1 + id % 2}-01T00:00:00Z" for id in range(5)}


@settings(PATIENT, max_examples=12)
@given(st.data())
def test_over_any_runs_and_fetches_the_table_is_what_a_dict_of_newest_versions_says(
    data: st.DataObject,
) -> None:
    ids, hours = st.integers(0, 4), st.integers(0, 95)
    with tempfile.TemporaryDirectory() as folder:
        world = World(open_lake(folder))
        for _ in range(data.draw(st.integers(1, 4))):
            for id, hour, known, status in data.draw(
                st.lists(
                    st.tuples(ids, hours, st.booleans(), st.sampled_from(["open", "deleted"])),
                    max_size=6,
                )
            ):
                world.change(id, hour, created_at=CREATED[id] if known else None, status=status)
            for number in data.draw(st.lists(st.integers(0, 3), max_size=4)):
                world.fetch(WINDOWS[number])
            world.run(data.draw(st.sampled_from([1, 10**9])))
            have = rows(world.lake, TICKETS_LATEST)
            assert len({row["id"] for row in have}) == len(have)
            want = {id: row for id, (_, row) in world.expected.items()}
            assert {row["id"] for row in have} == want.keys()
            for row in have:
                one = want[row["id"]]
                assert row["generated_timestamp"] == one["generated_timestamp"]
                assert row["status"] == one["status"]
                assert row["is_deleted"] == (one["status"] == "deleted")
                assert row["_source_partition"] == one["_source_partition"]


@pytest.mark.parametrize("table", LATEST, ids=lambda table: table.name)
def test_after_real_exports_the_asset_holds_the_newest_version_of_every_item(
    table: Latest, sandbox: Running, lake: Lake
) -> None:
    data = {"chats_per_day": 100, "tickets_per_day": 40, "start": "2026-01-26"}
    sandbox.reset(**NO_LIMITS, **data, now=NOW, clock="frozen")
    windows = days("2026-01-30", 4)
    with dg.DagsterInstance.ephemeral() as instance:

        def run() -> dict[str, Any]:
            result = dg.materialize(
                [
                    export_asset(table.export, SITE),
                    latest_asset(table, SITE, when_out_of_date(LakeFolder(), SITE)),
                ],
                selection=[dg.AssetKey(list(table.path))],
                instance=instance,
                resources={
                    **lake_resources(lake),
                    table.export.api.value: api_resource(table.export.api, sandbox),
                },
            )
            [event] = result.get_asset_materialization_events()
            return {name: one.value for name, one in event.materialization.metadata.items()}

        api = api_resource(table.export.api, sandbox)
        keys = (windows[0].key, windows[-2].key)
        assert materialize(instance, table.export, keys, api, lake).success
        assert run()["partitions_read"] == 3
        assert materialize(instance, table.export, windows[-1].key, api, lake).success
        metadata = run()
    newest = {
        one["id"]: one for window in windows for one in lake_items(lake, table.export, window)
    }
    have = {row["id"]: row for row in rows(lake, table)}
    assert have.keys() == newest.keys()
    assert metadata["partitions_read"] == 1
    assert metadata["dagster/row_count"] == len(newest) > 0
    assert metadata["deleted"] == sum(row["is_deleted"] for row in have.values())
    source = pa.concat_tables(
        pq.read_table(lake.path(table.export, window), partitioning=None) for window in windows
    ).to_pylist()
    for row in source:  # In order of time: the last one is the newest.
        kept = {name: have[row["id"]][name] for name in row}
        assert kept == row or row["_extra"] != kept["_extra"] or _older(table, row, kept)


def _older(table: Latest, row: dict[str, Any], kept: dict[str, Any]) -> bool:
    column = table.export.time.column
    return bool(row[column] < kept[column])
