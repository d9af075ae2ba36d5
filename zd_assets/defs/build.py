"""Definitions of the exports of an account, and of what is made of them."""

import warnings
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import dagster as dg

from zd_assets.catalog.export import Api, Export
from zd_assets.catalog.reference import ReferenceList
from zd_assets.catalog.registry import EXPORTS
from zd_assets.defs.alerts.sensors import WEBHOOK, failure_alerts, freshness_alerts
from zd_assets.defs.alerts.webhook import AlertWebhook
from zd_assets.defs.analytics.automation import automation_sensor, when_out_of_date
from zd_assets.defs.analytics.latest import keys_check, latest_asset
from zd_assets.defs.analytics.models import daily_asset
from zd_assets.defs.analytics.report import report_asset
from zd_assets.defs.exports.assets import export_asset
from zd_assets.defs.exports.format_checks import (
    FORMAT_JOB,
    LIVE_FORMAT,
    format_check,
    format_schedule,
)
from zd_assets.defs.exports.reference import lists_for, reference_asset, reference_schedule
from zd_assets.defs.exports.schedules import NIGHTLY, nightly_schedule
from zd_assets.defs.exports.second_look import SECOND_LOOK, second_look_schedule
from zd_assets.defs.exports.sensors import follow_up_sensor, followed_exports
from zd_assets.defs.io_manager import lake_io_manager
from zd_assets.defs.maintenance.jobs import maintenance
from zd_assets.defs.namespace import LAKE, LAKE_IO, Namespace
from zd_assets.defs.partitions import Partitions
from zd_assets.defs.resources import LakeFolder, ZendeskApi, ZendeskChat, ZendeskSupport, filled
from zd_assets.models.latest import GROUP, LATEST, Latest
from zd_assets.models.model import Model
from zd_assets.models.registry import MODELS, REPORT_SOURCES
from zd_assets.zendesk.errors import ConfigurationError

SpecHook = Callable[[dg.AssetSpec], dg.AssetSpec]


@dataclass(frozen=True)
class Crons:
    """When the schedules tick, UTC, as cron expressions."""

    nightly: str = NIGHTLY
    second_look: str = SECOND_LOOK
    live_format: str = LIVE_FORMAT


def build_definitions(
    partitions_def: Partitions,
    zendesk_chat: ZendeskChat,
    zendesk_support: ZendeskSupport,
    lake: LakeFolder,
    alert_webhook: AlertWebhook | None = None,
    *,
    exports: Sequence[Export] = EXPORTS,
    analytics: bool = True,
    prefix: str = "",
    executor: dg.ExecutorDefinition | None = dg.in_process_executor,
    crons: Crons | None = None,
    spec: SpecHook = lambda spec: spec,
    follow: Sequence[str] | None = None,
) -> dg.Definitions:
    """Return these exports with these partitions, fetched by these resources.

    Of analytics, what can be made of them. `prefix` comes before every name, and is the folder
    in the lake. A run waits for the network: a process for each step would only start slower, so
    leave out the executor only where the definitions are merged with others that have one.
    `crons` is when the schedules tick. `spec` gives each asset another spec. `follow` names the
    exports whose sensors are on from the start (None: as `ZD_FOLLOW` says).

    Raises:
        ConfigurationError: the prefix can't be part of a name, there is no such time zone, `spec`
            changed what Dagster knows an asset by, or `follow` names what there isn't.
    """
    namespace = Namespace(partitions_def, prefix, filled(lake).zone())
    followed = followed_exports(follow)
    given: dict[Api, ZendeskApi] = {Api.CHAT: zendesk_chat, Api.SUPPORT: zendesk_support}
    by_api = {api: [export for export in exports if export.api is api] for api in Api}
    resources = {namespace.name(api.value): given[api] for api, some in by_api.items() if some}
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=dg.BetaWarning)
        parts = [
            _exports(namespace, api, some, crons or Crons(), _of_the_same_asset(spec), followed)
            for api, some in by_api.items()
            if some
        ]
        if analytics:
            parts.append(_analytics(namespace, exports, lake, _of_the_same_asset(spec)))
        parts.append(_alerts(namespace, exports, parts))
        parts.append(maintenance(namespace, _keys(parts)))
        shared = {
            namespace.name(LAKE): lake,
            namespace.name(LAKE_IO): lake_io_manager(namespace),
            namespace.name(WEBHOOK): alert_webhook or AlertWebhook(),
        }
        return dg.Definitions.merge(
            *parts, dg.Definitions(resources={**resources, **shared}, executor=executor)
        )


def _of_the_same_asset(
    spec: SpecHook,
) -> SpecHook:
    """Let a spec be changed but for what jobs, sensors and schedules know the asset by."""

    def changed(before: dg.AssetSpec) -> dg.AssetSpec:
        after = spec(before)
        if after.key != before.key or after.partitions_def != before.partitions_def:
            raise ConfigurationError(
                f"get_asset_spec gave {before.key.to_user_string()} another key or other "
                "partitions; set `prefix`, `partitions` and `start_date` for that"
            )
        return after

    return changed


def _exports(
    namespace: Namespace,
    api: Api,
    exports: Sequence[Export],
    crons: Crons,
    spec: SpecHook,
    followed: set[str],
) -> dg.Definitions:
    """Exports of one API, and what follows and checks them."""
    group = namespace.name(api.value)
    checks = [format_check(export, export.sample, namespace) for export in exports if export.sample]
    apart = dg.AssetSelection.checks(*checks)
    # With the checks of what they materialize, without those that run apart.
    jobs = [dg.define_asset_job(group, dg.AssetSelection.groups(group) - apart)]
    schedules = [
        nightly_schedule(api, exports, namespace, crons.nightly),
        second_look_schedule(api, exports, namespace, crons.second_look),
    ]
    if lists := lists_for(api, exports):
        schedules.append(reference_schedule(api, lists, namespace))
    if checks:
        jobs.append(dg.define_asset_job(namespace.name(FORMAT_JOB), apart))
        schedules.append(format_schedule(namespace, crons.live_format))
    assets = [
        *(export_asset(export, namespace) for export in exports),
        *(reference_asset(table, namespace) for table in lists),
    ]
    return dg.Definitions(
        assets=list(dg.map_asset_specs(spec, assets)),
        asset_checks=checks,
        jobs=jobs,
        sensors=[
            follow_up_sensor(export, namespace, followed=export.name in followed)
            for export in exports
        ],
        schedules=schedules,
    )


def _analytics(
    namespace: Namespace, exports: Sequence[Export], lake: LakeFolder, spec: SpecHook
) -> dg.Definitions:
    """Return the tables that can be made of these exports, and what keeps them up to date."""

    def can_be_made(table: Export | Latest | Model | ReferenceList) -> bool:
        if isinstance(table, ReferenceList):
            return True  # Models do without.
        if isinstance(table, Export):
            return table in exports
        if isinstance(table, Latest):
            return table.export in exports
        needed = [source.table for source in table.sources]
        return all(
            map(can_be_made, [*needed, *(reference.to for reference in table.relationships)])
        )

    out_of_date = when_out_of_date(lake, namespace)
    latest = [table for table in LATEST if can_be_made(table)]
    assets = [latest_asset(table, namespace, out_of_date) for table in latest]
    assets += [daily_asset(table, namespace, out_of_date) for table in MODELS if can_be_made(table)]
    # What isn't there is unknown in the report, as with an account that has one of the APIs.
    if reported := [table for table in REPORT_SOURCES if can_be_made(table)]:
        assets.append(report_asset(namespace, out_of_date, reported))
    if not assets:
        return dg.Definitions()
    group = namespace.name(GROUP)
    return dg.Definitions(
        assets=list(dg.map_asset_specs(spec, assets)),
        asset_checks=[keys_check(table, namespace) for table in latest],
        jobs=[dg.define_asset_job(group, dg.AssetSelection.groups(group))],
        sensors=[automation_sensor(namespace)],
    )


def _keys(parts: Sequence[dg.Definitions]) -> set[dg.AssetKey]:
    return {
        asset.key
        for part in parts
        for asset in part.assets or ()
        if isinstance(asset, dg.AssetsDefinition)
    }


def _alerts(
    namespace: Namespace, exports: Sequence[Export], parts: Sequence[dg.Definitions]
) -> dg.Definitions:
    """Return what tells when any asset of these parts fails, and when an export isn't fresh."""
    assets = {
        asset.key: asset.partitions_def
        for part in parts
        for asset in part.assets or ()
        if isinstance(asset, dg.AssetsDefinition)
    }
    return dg.Definitions(
        sensors=[failure_alerts(namespace, assets), freshness_alerts(namespace, exports)]
    )
