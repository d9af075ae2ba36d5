"""The IO manager that loads exports and models into the assets downstream of them.

    @dg.asset(partitions_def=...)
    def mine(chats: pl.DataFrame) -> None: ...

What a partition of the asset depends on is loaded as the argument is annotated.
"""

from typing import TYPE_CHECKING

import dagster as dg
from pydantic import Field

from zd_assets.defs.namespace import LAKE, PREFIX, Namespace
from zd_assets.defs.resources import LakeFolder

if TYPE_CHECKING:
    from zd_assets.defs.lake_io import LakeIO


class LakeIOManager(dg.ConfigurableIOManagerFactory["LakeIO"]):
    """Loads tables of a lake that another code location writes.

    resources={"lake_io": LakeIOManager(location="s3://bucket/lake", prefix="acme")}
    """

    location: str | None = Field(
        default=None, description="A folder, or s3://bucket/prefix, ... (ZD_LAKE, else data)."
    )
    prefix: str = Field(default="", pattern=PREFIX, description="The account's prefix.")

    def create_io_manager(self, context: dg.InitResourceContext) -> "LakeIO":
        """The IO manager of this lake."""
        from zd_assets.defs.lake_io import LakeIO

        return LakeIO(LakeFolder(location=self.location).open(self.prefix))


def lake_io_manager(namespace: Namespace) -> dg.IOManagerDefinition:
    """The IO manager of an account, which reads the lake that the run's resources name."""

    @dg.io_manager(
        required_resource_keys={namespace.name(LAKE)},
        description="Loads exports and models into the assets downstream of them, as an argument "
        "is annotated: Arrow, pandas, Polars, DuckDB.",
    )
    def _lake_io(context: dg.InitResourceContext) -> "LakeIO":
        from zd_assets.defs.lake_io import LakeIO

        return LakeIO(namespace.lake(context.resources))

    return _lake_io
