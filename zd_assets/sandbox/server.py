"""The server: which paths there are, and how it runs."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from wsgiref.handlers import format_date_time

from aiohttp import web

from zd_assets.sandbox import chat, control, oauth, reference, support
from zd_assets.sandbox.exports import CHAT_EXPORTS, SUPPORT_EXPORTS, Kind
from zd_assets.sandbox.page import Page, RefusedError
from zd_assets.sandbox.serving import Api, handler, note, refuse, token_handler
from zd_assets.sandbox.settings import Settings
from zd_assets.sandbox.state import State
from zd_assets.sandbox.timestamps import SECOND_US

_LARGEST_REQUEST = 1 << 30
# For requests under way when it stops; aiohttp takes 0 for "no limit".
_GRACE_S = 0.01


async def run(settings: Settings, host: str, port: int) -> None:
    """Serve until SIGTERM or SIGINT."""
    stopped = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    runner = web.AppRunner(application(State(settings)), access_log=None, shutdown_timeout=_GRACE_S)
    await runner.setup()
    try:
        site = web.TCPSite(runner, host, port)
        await site.start()
        bound = runner.addresses[0][1]
        print(f"sandbox listening on http://{host}:{bound}", flush=True)
        await stopped.wait()
    finally:
        await runner.cleanup()


def application(state: State) -> web.Application:
    """Return the web application that serves a sandbox's state."""

    async def tell_time(request: web.Request, response: web.StreamResponse) -> None:
        response.headers["Date"] = format_date_time(
            state.clock.now_us / SECOND_US + state.settings.clock_skew
        )

    async def unknown(request: web.Request) -> web.Response:
        entry = note(state, request, None)
        return refuse(RefusedError(404, "not_found", f"Nothing at {request.path}."), entry)

    app = web.Application(client_max_size=_LARGEST_REQUEST, middlewares=[control.explain_errors])
    app.on_response_prepare.append(tell_time)
    app.add_routes(control.routes(state))
    for base in chat.BASES:
        for name in CHAT_EXPORTS:
            handle = handler(state, lambda query: _CHAT, name)
            app.router.add_get(f"{base}/{name}", handle, allow_head=False)
    for path, name, kind in support.paths():
        handle = handler(state, partial(_support_api, kind, name), name)
        for suffix in ("", ".json"):
            app.router.add_get(path + suffix, handle, allow_head=False)
    for path, name in reference.paths():
        handle = handler(state, _chat_list if name in reference.OF_CHAT else _support_list, name)
        app.router.add_get(path, handle, allow_head=False)
    app.router.add_post(oauth.PATH, token_handler(state))
    app.router.add_route("*", "/{path:.*}", unknown)
    return app


def _chat_page(state: State, export: str, query: Mapping[str, str], url: str) -> Page:
    settings = state.settings
    skew_us = round(settings.clock_skew * SECOND_US)
    return chat.serve(state.store, export, query, url, state.clock.now_us, settings.pages, skew_us)


def _support_api(path_kind: Kind, export: str, query: Mapping[str, str]) -> Api:
    return _SUPPORT[support.kind(path_kind, export, query)]


def _support_page(
    kind: Kind, state: State, export: str, query: Mapping[str, str], url: str
) -> Page:
    asked = support.Request(
        state.store, SUPPORT_EXPORTS[export], query, url, state.clock.now_us, state.settings
    )
    return support.serve(kind, asked)


def _list_page(state: State, name: str, query: Mapping[str, str], url: str) -> Page:
    return reference.serve(state.lists, name, query, url)


_CHAT = Api(
    name="chat",
    budget="chat",
    authorize=lambda headers, state: chat.authorize(headers, state.settings.token),
    limit=lambda settings: (settings.requests_per_minute, 60),
    page=_chat_page,
)

_SUPPORT: dict[Kind, Api] = {
    kind: Api(
        name=kind,
        budget="support",
        authorize=lambda headers, state: support.authorize(headers, state.settings, state.tokens),
        limit=lambda settings: (settings.support_requests_per_minute, 60),
        page=partial(_support_page, kind),
        explained_in="description",
    )
    for kind in support.KINDS
}
_SUPPORT["sample"] = replace(
    _SUPPORT["sample"], budget="sample", limit=lambda settings: support.SAMPLE_LIMIT
)
# Lists are asked for as exports are.
_CHAT_LIST = replace(_CHAT, page=_list_page)
_SUPPORT_LIST = replace(_SUPPORT["time"], name="list", page=_list_page)


def _chat_list(query: Mapping[str, str]) -> Api:
    return _CHAT_LIST


def _support_list(query: Mapping[str, str]) -> Api:
    return _SUPPORT_LIST
