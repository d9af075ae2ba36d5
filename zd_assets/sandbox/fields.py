"""Resource expansion: the `fields` parameter ("Resource expansion" in the API document)."""

from __future__ import annotations

from typing import Any

from zd_assets.sandbox.rawjson import elements, join_members, members

Selection = dict[str, Any]
"""Attribute -> what to keep inside it; "*" keeps everything."""

DEFAULT: Selection = {"id": {}}
"""What a page's items hold when `fields` isn't given."""


def parse(text: str, resource: str) -> Selection:
    """Read `chats(id,response_time.max)`; ValueError if it isn't of that form."""
    head, bracket, rest = text.strip().partition("(")
    if head != resource or not bracket or not rest.endswith(")"):
        raise ValueError(f"fields must look like {resource}(*) or {resource}(id,...)")
    selection: Selection = {}
    for path in rest[:-1].split(","):
        level = selection
        for name in path.strip().split("."):
            if not name or set(name) & set("()"):
                raise ValueError(f"fields names no attribute in {path!r}")
            level = level.setdefault(name, {})
    return selection


def select(body: bytes, selection: Selection) -> bytes:
    """Keep the selected attributes of a JSON value, byte for byte as they are spelled in it."""
    if not selection or "*" in selection:
        return body
    if body.startswith(b"["):
        return b"[" + b",".join(select(part, selection) for part in elements(body)) + b"]"
    if not body.startswith(b"{"):
        return body
    attributes = members(body)
    return join_members(
        {
            name: select(attributes[name], inner)
            for name, inner in selection.items()
            if name in attributes
        }
    )


def without(body: bytes, name: str) -> bytes:
    """Drop one attribute of a JSON object."""
    return join_members({key: part for key, part in members(body).items() if key != name})
