"""The follow-up sensors: one for each export, which asks for its next run."""

import os
import time
from collections.abc import Sequence

import dagster as dg

from zd_assets.catalog.export import Export
from zd_assets.catalog.registry import EXPORTS
from zd_assets.defs.namespace import LAKE, Namespace
from zd_assets.zendesk.errors import ConfigurationError

#: Names what is followed from the start.
FOLLOW_VARIABLE = "ZD_FOLLOW"

REASON_TAG = "zd_assets/reason"

_EVERY_S = 10


def follow_up_sensor(
    export: Export, namespace: Namespace, *, followed: bool = False
) -> dg.SensorDefinition:
    """Follow an export: at once while the API has more, else after each polling interval.

    It is on from the start if `followed`; else somebody has to switch it on.
    """

    @dg.sensor(
        name=namespace.name(export.name, "follow_up"),
        description=f"Follows {export.name}: at once while the API has more items. Once caught up, "
        "asks a page after each polling interval, and for a run where that brings something new.",
        target=dg.AssetSelection.assets(namespace.key(export.path)),
        minimum_interval_seconds=_EVERY_S,
        default_status=(
            dg.DefaultSensorStatus.RUNNING if followed else dg.DefaultSensorStatus.STOPPED
        ),
        required_resource_keys={namespace.name(export.api.value), namespace.name(LAKE)},
        tags={"zendesk/api": export.api.value.removeprefix("zendesk_")},
    )
    def _follow_up(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        if skip := namespace.no_credentials(context.resources, export.api):
            return skip
        # Only in a tick: who loads the definitions needs neither Arrow nor HTTP.
        from zd_assets.defs.exports.follow_up_tick import decoded, encoded, evaluate

        api, lake = namespace.api(context.resources, export.api), namespace.lake(context.resources)
        tick = evaluate(
            context.instance, lake, export, api, namespace, decoded(context.cursor), time.time()
        )
        context.update_cursor(encoded(tick.poll))
        if tick.line:
            context.log.info(tick.line)
        return tick.answer

    return _follow_up


def followed_exports(follow: Sequence[str] | None = None) -> set[str]:
    """Name the exports whose sensors are on from the start, `all` being each of them.

    Where nothing is given, the environment's `ZD_FOLLOW` says so, names with commas between them.

    Raises:
        ConfigurationError: there is no such export.
    """
    where = "follow" if follow is not None else FOLLOW_VARIABLE
    if follow is None:
        follow = [name.strip() for name in os.environ.get(FOLLOW_VARIABLE, "").split(",")]
    names, known = {*follow} - {""}, {export.name for export in EXPORTS}
    if unknown := sorted(names - known - {"all"}):
        raise ConfigurationError(
            f"{where}: there is no export {unknown[0]!r}; set it to all, or to some of "
            f"{', '.join(export.name for export in EXPORTS)}"
        )
    return known if "all" in names else names
