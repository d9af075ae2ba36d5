"""A partition's file appears whole or not at all, even if a process dies or competes."""

import multiprocessing
import os
import random
import signal
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest

from zd_assets.catalog.chat import CONVERSIONS
from zd_assets.lake import writer as writer_module
from zd_assets.lake.errors import ChangedError
from zd_assets.lake.footer import FOOTER_KEY, decode_footer
from zd_assets.lake.lake import Lake
from zd_assets.lake.location import version
from zd_assets.lake.temporary import create, sweep
from zd_assets.lake.writer import PartitionWriter
from zd_assets_tests.helpers.files import (
    DAY,
    add,
    commit,
    conversion,
    duck,
    goals,
    leftovers,
    write,
)

PATIENCE_S = 60
COMMITS = 60
ROWS = 40


def pages_of(version: str) -> Iterator[list[dict[str, Any]]]:
    """A few pages of the same keys, all of whose rows have one version."""
    for first in range(0, ROWS, 10):
        yield [conversion(f"{i}", version=version) for i in range(first, first + 10)]


def version_of(path: Path) -> str:
    """The one version that a whole file holds."""
    with path.open("rb") as opened, pq.ParquetFile(opened) as file:
        footer = decode_footer(file.metadata.metadata[FOOTER_KEY])
        table = file.read()
    (version,) = set(table["goal_name"].to_pylist())
    assert footer.items == table.num_rows == ROWS
    return str(version)


def small_row_groups() -> None:
    writer_module._ROW_GROUP_ROWS = 10


# --- What the other processes do ----------------------------------------------------------------


def commit_again_and_again(lake: Lake, name: str, commits: int, pipe: Connection) -> None:
    small_row_groups()
    pipe.send("ready")
    pipe.recv()
    for number in range(commits):
        write(lake, pages_of(f"{name} {number % 5}"), merge=number % 3 == 2)
        pipe.send(number)


def write_but_not_commit(lake: Lake, pipe: Connection) -> None:
    small_row_groups()
    writer = PartitionWriter(lake, CONVERSIONS, DAY)
    for page in pages_of("of the other"):
        add(writer, CONVERSIONS, page)
    pipe.send("written")
    pipe.recv()
    commit(writer, lake)
    pipe.send("committed")


@contextmanager
def process(work: Callable[..., None], *args: Any) -> Iterator[tuple[SpawnProcess, Connection]]:
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    child = context.Process(target=work, args=(*args, theirs), daemon=True)
    child.start()
    theirs.close()
    try:
        yield child, ours
    finally:
        child.kill()
        child.join()
        child.close()
        ours.close()


def hear(pipe: Connection) -> Any:
    assert pipe.poll(PATIENCE_S), "the other process says nothing"
    return pipe.recv()


# --- The tests ----------------------------------------------------------------------------------


def test_a_reader_sees_whole_files_only_while_a_writer_commits(lake: Lake) -> None:
    path = lake.path(CONVERSIONS, DAY)
    write(lake, pages_of("first"))
    seen: set[str] = set()
    committed = 0
    with process(commit_again_and_again, lake, "v", COMMITS) as (_, pipe):
        hear(pipe)
        pipe.send("go")
        while committed < COMMITS:
            seen.add(version_of(path))
            while pipe.poll():
                pipe.recv()
                committed += 1
    assert len(seen) > 2
    assert leftovers(path) == []


def test_two_writers_of_one_partition_end_in_one_whole_file(lake: Lake) -> None:
    path = lake.path(CONVERSIONS, DAY)
    with (
        process(commit_again_and_again, lake, "a", COMMITS) as (one, to_one),
        process(commit_again_and_again, lake, "b", COMMITS) as (other, to_other),
    ):
        for pipe in (to_one, to_other):
            hear(pipe)
        for pipe in (to_one, to_other):
            pipe.send("go")
        for child in (one, other):
            child.join(PATIENCE_S)
            assert child.exitcode == 0
    assert version_of(path) in {f"{name} {number}" for name in "ab" for number in range(5)}
    assert leftovers(path) == []


def test_killed_in_the_middle_of_commits_the_file_is_whole_and_the_next_writer_sweeps(
    lake: Lake,
) -> None:
    path = lake.path(CONVERSIONS, DAY)
    write(lake, pages_of("first"))
    for _ in range(3):
        with process(commit_again_and_again, lake, "v", 10_000) as (child, pipe):
            hear(pipe)
            pipe.send("go")
            hear(pipe)
            time.sleep(random.random() / 20)
            child.kill()
            child.join()
            assert child.exitcode == -signal.SIGKILL
        assert version_of(path)
        assert all(file.name.startswith(".") for file in leftovers(path))
    write(lake, pages_of("last"))
    assert version_of(path) == "last"
    assert leftovers(path) == []


def test_what_a_killed_writer_leaves_is_seen_by_no_reader_and_swept_by_the_next_writer(
    lake: Lake,
) -> None:
    path = lake.path(CONVERSIONS, DAY)
    write(lake, pages_of("old"))
    old = path.read_bytes()
    with process(write_but_not_commit, lake) as (child, pipe):
        assert hear(pipe) == "written"
        child.kill()
        child.join()
    (leftover,) = leftovers(path)
    assert leftover.stat().st_size > 0
    assert path.read_bytes() == old

    root = lake.root / "zendesk_chat" / "conversions"
    for glob in ("*/*.parquet", "**/*.parquet"):
        rows = duck(
            "select distinct filename, goal_name, date::varchar"
            f" from read_parquet('{root}/{glob}', hive_partitioning=true)"
        )
        assert rows == [(str(path), "old", "2026-01-01")]
    assert ds.dataset(root, partitioning="hive").files == [str(path)]
    assert set(pd.read_parquet(root)["goal_name"]) == {"old"}
    assert leftover.exists()

    writer = PartitionWriter(lake, CONVERSIONS, DAY)
    assert leftovers(path) == []
    writer.discard()
    assert path.read_bytes() == old


def test_a_living_writers_file_is_not_swept(lake: Lake) -> None:
    path = lake.path(CONVERSIONS, DAY)
    with process(write_but_not_commit, lake) as (_, pipe):
        assert hear(pipe) == "written"
        others = leftovers(path)
        assert len(others) == 1
        write(lake, pages_of("of this one"))
        assert version_of(path) == "of this one"
        assert leftovers(path) == others
        pipe.send("go on")
        assert hear(pipe) == "committed"
    assert version_of(path) == "of the other"
    assert leftovers(path) == []


def test_writers_of_one_process_leave_each_others_files_alone(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "_ROW_GROUP_ROWS", 1)
    path = lake.path(CONVERSIONS, DAY)
    one, other = (PartitionWriter(lake, CONVERSIONS, DAY) for _ in range(2))
    add(one, CONVERSIONS, [conversion("a", version="one")])
    write(lake, [[conversion("a", version="between")]])
    add(other, CONVERSIONS, [conversion("a", version="other")])
    for writer, own in ((one, "one"), (other, "other")):
        commit(writer, lake)
        assert goals(path) == [own]
    assert leftovers(path) == []


def test_only_leftovers_of_the_same_file_are_swept(tmp_path: Path) -> None:
    target = tmp_path / "part-0.parquet"
    dead = tmp_path / ".part-0.parquet.0123.tmp"
    others = [tmp_path / name for name in (".part-1.parquet.0123.tmp", ".hidden", "part-0.tmp")]
    for file in (target, dead, *others):
        file.touch()
    sweep(target)
    assert sorted(tmp_path.iterdir()) == sorted([target, *others])
    sweep(tmp_path / "nowhere" / "part-0.parquet")


def test_a_file_that_is_just_being_made_is_not_swept_away(tmp_path: Path) -> None:
    target = tmp_path / "part-0.parquet"
    over = threading.Event()

    def sweep_all_the_time() -> None:
        while not over.is_set():
            sweep(target)

    sweepers = [threading.Thread(target=sweep_all_the_time) for _ in range(2)]
    for sweeper in sweepers:
        sweeper.start()
    try:
        for _ in range(2000):
            temporary = create(target)
            assert temporary.path.exists()
            temporary.discard()
    finally:
        over.set()
        for sweeper in sweepers:
            sweeper.join()


def test_a_temporary_file_takes_its_targets_place_with_its_content(tmp_path: Path) -> None:
    target = tmp_path / "a" / "b" / "file"
    before = len(os.listdir("/proc/self/fd"))
    for content in (b"one", b"two"):
        temporary = create(target)
        temporary.path.write_bytes(content)
        assert temporary.path.parent == target.parent
        assert temporary.path.name.startswith(".")
        temporary.commit()
        assert target.read_bytes() == content
    create(target).discard()
    assert list(target.parent.iterdir()) == [target]
    assert len(os.listdir("/proc/self/fd")) == before


# --- Commit only over what was seen -------------------------------------------------------------


def count_up(target: Path, times: int, pipe: Connection) -> None:
    """Add one to the number in a file, so many times, as runs that know nothing of each other."""
    pipe.send("ready")
    pipe.recv()
    for _ in range(times):
        while True:
            seen = version(target)
            number = int(target.read_bytes() or b"0") if seen else 0
            temporary = create(target)
            temporary.path.write_bytes(b"%d" % (number + 1))
            try:
                temporary.commit_if_unchanged(seen)
                break
            except ChangedError:
                temporary.discard()
    pipe.send("done")


def test_of_processes_and_threads_that_look_and_commit_none_undoes_anothers_work(
    tmp_path: Path,
) -> None:
    target = tmp_path / "number"
    with process(count_up, target, 100) as (_, one), process(count_up, target, 100) as (_, other):
        for pipe in (one, other):
            hear(pipe)
        for pipe in (one, other):
            pipe.send("go")
        here = [multiprocessing.Pipe() for _ in range(2)]
        threads = [threading.Thread(target=count_up, args=(target, 50, end)) for _, end in here]
        for thread, (ours, _) in zip(threads, here, strict=True):
            thread.start()
            ours.send("go")
        for thread in threads:
            thread.join()
        for pipe in (one, other):
            assert hear(pipe) == "done"
        for pair in here:
            for end in pair:
                end.close()
    assert target.read_bytes() == b"300"
    assert list(tmp_path.iterdir()) == [target]


@pytest.mark.parametrize("change", ["replaced", "removed", "made"])
def test_what_was_changed_since_it_was_seen_is_not_replaced(tmp_path: Path, change: str) -> None:
    target = tmp_path / "file"
    if change != "made":
        target.write_bytes(b"old")
    seen = version(target)
    temporary = create(target)
    temporary.path.write_bytes(b"mine")
    target.unlink(missing_ok=True)
    if change != "removed":
        target.write_bytes(b"new")
    with pytest.raises(ChangedError, match=f"{target} was changed by another run"):
        temporary.commit_if_unchanged(seen)
    assert (target.read_bytes() if target.exists() else None) == (
        None if change == "removed" else b"new"
    )
    temporary.commit_if_unchanged(version(target))
    assert target.read_bytes() == b"mine"
    assert version(target) not in (None, seen)
    assert list(tmp_path.iterdir()) == [target]
