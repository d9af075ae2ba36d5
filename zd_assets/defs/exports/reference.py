"""The assets of reference lists: unpartitioned, a day old at most once their schedule runs."""

from collections.abc import Iterator, Sequence
from typing import Any

import dagster as dg

from zd_assets.catalog.export import Api, Export
from zd_assets.catalog.reference import REFERENCE_LISTS, ReferenceList
from zd_assets.defs.errors import expected_errors
from zd_assets.defs.exports.metadata import column_schema
from zd_assets.defs.namespace import LAKE, Namespace
from zd_assets.extract.reference import NotListedError, fetch_list
from zd_assets.lake.lake import Lake
from zd_assets.lake.location import nbytes
from zd_assets.lake.reference import (
    ReferenceFooter,
    read_reference_footer,
    reference_file,
    write_reference,
)


def lists_for(api: Api, exports: Sequence[Export]) -> list[ReferenceList]:
    """The lists of an API that say what ids in these exports are called."""
    names = {export.name for export in exports}
    return [table for table in REFERENCE_LISTS if table.api is api and names & {*table.used_by}]


def reference_asset(table: ReferenceList, namespace: Namespace) -> dg.AssetsDefinition:
    """The asset of a list: a run fetches all of it."""

    @dg.asset(
        key=namespace.key(table.path),
        group_name=namespace.name(table.api.value),
        description=table.description,
        required_resource_keys={namespace.name(table.api.value), namespace.name(LAKE)},
        metadata={
            "dagster/column_schema": column_schema(table.all_columns),
            "documentation": dg.MetadataValue.url(table.documentation),
            "key": ", ".join(table.key),
        },
        kinds={"zendesk", "parquet"},
        tags={"zendesk/api": table.api.value.removeprefix("zendesk_")},
        owners=["team:data"],
        # What an account refuses is told, and isn't materialized.
        output_required=False,
        # So that it can be fetched along with a range of partitions.
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=namespace.name(*table.path),
    )
    def _list(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        with expected_errors(context):
            lake = namespace.lake(context.resources)
            before = read_reference_footer(lake, table)
            footer = _fetch(context, table, namespace, lake, before)
        if footer:
            yield dg.MaterializeResult(metadata=_metadata(table, lake, footer, before))

    return _list


def reference_schedule(
    api: Api, tables: Sequence[ReferenceList], namespace: Namespace
) -> dg.ScheduleDefinition:
    """Every day at ten to five UTC: fetch the lists of an API."""
    return dg.ScheduleDefinition(
        name=namespace.name(api.value, "reference_lists"),
        target=dg.AssetSelection.assets(*(namespace.key(table.path) for table in tables)),
        cron_schedule="50 4 * * *",
        execution_timezone="UTC",
        description=f"Fetches {', '.join(table.name for table in tables)} anew.",
    )


def _fetch(
    context: dg.AssetExecutionContext,
    table: ReferenceList,
    namespace: Namespace,
    lake: Lake,
    before: ReferenceFooter | None,
) -> ReferenceFooter | None:
    """Fetch and write a list; None where the account refuses it."""
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
    return write_reference(
        lake,
        table,
        listing.rows,
        requests=listing.requests,
        drift=listing.drift,
        run_id=context.run.run_id,
    )


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
