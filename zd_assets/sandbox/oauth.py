"""OAuth's client credentials: access tokens of the Support API, which live for a while."""

from __future__ import annotations

import hmac
import secrets
import time
from typing import Any

import orjson

from zd_assets.sandbox.page import RefusedError
from zd_assets.sandbox.settings import Settings

PATH = "/oauth/tokens"


class Tokens:
    """The access tokens that were issued, and when each expires, by the real time."""

    def __init__(self) -> None:
        """Begin with none."""
        self._ends_s: dict[str, float] = {}

    def issue(self, body: bytes, settings: Settings) -> dict[str, Any]:
        """Answer a request for a token; RefusedError says what is wrong with it."""
        try:
            asked = orjson.loads(body)
        except orjson.JSONDecodeError:
            asked = None
        if not isinstance(asked, dict):
            raise RefusedError(400, "invalid_request", "The body must be a JSON object.")
        if asked.get("grant_type") != "client_credentials":
            raise RefusedError(400, "unsupported_grant_type", "Only client_credentials is here.")
        given = f"{asked.get('client_id')} {asked.get('client_secret')}"
        if not hmac.compare_digest(
            given.encode(), f"{settings.client_id} {settings.client_secret}".encode()
        ):
            raise RefusedError(401, "invalid_client", "Unknown client, or wrong secret.")
        token = secrets.token_hex(32)
        self._ends_s[token] = time.monotonic() + settings.token_lifetime
        return {
            "access_token": token,
            "token_type": "bearer",
            "scope": asked.get("scope", "read write"),
            "expires_in": int(settings.token_lifetime),
        }

    def allow(self, authorization: str) -> bool:
        """Return whether a header has a valid token."""
        return self._ends_s.get(authorization.removeprefix("Bearer "), 0) > time.monotonic()
