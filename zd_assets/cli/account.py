"""The account as the environment describes it: its APIs and the exports that are chosen."""

from dataclasses import replace

from zd_assets.catalog.export import Api, Export
from zd_assets.defs.environment import chosen_exports
from zd_assets.defs.resources import ZendeskApi, ZendeskChat, ZendeskSupport
from zd_assets.zendesk.client import Client

# A command is watched: it says soon that something doesn't work.
_ATTEMPTS = 2


def apis() -> dict[Api, ZendeskApi]:
    """Both APIs, with what the environment sets."""
    return {Api.CHAT: ZendeskChat(), Api.SUPPORT: ZendeskSupport()}


def exports_of(api: Api) -> list[Export]:
    """Return the chosen exports of an API.

    Raises:
        ConfigurationError: ZD_EXPORTS names what there isn't.
    """
    return [export for export in chosen_exports() if export.api is api]


def impatient(client: Client, attempts: int = _ATTEMPTS) -> Client:
    """Return the same client, which gives up sooner."""
    return replace(client, attempts=attempts, answer_deadline_s=60.0)
