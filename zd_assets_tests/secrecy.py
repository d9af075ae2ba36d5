"""Searching for the token everywhere that something could have left it."""

import traceback
from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq

SECRET = "s3cr3t-Ch4t-t0ken"


def chained(error: BaseException | None) -> list[BaseException]:
    """An error, its causes and what it was raised in the middle of."""
    found: list[BaseException] = []
    todo = [error]
    while todo:
        one = todo.pop()
        if one is not None and one not in found:
            found.append(one)
            todo += [one.__cause__, one.__context__]
    return found


def assert_secret_in_no_error(error: BaseException | None) -> None:
    for one in chained(error):
        assert SECRET not in str(one)
        assert SECRET not in repr(one)
        assert SECRET not in "".join(traceback.format_exception(one))


def assert_secret_nowhere(
    reports: Iterable[object], error: BaseException | None, folder: Path
) -> None:
    """Neither in what was said or raised, nor in a file: its bytes, rows and footer."""
    assert_secret_in_no_error(error)
    assert SECRET not in repr(list(reports))
    for path in folder.rglob("*"):
        assert SECRET not in str(path)
        if path.is_file():
            assert SECRET.encode() not in path.read_bytes()
            if path.suffix == ".parquet":
                assert SECRET not in repr(pq.read_table(path, partitioning=None).to_pylist())
