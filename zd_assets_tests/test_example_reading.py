"""The examples that read the lake by other tools: dbt on DuckDB, and a notebook."""

import datetime as dt
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import duckdb
import pytest

from zd_assets.catalog.chat import CHATS
from zd_assets.lake.lake import Lake
from zd_assets.models.registry import MARTS
from zd_assets_tests.clients.install import installed
from zd_assets_tests.helpers.daily_lake import iso, make_days, put, refresh

EXAMPLES = Path(__file__).parents[1] / "examples"
# An environment of its own: dbt and mypy need different versions of one package.
DBT = ("dbt-core==1.11.16", "dbt-duckdb==1.11.1", "duckdb==2.0.0")


def _chat(number: int, hour: int, **more: Any) -> dict[str, Any]:
    at = iso(f"{number:02} {hour:02}:00")
    return {"id": f"c{number}-{hour}", "timestamp": at, "update_timestamp": at, **more}


@pytest.fixture
def chats(lake: Lake) -> Lake:
    """Two days of chats: three and two, of which one comes again, and one is deleted."""
    items = [
        _chat(5, 9, rating="good"),
        _chat(5, 10, rating="bad"),
        _chat(5, 11),
        _chat(6, 9, rating="good"),
        _chat(6, 10, deleted=True),
        _chat(5, 9, rating="bad") | {"update_timestamp": iso("06 12:00")},
    ]
    put(lake, CHATS, items, 5, 6)
    refresh(lake)
    return lake


@pytest.mark.slow
@pytest.mark.downloads
def test_dbt_builds_its_model_from_the_lake(chats: Lake, tmp_path: Path) -> None:
    dbt = installed(Path(sys.prefix, "dbt"), DBT, ("3.11", "3.12", "3.13")) / "dbt"
    project = tmp_path / "dbt"
    shutil.copytree(EXAMPLES / "dbt", project)
    (chats.root / "analytics/chats_latest/month=2026-01/.part-0.parquet.tmp").write_bytes(b"half")
    done = subprocess.run(
        [str(dbt), "build", "--profiles-dir", "."],
        cwd=project,
        env={
            **os.environ,
            "ZD_LAKE": str(chats.root),
            "DBT_DUCKDB": str(tmp_path / "zendesk.duckdb"),
            "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    with duckdb.connect(str(tmp_path / "zendesk.duckdb")) as connection:
        rows = connection.sql("from chats_by_day").fetchall()
    assert rows == [(dt.date(2026, 1, 5), 3, 0, 2), (dt.date(2026, 1, 6), 1, 1, 0)]


def test_the_notebook_runs_from_its_first_cell_to_its_last(chats: Lake) -> None:
    summary = next(model for model in MARTS if model.name == "chat_daily_summary")
    make_days(chats, summary, 5)
    notebook = json.loads((EXAMPLES / "lake.ipynb").read_text())
    cells = ["".join(one["source"]) for one in notebook["cells"] if one["cell_type"] == "code"]
    assert len(cells) == 5
    done = subprocess.run(
        [sys.executable, "-c", "\n".join(cells)],
        env={**os.environ, "ZD_LAKE": str(chats.root)},
        cwd=EXAMPLES.parent,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    for line in ("│ 2026-01-05 ┆ 3 ", "│ 2026-01-06 ┆ 3 ", "│ bad    ┆ 2 ", "│ good   ┆ 1 "):
        assert line in done.stdout


def test_the_notebook_is_kept_without_outputs() -> None:
    notebook = json.loads((EXAMPLES / "lake.ipynb").read_text())
    assert not [
        one for one in notebook["cells"] if one.get("outputs") or one.get("execution_count")
    ]
