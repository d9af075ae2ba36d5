"""`zd-assets init`: the files to begin with, in a folder of one's own."""

from collections.abc import Iterator
from pathlib import Path

import click

from zd_assets.cli.instance import INSTANCE, WORKSPACE
from zd_assets.cli.output import as_json, print_json
from zd_assets.defs.environment import VARIABLES, Variable

_IGNORED = """\
.env
dagster/*
!dagster/dagster.yaml
data/
"""
_PRIVATE, _PUBLIC = 0o600, 0o644


@click.command()
@click.argument("folder", type=click.Path(file_okay=False, path_type=Path), default=".")
@as_json
def main(folder: Path, as_json: bool) -> None:
    """Write a .env, a dagster.yaml and a workspace.yaml into FOLDER, by default this one.

    Nothing is overwritten: a file that is there stays as it is.

    \b
    Example:
      zd-assets init zendesk && cd zendesk
    """
    folder = folder.absolute()
    written: list[Path] = []
    kept: list[Path] = []
    try:
        for path, text, mode in _files(folder):
            path.parent.mkdir(parents=True, exist_ok=True)
            (written if _write(path, text, mode) else kept).append(path)
    except OSError as error:
        raise click.ClickException(f"can't write to {folder}: {error.strerror or error}") from None
    if as_json:
        print_json({"folder": str(folder), "written": _names(written), "kept": _names(kept)})
        return
    for path in written:
        click.echo(f"wrote {path}")
    for path in kept:
        click.echo(f"left alone, since it is there: {path}")
    ignoring = folder / ".gitignore"
    if ignoring in kept and ".env" not in ignoring.read_text("utf-8").split():
        click.echo(f"Add .env to {ignoring}: it will hold secrets.")
    click.echo(
        f"Now uncomment and fill in what you need in {folder / '.env'}.\n"
        "Then, in that folder: zd-assets check, and dagster dev"
    )


def _files(folder: Path) -> Iterator[tuple[Path, str, int]]:
    home = folder / "dagster"
    yield folder / ".env", _env(home, folder / "data"), _PRIVATE
    yield home / "dagster.yaml", INSTANCE, _PUBLIC
    yield folder / "workspace.yaml", WORKSPACE, _PUBLIC
    yield folder / ".gitignore", _IGNORED, _PUBLIC


def _write(path: Path, text: str, mode: int) -> bool:
    try:
        path.touch(mode, exist_ok=False)
    except FileExistsError:
        return False
    path.write_text(text, "utf-8")
    return True


def _env(home: Path, lake: Path) -> str:
    lines = [
        "# Settings of zd_assets. Dagster and zd-assets read this file where they are called, and",
        "# what it sets counts before the shell's variables.",
        "# It holds secrets: keep it out of version control.",
        "",
        "# Where Dagster keeps runs and schedules, and its dagster.yaml.",
        f"DAGSTER_HOME={_quoted(home)}",
    ]
    for one in VARIABLES:
        is_lake = one.name == "ZD_LAKE"
        lines += ["", f"# {one.about}{_default(one)}"]
        # An empty variable would hide the shell's: so these are comments until they are filled in.
        lines.append(f"ZD_LAKE={_quoted(lake)}" if is_lake else f"# {one.name}={one.example}")
    return "\n".join(lines) + "\n"


def _quoted(path: Path) -> str:
    text = str(path).replace("\\", "\\\\").replace("'", "\\'")
    return f"'{text}'"


def _default(one: Variable) -> str:
    return f" Default: {one.default}." if one.default else ""


def _names(paths: list[Path]) -> list[str]:
    return [str(path) for path in paths]
