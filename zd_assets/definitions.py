"""What Dagster loads: every export, as the environment describes the account and the lake."""

from zd_assets.defs.component import ZendeskExports

# A run waits for the network: a process for each step would only start slower.
defs = ZendeskExports(executor="in_process").build_defs()
