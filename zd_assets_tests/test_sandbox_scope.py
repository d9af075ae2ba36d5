"""AI agents' tickets are missing unless they are asked for."""

from __future__ import annotations

import json

import pytest
import requests

from zd_assets.sandbox import Running
from zd_assets_tests.conftest import NOW
from zd_assets_tests.helpers.runs import at_us, few

START_S = at_us(NOW.removesuffix("Z")) // 1_000_000 - 5 * 86_400
AUTHORIZED = {"Authorization": "Bearer sandbox-oauth-token"}


@pytest.mark.parametrize(
    ("path", "ticket"),
    [("tickets", "id"), ("tickets/cursor", "id"), ("ticket_events", "ticket_id")],
)
def test_ai_agents_tickets_come_only_if_asked_for(sandbox: Running, path: str, ticket: str) -> None:
    few(sandbox, tickets_per_day=20, start="2026-02-20", ai_agent_share=0.2)
    name = path.partition("/")[0]

    def ids(**query: str) -> set[int]:
        asked = {"start_time": str(START_S), **query}
        url = f"{sandbox.url}/api/v2/incremental/{path}"
        page = requests.get(url, params=asked, headers=AUTHORIZED, timeout=10).json()
        onward = page.get("after_url") or page["next_page"]
        if "cursor" not in path:
            assert ("support_type_scope" in onward) == ("support_type_scope" in query)
        return {item[ticket] for item in page[name]}

    every, agents, ais = (ids(support_type_scope=scope) for scope in ("all", "agent", "ai_agent"))
    assert ids() == agents
    assert agents | ais == every
    assert not agents & ais
    assert 0.1 < len(ais) / len(every) < 0.35
    for scope, found in (("all", every), ("agent", agents), ("ai_agent", ais)):
        truth = sandbox.truth(name, START_S, support_type_scope=scope)
        assert {json.loads(body)[ticket] for _, body in truth} == found
    assert sandbox.truth(name, START_S) == sandbox.truth(name, START_S, support_type_scope="all")
