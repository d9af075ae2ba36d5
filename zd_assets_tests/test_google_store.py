"""A lake in Google Cloud Storage: a real server of its API, over HTTP."""

import os
import socket
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from zd_assets.catalog.chat import CHATS
from zd_assets.catalog.export import Export
from zd_assets.catalog.support import TICKETS
from zd_assets.cli.find import holders
from zd_assets.engine.day import Day
from zd_assets.engine.latest.update import is_due, update
from zd_assets.engine.make import make
from zd_assets.engine.read import read_days
from zd_assets.extract.events import Action
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.lake.objects import ObjectPath
from zd_assets.models.facts.chat_engagements import CHAT_ENGAGEMENTS
from zd_assets.models.latest import CHATS_LATEST
from zd_assets.sandbox import Running
from zd_assets_tests.conftest import NOW
from zd_assets_tests.helpers.runs import Clients, about, fetch, few
from zd_assets_tests.helpers.truth import assert_lake_is_true, assert_latest_is_true, days

WINDOWS = days("2026-02-23", 4)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    """A server with one bucket, in a process of its own: Arrow waits for it with the GIL held."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    host, port = address.split(":")
    options = (f"--host={host}", f"--port={port}", "--in-memory", "--default-bucket=lake")
    process = subprocess.Popen(
        [sys.executable, "-m", "gcp_storage_emulator", "start", *options],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        while not _answers(host, int(port)):
            assert process.poll() is None
            time.sleep(0.05)
        yield address
    finally:
        process.kill()
        process.wait()


def _answers(host: str, port: int) -> bool:
    try:
        socket.create_connection((host, port)).close()
    except OSError:
        return False
    return True


@pytest.fixture
def bucket(server: str) -> Lake:
    """An empty part of the bucket."""
    prefix = os.urandom(4).hex()
    return open_lake(f"gs://anonymous@lake/{prefix}?endpoint_override={server}&scheme=http")


@pytest.mark.parametrize("export", [CHATS, TICKETS], ids=lambda one: one.name)
def test_a_range_lands_as_one_object_for_each_partition_and_is_replaced(
    export: Export, sandbox: Running, clients: Clients, bucket: Lake
) -> None:
    few(sandbox, tickets_per_day=60)
    for run_id in ("first", "again"):
        fetch(export, WINDOWS, clients, bucket, run_id=run_id)
        assert_lake_is_true(sandbox, bucket, export, WINDOWS)
        assert {bucket.footer(export, window).run_id for window in WINDOWS} == {run_id}
    assert isinstance(bucket.root, ObjectPath)
    assert sorted(map(str, bucket.root.glob("*"))) == [
        f"{bucket.root}/{'/'.join(export.path)}/date={window.key}/part-0.parquet"
        for window in WINDOWS
    ]


def test_an_incomplete_partition_is_resumed_and_merged(
    sandbox: Running, clients: Clients, bucket: Lake
) -> None:
    few(sandbox, now="2026-02-25T12:00:00Z")
    fetch(CHATS, WINDOWS[:3], clients, bucket)
    sandbox.clock(now=NOW)
    reports = fetch(CHATS, WINDOWS[:3], clients, bucket, should_adopt=lambda footer: True)
    assert about(reports)[WINDOWS[2].key].action is Action.RESUMED
    assert_latest_is_true(sandbox, bucket, CHATS, WINDOWS[:3])


def test_analytics_stand_beside_the_exports_as_in_a_folder(
    sandbox: Running, clients: Clients, bucket: Lake, lake: Lake
) -> None:
    few(sandbox)
    dates = [Day(window.key) for window in WINDOWS]
    for one in (bucket, lake):
        fetch(CHATS, WINDOWS, clients, one)
        update(CHATS_LATEST, one)
        update(CHATS_LATEST, one, full_refresh=True)
        assert not is_due(CHATS_LATEST, one)
        for _ in make(CHAT_ENGAGEMENTS, one, dates, run_id="run"):
            pass
    here, there = (read_days(one, CHAT_ENGAGEMENTS, dates).frame for one in (lake, bucket))
    assert here.equals(there)
    assert len(here) > 0
    assert len(list(holders(bucket, ["chat_engagements"]))) == len(dates)


def test_what_isnt_there_is_said_plainly(bucket: Lake) -> None:
    assert bucket.footer(CHATS, WINDOWS[0]) is None
    assert bucket.files(CHATS) == []
