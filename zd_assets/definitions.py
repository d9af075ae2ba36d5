"""What Dagster loads: every export, as the environment describes the account and the lake."""

from zd_assets.defs.component import ZendeskExports
from zd_assets.defs.environment import check_environment, chosen_exports

check_environment()

# A run waits for the network: a process for each step would only start slower.
defs = ZendeskExports(
    exports=[export.name for export in chosen_exports()], executor="in_process"
).build_defs()
