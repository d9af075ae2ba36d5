"""Addresses of stores that a lake can be in."""

SCHEMES = ("s3", "gs", "gcs", "abfs", "abfss")
