"""The file in which a machine counts requests is no state that anybody has to repair."""

import errno
import multiprocessing
import re
import shutil
import sqlite3
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from zd_assets.zendesk import buckets
from zd_assets.zendesk import budget as budget_module
from zd_assets.zendesk.budget import Budget
from zd_assets.zendesk.errors import UnavailableError

ACCOUNT = "https://acme.zendesk.com/api/v2"


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder for temporary files of its own."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    yield tmp_path
    buckets._open.clear()


def file_of(machine: Path) -> Path:
    [path] = machine.glob("*/budget-*.sqlite")
    return path


def test_requests_dated_in_the_future_count_as_made_now(
    machine: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(budget_module, "_MARGIN_MS", 0)
    budget = Budget(ACCOUNT, 2, 0.5)
    assert budget.try_spend()
    assert budget.try_spend()
    in_an_hour_ms = round((time.time() + 3600) * 1000)
    with closing(sqlite3.connect(file_of(machine))) as connection:
        connection.execute("UPDATE requests SET item_timestamp = ?", (in_an_hour_ms,))
        connection.commit()
    assert not budget.try_spend()
    began = time.monotonic()
    budget.spend(threading.Event())
    assert time.monotonic() - began < 60


def test_a_damaged_file_is_replaced_with_a_notice(
    machine: Path, caplog: pytest.LogCaptureFixture
) -> None:
    assert Budget(ACCOUNT, 1).try_spend()
    path = file_of(machine)
    buckets._open.clear()
    for wal in path.parent.glob("*-wal"):
        wal.unlink()
    path.write_bytes(b"no database at all, but long enough to be read as one" * 99)
    budget = Budget(ACCOUNT, 1)
    assert budget.try_spend()
    assert not budget.try_spend()
    assert [record.levelname for record in caplog.records] == ["WARNING"]
    assert "damaged" in caplog.text


def spend_one(tempdir: str, account: str) -> bool:
    tempfile.tempdir = tempdir
    return Budget(account, 1).try_spend()


def test_processes_that_find_it_damaged_at_once_still_share_one(machine: Path) -> None:
    Budget(ACCOUNT, 1)
    file_of(machine).write_bytes(b"x" * 5000)
    context = multiprocessing.get_context("spawn")
    with context.Pool(3) as pool:
        granted = pool.starmap(spend_one, [(str(machine), ACCOUNT)] * 3)
    assert sorted(granted) == [False, False, True]


def test_a_folder_that_is_removed_under_way_gives_no_second_counter(machine: Path) -> None:
    one, other = Budget(ACCOUNT, 2), Budget(ACCOUNT, 2)
    assert one.try_spend()
    shutil.rmtree(file_of(machine).parent)
    assert one.try_spend()
    assert other.try_spend()
    assert not one.try_spend()
    assert not other.try_spend()


def spend_for_a_while(tempdir: str, account: str, seconds: float) -> int:
    tempfile.tempdir = tempdir
    budget, until, spent = Budget(account, 10**6), time.monotonic() + seconds, 0
    while time.monotonic() < until:
        spent += budget.try_spend()
    return spent


def test_a_folder_that_is_removed_again_and_again_fails_nobody(machine: Path) -> None:
    context = multiprocessing.get_context("spawn")
    with context.Pool(2) as pool:
        spending = pool.starmap_async(spend_for_a_while, [(str(machine), ACCOUNT, 2.0)] * 2)
        while not spending.ready():
            for folder in machine.glob("zd_assets-*"):
                shutil.rmtree(folder, ignore_errors=True)
            time.sleep(0.2)
        assert all(spent > 0 for spent in spending.get())


def test_without_any_folder_for_temporary_files_it_is_one_clear_message(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def nowhere() -> str:
        raise FileNotFoundError(errno.ENOENT, "No usable temporary directory found in ['/tmp']")

    monkeypatch.setattr(tempfile, "tempdir", None)
    monkeypatch.setattr(tempfile, "gettempdir", nowhere)
    with pytest.raises(UnavailableError, match="set TMPDIR to another folder"):
        Budget(ACCOUNT, 1)


def test_a_folder_that_cant_be_used_is_one_clear_message(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "file"))
    with pytest.raises(UnavailableError, match="set TMPDIR to another folder") as failed:
        Budget(ACCOUNT, 1)
    assert str(tmp_path / "file") in str(failed.value)


def test_the_folder_and_its_files_are_the_users_own(machine: Path) -> None:
    Budget(ACCOUNT, 1)
    path = file_of(machine)
    assert path.stat().st_mode & 0o777 == 0o600
    assert path.parent.stat().st_mode & 0o777 == 0o700


def test_somebody_elses_folder_is_not_used(machine: Path, tmp_path: Path) -> None:
    Budget(ACCOUNT, 1)
    folder = file_of(machine).parent
    shutil.rmtree(folder)
    (tmp_path / "elsewhere").mkdir()
    folder.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UnavailableError, match="isn't a folder of this user"):
        Budget(ACCOUNT, 1)


def test_a_longer_wait_is_told_once(machine: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(budget_module, "_MARGIN_MS", 0)
    monkeypatch.setattr(budget_module, "_TELL_AFTER_S", 0.1)
    budget, told = Budget(ACCOUNT, 1, 0.7), list[str]()
    budget.spend(threading.Event(), told.append)
    budget.spend(threading.Event(), told.append)
    assert len(told) == 1
    assert re.match(r"waiting [1-9]\d* s for the request budget: 1 in", told[0])
