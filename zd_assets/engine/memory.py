"""How many MiB DuckDB keeps in memory, unless the run config says otherwise."""

#: For the days of a model.
MODEL_MB = 1024
#: For a table of current state.
LATEST_MB = 2048
