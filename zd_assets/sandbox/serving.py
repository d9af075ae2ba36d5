"""One request for an export, from the socket to the answer, whichever API it belongs to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

from aiohttp import web

from zd_assets.sandbox import faults
from zd_assets.sandbox.delivery import send
from zd_assets.sandbox.faults import Fault
from zd_assets.sandbox.log import Entry
from zd_assets.sandbox.page import Page, RefusedError, encode
from zd_assets.sandbox.settings import Settings
from zd_assets.sandbox.state import State

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_MAINTENANCE = b"<!DOCTYPE html><html><body><h1>We'll be back soon</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Api:
    """What an API does differently from another."""

    name: str
    authorize: Callable[[Mapping[str, str], Settings], None]
    """Raises RefusedError unless a request's headers allow it."""
    requests_per_minute: Callable[[Settings], int]
    page: Callable[[State, str, Mapping[str, str], str], Page]
    """Answers (state, export, query, url without query); raises RefusedError."""


def handler(state: State, api: Api, export: str) -> Handler:
    """Return the handler of one export's requests."""

    async def handle(request: web.Request) -> web.StreamResponse:
        entry = note(state, request, export)
        try:
            return await _answer(state, api, request, entry)
        except RefusedError as refusal:
            return refuse(refusal, entry)

    return handle


def note(state: State, request: web.Request, export: str | None) -> Entry:
    """Write a request into the log."""
    query = {
        name: "***" if value == state.settings.token else value
        for name, value in request.query.items()
    }
    entry = Entry(time.time(), request.method, request.path, query, export)
    state.log.append(entry)
    return entry


def refuse(refusal: RefusedError, entry: Entry) -> web.Response:
    """Answer with an error."""
    headers = {}
    if refusal.retry_after_s is not None:
        headers["Retry-After"] = str(refusal.retry_after_s)
    return _reply(entry, refusal.status, refusal.body, headers)


async def _answer(state: State, api: Api, request: web.Request, entry: Entry) -> web.StreamResponse:
    settings = state.settings
    api.authorize(request.headers, settings)
    wait_s = state.admitted[api.name].admit(api.requests_per_minute(settings))
    if wait_s is not None:
        raise RefusedError(429, "too_many_requests", "Rate limit exceeded.", wait_s)
    export = entry.export or ""
    fault = faults.due(state.faults, export)
    entry.fault = fault.kind if fault else None
    if settings.latency:
        await asyncio.sleep(settings.latency)
    if fault:
        if fault.kind == "hang":
            await asyncio.sleep(fault.seconds)
        if (instead := _instead_of_page(fault, entry)) is not None:
            return instead
    url = f"{request.scheme}://{request.host}{request.path}"
    page = api.page(state, export, request.query, url)
    entry.count = len(page.items)
    if fault:
        faults.change_page(page, fault)
    body = encode(page)
    if fault:
        body = faults.change_body(body, fault)
    entry.status, entry.bytes = 200, len(body)
    state.clock.advance(settings.advance_per_request)
    return await send(request, body, fault)


def _instead_of_page(fault: Fault, entry: Entry) -> web.Response | None:
    if fault.kind == "status":
        headers = {}
        if fault.retry_after is not None:
            headers["Retry-After"] = str(fault.retry_after)
        return _reply(entry, fault.status, b'{"error":"fault","message":"As requested."}', headers)
    if fault.kind == "redirect":
        return _reply(entry, 302, b"{}", {"Location": fault.url or faults.FOREIGN_ORIGIN})
    if fault.kind == "html":
        return _reply(entry, 200, _MAINTENANCE, {"Content-Type": "text/html; charset=utf-8"})
    return None


def _reply(entry: Entry, status: int, body: bytes, headers: dict[str, str]) -> web.Response:
    entry.status, entry.bytes = status, len(body)
    return web.Response(
        status=status, body=body, headers={"Content-Type": "application/json"} | headers
    )
