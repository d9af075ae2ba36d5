"""What a `dagster.yaml` for one machine says, and the workspace with it."""

INSTANCE = """\
telemetry: {enabled: false}
nux: {enabled: false}
# One run of an export at a time; few at once on SQLite.
concurrency:
  pools: {default_limit: 1, granularity: op}
  runs: {max_concurrent_runs: 4}
# Follow-up runs are tried again by their sensor, all others by the instance.
run_retries: {enabled: true, max_retries: 2}
run_monitoring: {enabled: true, free_slots_after_run_end_seconds: 30}
# How many days ticks are kept.
retention:
  schedule: {purge_after_days: 30}
  sensor: {purge_after_days: {skipped: 7, failure: 30, success: 30}}
"""

WORKSPACE = """\
load_from:
  - python_module:
      module_name: zd_assets.definitions
      location_name: zd_assets
"""
