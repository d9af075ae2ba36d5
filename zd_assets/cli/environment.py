"""The environment of a command: what Dagster would have in the same folder."""

import os
from pathlib import Path

from dotenv import dotenv_values

ENV_FILE = ".env"


def load_env_file(folder: Path | None = None) -> None:
    """Set the variables of a folder's `.env`, by default the current one's.

    They count before those that are set already, as in Dagster's commands.
    """
    values = dotenv_values((folder or Path()) / ENV_FILE)
    os.environ |= {name: value for name, value in values.items() if value is not None}
