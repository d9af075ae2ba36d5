"""Where the requests of the last minute are counted: on this machine, or in a Postgres of many."""

import atexit
import hashlib
import logging
import os
import sqlite3
import tempfile
import threading
from collections.abc import Iterator
from contextlib import closing, contextmanager
from functools import cache
from pathlib import Path
from typing import Any

from filelock import FileLock
from pyrate_limiter import PostgresBucket, Rate, SQLiteBucket

from zd_assets.extras import missing_extra
from zd_assets.files.private_folder import private_folder
from zd_assets.zendesk.errors import ConfigurationError, UnavailableError

_CONNECT_S = 30.0
# The folder may be removed while it is made or a file in it is opened.
_OPENINGS = 5

# A bucket, and what it raises when it can't be reached. Any: its types allow for awaiting, too.
Opened = tuple[Any, tuple[type[Exception], ...]]

_log = logging.getLogger(__name__)
_opening = threading.Lock()
_open: dict[tuple[Path, int, int], tuple[int, SQLiteBucket]] = {}


def on_machine(account: str, requests: int, window_ms: int) -> Opened:
    """Make a bucket in a SQLite file of the machine's temporary folder, behind a lock.

    The file is opened once, and again where it isn't there any more. One that is damaged is
    replaced: it only says what was asked in the last minute.

    Raises:
        UnavailableError: the folder can't be used.
    """
    with _opening, _usable_folder():
        for left in reversed(range(_OPENINGS)):
            try:
                return _opened_once(account, requests, window_ms), (sqlite3.Error, OSError)
            except (OSError, sqlite3.Error):
                if not left:
                    raise
        raise AssertionError


def _opened_once(account: str, requests: int, window_ms: int) -> SQLiteBucket:
    path = _private_folder() / f"budget-{_digest(account)}.sqlite"
    key = (path, requests, window_ms)
    number, bucket = _open.get(key, (0, None))
    if bucket is None or not path.exists() or path.stat().st_ino != number:
        bucket = _opened(path, requests, window_ms)
        _open[key] = (path.stat().st_ino, bucket)
    return bucket


def replace_damaged(account: str) -> None:
    """Remove the file of an account's bucket that isn't a database any more; it is made again."""
    with _opening, _usable_folder():
        path = _private_folder() / f"budget-{_digest(account)}.sqlite"
        _remove_damaged(path)
        for key in [key for key in _open if key[0] == path]:
            del _open[key]


def count_from_now(bucket: Any, now_ms: int) -> None:
    """Let requests that are dated in the future count as made now: a clock was put right."""
    if isinstance(bucket, SQLiteBucket):
        with bucket.lock:
            table = bucket.table
            bucket.conn.execute(
                f"UPDATE '{table}' SET item_timestamp = ? WHERE item_timestamp > ?",
                (now_ms, now_ms),
            )
            bucket.conn.commit()


def is_damage(error: Exception) -> bool:
    """Return whether a file is no database, rather than one that can't be reached now."""
    if not isinstance(error, sqlite3.DatabaseError):
        return False
    words = str(error)
    return not isinstance(error, sqlite3.OperationalError) or "no such table" in words


def _opened(path: Path, requests: int, window_ms: int) -> SQLiteBucket:
    for last in (False, True):
        try:
            bucket = SQLiteBucket.init_from_file(
                [Rate(requests, window_ms)],
                table="requests",
                db_path=str(path),
                use_file_lock=True,
            )
        except sqlite3.DatabaseError as error:
            if last or not is_damage(error):
                raise
            _remove_damaged(path)
        else:
            path.chmod(0o600)
            return bucket
    raise AssertionError


def _remove_damaged(path: Path) -> None:
    # Under the lock of all who count: another process may have replaced it meanwhile.
    with FileLock(f"{path}.lock"):
        if _is_damaged(path):
            _log.warning("%s is damaged; the requests of the last minute count as none", path)
            for ending in ("", "-wal", "-shm"):
                Path(f"{path}{ending}").unlink(missing_ok=True)


def _is_damaged(path: Path) -> bool:
    if not path.exists():
        return False
    try:
        with closing(sqlite3.connect(path)) as connection:
            return bool(connection.execute("PRAGMA quick_check").fetchone() != ("ok",))
    except sqlite3.DatabaseError as error:
        return is_damage(error)


def _private_folder() -> Path:
    """Return the folder for this user's budgets, which nobody else may enter."""
    return private_folder(Path(tempfile.gettempdir()) / f"zd_assets-{os.getuid()}")


@contextmanager
def _usable_folder() -> Iterator[None]:
    try:
        yield
    except (OSError, sqlite3.Error) as error:
        raise unusable_folder(error) from None


def unusable_folder(error: Exception) -> UnavailableError:
    """Return what to tell where the machine's folder for temporary files can't be used."""
    folder = tempfile.tempdir or "the folder for temporary files"
    return UnavailableError(
        f"the request budget can't be kept in {folder} ({error}); make room there "
        "and let this user write to it, or set TMPDIR to another folder for all processes"
    )


@cache
def in_postgres(address: str, account: str, requests: int, window_ms: int) -> Opened:
    """Return a bucket in a table of its own of the database at `address`, by that server's clock.

    Raises:
        ConfigurationError: the address is of no Postgres, or its driver isn't installed.
        UnavailableError: the database can't be reached, or refuses us.
    """
    # As Dagster's own setting has it, with SQLAlchemy's name of a driver.
    scheme, _, rest = address.partition("://")
    if scheme.partition("+")[0] not in ("postgresql", "postgres") or not rest:
        raise ConfigurationError(
            "ZD_BUDGET_URL is no address of a Postgres; give one such as "
            "postgresql://user:password@host:5432/database"
        )
    try:
        import psycopg
        import psycopg_pool
    except ModuleNotFoundError as error:
        raise ConfigurationError(str(missing_extra(error, "ZD_BUDGET_URL"))) from None

    # The bucket's table has times without a zone.
    def in_utc(connection: psycopg.Connection) -> None:
        connection.execute("SET TIME ZONE 'UTC'")
        connection.commit()

    pool = psycopg_pool.ConnectionPool(
        f"postgresql://{rest}",
        kwargs={"application_name": "zd_assets request budget"},
        min_size=1,
        max_size=2,
        configure=in_utc,
        check=psycopg_pool.ConnectionPool.check_connection,
        timeout=_CONNECT_S,
        reconnect_timeout=_CONNECT_S,
        open=True,
    )
    atexit.register(pool.close)
    try:
        pool.wait(_CONNECT_S)
        bucket = PostgresBucket(pool, f"zd_assets_{_digest(account)}", [Rate(requests, window_ms)])
    except psycopg.Error as error:
        pool.close()
        raise unreachable(error) from None
    return bucket, (psycopg.Error,)


def unreachable(error: Exception) -> UnavailableError:
    """Return what to tell of an error of the shared bucket."""
    return UnavailableError(
        f"the request budget at ZD_BUDGET_URL can't be used ({type(error).__name__}); check "
        "that its Postgres runs, lets us in, and lets us create a table"
    )


def _digest(account: str) -> str:
    return hashlib.sha256(account.encode()).hexdigest()[:16]
