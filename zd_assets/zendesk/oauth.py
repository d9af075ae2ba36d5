"""Access tokens of an OAuth client: got when the first is needed, and again before they expire.

Source: Zendesk's guide to OAuth, client credentials; a request to `/oauth/tokens`, outside the API.
"""

import threading
import time
from dataclasses import dataclass

import msgspec
import requests
from requests.auth import AuthBase

from zd_assets.zendesk.auth import TokenAuth, bearer
from zd_assets.zendesk.body import read_body
from zd_assets.zendesk.deadline import deadline, open_session
from zd_assets.zendesk.errors import AuthenticationError
from zd_assets.zendesk.refusals import quoted
from zd_assets.zendesk.retry import PassingError, passes, retry_after_s

_VARIABLES = "ZENDESK_CLIENT_ID and ZENDESK_CLIENT_SECRET"
_CONNECT_S, _READ_S = 10, 30
# A token that is about to expire isn't begun a request with; one that is so young hasn't expired.
_MARGIN_S = 60.0


class _Answer(msgspec.Struct):
    access_token: str
    expires_in: float | None = None


@dataclass(frozen=True)
class _Token:
    auth: TokenAuth
    header: str
    got_s: float
    until_s: float


class ClientAuth(AuthBase):
    """Signs with the access tokens of an OAuth client, whose owner they act for."""

    variables = _VARIABLES

    def __init__(self, origin: str, client_id: str, client_secret: str) -> None:
        """Take the client of the account at `origin`, such as https://acme.zendesk.com.

        Raises:
            ConfigurationError: no request can carry the secret.
        """
        self._url = f"{origin}/oauth/tokens"
        self._client_id = client_id
        self._secret = bearer(client_secret, _VARIABLES)
        self._client_secret = client_secret
        self._token: _Token | None = None
        self._lock = threading.Lock()

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        """Sign one request.

        Raises:
            AuthenticationError: the client is refused a token.
            PassingError: the answer doesn't help; try again.
            requests.RequestException: there is no answer.
        """
        with self._lock:
            if self._token is None or self._token.until_s < time.monotonic():
                self._token = self._get()
            return self._token.auth(request)

    def __repr__(self) -> str:
        """Show where the secret came from, never the secret."""
        return f"ClientAuth({self.variables})"

    def another(self, header: str) -> bool:
        """Return whether there is another token than the one in a header that the API refused."""
        with self._lock:
            token = self._token
            if token and token.header == header:
                if time.monotonic() - token.got_s < _MARGIN_S:
                    return False
                self._token = None
            return True

    def scrub(self, text: str) -> str:
        """`text` without the secrets, for messages that quote a server."""
        token = self._token
        return self._secret.scrub(token.auth.scrub(text) if token else text)

    def _get(self) -> _Token:
        asked_s = time.monotonic()
        with (
            deadline(_READ_S),
            open_session() as session,
            session.post(
                self._url,
                json={
                    "grant_type": "client_credentials",
                    "client_id": self._client_id,
                    "client_secret": self._client_secret,
                    "scope": "read",
                },
                auth=lambda request: request,  # Nobody's .netrc signs it.
                timeout=(_CONNECT_S, _READ_S),
                allow_redirects=False,
                stream=True,
            ) as response,
        ):
            content = read_body(response)
        status = response.status_code
        if passes(status):
            raise PassingError(f"{self._url} answered {status}", retry_after_s(response))
        if not response.ok or response.is_redirect:
            raise AuthenticationError(
                f"{self._url} answered {status}{quoted(content, self.scrub)}; check "
                f"{self.variables} (of a confidential OAuth client that an administrator made)"
            )
        try:
            answer = msgspec.json.decode(content, type=_Answer)
        except msgspec.MsgspecError:
            raise PassingError(f"{self._url}: the answer is no access token") from None
        lives_s = float("inf") if answer.expires_in is None else answer.expires_in
        return _Token(
            auth=bearer(answer.access_token, self.variables),
            header=f"Bearer {answer.access_token}",
            got_s=asked_s,
            until_s=asked_s + lives_s - min(_MARGIN_S, lives_s / 2),
        )
