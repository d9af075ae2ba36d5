"""Dagster definitions, by domain."""
