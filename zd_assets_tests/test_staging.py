"""What goes to a store is written where nobody else on this machine can read it, and goes away."""

import os
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from textwrap import dedent

import pytest
from pyarrow import fs

from zd_assets.engine.duck import connect
from zd_assets.engine.scratch import scratch
from zd_assets.lake.errors import LakeError
from zd_assets.lake.objects import ObjectPath
from zd_assets.lake.temporary import create, replacing, sweep


@pytest.fixture
def machine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The machine's folder for temporary files, of a process that hides nothing by its umask."""
    folder = tmp_path / "tmp"
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr(tempfile, "tempdir", None)
    umask = os.umask(0)
    yield folder
    os.umask(umask)


@pytest.fixture
def target(tmp_path: Path, machine: Path) -> ObjectPath:
    """An object of a store, which is a folder."""
    return in_store(tmp_path)


def in_store(tmp_path: Path, name: str = "part-0.parquet") -> ObjectPath:
    folder = tmp_path / "store" / "chats" / "date=2026-01-01"
    folder.mkdir(parents=True, exist_ok=True)
    return ObjectPath("s3", PurePosixPath(str(folder / name)), fs.LocalFileSystem())


def room(machine: Path) -> Path:
    return machine / f"zd_assets-{os.getuid()}"


def modes(folder: Path) -> set[tuple[str, int]]:
    """What kinds of things are in and at a folder, and who may do what to them."""
    return {
        ("folder" if path.is_dir() else "file", stat.S_IMODE(path.lstat().st_mode))
        for path in (folder, *folder.rglob("*"))
    }


def test_only_this_user_can_enter_and_read_what_is_staged(
    target: ObjectPath, machine: Path
) -> None:
    room(machine).mkdir(mode=0o777)  # As an earlier version left it.
    temporary = create(target)
    temporary.path.write_bytes(b"personal")
    assert modes(room(machine)) == {("folder", 0o700), ("file", 0o600)}
    temporary.discard()


def test_only_this_user_can_enter_where_analytics_spill(
    target: ObjectPath, machine: Path, tmp_path: Path
) -> None:
    for location in (target.parent, tmp_path / "lake" / "analytics"):
        with scratch(location) as folder, connect(folder / "spill", 64) as connection:
            connection.execute("select count(*) from range(100)")
            assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert list(room(machine).iterdir()) == []
    assert list((tmp_path / "lake" / "analytics").iterdir()) == []


def test_nothing_is_left_on_this_machine_once_an_object_was_put(
    target: ObjectPath, machine: Path
) -> None:
    with replacing(target) as path:
        path.write_bytes(b"content")
    assert target.read_bytes() == b"content"
    assert list(room(machine).iterdir()) == []


@pytest.mark.parametrize("there", ["a link", "a file", "another user's folder"])
def test_where_somebody_else_has_prepared_the_folder_nothing_is_written(
    target: ObjectPath, machine: Path, monkeypatch: pytest.MonkeyPatch, there: str
) -> None:
    elsewhere = machine / "elsewhere"
    elsewhere.mkdir()
    if there == "another user's folder":
        monkeypatch.setattr(os, "getuid", lambda: 4711)
        room(machine).mkdir(mode=0o777)  # Which is this test's user's.
    elif there == "a link":
        room(machine).symlink_to(elsewhere)
    else:
        room(machine).touch()
    message = f"^{room(machine)} isn't a folder of this user.* TMPDIR"
    for write in (create, sweep, lambda target: scratch(target).__enter__()):
        with pytest.raises(LakeError, match=message):
            write(target)
    assert list(elsewhere.iterdir()) == []


KILLED = """
    import sys
    from pathlib import Path
    from zd_assets.engine.scratch import scratch
    from zd_assets.lake.temporary import create
    from zd_assets_tests.test_staging import in_store
    folder = Path(sys.argv[1])
    create(in_store(folder, "one.parquet")).path.write_bytes(b"personal")
    with scratch(in_store(folder).parent) as work:
        (work / "copy").write_bytes(b"personal")
        print("written", flush=True)
        sys.stdin.read()
"""


def test_what_a_killed_process_staged_goes_with_the_next_run_of_any_partition(
    target: ObjectPath, machine: Path, tmp_path: Path
) -> None:
    def staged() -> list[str]:
        return sorted(path.name for path in room(machine).rglob("*") if path.is_file())

    command = [sys.executable, "-c", dedent(KILLED), str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        assert process.stdout
        assert process.stdout.readline() == b"written\n"
        before = staged()
        assert len(before) == 2
        sweep(target)
        assert staged() == before  # It lives.
        process.send_signal(signal.SIGKILL)
    sweep(target)
    assert list(room(machine).iterdir()) == []
