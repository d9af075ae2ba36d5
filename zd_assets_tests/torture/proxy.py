"""A server between the client and the sandbox that breaks, refuses and lies, by seed."""

import asyncio
import random
import socket
import struct
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Queue

from aiohttp import ClientSession, web
from yarl import URL

from zd_assets_tests.torture.faults import BREAKS, LIES, PASSING, REFUSING, Asked, lie

_RESET_ON_CLOSE = struct.pack("ii", 1, 0)
_DROPPED = ("connection", "transfer-encoding", "content-encoding", "content-length")
_MAINTENANCE = b"<html><body><h1>We'll be back soon</h1></body></html>"


@dataclass
class Proxy:
    """What it does from now on, and what it did.

    Of all requests a part of `rate` meets a fault, of the kinds in `kinds`. Which, is decided by
    `seed` and the request's number since it was set.
    """

    target: str
    url: str = ""
    seed: str = ""
    rate: float = 0.0
    kinds: tuple[str, ...] = ()
    list_name: str = ""
    requests: int = 0
    times_s: list[float] = field(default_factory=list)
    struck: Counter[str] = field(default_factory=Counter)
    number: int = 0

    def storm(self, seed: str, rate: float, kinds: tuple[str, ...], list_name: str) -> None:
        """Begin to break."""
        self.seed, self.rate, self.kinds, self.list_name = seed, rate, kinds, list_name
        self.number = 0

    def calm(self) -> None:
        """Pass everything on as it is."""
        self.rate = 0.0

    def lot(self) -> random.Random:
        """The next request's own random numbers."""
        self.number += 1
        self.requests += 1
        self.times_s.append(time.monotonic())
        return random.Random(f"{self.seed}:{self.number}")


#: All kinds of faults, in families.
KINDS = {
    "breaks": BREAKS,
    "passing statuses": tuple(f"status {status}" for status in PASSING),
    "refusals": tuple(f"status {status}" for status in REFUSING),
    "lies": tuple(LIES),
}


@contextmanager
def running(target: str) -> Iterator[Proxy]:
    """Serve a proxy in front of `target`, a sandbox's base URL."""
    proxy = Proxy(target)
    ready: Queue[int] = Queue()
    over = threading.Event()

    async def serve() -> None:
        async with ClientSession(auto_decompress=True, trust_env=False) as session:
            app = web.Application()

            async def handle(request: web.Request) -> web.StreamResponse:
                try:
                    return await _handle(proxy, session, request)
                except ConnectionError:  # The client was killed.
                    return web.Response(status=502)

            app.router.add_route("*", "/{path:.*}", handle)
            runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
            await runner.setup()
            await web.TCPSite(runner, "127.0.0.1", 0).start()
            ready.put(runner.addresses[0][1])
            await asyncio.to_thread(over.wait)
            await runner.cleanup()

    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        proxy.url = f"http://127.0.0.1:{ready.get(timeout=30)}"
        yield proxy
    finally:
        over.set()
        thread.join()


async def _handle(proxy: Proxy, session: ClientSession, request: web.Request) -> web.StreamResponse:
    lot = proxy.lot()
    kind = lot.choice(proxy.kinds) if proxy.kinds and lot.random() < proxy.rate else ""
    if kind.startswith("status "):
        proxy.struck[kind] += 1
        return _status(int(kind.removeprefix("status ")), lot)
    # Asked with our own address, so that the further addresses lead through us, too.
    headers = {"Host": request.host, "Authorization": request.headers.get("Authorization", "")}
    url = URL(proxy.target + request.raw_path, encoded=True)
    async with session.get(url, headers=headers) as answer:
        body = await answer.read()
        status = answer.status
        kept = {k: v for k, v in answer.headers.items() if k.lower() not in _DROPPED}
    if status == 200 and kind in LIES:
        asked = Asked(f"http://{request.host}{request.raw_path}", proxy.list_name, lot)
        told = lie(kind, body, asked)
        kind, body = (kind, told) if told is not None else ("", body)
    if status != 200 or not kind:
        return web.Response(status=status, headers=kept, body=body)
    proxy.struck[kind] += 1
    if kind in LIES:
        return web.Response(headers=kept, body=body)
    return await _break(request, kind, kept, body)


def _status(status: int, lot: random.Random) -> web.Response:
    wait = lot.choice([None, "0", "Thu, 01 Jan 1970 00:00:00 GMT", "soon"])
    said = b'{"error": "torture", "description": "As the dice fell."}'
    if lot.random() < 0.3:
        said = lot.choice([b"", _MAINTENANCE, b"error code: 520"])
    headers = {"Retry-After": wait} if wait and status in (429, 503) else {}
    return web.Response(status=status, headers=headers, body=said)


async def _break(
    request: web.Request, kind: str, headers: dict[str, str], body: bytes
) -> web.StreamResponse:
    match kind:
        case "html":
            return web.Response(body=_MAINTENANCE, content_type="text/html")
        case "empty":
            return web.Response(headers=headers, body=b"")
        case "half json":
            return web.Response(headers=headers, body=body[: len(body) // 2])
        case "no utf-8":
            return web.Response(headers=headers, body=body.replace(b'"', b'"\xff', 1))
        case "no gzip":
            return web.Response(headers={**headers, "Content-Encoding": "gzip"}, body=body)
    transport = request.transport
    if kind == "silence":
        await asyncio.sleep(0.2)
    elif kind != "reset" or len(body) % 2:
        response = web.StreamResponse(headers=headers)
        response.content_length = len(body)
        await response.prepare(request)
        if kind == "drip":
            for start in range(min(len(body), 20)):
                await response.write(body[start : start + 1])
                await asyncio.sleep(0.01)
            await response.write(body[20:])
            return response
        await response.write(body[: len(body) // 2])
        await asyncio.sleep(0.01)
    if transport is not None:
        if kind == "reset":
            own = transport.get_extra_info("socket")
            own.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            transport.abort()
        else:
            transport.close()
    return web.Response(status=500)
