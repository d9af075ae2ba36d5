"""The environment variables that settings come from, and whether their values can be used."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import partial
from zoneinfo import ZoneInfo

from zd_assets.catalog.export import Export
from zd_assets.catalog.registry import EXPORTS
from zd_assets.lake.schemes import SCHEMES
from zd_assets.zendesk.errors import ConfigurationError

_SUBDOMAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*")


@dataclass(frozen=True)
class Variable:
    """A variable: what it sets, an example, its default, and what is wrong with a value.

    `wrong` says what to set instead, or nothing where the value can be used. The values of
    secrets are quoted nowhere.
    """

    name: str
    about: str
    example: str = ""
    default: str = ""
    wrong: Callable[[str], str] = lambda value: ""


def _not_whole(value: str) -> str:
    usable = value.isdecimal() and int(value) >= 1
    return "" if usable else "set it to a whole number, 1 or more"


def _negative(value: str) -> str:
    return "" if value.isdecimal() else "set it to a whole number, 0 or more"


def _no_date(value: str) -> str:
    try:
        start = datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC)
    except ValueError:
        return "set it to a date such as 2025-01-01"
    future = start > datetime.now(UTC)
    return "it is in the future; set it to the first day to export" if future else ""


def _none_of(choices: Sequence[str], value: str) -> str:
    return "" if value in choices else f"set it to {' or '.join(choices)}"


def _no_subdomain(value: str) -> str:
    if _SUBDOMAIN.fullmatch(value):
        return ""
    return "set it to the account's first name alone: acme of https://acme.zendesk.com"


def _no_address(value: str) -> str:
    usable = value.startswith(("https://", "http://"))
    return "" if usable else "set it to an address such as https://acme.zendesk.com/api/v2"


def _no_zone(value: str) -> str:
    try:
        ZoneInfo(value)
    except (ValueError, OSError):
        return "set it to the IANA name of a time zone, such as Europe/Berlin"
    return ""


def _no_lake(value: str) -> str:
    scheme, separator, _ = value.partition("://")
    usable = not separator or scheme in (*SCHEMES, "file")
    return "" if usable else f"set it to a folder, or to an address of {', '.join(SCHEMES)}"


def _no_exports(value: str) -> str:
    known = [export.name for export in EXPORTS]
    unknown = [name for name in _names(value) if name not in known]
    if unknown or not _names(value):
        return f"set it to some of {', '.join(known)}, separated by commas"
    return ""


def _not_followed(value: str) -> str:
    return "" if "all" in _names(value) else _no_exports(value)


VARIABLES: tuple[Variable, ...] = (
    Variable(
        "ZENDESK_SUBDOMAIN",
        "The account: acme of https://acme.zendesk.com.",
        example="acme",
        wrong=_no_subdomain,
    ),
    Variable(
        "ZENDESK_CHAT_TOKEN",
        "Chat: an OAuth access token (scope `read`, of an owner or administrator).",
    ),
    Variable("ZENDESK_EMAIL", "Support: the address of an administrator, with ZENDESK_API_TOKEN."),
    Variable("ZENDESK_API_TOKEN", "Support: an API token, with ZENDESK_EMAIL."),
    Variable("ZENDESK_OAUTH_TOKEN", "Support: an OAuth access token, instead of those two."),
    Variable("ZENDESK_CLIENT_ID", "Support: an OAuth client, whose tokens are renewed by itself."),
    Variable("ZENDESK_CLIENT_SECRET", "Support: the secret of that client."),
    Variable(
        "ZENDESK_CHAT_URL",
        "Chat: the address before /incremental/..., if it isn't the account's.",
        example="https://acme.zendesk.com/api/v2/chat",
        wrong=_no_address,
    ),
    Variable(
        "ZENDESK_SUPPORT_URL",
        "Support: the address before /incremental/..., if it isn't the account's.",
        example="https://acme.zendesk.com/api/v2",
        wrong=_no_address,
    ),
    Variable(
        "ZD_EXPORTS",
        "Which exports, separated by commas.",
        example="chats,tickets,users",
        default="all",
        wrong=_no_exports,
    ),
    Variable(
        "ZD_START_DATE",
        "The first day to export.",
        example="2025-01-01",
        default="2025-01-01",
        wrong=_no_date,
    ),
    Variable(
        "ZD_PARTITION",
        "A partition is a `day` or an `hour`, UTC.",
        example="day",
        default="day",
        wrong=partial(_none_of, ("day", "hour")),
    ),
    Variable(
        "ZD_LAKE",
        "The lake: a folder, or an address such as s3://bucket/prefix.",
        example="data",
        default="data",
        wrong=_no_lake,
    ),
    Variable(
        "ZD_TIME_ZONE",
        "The zone of the days of facts, marts and report, by its IANA name; exports stay UTC.",
        example="Europe/Berlin",
        default="UTC",
        wrong=_no_zone,
    ),
    Variable(
        "ZD_POLL_INTERVAL",
        "Seconds between polls once an export is caught up.",
        example="300",
        default="300",
        wrong=_not_whole,
    ),
    Variable(
        "ZD_FOLLOW",
        "Which exports' sensors run from the start: `all`, or names separated by commas.",
        example="all",
        wrong=_not_followed,
    ),
    Variable(
        "ZD_ANALYTICS_EVERY",
        "Seconds between updates of analytics.",
        example="3600",
        default="3600",
        wrong=_negative,
    ),
    Variable(
        "ZD_CHAT_REQUESTS_PER_MINUTE",
        "Chat: how many requests a minute the account allows.",
        example="200",
        default="200",
        wrong=_not_whole,
    ),
    Variable(
        "ZD_SUPPORT_REQUESTS_PER_MINUTE",
        "Support: the same; 30 with the High Volume API add-on.",
        example="10",
        default="10",
        wrong=_not_whole,
    ),
    Variable(
        "ZD_BUDGET_URL",
        "A Postgres in which several machines share these budgets.",
        example="postgresql://user:password@host:5432/database",
    ),
    Variable(
        "ZD_HISTORY_DAYS",
        "Days of Dagster's history of runs that prune_history keeps in any case.",
        example="7",
        default="7",
        wrong=_not_whole,
    ),
    Variable(
        "ZD_ALERT_WEBHOOK",
        "Where failures and late exports are posted, as JSON with a `text`.",
        example="https://hooks.example.com/services/...",
    ),
    Variable(
        "ZD_ALERT_URLS",
        "Who is told instead: addresses of apprise (Slack, Teams, mail, PagerDuty, ...), "
        "separated by spaces.",
        example="mailtos://user:password@mail.example.com?to=team@example.com",
    ),
)


def check_environment(environment: Mapping[str, str] | None = None) -> None:
    """Look at the value of every variable that is set.

    Raises:
        ConfigurationError: some can't be used; the message names each, and what to set.
    """
    environment = os.environ if environment is None else environment
    wrong = [
        f"{one.name} is {environment[one.name]!r}; {words}"
        for one in VARIABLES
        if environment.get(one.name) and (words := one.wrong(environment[one.name]))
    ]
    if wrong:
        raise ConfigurationError("\n".join(wrong))


def chosen_exports(environment: Mapping[str, str] | None = None) -> list[Export]:
    """Return the exports that `ZD_EXPORTS` names, all of them where it isn't set.

    Raises:
        ConfigurationError: it names none, or what there isn't.
    """
    text = (os.environ if environment is None else environment).get("ZD_EXPORTS")
    if not text:
        return list(EXPORTS)
    if words := _no_exports(text):
        raise ConfigurationError(f"ZD_EXPORTS is {text!r}; {words}")
    return [export for export in EXPORTS if export.name in _names(text)]


def _names(text: str) -> list[str]:
    return [name for name in (part.strip() for part in text.split(",")) if name]
