"""The sensors that alert: of assets that fail, and of exports that aren't fresh any more."""

import time
from datetime import UTC, datetime, timedelta

import dagster as dg
import msgspec

from zd_assets.defs.alerts.failures import Assets, Known, look
from zd_assets.defs.exports.freshness import fails_after
from zd_assets.defs.namespace import Namespace

WEBHOOK = "alert_webhook"

_EVERY_S = 30


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


def freshness_alerts(namespace: Namespace, exports: Assets) -> dg.SensorDefinition:
    """Tells once when an export fails its freshness policy, and once when it is fresh again."""
    limit = fails_after(namespace.partitions_def)

    @dg.sensor(
        name=namespace.name("freshness_alerts"),
        description=f"Posts to the webhook when an export wasn't materialized for {_hours(limit)}, "
        "once until it is; and when it was.",
        minimum_interval_seconds=_EVERY_S,
        required_resource_keys={namespace.name(WEBHOOK)},
    )
    def _freshness(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        before = set(msgspec.json.decode(context.cursor, type=list[str]) if context.cursor else ())
        stale = _stale(context.instance, exports, datetime.now(UTC) - limit)
        lines = [
            f"STALE: {name}: not materialized since {at:%Y-%m-%d %H:%M} UTC, for more than "
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


def _stale(instance: dg.DagsterInstance, exports: Assets, oldest: datetime) -> dict[str, datetime]:
    """The exports whose last materialization is older than that; none that never had any.

    By the time of the event: Dagster's own state of freshness needs a daemon that keeps it.
    """
    last = {
        record.asset_entry.asset_key.to_user_string(): record.asset_entry.last_materialization
        for record in instance.get_asset_records(list(exports))
    }
    times = {
        name: datetime.fromtimestamp(event.timestamp, UTC) for name, event in last.items() if event
    }
    return {name: at for name, at in sorted(times.items()) if at < oldest}


def _hours(span: timedelta) -> str:
    return f"{span.total_seconds() / 3600:.0f} hours"


def _encoded(cursor: Known | list[str]) -> str:
    return msgspec.json.encode(cursor).decode()
