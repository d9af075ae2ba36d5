"""Searching for the secrets everywhere that something could have left them."""

import traceback
from base64 import b64encode
from collections.abc import Iterable
from pathlib import Path

import pyarrow.parquet as pq

SECRET = "s3cr3t-Ch4t-t0ken"
EMAIL = "ada@example.com"
#: What an API token looks like in the Authorization header, where it is as good as the token.
LOGIN = b64encode(f"{EMAIL}/token:{SECRET}".encode()).decode()
_SECRETS = (SECRET, LOGIN)


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


def assert_secret_not_in(text: str) -> None:
    for secret in _SECRETS:
        assert secret not in text


def assert_secret_in_no_error(error: BaseException | None) -> None:
    for one in chained(error):
        assert_secret_not_in(str(one))
        assert_secret_not_in(repr(one))
        assert_secret_not_in("".join(traceback.format_exception(one)))


def assert_secret_nowhere(
    reports: Iterable[object], error: BaseException | None, folder: Path
) -> None:
    """Neither in what was said or raised, nor in a file: its bytes, rows and footer."""
    assert_secret_in_no_error(error)
    assert_secret_not_in(repr(list(reports)))
    for path in folder.rglob("*"):
        assert_secret_not_in(str(path))
        if path.is_file():
            assert_secret_not_in(path.read_bytes().decode("latin-1"))
            if path.suffix == ".parquet":
                assert_secret_not_in(repr(pq.read_table(path, partitioning=None).to_pylist()))
