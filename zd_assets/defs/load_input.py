"""Loading exports and models as an asset's arguments are annotated."""

from collections.abc import Callable, Mapping
from typing import Any

import dagster as dg

from zd_assets.defs.dagster_api import TracelessError
from zd_assets.engine.scan import scan_keys
from zd_assets.engine.scanned import Scan
from zd_assets.engine.tables import find_table
from zd_assets.lake.errors import LakeError
from zd_assets.lake.lake import Lake

#: Of an input, by its metadata: the columns that are read, and whether it must be complete.
COLUMNS, REQUIRE_COMPLETE = "columns", "require_complete"

_Columns = list[str] | None
_Load = Callable[[Scan, _Columns], Any]

_NOT_ANNOTATED = ("typing", "Any")
# By name: none of these packages is loaded for another's sake.
_LOADERS: Mapping[tuple[str, str], _Load] = {
    _NOT_ANNOTATED: Scan.arrow,
    ("pyarrow", "Table"): Scan.arrow,
    ("pyarrow", "RecordBatchReader"): Scan.batches,
    ("pandas", "DataFrame"): Scan.pandas,
    ("polars", "DataFrame"): Scan.polars,
    ("polars", "LazyFrame"): lambda scan, columns: _chosen(scan.lazy(), columns),
    ("duckdb", "DuckDBPyRelation"): lambda scan, columns: _chosen(scan.duckdb(), columns),
    ("zd_assets", "Scan"): lambda scan, _: scan,
}


def load_input(context: dg.InputContext, lake: Lake) -> object:
    """The partitions that the asset depends on, as the argument is annotated.

    What isn't complete is loaded, too, and the log says so; an input with the metadata
    `require_complete` fails instead. Its metadata `columns` names those that are read.

    Raises:
        TracelessError: it must be complete and isn't, it can't be read, or its annotation
            is none of those that can be loaded.
    """
    load = _loader(context)
    keys = context.asset_partition_keys if context.has_asset_partitions else None
    said = context.definition_metadata or {}
    try:
        found = scan_keys(lake, find_table(context.asset_key.path[-2:]), keys)
        if said.get(REQUIRE_COMPLETE):
            found.require_complete()
        if shortfall := found.shortfall():
            context.log.warning(f"{shortfall}; what is there is loaded")
        return load(found, said.get(COLUMNS))
    except LakeError as error:
        raise TracelessError(str(error), allow_retries=True) from None


def _loader(context: dg.InputContext) -> _Load:
    kind = context.dagster_type.typing_type
    # Packages move their classes between modules: what is public is the first name and the last.
    package = str(getattr(kind, "__module__", "")).partition(".")[0]
    name = getattr(kind, "__name__", str(kind))
    try:
        return _LOADERS[package, name]
    except KeyError:
        choice = ", ".join(".".join(one) for one in _LOADERS if one != _NOT_ANNOTATED)
        raise TracelessError(
            f"{context.asset_key.to_user_string()} can't be loaded as {name}: annotate it with one "
            f"of {choice}",
            allow_retries=False,
        ) from None


def _chosen(frame: Any, columns: _Columns) -> Any:
    return frame.select(*columns) if columns else frame
