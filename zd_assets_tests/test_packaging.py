"""The wheel and the source distribution: made here, without a network, and looked into."""

import os
import re
import shutil
import subprocess
import sys
import tarfile
import tomllib
import zipfile
from pathlib import Path

import pytest
from packaging.version import Version

ROOT = Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
# What is made of the tree, or by its use, and is no part of it.
_MADE = (".git", ".venv*", "__pycache__", ".*_cache", ".hypothesis", "*.egg-info", "build", "dist")
_MADE += (".demo", ".clients", ".tmp_dagster_home_*", "target", "logs")
SECRET_FILE = "deploy/.env"


def _tree(*folders: str) -> set[str]:
    """The files of the tree that are the project's, by their path in it."""
    made = shutil.ignore_patterns(*_MADE)
    found: set[str] = set()
    for folder in folders:
        for at, below, files in os.walk(ROOT / folder):
            gone = made(at, [*below, *files])
            below[:] = [name for name in below if name not in gone]
            found |= {str((Path(at) / one).relative_to(ROOT)) for one in files if one not in gone}
    return {one for one in found if not one.endswith((".env", ".duckdb"))}


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a wheel that was made of a source distribution, which is there, too."""
    source = tmp_path_factory.mktemp("packaging") / "source"
    shutil.copytree(ROOT, source, ignore=shutil.ignore_patterns(*_MADE, "data"))
    (source / SECRET_FILE).write_text("ZENDESK_CHAT_TOKEN=t\n")
    built = subprocess.run(
        [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(source / "made")],
        cwd=source,
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        capture_output=True,
        text=True,
    )
    assert built.returncode == 0, built.stdout + built.stderr
    return source / "made"


@pytest.fixture(scope="module")
def installed(dist: Path) -> Path:
    """A folder that the wheel is unpacked into, as pip does it; what it needs is here already."""
    [wheel] = dist.glob("*.whl")
    folder = dist / "installed"
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    subprocess.run([*pip, "--no-index", "--no-deps", f"--target={folder}", wheel], check=True)
    return folder


def _ran(installed: Path, *command: str | Path) -> str:
    env = {**os.environ, "PYTHONPATH": str(installed)}
    ran = subprocess.run(command, cwd=installed.parent, env=env, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    return ran.stdout


def test_the_wheel_has_the_whole_package_and_nothing_else(dist: Path) -> None:
    [wheel] = dist.glob("*.whl")
    names = set(zipfile.ZipFile(wheel).namelist())
    about = {name for name in names if ".dist-info/" in name}
    assert names - about == _tree("zd_assets")
    suffixes = {Path(name).suffix for name in names}
    assert suffixes >= {".py", ".sql", ".html", ".json", ".typed"}


def test_the_source_distribution_has_what_tests_docs_and_deployment_are_made_of(dist: Path) -> None:
    [sdist] = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = {one.name.partition("/")[2] for one in archive.getmembers() if one.isfile()}
    folders = ("zd_assets", "zd_assets_tests", "docs", "examples", "benchmarks", "deploy", ".ci")
    assert not _tree(*folders) - names
    top = {"CHANGELOG.md", "CONTRIBUTING.md", "LICENSE", "Makefile", "README.md", "SECURITY.md"}
    top |= {"constraints.txt", "pyproject.toml", "workspace.yaml"}
    assert not top - names
    assert SECRET_FILE not in names


def test_the_metadata_is_complete_and_the_changelog_has_the_version(dist: Path) -> None:
    [wheel] = dist.glob("*.whl")
    with zipfile.ZipFile(wheel) as archive:
        [name] = [one for one in archive.namelist() if one.endswith(".dist-info/METADATA")]
        metadata = archive.read(name).decode()
    assert f"\nVersion: {PROJECT['version']}\n" in metadata
    for field in ("Author", "Keywords", "License-Expression", "License-File", "Requires-Python"):
        assert re.search(f"^{field}: .", metadata, re.M), field
    minors = re.findall(r"^Classifier: Programming Language :: Python :: 3\.(\d+)$", metadata, re.M)
    assert minors == ["11", "12", "13"]
    assert set(re.findall(r"^Provides-Extra: (.*)$", metadata, re.M)) == set(
        PROJECT["optional-dependencies"]
    )
    heading = re.search(
        r"^## (\S+) \(\d{4}-\d\d-\d\d\)$", (ROOT / "CHANGELOG.md").read_text(), re.M
    )
    assert heading
    assert heading[1] == PROJECT["version"]


def test_the_versions_that_were_tested_are_within_the_bounds_which_are_all_tried() -> None:
    said = subprocess.run(
        [sys.executable, ".ci/lowest.py"], cwd=ROOT, capture_output=True, text=True, check=True
    )
    bounds = dict(line.split("==") for line in said.stdout.splitlines())
    named = {re.split(r"[\[>]", one)[0] for one in PROJECT["dependencies"]}
    assert named < set(bounds)
    assert {"apprise", "dagster-celery", "matplotlib"} < set(bounds)
    lines = (ROOT / "constraints.txt").read_text().lower().splitlines()
    tested = dict(line.split("==") for line in lines)
    assert not set(bounds) - set(tested)
    assert not {name for name, bound in bounds.items() if Version(tested[name]) < Version(bound)}


def test_the_installed_package_knows_its_version_and_loads_its_definitions(installed: Path) -> None:
    code = (
        "import zd_assets, sys; print(zd_assets.__version__, zd_assets.__file__);"
        "print('dagster' in sys.modules);"
        "from zd_assets.definitions import defs; defs.get_repository_def()"
    )
    said = _ran(installed, sys.executable, "-c", code)
    at = installed / "zd_assets" / "__init__.py"
    assert said.splitlines()[:2] == [f"{PROJECT['version']} {at}", "False"]


def test_the_console_script_and_the_module_are_one_command(installed: Path) -> None:
    [script] = PROJECT["scripts"]
    by_script = _ran(installed, installed / "bin" / script, "--help")
    by_module = _ran(installed, sys.executable, "-m", "zd_assets", "--help")
    assert "demo" in by_script
    assert by_script.splitlines()[1:] == by_module.splitlines()[1:]


def test_dagster_finds_the_component_of_the_installed_package(installed: Path) -> None:
    code = (
        "from importlib.metadata import distribution; import dagster as dg;"
        "points = distribution('zd_assets').entry_points;"
        "[point] = points.select(group='dagster_dg_cli.registry_modules');"
        "print(issubclass(point.load().ZendeskExports, dg.Component))"
    )
    assert _ran(installed, sys.executable, "-c", code) == "True\n"
