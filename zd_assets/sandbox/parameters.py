"""Query parameters, as requests carry them and as the addresses of further pages do."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from zd_assets.sandbox.page import RefusedError


def integer(query: Mapping[str, str], name: str, default: int) -> int:
    """Read an integer; an empty one counts as not given, as in Chat's "Code Samples"."""
    text = query.get(name) or str(default)
    digits = text.removeprefix("-")
    # int() alone also takes blanks, underscores and other scripts' digits.
    if not (digits.isascii() and digits.isdigit() and len(digits) < 20):
        raise RefusedError(400, f"invalid_{name}", f"{name} must be an integer.")
    return int(text)


def size(query: Mapping[str, str], name: str, most: int, capped: bool = False) -> int:
    """Read the size of a page: from 1 to `most`, which is also the default.

    `capped` takes a larger one for `most`, instead of refusing it.
    """
    asked = integer(query, name, most)
    if capped:
        asked = min(asked, most)
    if not 1 <= asked <= most:
        raise RefusedError(400, f"invalid_{name}", f"{name} must be between 1 and {most}.")
    return asked


def address(url: str, parameters: Mapping[str, str]) -> str:
    """Return `url` with a query."""
    pairs = (f"{quote(name)}={quote(value, safe='')}" for name, value in parameters.items())
    return f"{url}?{'&'.join(pairs)}"
