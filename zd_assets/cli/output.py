"""What commands print: a table for people, or JSON for programs."""

import os
import sys
from typing import Any

import click
import msgspec
from rich.console import Console

from zd_assets.lake.lake import Lake, open_lake

_NARROWEST = 120

as_json = click.option("--json", "as_json", is_flag=True, help="Print JSON instead of a table.")


def print_json(value: Any) -> None:
    """Print a value, indented; dataclasses become objects."""
    click.echo(msgspec.json.format(msgspec.json.encode(value), indent=2))


def console() -> Console:
    """Standard output; wide enough for a table where it is no terminal."""
    made = Console()
    if not made.is_terminal:
        made.width = max(made.width, _NARROWEST)
    return made


def tell(line: str) -> None:
    """Say on standard error how far a command is."""
    click.echo(line, err=True)


def lake_of_environment() -> Lake:
    """Return the lake at `ZD_LAKE`, by default the folder `data`.

    Raises:
        LakeError: it can't be a lake.
    """
    return open_lake(os.environ.get("ZD_LAKE") or "data")


def leave(is_well: bool) -> None:
    """Exit with 0, or with 1 where something is wrong."""
    sys.exit(0 if is_well else 1)


def size(nbytes: float) -> str:
    """Bytes in the unit that people read.

    >>> size(1_234_567)
    '1.2 MB'
    """
    for unit in ("B", "kB", "MB", "GB"):
        if nbytes < 1000:
            return f"{nbytes:.0f} {unit}" if unit == "B" else f"{nbytes:.1f} {unit}"
        nbytes /= 1000
    return f"{nbytes:.1f} TB"
