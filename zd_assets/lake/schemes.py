"""The kinds of object stores, by the scheme of their URIs."""

SCHEMES = ("s3", "gs", "gcs", "abfs", "abfss")
