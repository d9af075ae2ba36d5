"""Definitions of every export of the catalogue: assets, jobs, sensors and schedules."""

import warnings

import dagster as dg

from zd_assets.defs.exports import export_asset
from zd_assets.defs.partitions import Partitions
from zd_assets.defs.resources import LakeFolder, ZendeskChat
from zd_assets.defs.schedules import nightly_schedule
from zd_assets.defs.sensors import follow_up_sensor
from zd_assets.exports.catalogue import CATALOGUE
from zd_assets.exports.export import Api


def build_definitions(
    partitions_def: Partitions, zendesk_chat: ZendeskChat, lake: LakeFolder
) -> dg.Definitions:
    """All exports with these partitions, fetched by these resources."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", category=dg.BetaWarning)
        return dg.Definitions(
            assets=[export_asset(export, partitions_def) for export in CATALOGUE],
            jobs=[
                dg.define_asset_job(api.value, selection=dg.AssetSelection.groups(api.value))
                for api in Api
            ],
            sensors=[follow_up_sensor(export, partitions_def) for export in CATALOGUE],
            schedules=[nightly_schedule(api, partitions_def) for api in Api],
            resources={"zendesk_chat": zendesk_chat, "lake": lake},
            # A run waits for the network: a process for each step would only start slower.
            executor=dg.in_process_executor,
        )
