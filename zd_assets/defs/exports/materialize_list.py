"""The run of a reference list: fetch, write, and tell."""

from typing import Any

import dagster as dg

from zd_assets.catalog.reference import ReferenceList
from zd_assets.defs.namespace import Namespace
from zd_assets.extract.reference import NotListedError, fetch_list
from zd_assets.lake.lake import Lake
from zd_assets.lake.location import nbytes
from zd_assets.lake.reference import (
    ReferenceFooter,
    read_reference_footer,
    reference_file,
    write_reference,
)


def materialize_list(
    context: dg.AssetExecutionContext, table: ReferenceList, namespace: Namespace
) -> dict[str, Any] | None:
    """Fetch and write a list; what the UI shows of it, or None where the account refuses it."""
    lake = namespace.lake(context.resources)
    before = read_reference_footer(lake, table)
    api = namespace.api(context.resources, table.api)
    privacy, client = api.privacy(), api.client()
    try:
        listing = fetch_list(table, client, privacy, context.log.warning)
    except NotListedError as refusal:
        kept = f"the list of {before.fetched_at} stays" if before else "names are left out"
        message = f"{table.name} can't be had: {refusal}. Until it can, {kept}."
        context.log.warning(message)
        context.log_event(dg.AssetObservation(context.asset_key, metadata={"refused": message}))
        return None
    if listing.drift:
        context.log.warning(
            f"{len(listing.drift)} attributes don't fit the schema and are in `_extra`: "
            f"{', '.join(sorted(listing.drift))}"
        )
    footer = write_reference(
        lake,
        table,
        listing.rows,
        requests=listing.requests,
        drift=listing.drift,
        run_id=context.run.run_id,
    )
    return _metadata(table, lake, footer, before)


def _metadata(
    table: ReferenceList, lake: Lake, footer: ReferenceFooter, before: ReferenceFooter | None
) -> dict[str, Any]:
    path = reference_file(lake, table)
    return {
        "dagster/row_count": footer.items,
        "requests": footer.requests,
        "names_changed": before is None or before.names_version != footer.names_version,
        "drift": dg.MetadataValue.json(dict(footer.drift)),
        "path": dg.MetadataValue.path(str(path)),
        "file_size_bytes": nbytes(path),
        "package_version": footer.package_version,
    }
