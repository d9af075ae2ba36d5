"""A lake in an object store keeps the same promises: a real S3 server, over HTTP."""

import random
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from textwrap import dedent

import dagster as dg
import pyarrow.dataset as ds
import pytest
from pyarrow import fs

from zd_assets.catalog.chat import AGENT_TIMELINE, CHATS
from zd_assets.catalog.support import TICKETS
from zd_assets.engine.assertions import check
from zd_assets.engine.day import Day, day_file
from zd_assets.engine.inputs import Finder
from zd_assets.engine.latest.manifest import read_manifest
from zd_assets.engine.latest.update import is_due, update
from zd_assets.engine.local_cache import LocalCache
from zd_assets.engine.make import make
from zd_assets.engine.read import read_days
from zd_assets.extract.events import Action
from zd_assets.lake.errors import ChangedError, LakeError
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.lake.location import identity, version
from zd_assets.lake.objects import ObjectPath
from zd_assets.lake.temporary import create, replacing
from zd_assets.models.facts.chat_engagements import CHAT_ENGAGEMENTS
from zd_assets.models.facts.chat_messages import CHAT_MESSAGES
from zd_assets.models.latest import CHATS_LATEST
from zd_assets.models.marts.chat_daily_summary import CHAT_DAILY_SUMMARY
from zd_assets.report.input_version import report_file
from zd_assets.report.page import write_report
from zd_assets.sandbox import Running
from zd_assets_tests.conftest import NOW
from zd_assets_tests.helpers.dagster_runs import cli_env, dagster
from zd_assets_tests.helpers.object_store import BUCKET, Store, s3, unwell
from zd_assets_tests.helpers.runs import Clients, about, fetch, few
from zd_assets_tests.helpers.truth import (
    assert_lake_is_true,
    assert_latest_is_true,
    days,
    lake_items,
)

WINDOWS = days("2026-02-23", 4)
URI = f"s3://{BUCKET}/some/prefix"


@pytest.fixture(scope="module")
def server() -> Iterator[Store]:
    with s3() as store:
        yield store


@pytest.fixture
def store(server: Store, monkeypatch: pytest.MonkeyPatch) -> Store:
    """The server, found by the environment, and nothing in it."""
    _found_at(server, monkeypatch)
    bucket = open_lake(f"s3://{BUCKET}").root
    assert not isinstance(bucket, Path)
    bucket.store.delete_dir_contents(BUCKET)
    return server


@pytest.fixture
def bucket(store: Store) -> Lake:
    return open_lake(URI)


def _found_at(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in store.env.items():
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize("export", [CHATS, AGENT_TIMELINE, TICKETS], ids=lambda one: one.name)
def test_a_range_lands_as_one_object_for_each_partition(
    export: object, sandbox: Running, clients: Clients, bucket: Lake, store: Store
) -> None:
    few(sandbox, tickets_per_day=60)
    fetch(export, WINDOWS, clients, bucket)
    assert_lake_is_true(sandbox, bucket, export, WINDOWS)
    assert store.keys() == [
        f"some/prefix/{'/'.join(export.path)}/date={window.key}/part-0.parquet"
        for window in WINDOWS
    ]


def test_a_small_partition_is_put_in_one_request(
    sandbox: Running, clients: Clients, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(sandbox)
    with unwell(store, one_in=10**9, slow_s=0) as counting:
        _found_at(counting, monkeypatch)
        fetch(CHATS, WINDOWS, clients, open_lake(URI))
        written = [one for one in counting.seen if one.startswith(("PUT", "POST"))]
    assert sorted(written) == [
        f"PUT /lake/some/prefix/zendesk_chat/chats/date%3D{window.key}/part-0.parquet"
        for window in WINDOWS
    ]


def test_any_reader_finds_the_columns_by_hive_partitions(
    sandbox: Running, clients: Clients, bucket: Lake, store: Store
) -> None:
    few(sandbox)
    fetch(CHATS, WINDOWS, clients, bucket)
    root = bucket.root.joinpath(*CHATS.path)
    read = ds.dataset(str(root.key), filesystem=root.store, partitioning="hive").to_table()
    assert set(read["date"].to_pylist()) == {window.key for window in WINDOWS}


def test_an_incomplete_partition_is_resumed_and_merged(
    sandbox: Running, clients: Clients, bucket: Lake
) -> None:
    few(sandbox, now="2026-02-25T12:00:00Z")
    fetch(CHATS, WINDOWS[:3], clients, bucket)
    sandbox.clock(now=NOW)
    reports = fetch(CHATS, WINDOWS[:3], clients, bucket, should_adopt=lambda footer: True)
    assert about(reports)[WINDOWS[2].key].action is Action.RESUMED
    assert_latest_is_true(sandbox, bucket, CHATS, WINDOWS[:3])
    assert bucket.footer(CHATS, WINDOWS[2]).complete


def test_analytics_stand_beside_the_exports_and_follow_them(
    sandbox: Running, clients: Clients, bucket: Lake, store: Store, lake: Lake
) -> None:
    few(sandbox)
    for one in (bucket, lake):
        fetch(CHATS, WINDOWS[:3], clients, one)
        update(CHATS_LATEST, one)
        fetch(CHATS, WINDOWS[3:], clients, one)
        assert is_due(CHATS_LATEST, one)
        assert update(CHATS_LATEST, one).partitions == 1
        assert not is_due(CHATS_LATEST, one)
        dates = [Day(window.key) for window in WINDOWS]
        for table in (CHAT_ENGAGEMENTS, CHAT_MESSAGES, CHAT_DAILY_SUMMARY):
            reports = list(make(table, one, dates, run_id="run"))
            assert all(finding.passed for finding in check(table, one, reports))
            assert not any(Finder(one).is_due(table, date) for date in dates)
        write_report(one, dates[-1], 2)
        assert b"Support report" in report_file(one, dates[-1]).read_bytes()
    for table in (CHAT_ENGAGEMENTS, CHAT_DAILY_SUMMARY):
        here, there = (read_days(one, table, dates).frame for one in (lake, bucket))
        assert here.equals(there)
        assert len(here) > 0
    keys = store.keys()
    assert not [key for key in keys if ".tmp" in key or ".spill" in key]


def test_a_month_that_another_run_wrote_meanwhile_is_made_anew(
    sandbox: Running, clients: Clients, bucket: Lake
) -> None:
    few(sandbox)
    fetch(CHATS, WINDOWS[:2], clients, bucket)
    update(CHATS_LATEST, bucket)
    folder = bucket.root.joinpath(*CHATS_LATEST.path)
    month = folder.joinpath("month=2026-02", "part-0.parquet")
    older, before = month.read_bytes(), read_manifest(folder)
    time.sleep(1.1)  # The store tells times in whole seconds.
    fetch(CHATS, WINDOWS[2:], clients, bucket)
    update(CHATS_LATEST, bucket)
    everything = month.read_bytes()
    # Another run had read the older month, and puts what it made of it last.
    time.sleep(1.1)
    with bucket.root.store.open_output_stream(str(month.key)) as stream:
        stream.write(older)
    assert read_manifest(folder) != before
    assert update(CHATS_LATEST, bucket).partitions == len(WINDOWS)
    assert len(month.read_bytes()) == pytest.approx(len(everything), rel=0.2)
    chats = {one["id"] for window in WINDOWS for one in lake_items(bucket, CHATS, window)}
    assert sum(m.items for m in read_manifest(folder).months.values()) == len(chats)


def test_an_object_is_replaced_only_if_it_is_still_what_was_seen(
    bucket: Lake, store: Store
) -> None:
    target = bucket.root / "part-0.parquet"
    assert version(target) is None
    for content in (b"first", b"other"):
        before = version(target)
        mine, theirs = create(target), create(target)
        mine.path.write_bytes(content)
        theirs.path.write_bytes(content[::-1])
        theirs.commit_if_unchanged(before)
        with pytest.raises(ChangedError, match=r"s3://.*part-0.parquet was changed by another run"):
            mine.commit_if_unchanged(before)
        assert target.read_bytes() == content[::-1]
        mine.commit_if_unchanged(version(target))
        assert target.read_bytes() == content
    assert store.keys() == ["some/prefix/part-0.parquet"]


def test_a_listing_shows_every_replacement_also_within_a_second_and_of_one_size(
    bucket: Lake,
) -> None:
    seen = []
    for content in (b"first", b"other", b"third"):
        with replacing(bucket.root / "file") as path:
            path.write_bytes(content)
        [listed] = bucket.root.glob("*")
        seen.append(identity(listed))
    assert len(set(seen)) == 3
    assert bucket.root.joinpath("file").read_bytes() == b"third"


def test_copies_of_one_object_follow_its_replacement(bucket: Lake, tmp_path: Path) -> None:
    copies = LocalCache(tmp_path / "copies")
    for content in (b"first", b"other"):
        with replacing(bucket.root / "file") as path:
            path.write_bytes(content)
        assert copies.local(bucket.root / "file").read_bytes() == content


EXTRACTION = """
    import os, sys, time
    from zd_assets.catalog.chat import CHATS
    from zd_assets.extract.options import Options
    from zd_assets.extract.run import extract
    from zd_assets.lake.lake import open_lake
    from zd_assets.zendesk.auth import bearer
    from zd_assets.zendesk.budget import Budget
    from zd_assets.zendesk.client import Client
    from zd_assets_tests.helpers.truth import days
    url, lake, first, count = sys.argv[1:]
    client = Client(base_url=url, base_url_variable="ZENDESK_CHAT_URL",
        auth=bearer("sandbox-token", "ZENDESK_CHAT_TOKEN"), budget=Budget(url, 10**6))
    options = Options(page_size=50, max_parallel_windows=2)
    for report in extract(CHATS, days(first, int(count)), client, open_lake(lake), options,
            run_id=f"run {os.getpid()}", should_adopt=lambda footer: True):
        pass
"""


@pytest.mark.slow
def test_killed_at_random_instants_and_run_again_the_lake_is_the_truth(
    sandbox: Running, bucket: Lake, store: Store
) -> None:
    few(sandbox, chats_per_day=300, latency=0.02)
    windows = days("2026-02-01", 24)
    command = [sys.executable, "-c", dedent(EXTRACTION), f"{sandbox.url}/api/v2/chat", URI]
    seed = random.randrange(10**6)
    instants = random.Random(seed)
    for kill in (1, 2, 3):
        run = subprocess.Popen([*command, windows[0].key, str(len(windows))])
        while run.poll() is None and len(store.keys()) < 5 * kill:
            time.sleep(0.01)
        time.sleep(instants.uniform(0, 0.1))
        assert run.poll() is None, f"seed {seed}: it ended before it could be killed"
        run.kill()
        run.wait()
        for window in windows:
            footer = bucket.footer(CHATS, window)
            assert footer is None or len(lake_items(bucket, CHATS, window)) == footer.items
    assert (
        subprocess.run([*command, windows[0].key, str(len(windows))], check=False).returncode == 0
    )
    assert_lake_is_true(sandbox, bucket, CHATS, windows)
    assert len(store.keys()) == len(windows)


def test_a_slow_store_that_fails_now_and_then_loses_nothing(
    sandbox: Running, clients: Clients, store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(sandbox)
    with unwell(store) as weak:
        _found_at(weak, monkeypatch)
        lake = open_lake(URI)
        for _ in range(10):
            try:
                fetch(CHATS, WINDOWS, clients, lake, should_adopt=lambda footer: True)
                update(CHATS_LATEST, lake)
                break
            except LakeError:  # What was committed stays; the next run goes on.
                continue
    _found_at(store, monkeypatch)
    assert_lake_is_true(sandbox, open_lake(URI), CHATS, WINDOWS)
    assert not is_due(CHATS_LATEST, open_lake(URI))


def test_a_store_that_cant_be_reached_is_one_clear_message_without_secrets(
    clients: Clients, sandbox: Running, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(sandbox)
    nowhere = Store("http://127.0.0.1:9")
    _found_at(nowhere, monkeypatch)
    with pytest.raises(LakeError, match=r"s3://lake/some/prefix") as raised:
        fetch(CHATS, WINDOWS[:1], clients, open_lake(URI))
    assert "a-very-secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("uri", "message"),
    [
        ("s3://key:secret@bucket/prefix", "has credentials"),
        ("gs://secret@bucket/prefix", "has credentials"),
        ("abfs://container:secret@account.dfs.core.windows.net/prefix", "has credentials"),
        ("abfs://container@account.dfs.core.windows.net/x?client_secret=y", "has credentials"),
        ("abfs://account@container/x?enable_tls=true&sig=secret", "has credentials"),
        ("http://bucket/prefix", "http:// is no folder and no store; use one of s3"),
        ("s3://", "names no bucket; set it to s3://bucket/prefix"),
    ],
)
def test_an_unusable_uri_is_refused_with_what_to_do(uri: str, message: str) -> None:
    with pytest.raises(LakeError, match=message) as raised:
        open_lake(uri)
    assert "secret" not in str(raised.value)


@pytest.mark.parametrize(
    ("uri", "key"),
    [
        ("gs://bucket/prefix", "bucket/prefix"),
        ("gs://anonymous@bucket/prefix", "bucket/prefix"),
        ("abfs://container@account.dfs.core.windows.net/prefix", "container/prefix"),
        ("abfss://account@container/prefix", "container/prefix"),
    ],
)
def test_a_uri_that_names_no_more_than_needed_is_taken(uri: str, key: str) -> None:
    root = open_lake(uri).root
    assert isinstance(root, ObjectPath)
    assert str(root.key) == key


class Flat:
    """An account of Azure's without hierarchical namespace: it can't rename."""

    def __init__(self) -> None:
        self._store = fs.LocalFileSystem()

    def __getattr__(self, name: str) -> object:
        return getattr(self._store, name)

    def move(self, *_: str) -> None:
        raise NotImplementedError


@pytest.mark.parametrize("store", [Flat(), fs.LocalFileSystem()], ids=["flat", "hierarchical"])
def test_on_azure_an_object_gets_its_name_at_the_end(store: fs.FileSystem, tmp_path: Path) -> None:
    folder, made = tmp_path / "container", tmp_path / "made"
    folder.mkdir()
    path = ObjectPath("abfs", PurePosixPath(str(folder / "part-0.parquet")), store)
    for content in (b"first", b"second"):
        made.write_bytes(content)
        path.put(made)
        assert path.read_bytes() == content
        assert [one.name for one in folder.iterdir()] == ["part-0.parquet"]


def test_the_command_line_fills_a_bucket_up_to_an_answer(
    sandbox: Running, bucket: Lake, store: Store, tmp_path: Path
) -> None:
    few(sandbox)
    home = tmp_path / "dagster"
    env = cli_env(sandbox, home, bucket, **store.env, ZD_LAKE=URI)
    span = f"{WINDOWS[0].key}...{WINDOWS[-1].key}"
    answer = ("chats_latest", "chat_engagements", "chat_daily_summary")
    analytics = " or ".join(f'key:"analytics/{one}"' for one in answer)
    for selection in ("zendesk_chat/chats", analytics):
        command = ("asset", "materialize", "-m", "zd_assets.definitions", "--select", selection)
        run = dagster([*command, "--partition-range", span], env)
        output, _ = run.communicate(timeout=300)
        assert run.returncode == 0, output
        assert "a-very-secret" not in output
    assert_lake_is_true(sandbox, bucket, CHATS, WINDOWS)
    assert day_file(bucket, CHAT_DAILY_SUMMARY, Day(WINDOWS[-1].key)).exists()
    with dg.DagsterInstance.from_config(str(home)) as instance:
        event = instance.get_latest_materialization_event(dg.AssetKey(list(CHATS.path)))
        assert event
        assert event.asset_materialization
        path = event.asset_materialization.metadata["path"].value
    assert path == f"{URI}/zendesk_chat/chats/date={WINDOWS[-1].key}/part-0.parquet"
