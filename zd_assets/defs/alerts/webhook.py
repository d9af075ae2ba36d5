"""Where alerts go: a webhook that takes what Slack's incoming webhooks take."""

import json
import urllib.error
import urllib.request

import dagster as dg
from pydantic import Field

from zd_assets.zendesk.errors import ConfigurationError

VARIABLE = "ZD_ALERT_WEBHOOK"
#: Slack takes some more.
MOST_CHARACTERS = 3000

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_TIMEOUT_S = 10.0


class AlertError(Exception):
    """An alert wasn't taken; the message doesn't say where to, for the address is a secret."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


class AlertWebhook(dg.ConfigurableResource[None]):
    """A webhook for alerts. Its address is a secret: who knows it can post."""

    url: str | None = Field(
        default=None, repr=False, description=f"Where alerts are posted ({VARIABLE})."
    )

    def tell(self, text: str) -> None:
        """Post `{"text": ...}`, in as many messages as it takes, at most 3000 characters each.

        Raises:
            ConfigurationError: no address is set, or it isn't https.
            AlertError: part of the text wasn't taken.
        """
        for message in messages(text):
            self._post(message)

    def _post(self, text: str) -> None:
        request = urllib.request.Request(
            self._address(),
            data=json.dumps({"text": text}).encode(),
            headers={"Content-Type": "application/json"},
        )
        # Not by `requests`, whose own log names the address.
        try:
            with urllib.request.build_opener(_NoRedirect).open(request, timeout=_TIMEOUT_S):
                return
        except urllib.error.HTTPError as error:
            said = f"the webhook answered {error.code}"
            error.close()
        except (OSError, ValueError) as error:
            said = f"the webhook can't be reached ({type(error).__name__})"
        # Out here, so that it drags no error along that names the address.
        raise AlertError(f"the alert isn't delivered: {said}; check {VARIABLE}")

    def _address(self) -> str:
        url = self.url or dg.EnvVar(VARIABLE).get_value() or ""
        if not url:
            raise ConfigurationError(f"{VARIABLE} is not set; set it to the webhook's address")
        from zd_assets.zendesk.client import origin

        scheme, host, _ = origin(url)
        if scheme != "https" and not (scheme == "http" and host in _LOOPBACK):
            raise ConfigurationError(
                f"{VARIABLE} is no https address (http only to this machine itself)"
            )
        return url


def messages(text: str, most: int = MOST_CHARACTERS) -> list[str]:
    """Split a text between lines, and a line only where it alone is too long; nothing is lost.

    >>> messages("one\\ntwo\\nthirteen", most=7)
    ['one\\ntwo', 'thirtee', 'n']
    """
    parts = [""]
    for line in text.splitlines():
        for start in range(0, max(len(line), 1), most):
            piece = line[start : start + most]
            joined = f"{parts[-1]}\n{piece}" if parts[-1] else piece
            if start == 0 and len(joined) <= most:
                parts[-1] = joined
            else:
                parts.append(piece)
    return [part for part in parts if part]
