"""Analytics in Dagster: assets and automation."""
