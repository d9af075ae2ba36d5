"""Resources: the shared client of an API, how its exports are fetched, and the lake."""

from abc import ABC, abstractmethod
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, ClassVar, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import dagster as dg
from pydantic import Field

from zd_assets.catalog.export import Api, Endpoint, Export
from zd_assets.catalog.registry import EXPORTS
from zd_assets.zendesk.errors import ConfigurationError
from zd_assets.zendesk.follow_up import Policy

# At run time in the methods alone: who loads the definitions needs neither Arrow nor HTTP.
if TYPE_CHECKING:
    from zd_assets.extract.options import Options
    from zd_assets.lake.lake import Lake
    from zd_assets.schema.privacy import Privacy
    from zd_assets.zendesk.auth import TokenAuth
    from zd_assets.zendesk.client import Client
    from zd_assets.zendesk.oauth import ClientAuth

_RETIRED_CHAT_URL = "https://www.zopim.com/api/v2"
_MAX_PAGE_SIZE = 1000
_SAMPLES, _SAMPLES_WINDOW_S = 10, 20 * 60
_ANALYTICS_EVERY_S = 3600
_SUPPORT_CREDENTIALS = (
    "ZENDESK_EMAIL",
    "ZENDESK_API_TOKEN",
    "ZENDESK_OAUTH_TOKEN",
    "ZENDESK_CLIENT_ID",
    "ZENDESK_CLIENT_SECRET",
)


class ZendeskApi(dg.ConfigurableResource["Client"], ABC):
    """One API of one account, and how its exports are fetched: what Chat and Support share.

    A field that isn't set is taken from the variable that its description names. Paths of
    `drop` and `hash` begin with the export: `chats.visitor.email`, `users.email`.
    """

    url_variable: ClassVar[str]
    budget_variable: ClassVar[str]
    budget: ClassVar[int]

    subdomain: str | None = Field(
        default=None, description="The account: acme (ZENDESK_SUBDOMAIN)."
    )
    url: str | None = Field(
        default=None,
        description="What comes before /incremental/... (ZENDESK_CHAT_URL, ZENDESK_SUPPORT_URL).",
    )
    requests_per_minute: int | None = Field(
        default=None,
        description="The account's budget, shared by all runs of this machine "
        "(ZD_CHAT_REQUESTS_PER_MINUTE, else 200; ZD_SUPPORT_REQUESTS_PER_MINUTE, else 10).",
    )
    budget_url: str | None = Field(
        default=None,
        repr=False,
        description="A Postgres in which runs of several machines share that budget: "
        "postgresql://user:password@host:5432/database (ZD_BUDGET_URL).",
    )
    policy: Policy = Field(
        default=Policy.PROGRESS,
        description="Whose word counts on whether more items are available.",
    )
    poll_interval_s: int | None = Field(
        default=None,
        description="Seconds between polls once caught up (ZD_POLL_INTERVAL, else 300; 1800 for "
        "organizations, 3600 for routing).",
    )
    poll_intervals_s: dict[str, int] = Field(
        default={},
        description='The same by export, where one differs: {"organizations": 3600}.',
    )
    overlap_s: dict[str, int] = Field(
        default={},
        description="Seconds, by export, by which a poll asks from before what was read, to find "
        'what shows up late: {"ticket_metric_events": 1800}. Else 900; 0 for routing.',
    )
    lag_s: dict[str, int] = Field(
        default={},
        description="Seconds, by export, that items are left to settle before they are read: "
        '{"chats": 600}. Else 300 for Chat and 60 for Support, which are the least.',
    )
    second_look_days: dict[str, int] = Field(
        default={},
        description="By export: of how many past days the second look reads one each night, and "
        'yesterday: {"users": 30}. Else 7; 0 never looks again.',
    )
    page_size: int = Field(
        default=_MAX_PAGE_SIZE, description="Items a page, `limit` or `per_page`: 1 to 1000."
    )
    max_pages_per_run: int = Field(
        default=500, description="Pages after which a run ends and is followed up at once."
    )
    max_parallel_windows: int = Field(
        default=4, description="Segments of partitions walked side by side in one run."
    )
    attempts: int = Field(default=8, description="How often one request is made before it fails.")
    first_wait_s: float = Field(
        default=1.0, description="Seconds before the second attempt; doubled after each."
    )
    drop: list[str] = Field(default=[], description="Attributes dropped before writing, by path.")
    hash: list[str] = Field(default=[], description="Attributes hashed before writing, by path.")
    hash_key: str | None = Field(
        default=None, repr=False, description="The secret key of the hashes."
    )

    def client(self) -> "Client":
        """Return the client; made when it is first needed.

        Raises:
            ConfigurationError: a setting is missing or unusable; the message names it.
        """
        return self._client

    def poll_interval(self, export: Export) -> int:
        """Seconds between polls of an export once caught up.

        Raises:
            ConfigurationError: it is out of range.
        """
        name, seconds = "poll_interval_s (ZD_POLL_INTERVAL)", self.poll_interval_s
        if export.name in self.poll_intervals_s:
            name, seconds = "poll_intervals_s", self.poll_intervals_s[export.name]
        if seconds is None:
            seconds = _whole_number("ZD_POLL_INTERVAL", export.poll_interval_s)
        if seconds < 1:
            raise ConfigurationError(f"{name} is {seconds}; it must be at least 1")
        return seconds

    def privacy(self) -> "Privacy":
        """Return what must not be kept, of any table of this API.

        Raises:
            ConfigurationError: a rule is unusable; the message names it.
        """
        return self._privacy()

    def tuned(self, export: Export) -> Export:
        """Return the export with the lag and the overlap that are set for it.

        Raises:
            ConfigurationError: a setting is out of range, or of no export of this API.
        """
        names = {one.name for one in EXPORTS if one.api is export.api}
        for field in ("overlap_s", "lag_s", "second_look_days", "poll_intervals_s"):
            for name, value in getattr(self, field).items():
                if name not in names:
                    raise ConfigurationError(
                        f"{field}: there is no export {name!r} in {export.api}; there are "
                        f"{', '.join(sorted(names))}"
                    )
                if value < 0:
                    raise ConfigurationError(f"{field}: {name} is {value}; it must be 0 or more")
        lag_s = self.lag_s.get(export.name, export.settle_s)
        if lag_s < export.settle_s:
            raise ConfigurationError(
                f"lag_s: {export.name} is {lag_s}; the API refuses to be asked for what is younger "
                f"than {export.settle_s} s"
            )
        overlap_s = self.overlap_s.get(export.name, export.overlap_s)
        return replace(export, settle_s=lag_s, overlap_s=overlap_s)

    def options(self, export: Export, *, full_refresh: bool) -> "Options":
        """Return how to fetch an export.

        Raises:
            ConfigurationError: a setting is out of range; the message names it.
        """
        from zd_assets.extract.options import Options

        for name, highest in (
            ("page_size", _MAX_PAGE_SIZE),
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
            full_refresh=full_refresh,
        )

    @cached_property
    def _client(self) -> "Client":
        from zd_assets.zendesk.budget import Budget
        from zd_assets.zendesk.client import Client

        per_minute = self.requests_per_minute
        if per_minute is None:
            per_minute = _whole_number(self.budget_variable, self.budget)
        if per_minute < 1:
            raise ConfigurationError(
                f"requests_per_minute ({self.budget_variable}) is {per_minute}; "
                "it must be at least 1"
            )
        url = (self.url or _text(self.url_variable) or self._default_url()).rstrip("/")
        return Client(
            base_url=url,
            base_url_variable=self.url_variable,
            auth=self._auth(url),
            budget=Budget(url, per_minute, shared=self._budget_url()),
            attempts=self.attempts,
            first_wait_s=self.first_wait_s,
        )

    def _budget_url(self) -> str:
        return self.budget_url or _text("ZD_BUDGET_URL") or ""

    def _subdomain(self) -> str | None:
        return self.subdomain or _text("ZENDESK_SUBDOMAIN")

    def _privacy(self, exclude_fields: tuple[str, ...] = ()) -> "Privacy":
        from zd_assets.schema.privacy import Privacy

        try:
            return Privacy(exclude_fields, tuple(self.drop), tuple(self.hash), self.hash_key or "")
        except ValueError as error:
            raise ConfigurationError(str(error)) from None

    @abstractmethod
    def missing_credentials(self) -> str | None:
        """Say what isn't set, where nothing at all is set to sign in with.

        Half of what is needed isn't nothing: that is an error, which `client` raises.
        """

    @abstractmethod
    def _auth(self, url: str) -> "TokenAuth | ClientAuth":
        """Return how to sign in to the API at `url`."""

    @abstractmethod
    def _default_url(self) -> str:
        """Return what comes before /incremental/... where nothing says otherwise."""


class ZendeskChat(ZendeskApi):
    """The Chat API of one account, and how its exports are fetched."""

    url_variable = "ZENDESK_CHAT_URL"
    budget_variable = "ZD_CHAT_REQUESTS_PER_MINUTE"
    budget = 200

    token: str | None = Field(
        default=None, repr=False, description="Chat OAuth access token (ZENDESK_CHAT_TOKEN)."
    )
    exclude_fields: list[str] = Field(
        default=[], description="Top-level attributes not even asked for (chats, conversions)."
    )

    def missing_credentials(self) -> str | None:
        """Say what isn't set, where nothing at all is set to sign in with."""
        given = self.token or _text("ZENDESK_CHAT_TOKEN")
        return None if given else "ZENDESK_CHAT_TOKEN isn't set"

    def _auth(self, url: str) -> "TokenAuth":
        from zd_assets.zendesk.auth import bearer

        token = self.token or _text("ZENDESK_CHAT_TOKEN")
        if not token:
            raise ConfigurationError(
                "ZENDESK_CHAT_TOKEN is not set; set it to an OAuth access token of the Chat API "
                "(scope `read`, of an owner or administrator)"
            )
        return bearer(token, "ZENDESK_CHAT_TOKEN")

    def _default_url(self) -> str:
        subdomain = self._subdomain()
        return f"https://{subdomain}.zendesk.com/api/v2/chat" if subdomain else _RETIRED_CHAT_URL

    def _privacy(self, exclude_fields: tuple[str, ...] = ()) -> "Privacy":
        return super()._privacy(tuple(self.exclude_fields))


class ZendeskSupport(ZendeskApi):
    """The Support API of one account, and how its exports are fetched.

    It is signed in to with an OAuth client, whose access tokens it gets and renews, with an OAuth
    token, or with an agent's e-mail address and API token.
    """

    url_variable = "ZENDESK_SUPPORT_URL"
    budget_variable = "ZD_SUPPORT_REQUESTS_PER_MINUTE"
    budget = 10

    email: str | None = Field(
        default=None, description="An administrator's address, for api_token (ZENDESK_EMAIL)."
    )
    api_token: str | None = Field(
        default=None, repr=False, description="API token (ZENDESK_API_TOKEN)."
    )
    oauth_token: str | None = Field(
        default=None, repr=False, description="OAuth access token (ZENDESK_OAUTH_TOKEN)."
    )
    client_id: str | None = Field(
        default=None, description="Identifier of an OAuth client (ZENDESK_CLIENT_ID)."
    )
    client_secret: str | None = Field(
        default=None, repr=False, description="Its secret (ZENDESK_CLIENT_SECRET)."
    )
    # Requests are the scarce thing: windows side by side would only cost more of them.
    max_parallel_windows: int = Field(
        default=1, description="Segments of partitions walked side by side in one run."
    )
    pagination: dict[str, str] = Field(
        default={},
        description="Another pagination than an export's first: "
        '{"tickets": "time", "users": "time", "ticket_metric_events": "pages"}.',
    )
    include: dict[str, list[str]] = Field(
        default={},
        description="Sideloads by export, which become tables of their own: "
        '{"tickets": ["users", "groups"], "ticket_events": ["comment_events"]}.',
    )
    include_changes: bool = Field(
        default=False, description="Ask for ticket_metric_events with `include_changes`."
    )
    support_type_scope: Literal["all", "agent", "ai_agent"] = Field(
        default="all",
        description="Whose tickets and ticket events are asked for: the API's own default, "
        "`agent`, leaves out those of AI agents.",
    )
    exclude_system_updates: bool = Field(
        default=False,
        description="Leave out versions of tickets that an earlier partition holds and that only "
        "the system has touched since.",
    )

    def missing_credentials(self) -> str | None:
        """Say what isn't set, where nothing at all is set to sign in with."""
        fields = (self.email, self.api_token, self.oauth_token, self.client_id, self.client_secret)
        given = any(fields) or any(map(_text, _SUPPORT_CREDENTIALS))
        return None if given else f"none of {', '.join(_SUPPORT_CREDENTIALS)} is set"

    def sample_client(self) -> "Client":
        """Return the client of the sample endpoints, which have a budget of their own.

        Raises:
            ConfigurationError: a setting is missing or unusable; the message names it.
        """
        from zd_assets.zendesk.budget import Budget

        client = self.client()
        budget = Budget(
            f"{client.base_url} sample", _SAMPLES, _SAMPLES_WINDOW_S, shared=self._budget_url()
        )
        return replace(client, budget=budget)

    def options(self, export: Export, *, full_refresh: bool) -> "Options":
        """Return how to fetch an export.

        Raises:
            ConfigurationError: a setting is out of range or names what there isn't.
        """
        self._check_names()
        return replace(
            super().options(export, full_refresh=full_refresh),
            endpoint=self._endpoint(export),
            include=tuple(self.include.get(export.name, ())),
            include_changes=self.include_changes and export.supports_include_changes,
            scope=self.support_type_scope,
            exclude_system_updates=self.exclude_system_updates and bool(export.updated_at_column),
        )

    def _endpoint(self, export: Export) -> Endpoint:
        chosen = self.pagination.get(export.name, export.endpoints[0].pagination)
        return next(one for one in export.endpoints if one.pagination == chosen)

    def _check_names(self) -> None:
        paginations = {
            export.name: [str(endpoint.pagination) for endpoint in export.endpoints]
            for export in EXPORTS
            if export.api is Api.SUPPORT
        }
        sideloads = {
            export.name: [
                *(sideload.name for sideload in export.sideloads),
                *export.inline_sideloads,
            ]
            for export in EXPORTS
            if export.api is Api.SUPPORT
        }
        asked = {name: [kind] for name, kind in self.pagination.items()}
        for field, given, known in (
            ("pagination", asked, paginations),
            ("include", self.include, sideloads),
        ):
            for export, names in given.items():
                if export not in known:
                    raise ConfigurationError(f"{field}: there is no Support export {export!r}")
                for name in names:
                    if name not in known[export]:
                        choice = " or ".join(known[export]) or "nothing"
                        raise ConfigurationError(
                            f"{field}: {export} can't have {name!r}; it can have {choice}"
                        )

    def _auth(self, url: str) -> "TokenAuth | ClientAuth":
        from zd_assets.zendesk.auth import basic, bearer
        from zd_assets.zendesk.oauth import ClientAuth

        # A secret among the fields says how: then none of the environment's counts.
        in_fields = self.oauth_token or self.client_secret or self.api_token

        def secret(field: str | None, variable: str) -> str | None:
            return field or (None if in_fields else _text(variable))

        if oauth_token := secret(self.oauth_token, "ZENDESK_OAUTH_TOKEN"):
            return bearer(oauth_token, "ZENDESK_OAUTH_TOKEN")
        if client_secret := secret(self.client_secret, "ZENDESK_CLIENT_SECRET"):
            if not (client_id := self.client_id or _text("ZENDESK_CLIENT_ID")):
                raise ConfigurationError(
                    "ZENDESK_CLIENT_ID is not set; set it to the identifier of the OAuth client "
                    "whose secret is in ZENDESK_CLIENT_SECRET"
                )
            scheme, _, rest = url.partition("://")
            return ClientAuth(f"{scheme}://{rest.partition('/')[0]}", client_id, client_secret)
        email = self.email or _text("ZENDESK_EMAIL")
        api_token = secret(self.api_token, "ZENDESK_API_TOKEN")
        if not (email and api_token):
            missing = "ZENDESK_EMAIL" if api_token else "ZENDESK_API_TOKEN"
            raise ConfigurationError(
                f"{missing} is not set; set ZENDESK_EMAIL and ZENDESK_API_TOKEN (of an "
                "administrator), ZENDESK_OAUTH_TOKEN, or ZENDESK_CLIENT_ID and "
                "ZENDESK_CLIENT_SECRET"
            )
        return basic(email, api_token, "ZENDESK_EMAIL and ZENDESK_API_TOKEN")

    def _default_url(self) -> str:
        if subdomain := self._subdomain():
            return f"https://{subdomain}.zendesk.com/api/v2"
        raise ConfigurationError(
            "ZENDESK_SUBDOMAIN is not set; set it to the account's: acme of acme.zendesk.com"
        )


class LakeFolder(dg.ConfigurableResource["Lake"]):
    """The lake that the exports are written to."""

    location: str | None = Field(
        default=None, description="A folder, or s3://bucket/prefix, ... (ZD_LAKE, else data)."
    )

    analytics_every_s: int | None = Field(
        default=None,
        description="How many seconds analytics rest between two updates, unless a day completes "
        "(ZD_ANALYTICS_EVERY, else 3600).",
    )

    time_zone: str | None = Field(
        default=None,
        description="The zone of the days of models and of the report, by its IANA name: "
        "Europe/Berlin (ZD_TIME_ZONE, else UTC). Exports' partitions stay UTC.",
    )

    def zone(self) -> str:
        """Return the IANA name of the zone of the days of models.

        Raises:
            ConfigurationError: there is no such zone.
        """
        name = self.time_zone or _text("ZD_TIME_ZONE") or "UTC"
        try:
            return ZoneInfo(name).key
        except (ZoneInfoNotFoundError, ValueError, OSError):
            raise ConfigurationError(
                f"ZD_TIME_ZONE is {name!r}; set it to the IANA name of a time zone, such as "
                "Europe/Berlin"
            ) from None

    def analytics_every(self) -> int:
        """Return how many seconds analytics rest between two updates.

        Raises:
            ConfigurationError: the field is negative, or the variable no whole number.
        """
        seconds = self.analytics_every_s
        if seconds is None:
            seconds = _whole_number("ZD_ANALYTICS_EVERY", _ANALYTICS_EVERY_S)
        if seconds < 0:
            raise ConfigurationError(
                f"analytics_every_s (ZD_ANALYTICS_EVERY) is {seconds}; it must be 0 or more"
            )
        return seconds

    def open(self, prefix: str = "") -> "Lake":
        """Return the lake, of an account with a prefix the folder of that name in it.

        Nothing is made before the first commit.
        """
        from zd_assets.lake.lake import Lake, open_lake

        root = open_lake(self.location or _text("ZD_LAKE") or "data").root
        return Lake(root.joinpath(prefix) if prefix else root, self.zone())


def filled(folder: LakeFolder) -> LakeFolder:
    """Fill in the fields of a resource outside of a run, where Dagster hasn't done it."""
    # Not by Dagster's own way, which makes an instance and loads its storage for that.
    fields: dict[str, Any] = {}
    for name in type(folder).model_fields:
        value = getattr(folder, name)
        fields[name] = value.get_value() if isinstance(value, dg.EnvVar) else value
    return LakeFolder(**fields)


def open_folder(folder: LakeFolder, prefix: str = "") -> "Lake":
    """Open the lake of a resource outside of a run."""
    return filled(folder).open(prefix)


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
