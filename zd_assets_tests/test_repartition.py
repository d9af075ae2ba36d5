"""Days become hours and hours days without a request, and no window is ever there twice."""

import json
import os
import random
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import duckdb
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from zd_assets.catalog.chat import CHATS, CONVERSIONS
from zd_assets.catalog.export import Api, Export
from zd_assets.catalog.support import ROUTING_ATTRIBUTES, TICKETS
from zd_assets.extract.options import Options
from zd_assets.extract.run import extract
from zd_assets.lake import layout_lock
from zd_assets.lake import swap as swap_module
from zd_assets.lake.errors import ChangedError, LakeError
from zd_assets.lake.footer import empty_footer
from zd_assets.lake.lake import Lake, open_lake, read_footer
from zd_assets.lake.layout import check_layout, is_hourly
from zd_assets.lake.layout_lock import changing_layout
from zd_assets.lake.location import below, readable
from zd_assets.lake.partition import Partition
from zd_assets.lake.repartition import repartition
from zd_assets.lake.swap import begin_swap
from zd_assets.lake.writer import PartitionWriter, add_late, base_of
from zd_assets.sandbox import Running
from zd_assets.schema.convert import convert
from zd_assets.schema.keys import item_times_us
from zd_assets_tests.conftest import NOW
from zd_assets_tests.helpers.files import add
from zd_assets_tests.helpers.object_store import BUCKET, s3
from zd_assets_tests.helpers.runs import Clients, fetch, few, hours
from zd_assets_tests.helpers.truth import (
    assert_lake_is_true,
    assert_latest_is_true,
    day,
    days,
    lake_items,
)

WINDOWS = days("2026-02-23", 3)
NOON = "2026-02-25T12:34:00Z"
DAY = day("2026-01-01")
HOURS = hours("2026-01-01T00:00:00", 24)

# The query of the guide, which reads days and hours alike.
QUERY = (
    "from read_parquet('{lake}/zendesk_chat/chats/date=*/**/*.parquet', hive_partitioning = false)"
)


def run(lake: Lake, form: str) -> list[str]:
    return list(repartition(lake, form == "hour"))


def rows_of(lake: Lake, export: Export) -> list[Any]:
    files = lake.files(export)
    rows = [row for path in files for row in pq.ParquetFile(readable(path)).read().to_pylist()]
    return sorted(rows, key=str)


def names(lake: Lake, export: Export) -> list[str]:
    return [str(below(file, lake.root.joinpath(*export.path))) for file in lake.files(export)]


def put(lake: Lake, partition: Partition, items: list[dict[str, Any]], **footer: Any) -> None:
    """A complete partition of conversions, or as the footer says."""
    writer = PartitionWriter(lake, CONVERSIONS, partition)
    add(writer, CONVERSIONS, items)
    known = {"complete": True, "complete_until_us": partition.end_us, "pages": 1, **footer}
    footer = replace(empty_footer(CONVERSIONS, partition, "run"), **known)
    writer.commit(footer, base_of(lake, CONVERSIONS, partition))


def conversion(id: str, time: str, version: str = "") -> dict[str, Any]:
    return {"id": id, "timestamp": f"2026-01-01T{time}Z", "goal_name": version}


@pytest.mark.parametrize("export", [CHATS, TICKETS], ids=lambda one: one.name)
def test_days_become_hours_and_days_again_and_are_followed_up(
    export: Export, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few(sandbox, tickets_per_day=60, now=NOON)
    include = ("users",) if export is TICKETS else ()
    fetch(export, WINDOWS, clients, lake, include=include)
    tables = [export, *(one.table for one in export.sideloads if one.name in include)]
    before = {table: rows_of(lake, table) for table in tables}
    footers = {window: lake.footer(export, window) for window in WINDOWS}

    run(lake, "hour")
    for table in tables:
        assert all(is_hourly(file) for file in lake.files(table))
        assert {row["id"] for row in rows_of(lake, table)} == {row["id"] for row in before[table]}
    assert rows_of(lake, export) == before[export]
    for file in lake.files(export):
        footer = read_footer(file)
        rows = pq.ParquetFile(file).read()
        times_us, _ = item_times_us(export, rows)
        assert footer.items == rows.num_rows
        assert ((times_us >= footer.start_us) & (times_us < footer.end_us)).all()
        assert footer.complete == (footer.complete_until_us == footer.end_us)
        for one in include:
            sideload = next(other for other in export.sideloads if other.name == one)
            own = lake.footer(sideload.table, Partition(footer.partition, footer.start_us, 0))
            assert own.items == footer.sideloads[sideload.table.name]
    last = read_footer(lake.files(export)[-1])
    assert last.complete_until_us == footers[WINDOWS[2]].complete_until_us
    assert not last.complete
    assert run(lake, "hour") == []

    run(lake, "day")
    for table in tables:
        assert rows_of(lake, table) == before[table]
    for window in WINDOWS:
        now, then = lake.footer(export, window), footers[window]
        assert now == then
    assert run(lake, "day") == []

    sandbox.clock(now=NOW)
    fetch(export, WINDOWS, clients, lake, include=include, should_adopt=lambda footer: True)
    if export is CHATS:
        assert_latest_is_true(sandbox, lake, export, WINDOWS)
    assert lake.footer(export, WINDOWS[2]).complete


def test_hours_that_were_fetched_are_the_days_that_would_have_been(
    sandbox: Running, clients: Clients, lake: Lake, tmp_path: Path
) -> None:
    few(sandbox)
    fetch(CHATS, hours("2026-02-23T00:00:00", 48), clients, lake)
    run(lake, "day")
    assert_latest_is_true(sandbox, lake, CHATS, WINDOWS[:2])
    assert all(lake.footer(CHATS, window).complete for window in WINDOWS[:2])
    fetch(CHATS, WINDOWS[2:], clients, lake)
    assert_lake_is_true(sandbox, lake, CHATS, WINDOWS[2:])


def test_routing_goes_on_from_where_it_was_in_either_form(
    sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few(sandbox, now=NOON)
    fetch(ROUTING_ATTRIBUTES, WINDOWS, clients, lake)
    kept = lake.footer(ROUTING_ATTRIBUTES, WINDOWS[2])
    for form in ("hour", "day"):
        run(lake, form)
        last = read_footer(lake.files(ROUTING_ATTRIBUTES)[-1])
        assert (last.resume_url, last.resume_time) == (kept.resume_url, kept.resume_time)


def test_of_an_item_that_came_in_two_hours_the_day_has_the_newest(lake: Lake) -> None:
    put(lake, HOURS[3], [conversion("a", "03:10:00", "old"), conversion("b", "03:20:00")])
    put(lake, HOURS[7], [conversion("a", "07:10:00", "new")])
    run(lake, "day")
    rows = {row["id"]: row["goal_name"] for row in rows_of(lake, CONVERSIONS)}
    assert rows == {"a": "new", "b": ""}
    assert lake.footer(CONVERSIONS, DAY).items == 2


def test_a_day_is_complete_as_far_as_its_hours_are_without_a_gap(lake: Lake) -> None:
    put(lake, HOURS[0], [])
    half_us = HOURS[1].start_us + 1_800_000_000
    going = {"complete": False, "complete_until_us": half_us, "resume_url": "https://x/next"}
    put(lake, HOURS[1], [conversion("a", "01:10:00")], **going, resume_time=7)
    put(lake, HOURS[5], [conversion("b", "05:10:00")])
    run(lake, "day")
    footer = lake.footer(CONVERSIONS, DAY)
    assert not footer.complete
    assert footer.complete_until_us == half_us
    assert (footer.resume_url, footer.resume_time) == ("https://x/next", 7)
    assert (footer.items, footer.pages) == (2, 3)
    run(lake, "hour")
    assert names(lake, CONVERSIONS) == [
        f"date=2026-01-01/hour={hour}/part-0.parquet" for hour in ("00", "01", "05")
    ]
    footers = [lake.footer(CONVERSIONS, HOURS[number]) for number in (0, 1, 5)]
    assert [one.complete for one in footers] == [True, False, False]
    assert [one.resume_url for one in footers] == [None, "https://x/next", None]
    assert [one.items for one in footers] == [0, 1, 1]


def test_rows_of_other_partitions_pages_stay_such_and_what_is_counted_keeps_its_sum(
    lake: Lake,
) -> None:
    skipped_us = HOURS[7].start_us + 5
    put(
        lake,
        DAY,
        [conversion("a", "03:10:00"), conversion("b", "07:10:00")],
        late_items=2,
        lateness_s=90.0,
        items_before_first=3,
        system_updates_kept=4,
        skipped=(skipped_us,),
    )
    rows = convert(CONVERSIONS, b"[%s]" % json.dumps(conversion("c", "07:05:00")).encode())
    times_us, _ = item_times_us(CONVERSIONS, rows)
    before, count = add_late(
        lake, CONVERSIONS, DAY, rows, times_us, empty_footer(CONVERSIONS, DAY, "x")
    )
    assert before
    assert (count, before.added_rows, before.late_items) == (1, 1, 3)
    run(lake, "hour")
    made = {hour: lake.footer(CONVERSIONS, hour) for hour in HOURS}
    assert [hour for hour, one in made.items() if one and one.added_rows] == [HOURS[7]]
    assert [hour for hour, one in made.items() if one and one.skipped] == [HOURS[7]]
    assert all(one and one.complete for one in made.values())
    for name in ("late_items", "items_before_first", "system_updates_kept"):
        assert sum(getattr(one, name) for one in made.values()) == getattr(before, name)
    [last] = pq.ParquetFile(lake.path(CONVERSIONS, HOURS[7])).read().to_pylist()[-1:]
    assert last["id"] == "c"
    run(lake, "day")
    assert lake.footer(CONVERSIONS, DAY) == before
    assert pq.ParquetFile(lake.path(CONVERSIONS, DAY)).read()["id"].to_pylist() == ["a", "b", "c"]


def test_a_lake_that_has_both_forms_has_each_row_once_afterwards(lake: Lake) -> None:
    put(lake, DAY, [conversion("a", "03:10:00"), conversion("b", "04:10:00")])
    put(lake, HOURS[3], [conversion("a", "03:10:00")])
    for form in ("day", "hour"):
        run(lake, form)
        assert [row["id"] for row in rows_of(lake, CONVERSIONS)] == ["a", "b"]
    assert all(lake.footer(CONVERSIONS, hour).complete for hour in HOURS)


@pytest.mark.parametrize(
    ("hourly", "there", "wanted"), [(True, "day", "hour"), (False, "hour", "day")]
)
def test_partitions_of_the_other_form_are_refused_with_the_way_out(
    lake: Lake, hourly: bool, there: str, wanted: str
) -> None:
    check_layout(lake, CONVERSIONS, hourly)
    put(lake, DAY if hourly else HOURS[3], [])
    check_layout(lake, CONVERSIONS, not hourly)
    check_layout(lake, CHATS, hourly)
    with pytest.raises(LakeError, match=f"by {there} .*repartition {wanted}.*ZD_PARTITION={there}"):
        check_layout(lake, CONVERSIONS, hourly)
    run(lake, wanted)
    check_layout(lake, CONVERSIONS, hourly)


def test_what_a_run_committed_meanwhile_is_not_lost(lake: Lake) -> None:
    put(lake, DAY, [conversion("a", "03:10:00")])
    swap = begin_swap(lake, CONVERSIONS, DAY.key)
    put(swap.staged, HOURS[3], [conversion("a", "03:10:00")])
    put(lake, DAY, [conversion("a", "03:10:00"), conversion("b", "03:20:00")])
    with pytest.raises(ChangedError, match="stop the exports"):
        swap.commit()
    run(lake, "hour")
    assert [row["id"] for row in rows_of(lake, CONVERSIONS)] == ["a", "b"]


@pytest.mark.parametrize("form", ["day", "hour"])
def test_one_query_reads_days_and_hours(
    form: str, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few(sandbox)
    fetch(CHATS, WINDOWS, clients, lake)
    expected = sum(len(lake_items(lake, CHATS, window)) for window in WINDOWS)
    run(lake, form)
    [(rows,)] = duckdb.sql("select count(*) " + QUERY.format(lake=lake.root)).fetchall()
    assert rows == expected > 0
    table = ds.dataset(lake.root.joinpath(*CHATS.path), partitioning="hive").to_table()
    assert table.num_rows == expected
    assert set(table["date"].to_pylist()) == {window.key for window in WINDOWS}


# --- Two at once --------------------------------------------------------------------------------


@pytest.fixture(params=["a folder", "a store"])
def shared(request: pytest.FixtureRequest, lake: Lake) -> Lake:
    return lake if request.param == "a folder" else request.getfixturevalue("bucket")[0]


def test_while_one_process_rewrites_another_and_a_run_are_refused(
    shared: Lake, sandbox: Running, clients: Clients, tmp_path: Path
) -> None:
    few(sandbox, now=NOON)
    ids = filled(shared, 3)
    elsewhere = {"TMPDIR": str(tmp_path)}  # Another machine, as far as a store can tell.
    with changing_layout(shared):
        output, _ = command(shared, "hour", **elsewhere).communicate(timeout=60)
        assert "only one of both at a time" in output
        with pytest.raises(LakeError, match="only one of both at a time"):
            run(shared, "hour")
        with pytest.raises(LakeError, match="only one of both at a time"):
            fetch(CHATS, WINDOWS, clients, shared)
    assert sandbox.requests() == []
    output, _ = command(shared, "hour", **elsewhere).communicate(timeout=120)
    assert "Every partition is an hour now" in output
    assert sorted(row["id"] for row in rows_of(shared, CONVERSIONS)) == ids
    fetch(CHATS, HOURS[:1], clients, shared)


def test_while_a_run_writes_nothing_is_rewritten(
    sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few(sandbox, now=NOON)
    filled(lake, 1)
    run_of_chats = extract(CHATS, WINDOWS, clients[Api.CHAT], lake, Options(), run_id="run")
    next(run_of_chats)
    output, _ = command(lake, "hour").communicate(timeout=60)
    assert "only one of both at a time" in output
    # Runs don't hinder each other.
    fetch(CONVERSIONS, WINDOWS, clients, lake)
    run_of_chats.close()
    output, _ = command(lake, "hour").communicate(timeout=60)
    assert "Every partition is an hour now" in output


def test_of_a_machine_that_died_the_claim_ends_and_it_gives_up_if_it_lives(
    bucket: tuple[Lake, dict[str, str]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lake, _ = bucket
    with changing_layout(lake) as renew:
        monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
        monkeypatch.setattr(layout_lock, "_DEAD_AFTER_S", -60)
        with changing_layout(lake) as renew_other:
            with pytest.raises(ChangedError, match="another machine rewrites"):
                renew()
            renew_other()
    assert not list(lake.root.glob("*"))


# --- Killed, and seen by readers ----------------------------------------------------------------


def command(lake: Lake, form: str, **env: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "zd_assets.lake.repartition", form],
        env={**os.environ, **env, "ZD_LAKE": str(lake.root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


def filled(lake: Lake, count: int = 20) -> list[str]:
    """Days of conversions; which ids there are."""
    ids = []
    for number, window in enumerate(days("2026-01-01", count)):
        items = [
            {"id": f"{number}-{hour}", "timestamp": f"{window.key}T{hour:02}:30:00Z"}
            for hour in range(24)
        ]
        put(lake, window, items)
        ids += [item["id"] for item in items]
    return sorted(ids)


def kill_and_finish(lake: Lake, ids: list[str], kills: int = 3, **env: str) -> None:
    instants = random.Random()
    for form in ("hour", "day"):
        for _ in range(kills):
            process = command(lake, form, **env)
            assert process.stdout
            process.stdout.readline()  # One day is done.
            time.sleep(instants.uniform(0, 0.3))
            process.kill()
            process.communicate()
            found = [row["id"] for row in rows_of(lake, CONVERSIONS)]
            assert len(found) == len(set(found))
        output, _ = command(lake, form, **env).communicate(timeout=300)
        assert f"Every partition is {'an hour' if form == 'hour' else 'a day'} now." in output
        assert sorted(row["id"] for row in rows_of(lake, CONVERSIONS)) == ids
        files = lake.files(CONVERSIONS)
        assert all(is_hourly(file) is (form == "hour") for file in files)
        assert all(read_footer(file).complete for file in files)
        assert run(lake, form) == []


def test_killed_at_random_instants_it_goes_on_and_a_reader_sees_no_row_twice_or_not_at_all(
    lake: Lake,
) -> None:
    ids = filled(lake)
    kill_and_finish(lake, ids)
    assert [path.name for path in lake.root.iterdir()] == ["zendesk_chat"]
    process = command(lake, "hour")
    folders = sorted((lake.root / "zendesk_chat" / "conversions").iterdir())
    assert len(folders) == 20
    forms = {("part-0.parquet",), tuple(f"hour={hour:02}" for hour in range(24))}
    seen = set()
    while process.poll() is None:
        for folder in folders:
            # Opened in the instant of the exchange, the old folder may be empty by now: look again.
            seen.add(tuple(sorted(os.listdir(folder) or os.listdir(folder))))
    process.communicate()
    assert seen == forms
    assert [path.name for path in lake.root.iterdir()] == ["zendesk_chat"]


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[Lake, dict[str, str]]]:
    with s3() as store:
        for name, value in store.env.items():
            monkeypatch.setenv(name, value)
        yield open_lake(f"s3://{BUCKET}/some/{uuid.uuid4().hex}"), store.env


def test_killed_in_a_store_it_goes_on(bucket: tuple[Lake, dict[str, str]]) -> None:
    lake, env = bucket
    ids = filled(lake, 4)
    kill_and_finish(lake, ids, kills=2, **env)
    assert not [path for path in lake.root.glob("*") if ".repartition" in str(path)]


def test_where_folders_cant_change_places_the_result_is_the_same(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(swap_module, "_exchange", lambda *_: False)
    ids = filled(lake, 2)
    for form in ("hour", "day"):
        run(lake, form)
        assert sorted(row["id"] for row in rows_of(lake, CONVERSIONS)) == ids
        assert [path.name for path in lake.root.iterdir()] == ["zendesk_chat"]
    assert names(lake, CONVERSIONS) == [f"date=2026-01-0{day}/part-0.parquet" for day in (1, 2)]
