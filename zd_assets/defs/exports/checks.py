"""The checks that an export has."""

import dagster as dg

from zd_assets.catalog.export import Export
from zd_assets.checks.descriptions import DESCRIPTIONS
from zd_assets.defs.namespace import Namespace


def check_specs(export: Export, namespace: Namespace) -> list[dg.AssetCheckSpec]:
    """Return the checks of an export."""
    return [
        dg.AssetCheckSpec(name, asset=namespace.key(export.path), description=description)
        for name, description in DESCRIPTIONS.items()
    ]


def check_keys(export: Export, namespace: Namespace) -> list[dg.AssetCheckKey]:
    """Their keys: Dagster wants every run of the export to select them."""
    return [spec.key for spec in check_specs(export, namespace)]
