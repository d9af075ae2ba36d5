"""How to fetch an export, as a user sets it."""

from dataclasses import dataclass, field

from zd_assets.catalog.export import Endpoint, Export
from zd_assets.schema.privacy import Privacy
from zd_assets.zendesk.follow_up import Policy


@dataclass(frozen=True)
class Options:
    """How to fetch.

    `endpoint` is one of the export's (None: its first). `include` and `include_changes` are the
    API's parameters. `exclude_system_updates` leaves out versions that an earlier partition
    holds. `max_parallel_windows` segments are walked side by side; `max_pages` is
    the run's own budget of pages over all of them; `full_refresh` fetches whole what could be
    resumed or adopted; `second_look` reads complete partitions again and adds what they lack. Items
    before `first_us` (microseconds) belong to no partition. `scope` is the `support_type_scope`.
    """

    endpoint: Endpoint | None = None
    include: tuple[str, ...] = ()
    include_changes: bool = False
    scope: str = "all"
    exclude_system_updates: bool = False
    policy: Policy = Policy.PROGRESS
    page_size: int = 1000
    max_pages: int = 500
    max_parallel_windows: int = 4
    privacy: Privacy = field(default_factory=Privacy)
    full_refresh: bool = False
    second_look: bool = False
    first_us: int = 0


def query_of(export: Export, options: Options) -> dict[str, str]:
    """Return what is asked for beyond the plain items."""
    asked = {
        "fields": options.privacy.fields(export),
        "include": ",".join(options.include),
        "include_changes": "true" if options.include_changes else "",
        "support_type_scope": options.scope if export.scopes else "",
    }
    return {name: value for name, value in asked.items() if value}


def own_parameters(options: Options) -> dict[str, str]:
    """Return what we do to the items; under other parameters than a file's, it is fetched whole."""
    own = {
        "exclude_system_updates": "true" if options.exclude_system_updates else "",
        "drop": ",".join(options.privacy.drop),
        "hash": ",".join(options.privacy.hash),
        "hash_key_id": options.privacy.hash_key_id,
    }
    return {name: value for name, value in own.items() if value}
