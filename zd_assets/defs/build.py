"""Definitions of every export of the catalogue, and of what is made of them."""

import warnings

import dagster as dg

from zd_assets.analytics.current.tables import GROUP, LATEST
from zd_assets.analytics.daily.catalogue import DAILY
from zd_assets.defs.automation import automation_sensor, when_out_of_date
from zd_assets.defs.current import latest_asset
from zd_assets.defs.daily import daily_asset
from zd_assets.defs.exports import export_asset
from zd_assets.defs.format_checks import FORMAT_JOB, format_check, format_schedule
from zd_assets.defs.partitions import Partitions
from zd_assets.defs.report import report_asset
from zd_assets.defs.resources import LakeFolder, ZendeskChat, ZendeskSupport
from zd_assets.defs.schedules import nightly_schedule
from zd_assets.defs.sensors import follow_up_sensor
from zd_assets.exports.catalogue import CATALOGUE
from zd_assets.exports.export import Api


def build_definitions(
    partitions_def: Partitions,
    zendesk_chat: ZendeskChat,
    zendesk_support: ZendeskSupport,
    lake: LakeFolder,
) -> dg.Definitions:
    """All exports with these partitions, fetched by these resources."""
    checks = [format_check(export, export.sample) for export in CATALOGUE if export.sample]
    out_of_date = when_out_of_date(lake)
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=dg.BetaWarning)
        return dg.Definitions(
            assets=[
                *(export_asset(export, partitions_def) for export in CATALOGUE),
                *(latest_asset(table, out_of_date) for table in LATEST),
                *(daily_asset(table, partitions_def, out_of_date) for table in DAILY),
                report_asset(partitions_def, out_of_date),
            ],
            asset_checks=checks,
            jobs=[
                *(dg.define_asset_job(api.value, _exports(api, checks)) for api in Api),
                dg.define_asset_job(GROUP, dg.AssetSelection.groups(GROUP)),
                dg.define_asset_job(FORMAT_JOB, dg.AssetSelection.checks(*checks)),
            ],
            sensors=[
                *(follow_up_sensor(export, partitions_def) for export in CATALOGUE),
                automation_sensor(),
            ],
            schedules=[
                *(nightly_schedule(api, partitions_def) for api in Api),
                format_schedule(),
            ],
            resources={
                "zendesk_chat": zendesk_chat,
                "zendesk_support": zendesk_support,
                "lake": lake,
            },
            # A run waits for the network: a process for each step would only start slower.
            executor=dg.in_process_executor,
        )


def _exports(api: Api, apart: list[dg.AssetChecksDefinition]) -> dg.AssetSelection:
    """The exports with the checks of what they materialize, without those that run apart."""
    return dg.AssetSelection.groups(api.value) - dg.AssetSelection.checks(*apart)
