"""Local files that nobody else may read."""
