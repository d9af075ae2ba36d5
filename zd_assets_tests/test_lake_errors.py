"""A fault of the lake is one clear message; the old file stays, and nothing half-written."""

import os
import resource
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from zd_assets.catalog.chat import CONVERSIONS
from zd_assets.lake import writer as writer_module
from zd_assets.lake.errors import LakeError
from zd_assets.lake.footer import FOOTER_KEY, empty_footer
from zd_assets.lake.lake import Lake, open_lake, read_footer, reading, writing
from zd_assets.lake.writer import PartitionWriter, row_groups
from zd_assets_tests.helpers.files import DAY, add, conversion, goals, leftovers, write
from zd_assets_tests.helpers.truth import days

PAGES = [
    [conversion(f"{page}-{row}", version=f"{row:050}") for row in range(50)] for page in range(8)
]


@contextmanager
def no_file_larger_than(size: int) -> Iterator[None]:
    """What a full disk is to a process: writing beyond `size` bytes of any file fails."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


@pytest.mark.parametrize("merge", [False, True])
def test_a_full_disk_at_any_byte_leaves_the_old_file(
    lake: Lake, monkeypatch: pytest.MonkeyPatch, merge: bool
) -> None:
    monkeypatch.setattr(writer_module, "_ROW_GROUP_ROWS", 100)
    path = lake.path(CONVERSIONS, DAY)
    write(lake, [[conversion("old", version="old")]])
    old = path.read_bytes()
    write(lake, PAGES, merge=merge)
    size = path.stat().st_size
    path.write_bytes(old)
    for room in (0, 1, 4, 500, size // 3, size // 2, size - 2000, size - 10, size - 1):
        with (
            pytest.raises(LakeError, match=f"^no room to write {path}.*free space") as error,
            no_file_larger_than(room),
        ):
            write(lake, PAGES, merge=merge)
        assert "\n" not in str(error.value)
        assert path.read_bytes() == old
        assert leftovers(path) == []
    write(lake, PAGES, merge=merge)
    assert len(goals(path)) == 400 + merge


def test_a_disk_that_is_full_when_a_writer_gives_up_hides_no_error(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(writer_module, "_ROW_GROUP_ROWS", 1)
    writer = PartitionWriter(lake, CONVERSIONS, DAY)
    add(writer, CONVERSIONS, PAGES[0])
    path = lake.path(CONVERSIONS, DAY)
    with no_file_larger_than(leftovers(path)[0].stat().st_size):
        writer.discard()
    assert leftovers(path) == []


def test_failed_writes_leave_no_file_open(lake: Lake) -> None:
    write(lake, PAGES)
    before = len(os.listdir("/proc/self/fd"))
    for room in (0, 5, 1000):
        with pytest.raises(LakeError), no_file_larger_than(room):
            write(lake, PAGES, merge=True)
    assert len(os.listdir("/proc/self/fd")) == before


@pytest.mark.parametrize("below", ["", "deeper/and/deeper"])
def test_a_lake_below_a_regular_file_cannot_be_written(tmp_path: Path, below: str) -> None:
    (tmp_path / "file").write_text("no folder")
    lake = open_lake(str(tmp_path / "file" / below))
    with pytest.raises(LakeError, match=r"^can't write .*ZD_LAKE must name a folder") as error:
        write(lake, PAGES)
    assert str(lake.path(CONVERSIONS, DAY)) in str(error.value)


@pytest.mark.skipif(os.geteuid() == 0, reason="nothing is unwritable to root")
def test_a_read_only_lake_cannot_be_written(lake: Lake) -> None:
    lake.root.mkdir()
    lake.root.chmod(0o555)
    with pytest.raises(LakeError, match="Permission denied"):
        write(lake, PAGES)


def test_a_folder_in_the_files_place_is_not_replaced(lake: Lake) -> None:
    path = lake.path(CONVERSIONS, DAY)
    path.mkdir(parents=True)
    with pytest.raises(LakeError, match="can't be read as a file of this lake"):
        write(lake, PAGES)
    assert path.is_dir()
    assert leftovers(path) == []
    with pytest.raises(LakeError, match=f"^{path} can't be read as a file of this lake"):
        lake.footer(CONVERSIONS, DAY)


def foreign_parquet(path: Path) -> None:
    pq.write_table(pa.table({"a": [1]}), path)


def foreign_footer(path: Path) -> None:
    schema = pa.schema({"a": pa.int64()}, {FOOTER_KEY: b'{"kind":"something else"}'})
    pq.write_table(schema.empty_table(), path)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def scrambled_footer(path: Path) -> None:
    data = path.read_bytes()
    path.write_bytes(data[:-200] + bytes(192) + data[-8:])


@pytest.mark.parametrize(
    "spoil",
    [
        lambda path: path.write_bytes(b""),
        lambda path: path.write_bytes(b"PAR1"),
        lambda path: path.write_bytes(b"<html>not Parquet at all</html>"),
        foreign_parquet,
        foreign_footer,
        cut,
        scrambled_footer,
    ],
    ids=["empty", "magic only", "html", "foreign", "foreign footer", "cut", "scrambled"],
)
def test_a_file_that_is_none_of_ours_is_named(lake: Lake, spoil: Callable[[Path], None]) -> None:
    write(lake, PAGES)
    path = lake.path(CONVERSIONS, DAY)
    spoil(path)
    with pytest.raises(LakeError, match=f"^{path} can't be read .*move it away") as error:
        lake.footer(CONVERSIONS, DAY)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("begin", [4, 400])
def test_a_file_whose_rows_are_damaged_is_named_and_left_when_merging(
    lake: Lake, begin: int
) -> None:
    write(lake, PAGES)
    path = lake.path(CONVERSIONS, DAY)
    data = bytearray(path.read_bytes())
    data[begin : begin + 300] = b"\xff" * 300
    path.write_bytes(data)
    with pytest.raises(LakeError, match=f"^{path} can't be read .*move it away") as error:
        write(lake, PAGES, merge=True)
    assert "\n" not in str(error.value)
    assert path.read_bytes() == data
    assert leftovers(path) == []
    assert write(lake, PAGES).items == 400


def test_an_earlier_file_that_is_none_of_ours_is_named(lake: Lake) -> None:
    write(lake, PAGES)
    path = lake.path(CONVERSIONS, DAY)
    cut(path)
    (later,) = days("2026-01-02", 1)
    with pytest.raises(LakeError, match=f"^{path} can't be read .*move it away"):
        list(lake.footers_before(CONVERSIONS, later))


def test_a_partition_without_file_has_no_footer(lake: Lake) -> None:
    assert lake.footer(CONVERSIONS, DAY) is None
    assert not lake.root.exists()


@pytest.mark.parametrize("location", ["https://example.com/", "ftp://example.com/lake"])
def test_a_lake_elsewhere_is_refused_by_name(location: str) -> None:
    with pytest.raises(LakeError, match=r"ZD_LAKE: .*:// is no folder and no store; use one of s3"):
        open_lake(location)


def test_a_lake_is_a_folder_or_its_uri(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    assert open_lake("data").root == tmp_path / "data"
    assert open_lake(f"file://{tmp_path}/data").root == tmp_path / "data"
    assert open_lake("~/data").root == tmp_path / "home" / "data"
    assert empty_footer(CONVERSIONS, DAY, "run").items == 0


def test_a_file_that_vanishes_while_another_is_written_is_what_the_message_names(
    lake: Lake, tmp_path: Path
) -> None:
    source, target = tmp_path / "source.parquet", tmp_path / "target.parquet"
    message = f"^{source} is gone: it was removed meanwhile; run again$"
    with pytest.raises(LakeError, match=message), writing(target):
        next(row_groups(source))
    with pytest.raises(LakeError, match=message):
        read_footer(source)


def test_memory_that_ends_is_not_said_to_be_a_damaged_file(tmp_path: Path) -> None:
    with pytest.raises(pa.ArrowMemoryError), reading(tmp_path / "part-0.parquet"):
        raise pa.ArrowMemoryError("malloc of size 64 failed")
