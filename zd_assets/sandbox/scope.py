"""Whose tickets are served: agents' or AI agents'."""

from __future__ import annotations

from collections.abc import Iterator

from zd_assets.sandbox.exports import Export
from zd_assets.sandbox.page import RefusedError
from zd_assets.sandbox.rawjson import members
from zd_assets.sandbox.seeded.hashing import mix, subseed
from zd_assets.sandbox.seeded.stream import Row
from zd_assets.sandbox.settings import Settings
from zd_assets.sandbox.store import Store

SCOPES = ("all", "agent", "ai_agent")


def in_scope(
    rows: Iterator[Row], store: Store, export: Export, scope: str, settings: Settings
) -> Iterator[Row]:
    """Choose the rows of a scope; explicit items are always agents'."""
    if not export.ticket_attribute:
        return rows
    if scope not in SCOPES:
        raise RefusedError(400, "InvalidScope", f"support_type_scope is one of {SCOPES}.")
    if scope == "all" or (scope == "agent" and not settings.ai_agent_share):
        return rows
    seed = subseed(settings.seed, "ai agents")
    most = settings.ai_agent_share * (1 << 64)

    def of_ai_agent(row: Row) -> bool:
        if isinstance(row.source, bytes):
            return False
        ticket = int(members(store.body(export.name, row))[export.ticket_attribute])
        return mix(seed, ticket) < most

    return (row for row in rows if of_ai_agent(row) == (scope == "ai_agent"))
