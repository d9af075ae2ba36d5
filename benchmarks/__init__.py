"""Measurements run by hand, `python -m benchmarks`: how fast, how frugal, against what."""
