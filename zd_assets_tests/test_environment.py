"""The values of the environment's variables, looked at before anything is asked."""

import re
from pathlib import Path

import pytest

import zd_assets
from zd_assets.catalog.chat import CHATS
from zd_assets.catalog.registry import EXPORTS
from zd_assets.catalog.support import USERS
from zd_assets.defs.environment import VARIABLES, check_environment, chosen_exports
from zd_assets.defs.resources import ZendeskChat, ZendeskSupport
from zd_assets.zendesk.errors import ConfigurationError

_WHOLE = "set it to a whole number, 1 or more"


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("ZD_CHAT_REQUESTS_PER_MINUTE", "many", _WHOLE),
        ("ZD_SUPPORT_REQUESTS_PER_MINUTE", "0", _WHOLE),
        ("ZD_POLL_INTERVAL", "-1", _WHOLE),
        ("ZD_POLL_INTERVAL", "1.5", _WHOLE),
        ("ZD_PARTITION", "week", "set it to day or hour"),
        ("ZD_START_DATE", "soon", "set it to a date such as 2025-01-01"),
        ("ZD_START_DATE", "2999-01-01", "it is in the future; set it to the first day to export"),
        ("ZENDESK_SUBDOMAIN", "acme.zendesk.com", "set it to the account's first name alone"),
        ("ZENDESK_SUBDOMAIN", "https://acme", "set it to the account's first name alone"),
        ("ZENDESK_CHAT_URL", "acme", "set it to an address such as https://acme.zendesk.com"),
        ("ZENDESK_SUPPORT_URL", "acme", "set it to an address such as https://acme.zendesk.com"),
        ("ZD_LAKE", "ftp://there", "set it to a folder, or to an address of "),
        ("ZD_EXPORTS", "chats,mails", "set it to some of chats, agent_timeline, "),
        ("ZD_EXPORTS", " , ", "set it to some of chats, agent_timeline, "),
    ],
)
def test_an_unusable_value_is_named_with_what_to_set(variable: str, value: str, words: str) -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_environment({variable: value})
    assert str(caught.value).startswith(f"{variable} is {value!r}; {words}")
    assert len(str(caught.value).splitlines()) == 1


def test_all_unusable_values_are_named_at_once_and_the_rest_not() -> None:
    with pytest.raises(ConfigurationError) as caught:
        check_environment({"ZD_POLL_INTERVAL": "often", "ZD_EXPORTS": "mails", "ZD_LAKE": "data"})
    named = [line.split()[0] for line in str(caught.value).splitlines()]
    assert named == ["ZD_EXPORTS", "ZD_POLL_INTERVAL"]


def test_examples_defaults_and_empty_values_can_be_used() -> None:
    check_environment({one.name: one.example for one in VARIABLES})
    check_environment({one.name: one.default for one in VARIABLES if one.name != "ZD_EXPORTS"})
    check_environment({one.name: "" for one in VARIABLES})
    check_environment({"ZD_LAKE": "s3://bucket/prefix"})


def test_the_exports_are_those_that_are_named_in_the_catalogs_order() -> None:
    assert chosen_exports({"ZD_EXPORTS": "users, chats"}) == [CHATS, USERS]
    assert chosen_exports({}) == chosen_exports({"ZD_EXPORTS": ""}) == list(EXPORTS)


def test_an_api_with_nothing_to_sign_in_with_says_what_isnt_set(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for one in VARIABLES:
        monkeypatch.delenv(one.name, raising=False)
    assert ZendeskChat().missing_credentials() == "ZENDESK_CHAT_TOKEN isn't set"
    assert (ZendeskSupport().missing_credentials() or "").startswith("none of ZENDESK_EMAIL, ")
    assert ZendeskChat(token="t").missing_credentials() is None
    assert ZendeskSupport(oauth_token="t").missing_credentials() is None
    # Half of it is a mistake to be told, not an API that nobody wants.
    monkeypatch.setenv("ZENDESK_EMAIL", "a@example.com")
    assert ZendeskSupport().missing_credentials() is None
    with pytest.raises(ConfigurationError, match="ZENDESK_API_TOKEN is not set"):
        ZendeskSupport(url="https://acme.zendesk.com/api/v2").client()


def test_every_variable_that_the_source_names_is_in_the_table() -> None:
    folder = Path(zd_assets.__file__).parent
    texts = [path.read_text("utf-8") for path in folder.rglob("*.py")]
    named = {name for text in texts for name in re.findall(r"\"(ZD_[A-Z_]+)\"", text)}
    assert named <= {one.name for one in VARIABLES}
