"""The IO manager that loads exports and models into the assets downstream of them.

    @dg.asset(partitions_def=...)
    def mine(chats: pl.DataFrame) -> None: ...

What a partition of the asset depends on is loaded as the argument is annotated.
"""

from collections.abc import Mapping
from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from zd_assets.defs.dagster_api import TracelessError
from zd_assets.defs.namespace import LAKE, PREFIX, Namespace
from zd_assets.defs.resources import LakeFolder

if TYPE_CHECKING:
    from zd_assets.lake.lake import Lake

#: Of an input, by its metadata: the columns that are read, and whether it must be complete.
COLUMNS, REQUIRE_COMPLETE = "columns", "require_complete"

_NOT_ANNOTATED = ("typing", "Any")
_SCAN = ("zd_assets", "Scan")
#: Which method of a scan gives what is annotated; by name, so that no package is loaded for it.
_METHODS: Mapping[tuple[str, str], str] = {
    _NOT_ANNOTATED: "arrow",
    ("pyarrow", "Table"): "arrow",
    ("pyarrow", "RecordBatchReader"): "batches",
    ("pandas", "DataFrame"): "pandas",
    ("polars", "DataFrame"): "polars",
    ("polars", "LazyFrame"): "lazy",
    ("duckdb", "DuckDBPyRelation"): "duckdb",
}


class LakeIO(dg.IOManager):
    """Loads a table's partitions, or its current state, from the lake of an account."""

    def __init__(self, lake: "Lake") -> None:
        """Nothing is read yet."""
        self._lake = lake

    def handle_output(self, context: dg.OutputContext, obj: object) -> None:
        """Refuse a value: what is in the lake was written by the asset that it belongs to.

        Raises:
            DagsterInvariantViolationError: always.
        """
        raise dg.DagsterInvariantViolationError(
            f"{context.asset_key.to_user_string()} returned a value, and the IO manager of a lake "
            "only reads what exports and models wrote; give that asset another io_manager_key"
        )

    def load_input(self, context: dg.InputContext) -> object:
        """Return the partitions that the asset depends on, as the argument is annotated.

        What isn't complete is loaded, too, and the log says so; an input with the metadata
        `require_complete` fails instead. Its metadata `columns` names those that are read.

        Raises:
            TracelessError: it must be complete and isn't, it can't be read, or its annotation
                is none of those that can be loaded.
        """
        # Only here: definitions load without what reads Parquet.
        from zd_assets.engine.scan import scan_keys
        from zd_assets.engine.tables import find_table
        from zd_assets.lake.errors import LakeError

        kind = _annotated(context)
        keys = context.asset_partition_keys if context.has_asset_partitions else None
        said = context.definition_metadata or {}
        try:
            found = scan_keys(self._lake, find_table(context.asset_key.path[-2:]), keys)
            if said.get(REQUIRE_COMPLETE):
                found.require_complete()
            if shortfall := found.shortfall():
                context.log.warning(f"{shortfall}; what is there is loaded")
            if kind == _SCAN:
                return found
            return getattr(found, _METHODS[kind])(said.get(COLUMNS))
        except LakeError as error:
            raise TracelessError(str(error), allow_retries=True) from None


class LakeIOManager(dg.ConfigurableIOManagerFactory[LakeIO]):
    """Loads tables of a lake that another code location writes.

    resources={"lake_io": LakeIOManager(location="s3://bucket/lake", prefix="acme")}
    """

    location: str | None = Field(
        default=None, description="A folder, or s3://bucket/prefix, ... (ZD_LAKE, else data)."
    )
    prefix: str = Field(default="", pattern=PREFIX, description="The account's prefix.")

    def create_io_manager(self, context: dg.InitResourceContext) -> "LakeIO":
        """Return the IO manager of this lake."""

        return LakeIO(LakeFolder(location=self.location).open(self.prefix))


def lake_io_manager(namespace: Namespace) -> dg.IOManagerDefinition:
    """Return the IO manager of an account, which reads the lake that the run's resources name."""

    @dg.io_manager(
        required_resource_keys={namespace.name(LAKE)},
        description="Loads exports and models into the assets downstream of them, as an argument "
        "is annotated: Arrow, pandas, Polars, DuckDB.",
    )
    def _lake_io(context: dg.InitResourceContext) -> "LakeIO":

        return LakeIO(namespace.lake(context.resources))

    return _lake_io


def _annotated(context: dg.InputContext) -> tuple[str, str]:
    """Return package and name of what an argument is annotated with, if it can be loaded."""
    kind = context.dagster_type.typing_type
    # Packages move their classes between modules: what is public is the first name and the last.
    package = str(getattr(kind, "__module__", "")).partition(".")[0]
    name = getattr(kind, "__name__", str(kind))
    if (package, name) in (*_METHODS, _SCAN):
        return package, name
    choice = ", ".join(".".join(one) for one in (*_METHODS, _SCAN) if one != _NOT_ANNOTATED)
    raise TracelessError(
        f"{context.asset_key.to_user_string()} can't be loaded as {name}: annotate it with one "
        f"of {choice}",
        allow_retries=False,
    )
