"""The server: which paths there are, and how it runs."""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Mapping
from wsgiref.handlers import format_date_time

from aiohttp import web

from zd_assets.sandbox import chat, control
from zd_assets.sandbox.exports import CHAT_EXPORTS
from zd_assets.sandbox.page import Page, RefusedError
from zd_assets.sandbox.serving import Api, handler, note, refuse
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
        response.headers["Date"] = format_date_time(state.clock.now_us / SECOND_US)

    async def unknown(request: web.Request) -> web.Response:
        entry = note(state, request, None)
        return refuse(RefusedError(404, "not_found", f"Nothing at {request.path}."), entry)

    app = web.Application(client_max_size=_LARGEST_REQUEST, middlewares=[control.explain_errors])
    app.on_response_prepare.append(tell_time)
    app.add_routes(control.routes(state))
    for base in chat.BASES:
        for name in CHAT_EXPORTS:
            app.router.add_get(f"{base}/{name}", handler(state, _CHAT, name), allow_head=False)
    app.router.add_route("*", "/{path:.*}", unknown)
    return app


def _chat_page(state: State, export: str, query: Mapping[str, str], url: str) -> Page:
    return chat.serve(state.store, export, query, url, state.clock.now_us, state.settings.pages)


_CHAT = Api(
    name="chat",
    authorize=lambda headers, settings: chat.authorize(headers, settings.token),
    requests_per_minute=lambda settings: settings.requests_per_minute,
    page=_chat_page,
)
