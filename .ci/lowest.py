"""Print the lowest versions that pyproject.toml allows, as constraints for pip."""

import re
import tomllib
from pathlib import Path

PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"
# A name, its extras, and the lower bound.
_BOUND = re.compile(r"([\w.-]+)(?:\[[\w,-]+\])?>=([\w.]+)(?:,<[\w.]+)?")


def lowest(pyproject: Path = PYPROJECT) -> dict[str, str]:
    """The lowest version of every package that is named, extras for development left out."""
    project = tomllib.loads(pyproject.read_text())["project"]
    optional = project["optional-dependencies"]
    named = [*project["dependencies"]]
    named += [one for extra, some in optional.items() if extra != "dev" for one in some]
    bounds: dict[str, str] = {}
    for one in named:
        if not one.startswith(f"{project['name']}["):
            found = _BOUND.fullmatch(one)
            assert found, f"{one} has no lower bound"
            bounds[found[1]] = found[2]
    return bounds


if __name__ == "__main__":
    for name, version in sorted(lowest().items()):
        print(f"{name}=={version}")
