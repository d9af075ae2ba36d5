"""Where the requests of the last minute are counted: on this machine, or in a Postgres of many."""

import atexit
import hashlib
import os
import tempfile
from functools import cache
from pathlib import Path
from typing import Any

from pyrate_limiter import PostgresBucket, Rate, SQLiteBucket

from zd_assets.zendesk.errors import ConfigurationError, UnavailableError

_CONNECT_S = 30.0

# A bucket, and what it raises when it can't be reached. Any: its types allow for awaiting, too.
Opened = tuple[Any, tuple[type[Exception], ...]]


@cache
def on_machine(account: str, requests: int, window_ms: int) -> Opened:
    """A bucket in a SQLite file of the machine's folder for temporary files, behind a file lock."""
    folder = Path(tempfile.gettempdir()) / f"zd_assets-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    bucket = SQLiteBucket.init_from_file(
        [Rate(requests, window_ms)],
        table="requests",
        db_path=str(folder / f"budget-{_digest(account)}.sqlite"),
        use_file_lock=True,
    )
    return bucket, ()


@cache
def in_postgres(address: str, account: str, requests: int, window_ms: int) -> Opened:
    """A bucket in a table of its own of the database at `address`, by that server's clock.

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
    except ImportError:
        raise ConfigurationError(
            "ZD_BUDGET_URL needs Postgres' driver: pip install 'zd_assets[deploy]'"
        ) from None

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
    """What to tell of an error of the shared bucket."""
    return UnavailableError(
        f"the request budget at ZD_BUDGET_URL can't be used ({type(error).__name__}); check "
        "that its Postgres runs, lets us in, and lets us create a table"
    )


def _digest(account: str) -> str:
    return hashlib.sha256(account.encode()).hexdigest()[:16]
