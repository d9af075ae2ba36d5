"""Zendesk Chat and Support incremental exports as partitioned Dagster assets in Parquet."""

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zd_assets.defs.component import ZendeskExports
    from zd_assets.engine.scan import scan

__all__ = ["ZendeskExports", "scan"]


def __getattr__(name: str) -> Any:
    # Only when it is asked for: the sandbox, and who reads the lake, need no Dagster.
    if name == "ZendeskExports":
        from zd_assets.defs.component import ZendeskExports

        return ZendeskExports
    if name == "scan":
        from zd_assets.engine.scan import scan

        return scan
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
