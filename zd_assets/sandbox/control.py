"""The control API under `/_sandbox`: no token, no rate limit, not in the log."""

from __future__ import annotations

import asyncio
import dataclasses
from collections.abc import Mapping
from typing import Any

import msgspec
import orjson
from aiohttp import web

from zd_assets.sandbox import faults, support
from zd_assets.sandbox.exports import EXPORTS, Export
from zd_assets.sandbox.rawjson import elements
from zd_assets.sandbox.reference import LISTS
from zd_assets.sandbox.scope import SCOPES, in_scope
from zd_assets.sandbox.settings import SECRETS
from zd_assets.sandbox.state import State
from zd_assets.sandbox.timestamps import epoch_us, iso_us, parse_us

_PART = 1 << 18


def routes(state: State) -> list[web.RouteDef]:
    """Return the routes of the control API."""
    control = _Control(state)
    return [
        web.get("/_sandbox", control.show),
        web.post("/_sandbox/reset", control.reset),
        web.post("/_sandbox/settings", control.settings),
        web.put("/_sandbox/items/{export}", control.put_items),
        web.post("/_sandbox/clock", control.clock),
        web.get("/_sandbox/faults", control.show_faults),
        web.post("/_sandbox/faults", control.add_faults),
        web.get("/_sandbox/requests", control.show_requests),
        web.delete("/_sandbox/requests", control.clear_requests),
        web.get("/_sandbox/truth/{export}", control.truth),
    ]


@web.middleware
async def explain_errors(request: web.Request, handler: Any) -> web.StreamResponse:
    """Answer a control request that can't be understood with what is wrong with it."""
    try:
        response: web.StreamResponse = await handler(request)
    except ValueError as error:
        if not request.path.startswith("/_sandbox"):
            raise
        return web.Response(
            status=400,
            body=orjson.dumps({"error": "invalid", "message": str(error)}),
            content_type="application/json",
        )
    return response


class _Control:
    def __init__(self, state: State) -> None:
        self._state = state

    async def show(self, request: web.Request) -> web.Response:
        return self._shown()

    async def reset(self, request: web.Request) -> web.Response:
        self._state.reset(await _object(request))
        return self._shown()

    async def settings(self, request: web.Request) -> web.Response:
        self._state.configure(await _object(request))
        return self._shown()

    async def put_items(self, request: web.Request) -> web.Response:
        items = elements(await request.read())
        if (listed := request.match_info["export"]) in LISTS:
            self._state.lists.put(listed, items)
            return _json({"items": len(items)})
        name = _export(request).name
        time, shown_from = (request.query.get(name) for name in ("time", "shown_from"))
        self._state.store.put(
            name,
            items,
            None if time is None else parse_us(time),
            request.query.get("id"),
            0 if shown_from is None else parse_us(shown_from),
            request.query.get("again") == "true",
        )
        return _json({"items": len(items)})

    async def clock(self, request: web.Request) -> web.Response:
        changes = await _object(request)
        if unknown := changes.keys() - {"now", "advance"}:
            raise ValueError(f"unknown: {', '.join(sorted(unknown))}")
        clock = self._state.clock
        if "now" in changes:
            clock.set(None if changes["now"] is None else parse_us(changes["now"]))
        clock.advance(float(changes.get("advance", 0)))
        return self._shown()

    async def show_faults(self, request: web.Request) -> web.Response:
        return _json(msgspec.to_builtins(self._state.faults))

    async def add_faults(self, request: web.Request) -> web.Response:
        new = faults.read(await request.read())
        for fault in new:
            if fault.export is not None and fault.export not in (*EXPORTS, *LISTS):
                raise ValueError(f"no export {fault.export}")
        self._state.faults += new
        return await self.show_faults(request)

    async def show_requests(self, request: web.Request) -> web.Response:
        return _json(self._state.log)

    async def clear_requests(self, request: web.Request) -> web.Response:
        self._state.log.clear()
        return _json([])

    async def truth(self, request: web.Request) -> web.StreamResponse:
        export = _export(request)
        now_us = self._state.clock.now_us
        start_us = epoch_us(request.query.get("start", "0"))
        end_us = epoch_us(request.query["end"]) if "end" in request.query else now_us + 1
        include = request.query.get("include", "")
        store = self._state.store
        rows = store.own_rows if request.query.get("by") == "own" else store.true_rows
        scope = request.query.get("support_type_scope", "all")
        if scope not in SCOPES:
            raise ValueError(f"support_type_scope is one of {SCOPES}")
        response = web.StreamResponse(headers={"Content-Type": "application/json"})
        await response.prepare(request)
        times_us: list[int] = []
        shown_from_us: list[int] = []
        part = bytearray(b'{"items":[')
        found = rows(export.name, start_us // export.unit_us, now_us)
        for row in in_scope(found, store, export, scope, self._state.settings):
            if row.time * export.unit_us >= end_us:
                break
            if not start_us <= row.time_us < end_us:
                continue
            body = support.shown(export, store.body(export.name, row), include)
            part += b"," * bool(times_us) + body
            times_us.append(row.time_us)
            shown_from_us.append(store.shown_from_us(export.name, row))
            if len(part) >= _PART:
                await response.write(bytes(part))
                part.clear()
                # Pages are served meanwhile.
                await asyncio.sleep(0)
        lists = {"times_us": times_us}
        if request.query.get("shown") == "true":
            lists["shown_from_us"] = shown_from_us
        await response.write(bytes(part) + b"]," + orjson.dumps(lists)[1:])
        return response

    def _shown(self) -> web.Response:
        state = self._state
        settings = dataclasses.asdict(state.settings)
        for secret in SECRETS:
            del settings[secret]
        return _json(
            {
                "settings": settings,
                "now": iso_us(state.clock.now_us),
                "exports": list(EXPORTS),
            }
        )


def _export(request: web.Request) -> Export:
    name = request.match_info["export"]
    try:
        return EXPORTS[name]
    except KeyError:
        raise ValueError(f"no export {name}; there are {', '.join(EXPORTS)}") from None


async def _object(request: web.Request) -> Mapping[str, Any]:
    body = await request.read()
    value = orjson.loads(body) if body else {}
    if not isinstance(value, dict):
        raise ValueError("send a JSON object")
    return value


def _json(value: Any) -> web.Response:
    return web.Response(body=orjson.dumps(value), content_type="application/json")
