"""What Dagster loads: every export, as the environment describes the account and the lake."""

import dagster as dg

from zd_assets.defs.component import ZendeskExports
from zd_assets.defs.environment import check_environment, chosen_exports

check_environment()

# A run waits for the network: a process for each step would only start slower.
defs = dg.Definitions.merge(
    ZendeskExports(exports=[export.name for export in chosen_exports()]).build_defs(),
    dg.Definitions(executor=dg.in_process_executor),
)
