"""A Dagster project that isn't ours and uses the component: plain files, as `dg` lays them out."""

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

_PYPROJECT = """\
[project]
name = "elsewhere"
version = "0.1.0"

[tool.dg]
directory_type = "project"

[tool.dg.project]
root_module = "elsewhere"
"""
_DEFINITIONS = """\
from pathlib import Path

from dagster import definitions, load_from_defs_folder


@definitions
def defs():
    return load_from_defs_folder(path_within_project=Path(__file__).parent)
"""


def write_project(folder: Path, **accounts: str) -> Path:
    """A project with a `defs.yaml` for each account; gives its folder."""
    package = folder / "src" / "elsewhere"
    (package / "defs").mkdir(parents=True)
    for name, attributes in accounts.items():
        defs = package / "defs" / name
        defs.mkdir(parents=True)
        (defs / "defs.yaml").write_text(f"type: zd_assets.ZendeskExports\n{attributes}")
    (folder / "pyproject.toml").write_text(_PYPROJECT)
    (package / "__init__.py").touch()
    (package / "definitions.py").write_text(_DEFINITIONS)
    return folder


def command(
    tool: str, arguments: Sequence[str], project: Path, env: Mapping[str, str]
) -> subprocess.CompletedProcess[str]:
    """Run `dg` or `dagster` in a project."""
    here = Path(__file__).parents[2]
    return subprocess.run(
        [str(Path(sys.executable).with_name(tool)), *arguments],
        cwd=project,
        env={**env, "PYTHONPATH": f"{project / 'src'}:{here}", "COLUMNS": "200"},
        capture_output=True,
        text=True,
        check=False,
    )
