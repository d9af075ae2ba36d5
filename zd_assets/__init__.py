"""Zendesk Chat and Support incremental exports as partitioned Dagster assets in Parquet."""

from importlib import import_module
from importlib.metadata import version
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zd_assets.defs.component import ZendeskExports
    from zd_assets.defs.io_manager import LakeIOManager
    from zd_assets.engine.scan import scan
    from zd_assets.engine.scanned import Scan

    __version__: str

__all__ = ["LakeIOManager", "Scan", "ZendeskExports", "__version__", "scan"]

_FACE = {
    "LakeIOManager": "zd_assets.defs.io_manager",
    "Scan": "zd_assets.engine.scanned",
    "ZendeskExports": "zd_assets.defs.component",
    "scan": "zd_assets.engine.scan",
}


def __getattr__(name: str) -> Any:
    # Only when it is asked for: the sandbox, and who reads the lake, need no Dagster.
    if name in _FACE:
        return getattr(import_module(_FACE[name]), name)
    if name == "__version__":
        return version(__name__)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return [*globals(), *__all__]
