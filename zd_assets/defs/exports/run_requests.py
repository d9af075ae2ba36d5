"""Asking Dagster for a run over one partition or a range."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from zd_assets.catalog.export import Export
from zd_assets.defs.exports.checks import check_keys
from zd_assets.defs.namespace import Namespace
from zd_assets.lake.errors import LakeError
from zd_assets.lake.partition import Partition

if TYPE_CHECKING:
    from zd_assets.lake.lake import Lake
    from zd_assets.lake.state import PartitionState

API_TAG = "zd_assets/api"
_RANGE_START = "dagster/asset_partition_range_start"
_RANGE_END = "dagster/asset_partition_range_end"


def other_form(
    lake: "Lake", export: Export, namespace: Namespace, states: "Sequence[PartitionState]"
) -> dg.SkipReason | None:
    """Why nothing is asked for where the lake has days and partitions are hours, or vice versa.

    It costs a listing where none of the partitions that were looked at has a file.
    """
    if any(state.footer for state in states):
        return None
    from zd_assets.lake.layout import check_layout

    hourly = isinstance(namespace.partitions_def, dg.HourlyPartitionsDefinition)
    try:
        check_layout(lake, export, hourly)
    except LakeError as error:
        return dg.SkipReason(str(error))
    return None


def range_request(
    export: Export,
    namespace: Namespace,
    first: Partition,
    last: Partition,
    run_key: str,
    tags: Mapping[str, str],
    run_config: Mapping[str, Any] | None = None,
) -> dg.RunRequest:
    """One run over the partitions of an export from `first` to `last`.

    Of its checks, those that are part of the materialization. The run has its API as a tag, by
    which an instance can limit how many wait for one budget.
    """
    tags = {**tags, API_TAG: namespace.name(export.api.value)}
    if first == last:
        return dg.RunRequest(
            run_key=run_key,
            partition_key=first.key,
            asset_selection=[namespace.key(export.path)],
            asset_check_keys=check_keys(export, namespace),
            tags=tags,
            run_config=run_config,
        )
    return dg.RunRequest(
        run_key=run_key,
        asset_selection=[namespace.key(export.path)],
        asset_check_keys=check_keys(export, namespace),
        tags={**tags, _RANGE_START: first.key, _RANGE_END: last.key},
        run_config=run_config,
    )
