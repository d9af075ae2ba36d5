"""A client's virtual environment, made once."""

import shutil
import subprocess
import sys
from pathlib import Path

_PIP = ("-m", "pip", "install", "--quiet", "--disable-pip-version-check")


class NotInstalledError(Exception):
    """A client can't be installed here; the message says why."""


def installed(folder: Path, requirements: tuple[str, ...], pythons: tuple[str, ...]) -> Path:
    """Return the `bin` of an environment with `requirements`, made if it isn't there yet.

    `pythons` are the versions that the client works with, the best first.

    Raises:
        NotInstalledError: no such Python, or pip failed.
    """
    stamp = folder / "installed"
    wanted = "\n".join(requirements)
    if stamp.exists() and stamp.read_text() == wanted:
        return folder / "bin"
    shutil.rmtree(folder, ignore_errors=True)
    python = _python(pythons)
    _run([python, "-m", "venv", str(folder)])
    _run([str(folder / "bin" / "python"), *_PIP, *requirements])
    stamp.write_text(wanted)
    return folder / "bin"


def _python(versions: tuple[str, ...]) -> str:
    if f"{sys.version_info.major}.{sys.version_info.minor}" in versions:
        return sys.executable
    for version in versions:
        if found := shutil.which(f"python{version}"):
            return found
    raise NotInstalledError(f"needs Python {' or '.join(versions)}, which isn't here")


def _run(command: list[str]) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    if done.returncode:
        last = (done.stderr.strip().splitlines() or ["no message"])[-1]
        raise NotInstalledError(f"{' '.join(command[1:4])} failed: {last}")
