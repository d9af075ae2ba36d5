"""One request for an export, from the socket to the answer, whichever API it belongs to."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass

import orjson
from aiohttp import web

from zd_assets.sandbox import faults
from zd_assets.sandbox.delivery import send
from zd_assets.sandbox.faults import Fault
from zd_assets.sandbox.log import Entry
from zd_assets.sandbox.page import Page, RefusedError, encode
from zd_assets.sandbox.settings import SECRETS, Settings
from zd_assets.sandbox.state import State

Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]

_MAINTENANCE = b"<!DOCTYPE html><html><body><h1>We'll be back soon</h1></body></html>"


@dataclass(frozen=True, slots=True)
class Api:
    """What an API does differently from another."""

    name: str
    """What the log calls it."""
    budget: str
    """APIs with the same name of budget share their rate limit."""
    authorize: Callable[[Mapping[str, str], State], None]
    """Raises RefusedError unless a request's headers allow it."""
    limit: Callable[[Settings], tuple[int, float]]
    """Requests allowed in any so many seconds."""
    page: Callable[[State, str, Mapping[str, str], str], Page]
    """Answers (state, export, query, url without query); raises RefusedError."""
    explained_in: str = "message"
    """Attribute of errors that says what is wrong."""


def handler(state: State, choose: Callable[[Mapping[str, str]], Api], export: str) -> Handler:
    """Return the handler of one export's requests; `choose` tells by the query which API's."""

    async def handle(request: web.Request) -> web.StreamResponse:
        api = choose(request.query)
        entry = note(state, request, export, api.name)
        try:
            return await _answer(state, api, request, entry)
        except RefusedError as refusal:
            return refuse(refusal, entry, api.explained_in)

    return handle


def token_handler(state: State) -> Handler:
    """Return the handler of requests for access tokens."""

    async def handle(request: web.Request) -> web.StreamResponse:
        entry = note(state, request, None, "oauth")
        try:
            answer = state.tokens.issue(await request.read(), state.settings)
        except RefusedError as refusal:
            return refuse(refusal, entry, "error_description")
        return _reply(entry, 200, orjson.dumps(answer), {})

    return handle


def note(
    state: State, request: web.Request, export: str | None, endpoint: str | None = None
) -> Entry:
    """Write a request into the log."""
    secrets = [getattr(state.settings, name) for name in SECRETS]
    query = {name: "***" if value in secrets else value for name, value in request.query.items()}
    entry = Entry(time.time(), request.method, request.path, query, export, endpoint)
    state.log.append(entry)
    return entry


def refuse(refusal: RefusedError, entry: Entry, explained_in: str = "message") -> web.Response:
    """Answer with an error."""
    headers = {}
    if refusal.retry_after_s is not None:
        headers["Retry-After"] = str(refusal.retry_after_s)
    body = orjson.dumps({"error": refusal.error, explained_in: str(refusal)})
    return _reply(entry, refusal.status, body, headers)


async def _answer(state: State, api: Api, request: web.Request, entry: Entry) -> web.StreamResponse:
    settings = state.settings
    api.authorize(request.headers, state)
    wait_s = state.admitted[api.budget].admit(*api.limit(settings))
    if wait_s is not None:
        raise RefusedError(429, "too_many_requests", "Rate limit exceeded.", wait_s)
    export = entry.export or ""
    fault = faults.due(state.faults, export, request.query)
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
    return await send(request, body, fault, _limits(state, api))


def _limits(state: State, api: Api) -> dict[str, str] | None:
    """Return what headers say of the rate limit; None if pages have none."""
    if not state.settings.recorded_headers:
        return None
    limit, window_s = api.limit(state.settings)
    left, reset_s = state.admitted[api.budget].left(limit, window_s)
    return {
        "X-Rate-Limit": str(limit),
        "X-Rate-Limit-Remaining": str(left),
        "ratelimit-limit": str(limit),
        "ratelimit-remaining": str(left),
        "ratelimit-reset": str(reset_s),
    }


def _instead_of_page(fault: Fault, entry: Entry) -> web.Response | None:
    if fault.kind == "status":
        headers = {}
        if fault.retry_after is not None:
            headers["Retry-After"] = str(fault.retry_after)
        if fault.as_html:
            html = {"Content-Type": "text/html; charset=utf-8"}
            return _reply(entry, fault.status, _MAINTENANCE, headers | html)
        body = orjson.dumps({"error": fault.error, "message": fault.message})
        return _reply(entry, fault.status, body, headers)
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
