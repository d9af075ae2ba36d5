"""Alerts to whatever apprise knows: Slack, Teams, mail, PagerDuty, ... by an address each."""

import json
import logging
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from zd_assets.defs.alerts.errors import AlertError
from zd_assets.extras import missing_extra
from zd_assets.zendesk.errors import ConfigurationError

VARIABLE = "ZD_ALERT_URLS"

_PROGRAM = Path(__file__).with_name("apprise_process.py")
_TITLE = "Zendesk exports"
_TROUBLE = ("FAILED", "STALE")
_TIMEOUT_S = 60.0

_log = logging.getLogger(__name__)


def tell(addresses: str, text: str) -> None:
    """Tell each address, separated by spaces; one is enough, so that none hears it twice.

    Raises:
        AlertError: none took the text; the message names no address.
        ConfigurationError: apprise knows no such address; then nothing is told.
        MissingExtraError: apprise isn't installed.
    """
    if not find_spec("apprise"):
        raise missing_extra(ModuleNotFoundError(name="apprise"), VARIABLE)
    urls = [address.rstrip(",") for address in addresses.split()]
    kind = "failure" if text.startswith(_TROUBLE) else "success"
    taken = _told({"urls": urls, "title": _TITLE, "text": text, "kind": kind})
    unknown = [number for number, one in enumerate(taken, start=1) if one is None]
    if unknown:
        raise ConfigurationError(
            f"{VARIABLE}: apprise can't use address {_listed(unknown)} of {len(urls)}; write it as "
            "apprise's documentation of the service says"
        )
    refused = [number for number, one in enumerate(taken, start=1) if not one]
    if len(refused) == len(urls):
        raise AlertError(f"the alert isn't delivered: no address took it; check {VARIABLE}")
    if refused:
        _log.warning(
            "An alert reached only part of %s: address %s of %d didn't take it.",
            VARIABLE,
            _listed(refused),
            len(urls),
        )


def _told(what: dict[str, str | list[str]]) -> list[bool | None]:
    """What became of each address. A process of its own: what is logged there goes nowhere.

    Apprise and the clients below it log addresses; those of the caller's other threads go on.
    """
    try:
        ran = subprocess.run(
            # -P: the modules beside the program are none of its imports.
            [sys.executable, "-P", str(_PROGRAM)],
            input=json.dumps(what),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=_TIMEOUT_S,
        )
        taken: list[bool | None] = json.loads(ran.stdout.splitlines()[-1])
    except (subprocess.TimeoutExpired, IndexError, ValueError):
        return [False] * len(what["urls"])
    return taken


def _listed(numbers: list[int]) -> str:
    return ", ".join(map(str, numbers))
