"""What Dagster sees: partitions, resources, assets and jobs, made from the catalogue."""
