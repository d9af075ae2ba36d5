"""The store: partition files, their footers, commits and locks. No Dagster, no HTTP."""
