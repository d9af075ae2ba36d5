"""Signing requests: the one place that has secrets, and how they stay out of messages."""

from base64 import b64encode

import requests
from requests.auth import AuthBase

from zd_assets.zendesk.errors import ConfigurationError


class TokenAuth(AuthBase):
    """Sets the Authorization header; as an auth object, so that no .netrc overrides it."""

    def __init__(self, header: str, variables: str, secret: str) -> None:
        """Take the header's value, the secret in it, and the variables it came from.

        Raises:
            ConfigurationError: no header can carry it; http.client's own error would quote it.
        """
        if not all(text.isascii() and text.isprintable() for text in (header, secret)):
            raise _unusable(variables)
        self._header = header
        # Base64 without its padding, which a server may leave out or write as %3D.
        self._secrets = (header.partition(" ")[2].rstrip("="), secret)
        self.variables = variables

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign one request."""
        request.headers["Authorization"] = self._header
        return request

    def __repr__(self) -> str:
        """Show where the secret came from, never the secret."""
        return f"TokenAuth({self.variables})"

    def another(self, header: str) -> bool:
        """Return whether there is another token than one that the API refused: no."""
        return False

    def scrub(self, text: str) -> str:
        """`text` without the secrets, for messages that quote a server."""
        for secret in self._secrets:
            text = text.replace(secret, "***")
        return text


def bearer(token: str, variable: str) -> TokenAuth:
    """Sign with an OAuth access token, which `variable` holds."""
    return TokenAuth(f"Bearer {token}", variable, token)


def basic(email: str, api_token: str, variables: str) -> TokenAuth:
    """Sign with an API token of the agent with this e-mail address ("{email}/token:{token}").

    Raises:
        ConfigurationError: one of them holds what neither can.
    """
    if not email.isprintable():
        raise _unusable(variables)
    login = b64encode(f"{email}/token:{api_token}".encode()).decode()
    return TokenAuth(f"Basic {login}", variables, api_token)


def _unusable(variables: str) -> ConfigurationError:
    return ConfigurationError(
        f"{variables}: there is a line break or another character in it that can't be sent; "
        "set it again (perhaps it was read from a file with its last line's end)"
    )
