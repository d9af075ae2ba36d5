"""What the report is called, in Dagster and in the lake."""

NAME = "support_report"
