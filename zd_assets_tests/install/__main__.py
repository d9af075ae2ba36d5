"""`python -m zd_assets_tests.install`: install the core in a clean environment and use it.

A foreign project with the component loads, fetches a day of chats from the sandbox, and makes a
mart of it without its chart. The sizes of the environments are printed.
"""

import os
import shutil
import subprocess
import sys
import tempfile
from datetime import date
from pathlib import Path

from zd_assets import sandbox
from zd_assets_tests.helpers.foreign_project import write_project

ROOT = Path(__file__).parents[2]
_PACKAGE = ("pyproject.toml", "README.md", "LICENSE", "constraints.txt", "zd_assets")
_DAY = date(2026, 1, 28)
_ATTRIBUTES = """\
attributes:
  start_date: "2026-01-01"
"""
_NEVER = ("aiohttp", "dagster_webserver", "matplotlib", "orjson", "pandas", "PIL")
_LEFT_OUT = "No chart: it needs pandas, which isn't installed: pip install 'zd_assets[report]'"


def main() -> None:
    """Install, use, and tell the sizes; a failed command ends it."""
    with tempfile.TemporaryDirectory() as folder:
        source = _copied(Path(folder) / "source")
        core = _installed(Path(folder) / "core", source)
        _check_without_extras(core)
        _use(core, Path(folder))
        demo = _installed(Path(folder) / "demo", f"{source}[demo]")
        for name, environment in (("core", core), ("with the extra demo", demo)):
            print(f"{name}: {_megabytes(environment):,.0f} MB in {_packages(environment)} packages")


def _copied(folder: Path) -> Path:
    """The package's files alone, so that building it leaves nothing in the checkout."""
    folder.mkdir()
    for name in _PACKAGE:
        here = ROOT / name
        copy = shutil.copytree if here.is_dir() else shutil.copy
        copy(here, folder / name)
    return folder


def _installed(environment: Path, requirement: Path | str) -> Path:
    subprocess.run([sys.executable, "-m", "venv", str(environment)], check=True)
    install = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")
    constraints = str(ROOT / "constraints.txt")
    _run(environment, "python", *install, "-c", constraints, str(requirement))
    return environment


def _check_without_extras(core: Path) -> None:
    code = f"from importlib.util import find_spec; print([m for m in {_NEVER} if find_spec(m)])"
    assert _run(core, "python", "-c", code).stdout == "[]\n"
    _run(core, "python", "-c", "import zd_assets.definitions")
    ran = _run(core, "zd-assets", "sandbox", fails=True)
    assert "pip install 'zd_assets[sandbox]'" in ran.stderr, ran.stderr


def _use(core: Path, folder: Path) -> None:
    """Load the component in a foreign project, and run an export, its latest and a mart."""
    project = write_project(folder / "elsewhere", zendesk=_ATTRIBUTES)
    home = folder / "dagster_home"
    home.mkdir()
    settings = sandbox.Settings(now=f"{_DAY}T23:00:00Z", clock="frozen", start=date(2026, 1, 27))
    with sandbox.start(settings) as running:
        env = {
            "DAGSTER_HOME": str(home),
            "PYTHONPATH": str(project / "src"),
            "ZENDESK_CHAT_URL": f"{running.url}/api/v2/chat",
            "ZENDESK_CHAT_TOKEN": "sandbox-token",
            "ZD_LAKE": str(folder / "lake"),
        }
        module = ("-m", "elsewhere.definitions")
        _run(core, "dagster", "definitions", "validate", *module, cwd=project, env=env)
        for key, partition in (
            ("zendesk_chat/chats", str(_DAY)),
            ("analytics/chats_latest", None),
            ("analytics/chat_daily_summary", str(_DAY)),
        ):
            arguments = ["asset", "materialize", *module, "--select", f'key:"{key}"']
            arguments += ["--partition", partition] if partition else []
            ran = _run(core, "dagster", *arguments, cwd=project, env=env)
    assert _LEFT_OUT in ran.stderr, ran.stderr
    assert [*(folder / "lake").glob(f"analytics/chat_daily_summary/date={_DAY}/*.parquet")]


def _run(
    environment: Path,
    program: str,
    *arguments: str,
    cwd: Path | None = None,
    env: dict[str, str] | None = None,
    fails: bool = False,
) -> subprocess.CompletedProcess[str]:
    """Run a program of an environment, away from the checkout."""
    ran = subprocess.run(
        [str(environment / "bin" / program), *arguments],
        cwd=cwd or environment,
        env={
            **{name: os.environ[name] for name in os.environ if name != "PYTHONPATH"},
            **(env or {}),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    if bool(ran.returncode) != fails:
        said = f"{program} {' '.join(arguments)} ended with {ran.returncode}"
        sys.exit(f"{said}:\n{ran.stdout}{ran.stderr}")
    return ran


def _megabytes(environment: Path) -> float:
    files = (path for path in environment.rglob("*") if path.is_file() and not path.is_symlink())
    return sum(path.stat().st_size for path in files) / 1e6


def _packages(environment: Path) -> int:
    return len([*environment.glob("lib/*/site-packages/*.dist-info")])


if __name__ == "__main__":
    main()
