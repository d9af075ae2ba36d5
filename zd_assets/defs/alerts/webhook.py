"""Where alerts go: addresses of apprise, else a webhook that takes what Slack's take."""

import json
import urllib.error
import urllib.request

import dagster as dg
from pydantic import Field

from zd_assets.defs.alerts import by_apprise
from zd_assets.defs.alerts.errors import AlertError
from zd_assets.zendesk.errors import ConfigurationError

VARIABLE = "ZD_ALERT_WEBHOOK"
#: Slack takes some more.
MOST_CHARACTERS = 3000

_LOOPBACK = {"localhost", "127.0.0.1", "::1"}
_TIMEOUT_S = 10.0


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    def redirect_request(self, *_: object) -> None:
        return None


class AlertWebhook(dg.ConfigurableResource[None]):
    """Where alerts go. Its addresses are secrets: who knows one can post."""

    url: str | None = Field(
        default=None, repr=False, description=f"Where alerts are posted ({VARIABLE})."
    )
    urls: str | None = Field(
        default=None,
        repr=False,
        description="Who is told instead, as addresses of apprise, separated by spaces "
        f"({by_apprise.VARIABLE}).",
    )

    def tell(self, text: str) -> None:
        """Tell it by apprise where it has addresses, else post `{"text": ...}` to the webhook.

        In as many messages as it takes, for the webhook of at most 3000 characters each.

        Raises:
            ConfigurationError: no address is set, the webhook's isn't https, apprise knows no such.
            MissingExtraError: there are addresses of apprise, but it isn't installed.
            AlertError: the webhook didn't take part of the text, or no other address took it.
        """
        if urls := self.urls or dg.EnvVar(by_apprise.VARIABLE).get_value():
            by_apprise.tell(urls, text)
            return
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
            raise ConfigurationError(
                f"neither {by_apprise.VARIABLE} nor {VARIABLE} is set; set one to where alerts go"
            )
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
