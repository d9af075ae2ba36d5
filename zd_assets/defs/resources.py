"""Resources: the shared client of an API, how its exports are fetched, and the lake."""

from functools import cached_property

import dagster as dg
from pydantic import Field

from zd_assets.extract.extract import Options
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.lake.privacy import Privacy
from zd_assets.zendesk.budget import Budget
from zd_assets.zendesk.client import Client, TokenAuth
from zd_assets.zendesk.errors import ConfigurationError
from zd_assets.zendesk.follow_up import Policy

_RETIRED_CHAT_URL = "https://www.zopim.com/api/v2"
_MAX_LIMIT = 1000


class ZendeskChat(dg.ConfigurableResource[Client]):
    """The Chat API of one account, and how its exports are fetched.

    A field that isn't set is taken from the variable that its description names. Paths of
    `leave_out`, `drop` and `hash` begin with the export: `chats.visitor.email`.
    """

    token: str | None = Field(
        default=None, repr=False, description="Chat OAuth access token (ZENDESK_CHAT_TOKEN)."
    )
    subdomain: str | None = Field(
        default=None, description="The account: acme (ZENDESK_SUBDOMAIN)."
    )
    url: str | None = Field(
        default=None, description="What stands before /incremental/... (ZENDESK_CHAT_URL)."
    )
    requests_per_minute: int | None = Field(
        default=None,
        description="The account's budget, shared by all runs of this machine "
        "(ZD_CHAT_REQUESTS_PER_MINUTE, else 200).",
    )
    policy: Policy = Field(
        default=Policy.PROGRESS,
        description="Whose word counts on whether more items are available.",
    )
    poll_interval_s: int | None = Field(
        default=None,
        description="Seconds between polls once caught up (ZD_POLL_INTERVAL, else 300).",
    )
    page_size: int = Field(default=_MAX_LIMIT, description="Items a page, `limit`: 1 to 1000.")
    max_pages_per_run: int = Field(
        default=500, description="Pages after which a run ends and is followed up at once."
    )
    max_parallel_windows: int = Field(
        default=4, description="Stretches of partitions walked side by side in one run."
    )
    attempts: int = Field(default=8, description="How often one request is made before it fails.")
    first_wait_s: float = Field(
        default=1.0, description="Seconds before the second attempt; doubled after each."
    )
    leave_out: list[str] = Field(
        default=[], description="Top-level attributes not even asked for (chats, conversions)."
    )
    drop: list[str] = Field(default=[], description="Attributes dropped before writing, by path.")
    hash: list[str] = Field(default=[], description="Attributes hashed before writing, by path.")
    hash_key: str | None = Field(
        default=None, repr=False, description="The secret key of the hashes."
    )

    def client(self) -> Client:
        """The client; made when it is first needed.

        Raises:
            ConfigurationError: a setting is missing or unusable; the message names it.
        """
        return self._client

    def poll_interval(self) -> int:
        """Seconds between polls once caught up.

        Raises:
            ConfigurationError: it is out of range.
        """
        seconds = self.poll_interval_s
        if seconds is None:
            seconds = _whole_number("ZD_POLL_INTERVAL", 300)
        if seconds < 1:
            raise ConfigurationError(
                f"poll_interval_s (ZD_POLL_INTERVAL) is {seconds}; it must be at least 1"
            )
        return seconds

    def options(self, *, refetch: bool) -> Options:
        """How to fetch.

        Raises:
            ConfigurationError: a setting is out of range; the message names it.
        """
        for name, highest in (
            ("page_size", _MAX_LIMIT),
            ("max_pages_per_run", None),
            ("max_parallel_windows", None),
            ("attempts", None),
        ):
            value = getattr(self, name)
            if value < 1 or (highest and value > highest):
                limits = f"from 1 to {highest}" if highest else "at least 1"
                raise ConfigurationError(f"{name} is {value}; it must be {limits}")
        return Options(
            policy=self.policy,
            page_size=self.page_size,
            max_pages=self.max_pages_per_run,
            max_parallel_windows=self.max_parallel_windows,
            privacy=self._privacy(),
            refetch=refetch,
        )

    @cached_property
    def _client(self) -> Client:
        token = self.token or _text("ZENDESK_CHAT_TOKEN")
        if not token:
            raise ConfigurationError(
                "ZENDESK_CHAT_TOKEN is not set; set it to an OAuth access token of the Chat API "
                "(scope `read`, of an owner or administrator)"
            )
        per_minute = self.requests_per_minute
        if per_minute is None:
            per_minute = _whole_number("ZD_CHAT_REQUESTS_PER_MINUTE", 200)
        if per_minute < 1:
            raise ConfigurationError(
                f"requests_per_minute (ZD_CHAT_REQUESTS_PER_MINUTE) is {per_minute}; "
                "it must be at least 1"
            )
        url = self._base_url()
        return Client(
            base_url=url,
            base_url_variable="ZENDESK_CHAT_URL",
            auth=TokenAuth(f"Bearer {token}", "ZENDESK_CHAT_TOKEN"),
            budget=Budget(url, per_minute),
            attempts=self.attempts,
            first_wait_s=self.first_wait_s,
        )

    def _base_url(self) -> str:
        if url := self.url or _text("ZENDESK_CHAT_URL"):
            return url.rstrip("/")
        if subdomain := self.subdomain or _text("ZENDESK_SUBDOMAIN"):
            return f"https://{subdomain}.zendesk.com/api/v2/chat"
        return _RETIRED_CHAT_URL

    def _privacy(self) -> Privacy:
        try:
            return Privacy(
                tuple(self.leave_out), tuple(self.drop), tuple(self.hash), self.hash_key or ""
            )
        except ValueError as error:
            raise ConfigurationError(str(error)) from None


class LakeFolder(dg.ConfigurableResource[Lake]):
    """The lake that the exports are written to."""

    location: str | None = Field(default=None, description="A folder (ZD_LAKE, else data).")

    def open(self) -> Lake:
        """The lake; nothing is made before the first commit."""
        return open_lake(self.location or _text("ZD_LAKE") or "data")


# Dagster takes a resource's fields from the run config or from its definition, never from both:
# read here, the environment counts for whatever neither of them sets.
def _text(variable: str) -> str | None:
    return dg.EnvVar(variable).get_value() or None


def _whole_number(variable: str, default: int) -> int:
    text = _text(variable)
    try:
        return int(text) if text else default
    except ValueError:
        raise ConfigurationError(f"{variable} is {text!r}; set it to a whole number") from None
