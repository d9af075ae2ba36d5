"""Sending an answer, and breaking the connection where a fault says so."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
import socket
import struct
from collections.abc import Mapping

from aiohttp import web

from zd_assets.sandbox.faults import Fault

_FIRST_PART = 64 * 1024
_DRIBBLES = 20
# SO_LINGER on, zero seconds: closing resets the connection instead of ending it.
_RESET_ON_CLOSE = struct.pack("ii", 1, 0)


async def send(
    request: web.Request, body: bytes, fault: Fault | None, headers: Mapping[str, str] | None = None
) -> web.StreamResponse:
    """Send a JSON body with status 200, as whole as the fault lets it be.

    With `headers`, as recorded: chunked, compressed if the client takes it, with an ETag.
    """
    kind = fault.kind if fault else None
    if fault and kind == "slow":
        return await _dribble(request, body, fault.seconds)
    if fault and kind == "drip":
        return await _drip(request, body, fault.seconds)
    if fault and kind == "drip_head":
        return await _drip_head(request, body, fault.seconds)
    if kind in ("reset", "cut"):
        return await _break(request, body, reset=kind == "reset")
    if headers is None:
        return web.Response(body=body, content_type="application/json")
    recorded = {
        "Content-Type": "application/json; charset=utf-8",
        "ETag": f'W/"{hashlib.md5(body, usedforsecurity=False).hexdigest()}"',
        **headers,
    }
    if "gzip" in request.headers.get("Accept-Encoding", ""):
        recorded["Content-Encoding"] = "gzip"
        body = gzip.compress(body, 1)
    response = web.Response(body=body, headers=recorded)
    response.enable_chunked_encoding()
    return response


async def _begin(request: web.Request, length: int) -> web.StreamResponse:
    response = web.StreamResponse(headers={"Content-Type": "application/json"})
    response.content_length = length
    await response.prepare(request)
    return response


async def _dribble(request: web.Request, body: bytes, seconds: float) -> web.StreamResponse:
    response = await _begin(request, len(body))
    step = max(1, -(-len(body) // _DRIBBLES))
    for start in range(0, len(body), step):
        await response.write(body[start : start + step])
        await asyncio.sleep(seconds / _DRIBBLES)
    return response


async def _drip(request: web.Request, body: bytes, seconds: float) -> web.StreamResponse:
    response = await _begin(request, len(body))
    for place in range(len(body)):
        await response.write(body[place : place + 1])
        await asyncio.sleep(seconds)
    return response


async def _drip_head(request: web.Request, body: bytes, seconds: float) -> web.StreamResponse:
    head = (
        "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(body)}\r\nConnection: close\r\n\r\n"
    ).encode()
    # Below aiohttp, which sends all headers at once.
    transport = request.transport
    for place in range(len(head)):
        if transport is None or transport.is_closing():
            break
        transport.write(head[place : place + 1])
        await asyncio.sleep(seconds)
    else:
        if transport is not None:
            transport.write(body)
            transport.close()
    return web.Response()


async def _break(request: web.Request, body: bytes, *, reset: bool) -> web.StreamResponse:
    response = await _begin(request, len(body))
    await response.write(body[: min(_FIRST_PART, len(body) // 2)])
    # Let the first part reach the client before the end comes.
    await asyncio.sleep(0.05)
    transport = request.transport
    if transport is not None:
        if reset:
            connection = transport.get_extra_info("socket")
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_ON_CLOSE)
            transport.abort()
        else:
            transport.close()
    return response
