"""The examples that keep Iceberg and Delta tables true, where partitions are fetched again."""

import importlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pytest
from deltalake import DeltaTable

from zd_assets.catalog.chat import CHATS
from zd_assets.lake.lake import Lake
from zd_assets_tests.helpers.daily_lake import iso, put
from zd_assets_tests.helpers.truth import day

FOLDER = Path(__file__).parents[1] / "examples" / "open_tables"


def _chats(first: int, days: int, each: int) -> list[dict[str, Any]]:
    moments = [
        f"{number:02} 09:{minute:02}"
        for number in range(first, first + days)
        for minute in range(each)
    ]
    return [
        {
            "id": f"{moment}",
            "timestamp": iso(moment),
            "update_timestamp": iso(moment),
            "tags": ["a", "b"],
            "visitor": {"id": "v"},
        }
        for moment in moments
    ]


@pytest.fixture
def example(lake: Lake, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Any]:
    monkeypatch.setenv("ZD_LAKE", str(lake.root))
    monkeypatch.setenv("ICEBERG_HOME", str(tmp_path / "iceberg"))
    monkeypatch.setenv("DELTA_TABLE", str(tmp_path / "delta"))
    monkeypatch.syspath_prepend(str(FOLDER))

    def load(name: str) -> Any:
        for module in ("changes", name):
            sys.modules.pop(module, None)
        return importlib.import_module(name)

    return load


def _iceberg(example: Any) -> Any:
    return example.catalog().load_table("zendesk.chats").scan().to_arrow()


def _delta(example: Any) -> Any:
    import os

    return DeltaTable(os.environ["DELTA_TABLE"]).to_pyarrow_table()


@pytest.mark.parametrize(("name", "read"), [("iceberg", _iceberg), ("delta", _delta)])
def test_a_table_stays_true_where_partitions_are_fetched_again(
    name: str, read: Callable[[Any], Any], lake: Lake, example: Callable[[str], Any]
) -> None:
    loaded = example(name)
    [asset] = loaded.defs.assets

    def overwritten() -> int:
        result = dg.materialize([asset])
        [event] = result.get_asset_materialization_events()
        days: int = event.materialization.metadata["days_overwritten"].value
        return days

    def counts() -> dict[str, int]:
        copy = read(loaded)
        rows = duckdb.sql("select date, count(*), count(distinct id) from copy group by 1")
        found = {str(date): number for date, number, distinct in rows.fetchall()}
        assert copy.num_rows == sum(found.values())
        return found

    put(lake, CHATS, _chats(5, 3, each=4), 5, 6, 7)
    assert overwritten() == 3
    assert counts() == {"2026-01-05": 4, "2026-01-06": 4, "2026-01-07": 4}
    assert overwritten() == 0

    # Fetched again in place, with more; and a day that is new.
    put(lake, CHATS, _chats(6, 3, each=6), 6, 8)
    assert overwritten() == 2
    assert counts() == {"2026-01-05": 4, "2026-01-06": 6, "2026-01-07": 4, "2026-01-08": 6}
    assert set(read(loaded)["tags"].to_pylist()[0]) == {"a", "b"}

    # A day that is empty now, and one that went away.
    put(lake, CHATS, [], 7)
    lake.path(CHATS, day("2026-01-05")).unlink()
    assert overwritten() == 2
    assert counts() == {"2026-01-06": 6, "2026-01-08": 6}
    assert overwritten() == 0


@pytest.mark.parametrize(("name", "read"), [("iceberg", _iceberg), ("delta", _delta)])
def test_days_are_copied_in_batches_that_each_say_what_they_hold(
    name: str,
    read: Callable[[Any], Any],
    lake: Lake,
    example: Callable[[str], Any],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    loaded = example(name)
    monkeypatch.setattr(loaded, "DAYS_AT_ONCE", 2)
    put(lake, CHATS, _chats(5, 5, each=2), 5, 6, 7, 8, 9)
    assert dg.materialize(loaded.defs.assets).success
    assert read(loaded).num_rows == 10
    put(lake, CHATS, _chats(5, 5, each=3), 5, 6, 7)
    assert dg.materialize(loaded.defs.assets).success
    assert read(loaded).num_rows == 13
