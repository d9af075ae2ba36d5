"""Exports in Dagster: assets, checks, sensors, schedules."""
