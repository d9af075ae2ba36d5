"""Alerts in Dagster: sensors that tell a webhook."""
