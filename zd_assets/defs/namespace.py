"""One account's place in a Dagster project: its partitions, and what its definitions are called."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import dagster as dg

from zd_assets.catalog.export import Api
from zd_assets.defs.partitions import Partitions
from zd_assets.defs.resources import ZendeskApi
from zd_assets.zendesk.errors import ConfigurationError

if TYPE_CHECKING:
    from zd_assets.lake.lake import Lake

LAKE = "lake"
#: The IO manager that loads exports and models into what is downstream of them.
LAKE_IO = "lake_io"
#: What Dagster takes in every kind of name.
PREFIX = r"^[A-Za-z0-9_]*$"


@dataclass(frozen=True)
class Namespace:
    """One account in a Dagster project.

    `prefix` comes before every name that Dagster knows, so that several accounts have room in
    one project; empty where there is but one. `time_zone` is that of the days of models.

    Raises:
        ConfigurationError: a character of the prefix has no place in a name.
    """

    partitions_def: Partitions
    prefix: str = ""
    time_zone: str = "UTC"

    def __post_init__(self) -> None:
        if not re.match(PREFIX, self.prefix):
            raise ConfigurationError(
                f"prefix is {self.prefix!r}; make it of letters, digits and underscores"
            )

    def key(self, path: Sequence[str]) -> dg.AssetKey:
        """Return the asset of a table with this path in the lake."""
        return dg.AssetKey([self.prefix, *path] if self.prefix else list(path))

    def name(self, *parts: str) -> str:
        """Return the name of a group, job, sensor, schedule, pool, resource or op."""
        return "_".join([self.prefix, *parts] if self.prefix else parts)

    def api(self, resources: object, api: Api) -> ZendeskApi:
        """Return an API's resource among those of a run or a tick."""
        resource = getattr(resources, self.name(api.value))
        assert isinstance(resource, ZendeskApi)
        return resource

    def no_credentials(self, resources: object, api: Api) -> dg.SkipReason | None:
        """Say why a tick asks for nothing, if nothing is set to sign in to the API with."""
        missing = self.api(resources, api).missing_credentials()
        return dg.SkipReason(f"{missing}: {self.name(api.value)} is left out.") if missing else None

    def lake(self, resources: object) -> "Lake":
        """Return the lake that a run's resources name."""
        lake: Lake = getattr(resources, self.name(LAKE)).open(self.prefix)
        return lake
