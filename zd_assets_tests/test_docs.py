"""README and docs: links lead somewhere, settings and commands are those that there are."""

import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from urllib.parse import unquote

import pytest
from click.testing import CliRunner

from zd_assets.cli.main import main
from zd_assets.defs.component import ZendeskExports
from zd_assets.defs.environment import VARIABLES
from zd_assets.defs.resources import LakeFolder, ZendeskChat, ZendeskSupport
from zd_assets.models.registry import FACTS, MARTS

ROOT = Path(__file__).parents[1]
PAGES = [
    path
    for path in sorted(ROOT.rglob("*.md"))
    if not any(part.startswith(".") or part == "data" for part in path.relative_to(ROOT).parts)
]
CONFIGURATION = (ROOT / "docs/configuration.md").read_text()


def anchors(page: Path) -> set[str]:
    """What a link can point to in a page: its headings, as they are written in addresses."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(), re.M)
    return {
        re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings
    }


def links(page: Path) -> Iterator[str]:
    text = re.sub(r"^```.*?^```", "", page.read_text(), flags=re.M | re.S)
    yield from re.findall(r"\]\(([^)\s]+)\)", text)


def commands(page: Path) -> Iterator[str]:
    """The commands in a page's consoles, continued lines joined."""
    for block in re.findall(r"^ *```console\n(.*?)^ *```", page.read_text(), re.M | re.S):
        joined = re.sub(r"\\\n\s*", "", block)
        for line in joined.splitlines():
            if line.strip().startswith("$ "):
                for command in line.strip()[2:].split("#")[0].split(" && "):
                    yield command.strip()


@cache
def help_of(program: str, *names: str) -> str:
    """What a command says of itself."""
    if program == "zd-assets":
        return CliRunner().invoke(main, [*names, "--help"], catch_exceptions=False).output
    path = str(Path(sys.executable).with_name(program))
    command = [path, *names, "--help"]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    for link in links(page):
        if link.startswith(("http://", "https://", "mailto:")):
            continue
        path, _, anchor = unquote(link).partition("#")
        target = (page.parent / path) if path else page
        assert target.exists(), link
        if anchor:
            assert anchor in anchors(target), link


def test_every_document_can_be_reached_from_the_readme() -> None:
    seen, waiting = set(), [ROOT / "README.md"]
    while waiting:
        page = waiting.pop().resolve()
        if page in seen or page.suffix != ".md" or not page.exists():
            continue
        seen.add(page)
        waiting += [page.parent / link.partition("#")[0] for link in links(page)]
    missed = [page for page in (ROOT / "docs").rglob("*.md") if page.resolve() not in seen]
    assert not missed


def test_every_picture_is_shown_somewhere() -> None:
    shown = {(page.parent / link).resolve() for page in PAGES for link in links(page)}
    assert not [path for path in (ROOT / "docs/ui").iterdir() if path.resolve() not in shown]


@pytest.mark.parametrize("variable", [variable.name for variable in VARIABLES])
def test_every_variable_is_in_the_table_of_settings(variable: str) -> None:
    assert f"`{variable}`" in CONFIGURATION


@pytest.mark.parametrize("kind", [ZendeskChat, ZendeskSupport, LakeFolder, ZendeskExports])
def test_every_field_is_in_the_table_of_settings(kind: type) -> None:
    fields = {*kind.model_fields} - {"chat", "support"}  # type: ignore[attr-defined]
    assert not {field for field in fields if f"`{field}`" not in CONFIGURATION}


def test_every_fact_and_mart_is_described() -> None:
    text = (ROOT / "docs/analytics.md").read_text()
    assert not [model.name for model in (*FACTS, *MARTS) if f"`{model.name}`" not in text]


COMMANDS = sorted(
    {
        command
        for page in PAGES
        for command in commands(page)
        if command.startswith(("zd-assets ", "make ", "dagster ", "dg "))
    }
)


def test_every_command_is_one() -> None:
    # One test, so that a command is asked for its help once.
    for command in COMMANDS:
        program, *words = shlex.split(command)
        if program == "make":
            target = next(word for word in words if "=" not in word)
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.M), command
            continue
        grouped = words[0] in ("asset", "sensor", "code-server")
        help_ = help_of(program, *words[: 2 if grouped else 1])
        options = {word.partition("=")[0] for word in words if word.startswith("-")}
        assert not [option for option in options if option not in help_], command


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_json_in_a_command_is_one(page: Path) -> None:
    for command in commands(page):
        for word in shlex.split(command):
            if word.startswith("{"):
                json.loads(word)
