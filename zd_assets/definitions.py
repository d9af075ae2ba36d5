"""What Dagster loads: every export of the catalogue, its resources and jobs."""

import warnings

import dagster as dg

from zd_assets.defs.exports import export_asset
from zd_assets.defs.partitions import partitions_from_env
from zd_assets.defs.resources import LakeFolder, ZendeskChat
from zd_assets.defs.schedules import nightly_schedule
from zd_assets.defs.sensors import follow_up_sensor
from zd_assets.exports.catalogue import CATALOGUE
from zd_assets.exports.export import Api

warnings.filterwarnings("ignore", category=dg.BetaWarning)

_partitions_def = partitions_from_env()

defs = dg.Definitions(
    assets=[export_asset(export, _partitions_def) for export in CATALOGUE],
    jobs=[
        dg.define_asset_job(api.value, selection=dg.AssetSelection.groups(api.value)) for api in Api
    ],
    sensors=[follow_up_sensor(export, _partitions_def) for export in CATALOGUE],
    schedules=[nightly_schedule(api, _partitions_def) for api in Api],
    resources={"zendesk_chat": ZendeskChat(), "lake": LakeFolder()},
    # A run waits for the network: a process for each step would only start slower.
    executor=dg.in_process_executor,
)
