"""What Dagster loads: whatever is in `defs`."""

from pathlib import Path

from dagster import Definitions, definitions, load_from_defs_folder


@definitions
def defs() -> Definitions:
    """The accounts and what is downstream of them."""
    return load_from_defs_folder(path_within_project=Path(__file__).parent)
