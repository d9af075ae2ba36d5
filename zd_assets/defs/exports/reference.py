"""The assets of reference lists: unpartitioned, a day old at most once their schedule runs."""

from collections.abc import Iterator, Sequence

import dagster as dg

from zd_assets.catalog.export import Api, Export
from zd_assets.catalog.reference import REFERENCE_LISTS, ReferenceList
from zd_assets.defs.errors import expected_errors
from zd_assets.defs.exports.metadata import column_schema
from zd_assets.defs.namespace import LAKE, LAKE_IO, Namespace


def lists_for(api: Api, exports: Sequence[Export]) -> list[ReferenceList]:
    """Return the lists of an API that say what ids in these exports are called."""
    names = {export.name for export in exports}
    return [table for table in REFERENCE_LISTS if table.api is api and names & {*table.used_by}]


def reference_asset(table: ReferenceList, namespace: Namespace) -> dg.AssetsDefinition:
    """Yield the asset of a list: a run fetches all of it."""

    @dg.asset(
        key=namespace.key(table.path),
        group_name=namespace.name(table.api.value),
        description=table.description,
        required_resource_keys={namespace.name(table.api.value), namespace.name(LAKE)},
        io_manager_key=namespace.name(LAKE_IO),
        metadata={
            "dagster/column_schema": column_schema(table.all_columns),
            "documentation": dg.MetadataValue.url(table.documentation),
            "key": ", ".join(table.key),
        },
        kinds={"zendesk", "parquet"},
        tags={"zendesk/api": table.api.value.removeprefix("zendesk_")},
        # What an account refuses is told, and isn't materialized.
        output_required=False,
        # So that it can be fetched along with a range of partitions.
        backfill_policy=dg.BackfillPolicy.single_run(),
        pool=namespace.name(*table.path),
    )
    def _list(context: dg.AssetExecutionContext) -> Iterator[dg.MaterializeResult[None]]:
        # Only in a run: who loads the definitions needs neither Arrow nor HTTP.
        from zd_assets.defs.exports.materialize_list import materialize_list

        with expected_errors(context):
            metadata = materialize_list(context, table, namespace)
        if metadata:
            yield dg.MaterializeResult(metadata=metadata)

    return _list


def reference_schedule(
    api: Api, tables: Sequence[ReferenceList], namespace: Namespace
) -> dg.ScheduleDefinition:
    """Fetch the lists of an API every day at ten to five, UTC."""

    @dg.schedule(
        name=namespace.name(api.value, "reference_lists"),
        target=dg.AssetSelection.assets(*(namespace.key(table.path) for table in tables)),
        cron_schedule="50 4 * * *",
        execution_timezone="UTC",
        required_resource_keys={namespace.name(api.value)},
        description=f"Fetches {', '.join(table.name for table in tables)}.",
    )
    def _lists(context: dg.ScheduleEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        return namespace.no_credentials(context.resources, api) or dg.RunRequest()

    return _lists
