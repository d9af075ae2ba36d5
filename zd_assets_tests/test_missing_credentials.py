"""An account with one API: what belongs to the other one asks for nothing, and says why."""

from typing import Any

import dagster as dg
import pytest

from zd_assets.defs.build import build_definitions
from zd_assets.defs.partitions import partitions_of
from zd_assets.defs.resources import LakeFolder, ZendeskChat, ZendeskSupport
from zd_assets.lake.lake import Lake

VARIABLES = (
    "ZENDESK_CHAT_TOKEN",
    "ZENDESK_EMAIL",
    "ZENDESK_API_TOKEN",
    "ZENDESK_OAUTH_TOKEN",
    "ZENDESK_CLIENT_ID",
    "ZENDESK_CLIENT_SECRET",
)


@pytest.fixture
def resources(lake: Lake) -> dict[str, Any]:
    return {
        "zendesk_chat": ZendeskChat(subdomain="acme"),
        "zendesk_support": ZendeskSupport(subdomain="acme"),
        "lake": LakeFolder(location=str(lake.root)),
    }


@pytest.fixture
def repository(
    resources: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> dg.RepositoryDefinition:
    """The definitions of an account without any credentials."""
    for variable in VARIABLES:
        monkeypatch.delenv(variable, raising=False)
    return build_definitions(
        partitions_of("day", "2026-02-01"), *resources.values()
    ).get_repository_def()


@pytest.mark.parametrize(
    ("name", "missing"),
    [
        ("chats_follow_up", "ZENDESK_CHAT_TOKEN isn't set"),
        ("tickets_follow_up", "ZENDESK_OAUTH_TOKEN"),
    ],
)
def test_a_sensor_says_what_is_not_set_and_launches_nothing(
    name: str, missing: str, repository: dg.RepositoryDefinition, resources: dict[str, Any]
) -> None:
    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.build_sensor_context(
            instance, repository_def=repository, resources=resources
        ) as context,
    ):
        tick = repository.get_sensor_def(name).evaluate_tick(context)
    assert not tick.run_requests
    assert tick.skip_message
    assert missing in tick.skip_message


@pytest.mark.parametrize(
    "name",
    [
        f"zendesk_{api}_{kind}"
        for api in ("chat", "support")
        for kind in ("nightly", "second_look", "reference_lists")
    ]
    + ["zendesk_support_live_format_daily"],
)
def test_a_schedule_says_what_is_not_set_and_launches_nothing(
    name: str, repository: dg.RepositoryDefinition, resources: dict[str, Any]
) -> None:
    with (
        dg.DagsterInstance.ephemeral() as instance,
        dg.build_schedule_context(
            instance, repository_def=repository, resources=resources
        ) as context,
    ):
        tick = repository.get_schedule_def(name).evaluate_tick(context)
    assert not tick.run_requests
    assert tick.skip_message
    assert "is left out" in tick.skip_message
