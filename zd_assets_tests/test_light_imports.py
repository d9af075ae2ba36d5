"""Loading the definitions costs little: what runs need is imported by runs."""

import json
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pytest

from zd_assets.catalog.columns import Scalar
from zd_assets.defs.exports.metadata import TYPE_NAMES
from zd_assets.schema.arrow import arrow_type

HEAVY = ("aiohttp", "duckdb", "jinja2", "matplotlib", "numpy", "pandas", "pyarrow", "requests")
HEAVY += ("sqlglot", "PIL", "urllib3", "pyrate_limiter", "sqlalchemy")

_NEW_MODULES = """
import json, sys
import dagster
before = set(sys.modules)
import {module}
print(json.dumps(sorted(set(sys.modules) - before)))
"""


def imported_by(module: str) -> list[str]:
    """What a fresh process imports with a module, beyond what Dagster itself brings."""
    ran = subprocess.run(
        [sys.executable, "-c", _NEW_MODULES.format(module=module)],
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[1],
    )
    names: list[str] = json.loads(ran.stdout)
    return names


def heavy(modules: list[str]) -> set[str]:
    return {name.partition(".")[0] for name in modules} & set(HEAVY)


def test_the_definitions_load_without_what_only_runs_need() -> None:
    assert not heavy(imported_by("zd_assets.definitions"))


@pytest.mark.parametrize("module", ["exports.materialize", "io_manager"])
def test_an_export_s_run_needs_neither_duckdb_nor_pandas_nor_charts(module: str) -> None:
    modules = imported_by(f"zd_assets.defs.{module}")
    assert heavy(modules) <= {"numpy", "pyarrow", "requests", "urllib3", "pyrate_limiter"}


@pytest.mark.parametrize("scalar", Scalar)
def test_the_ui_names_a_column_s_type_as_arrow_does(scalar: Scalar) -> None:
    kind: pa.DataType = arrow_type(scalar)
    assert TYPE_NAMES[scalar] == str(kind)
