"""The export assets: one for each record of the catalogue."""

import dagster as dg

from zd_assets.catalog.export import Export
from zd_assets.defs.errors import expected_errors
from zd_assets.defs.exports.checks import check_specs
from zd_assets.defs.exports.freshness import freshness_policy
from zd_assets.defs.exports.metadata import definition_metadata
from zd_assets.defs.namespace import LAKE, LAKE_IO, Namespace


class ExportConfig(dg.Config):
    """Run config of an export."""

    full_refresh: bool = False
    """Fetch whole what could be resumed or adopted."""

    second_look: bool = False
    """Read complete partitions again, and add what they lack."""


def export_asset(export: Export, namespace: Namespace) -> dg.AssetsDefinition:
    """Make an export's asset: a run fills any range of its partitions, one event for each."""

    @dg.asset(
        key=namespace.key(export.path),
        group_name=namespace.name(export.api.value),
        description=export.description,
        partitions_def=namespace.partitions_def,
        backfill_policy=dg.BackfillPolicy.single_run(),
        required_resource_keys={namespace.name(export.api.value), namespace.name(LAKE)},
        io_manager_key=namespace.name(LAKE_IO),
        metadata=definition_metadata(export),
        kinds={"zendesk", "parquet"},
        tags={"zendesk/api": export.api.value.removeprefix("zendesk_")},
        # One run of an export at a time, where the instance limits pools to one (see README).
        pool=namespace.name(*export.path),
        check_specs=check_specs(export, namespace),
        freshness_policy=freshness_policy(namespace.partitions_def),
    )
    def _export(context: dg.AssetExecutionContext, config: ExportConfig) -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster takes it bare beside checks.
        # Only in a run: who loads the definitions needs neither Arrow nor HTTP.
        from zd_assets.defs.exports.materialize import materialize

        with expected_errors(context):
            results = materialize(
                context,
                export,
                namespace,
                full_refresh=config.full_refresh,
                second_look=config.second_look,
            )
        return dg.MaterializeResult(check_results=results)

    return _export
