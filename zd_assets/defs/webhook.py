"""Where alerts go: a webhook that takes what Slack's incoming webhooks take."""

import json
import urllib.error
import urllib.request

import dagster as dg
from pydantic import Field

from zd_assets.zendesk.client import origin
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
        """Post `{"text": ...}`, cut to 3000 characters.

        Raises:
            ConfigurationError: no address is set, or it isn't https.
            AlertError: the text wasn't taken.
        """
        if len(text) > MOST_CHARACTERS:
            text = text[: MOST_CHARACTERS - 1] + "…"
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
        scheme, host, _ = origin(url)
        if scheme != "https" and not (scheme == "http" and host in _LOOPBACK):
            raise ConfigurationError(
                f"{VARIABLE} is no https address (http only to this machine itself)"
            )
        return url
