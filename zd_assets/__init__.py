"""Zendesk Chat and Support incremental exports as partitioned Dagster assets in Parquet."""
