"""The SQL of models: a file each, next to the module that describes the model."""

from pathlib import Path


def sql_beside(module: str) -> str:
    """The SQL next to a module's file: of `facts/ticket_comments.py`, `ticket_comments.sql`."""
    return Path(module).with_suffix(".sql").read_text(encoding="utf-8")
