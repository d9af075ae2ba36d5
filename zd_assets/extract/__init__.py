"""From the API to the lake: plan, fetch, assign to partitions, commit. No Dagster."""
