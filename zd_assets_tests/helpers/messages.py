"""The messages of the project's errors, as its source has them."""

import ast
from collections.abc import Iterator
from pathlib import Path

import zd_assets

#: Errors that people meet, in a run or on the command line.
ERRORS = {
    "AlertError",
    "AuthenticationError",
    "ConfigurationError",
    "CrowdedError",
    "ForeignUrlError",
    "GoneError",
    "LakeError",
    "MissingExtraError",
    "StuckCursorError",
    "UnavailableError",
}


def _template(node: ast.expr) -> str | None:
    """A text with `…` for what is filled in."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(_template(part) or "…" for part in node.values)
    return None


def _trees() -> Iterator[tuple[Path, ast.Module]]:
    folder = Path(zd_assets.__file__).parent
    for path in sorted(folder.rglob("*.py")):
        if "sandbox" not in path.relative_to(folder).parts:
            yield path, ast.parse(path.read_text("utf-8"))


def templates() -> list[str]:
    """Every text of the source."""
    return [
        text
        for _, tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.expr) and (text := _template(node))
    ]


def raised() -> dict[str, str]:
    """The messages that an error is made with, and where."""
    return {
        text: f"{path.name}:{node.lineno}"
        for path, tree in _trees()
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Name)
        and node.func.id in ERRORS
        and node.args
        and (text := _template(node.args[0]))
        and text.strip("… ")
    }
