"""What is made of the exports, by DuckDB over the lake: no Dagster, no HTTP."""
