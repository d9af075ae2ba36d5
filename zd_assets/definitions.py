"""What Dagster loads: every export, as the environment describes the account and the lake."""

from zd_assets.defs.build import build_definitions
from zd_assets.defs.partitions import partitions_from_env
from zd_assets.defs.resources import LakeFolder, ZendeskChat, ZendeskSupport
from zd_assets.defs.webhook import AlertWebhook

defs = build_definitions(
    partitions_from_env(), ZendeskChat(), ZendeskSupport(), LakeFolder(), AlertWebhook()
)
