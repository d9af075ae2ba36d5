"""What is checked in a partition. No Dagster."""
