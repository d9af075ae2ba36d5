"""Checks of what stands in the lake: partition files in, findings out."""
