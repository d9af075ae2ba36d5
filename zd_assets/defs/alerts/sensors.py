"""The sensors that alert: of assets that fail, and of exports that aren't fresh any more."""

import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

import dagster as dg
import msgspec

from zd_assets.catalog.export import Export
from zd_assets.defs.alerts.failures import Assets, Known, look
from zd_assets.defs.exports.freshness import fails_after
from zd_assets.defs.namespace import LAKE, Namespace
from zd_assets.defs.partitions import last_partitions

if TYPE_CHECKING:
    from zd_assets.lake.lake import Lake

WEBHOOK = "alert_webhook"

_EVERY_S = 30
_FRESHNESS_EVERY_S = 300
# More than an export may rest, of days as of hours.
_LAST_PARTITIONS = 8


def failure_alerts(namespace: Namespace, assets: Assets) -> dg.SensorDefinition:
    """Tells once when an asset fails for good, and once when that is over."""

    @dg.sensor(
        name=namespace.name("failure_alerts"),
        description="Posts to the webhook when an asset fails and isn't tried again by the "
        "instance, once until it recovers; and when it did.",
        minimum_interval_seconds=_EVERY_S,
        required_resource_keys={namespace.name(WEBHOOK)},
    )
    def _failures(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        now_s = time.time()
        if not context.cursor:
            context.update_cursor(_encoded(Known(now_s)))
            return dg.SkipReason("Watching from now on.")
        known = msgspec.json.decode(context.cursor, type=Known)
        news, known = look(context.instance, assets, known, now_s)
        if news.lines:
            getattr(context.resources, namespace.name(WEBHOOK)).tell("\n".join(news.lines))
        context.update_cursor(_encoded(known))
        return dg.SkipReason(
            f"Told: {'; '.join(news.lines)}" if news.lines else f"{len(known.failing)} assets fail."
        )

    return _failures


def freshness_alerts(namespace: Namespace, exports: Sequence[Export]) -> dg.SensorDefinition:
    """Tells once when an export isn't fresh any more, and once when it is again: by the lake."""
    limit = fails_after(namespace.partitions_def)

    @dg.sensor(
        name=namespace.name("freshness_alerts"),
        description=f"Posts to the webhook when nothing of an export was committed for "
        f"{_hours(limit)}, once until something is; and when it was.",
        minimum_interval_seconds=_FRESHNESS_EVERY_S,
        required_resource_keys={namespace.name(WEBHOOK), namespace.name(LAKE)},
    )
    def _freshness(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        before = set(msgspec.json.decode(context.cursor, type=list[str]) if context.cursor else ())
        lake = namespace.lake(context.resources)
        stale = _stale(lake, namespace, exports, datetime.now(UTC), limit)
        lines = [
            f"STALE: {name}: nothing was committed since {at:%Y-%m-%d %H:%M} UTC, for more than "
            f"{_hours(limit)}"
            for name, at in stale.items()
            if name not in before
        ]
        if fresh := sorted(before - set(stale)):
            lines.append(f"FRESH: {', '.join(fresh)}")
        if lines:
            getattr(context.resources, namespace.name(WEBHOOK)).tell("\n".join(lines))
        context.update_cursor(_encoded(sorted(stale)))
        return dg.SkipReason(f"Told: {'; '.join(lines)}" if lines else f"{len(stale)} are stale.")

    return _freshness


def _stale(
    lake: "Lake",
    namespace: Namespace,
    exports: Sequence[Export],
    now: datetime,
    limit: timedelta,
) -> dict[str, datetime]:
    """The exports of which nothing was committed for so long; none of which never was anything."""
    # Only in a tick: who loads the definitions needs no Arrow.
    from zd_assets.lake.state import newest_begun, partition_states

    windows = last_partitions(namespace.partitions_def, now.timestamp(), _LAST_PARTITIONS)
    stale: dict[str, datetime] = {}
    for export in exports:
        states = partition_states(lake, export, windows, complete_stays=True)
        if not any(state.footer for state in states) and (newest := newest_begun(lake, export)):
            states = partition_states(lake, export, [newest])
        committed_s = max(state.committed_s for state in states)
        if 0 < committed_s < (now - limit).timestamp():
            name = namespace.key(export.path).to_user_string()
            stale[name] = datetime.fromtimestamp(committed_s, UTC)
    return stale


def _hours(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600:.0f} hours"


def _encoded(cursor: Known | list[str]) -> str:
    return msgspec.json.encode(cursor).decode()
