"""A real S3 server, and one in front of it that is slow and fails."""

import asyncio
import random
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from queue import Queue

from aiohttp import ClientSession, web
from moto.moto_server.threaded_moto_server import ThreadedMotoServer
from pyarrow import fs
from yarl import URL

BUCKET = "lake"


@dataclass
class Store:
    """The server's address, and what it was asked, if that is kept."""

    url: str
    seen: list[str] = field(default_factory=list)

    @property
    def env(self) -> dict[str, str]:
        """The environment in which it is used the usual way."""
        return {
            "AWS_ACCESS_KEY_ID": "an-access-key",
            "AWS_SECRET_ACCESS_KEY": "a-very-secret-access-key",
            "AWS_REGION": "us-east-1",
            "AWS_ENDPOINT_URL": self.url,
            "AWS_EC2_METADATA_DISABLED": "true",
        }

    def keys(self, prefix: str = "") -> list[str]:
        """The keys of all objects below a prefix of the bucket."""
        found = self._files().get_file_info(
            fs.FileSelector(f"{BUCKET}/{prefix}".rstrip("/"), allow_not_found=True, recursive=True)
        )
        return sorted(info.path.removeprefix(f"{BUCKET}/") for info in found if info.is_file)

    def make_bucket(self) -> None:
        self._files(allow_bucket_creation=True).create_dir(BUCKET)

    def _files(self, **more: bool) -> fs.S3FileSystem:
        return fs.S3FileSystem(
            access_key="x", secret_key="y", region="us-east-1", endpoint_override=self.url, **more
        )


@contextmanager
def s3() -> Iterator[Store]:
    """An S3 server with one empty bucket."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    try:
        host, port = server.get_host_and_port()
        store = Store(f"http://{host}:{port}")
        store.make_bucket()
        yield store
    finally:
        server.stop()


@contextmanager
def unwell(store: Store, one_in: int = 5, slow_s: float = 0.02) -> Iterator[Store]:
    """The same by way of a server that is slow, and refuses or drops one request in so many."""
    lot, weak = random.Random(7), Store("")
    ours = ("host", "transfer-encoding", "content-length")
    theirs = ("connection", "transfer-encoding", "content-encoding")

    async def pass_on(request: web.Request) -> web.StreamResponse:
        body = await request.read()
        weak.seen.append(f"{request.method} {request.raw_path}")
        await asyncio.sleep(slow_s)
        if lot.random() < 1 / one_in:
            if lot.random() < 0.5 and request.transport:
                request.transport.abort()
            return web.Response(status=503)
        headers = {k: v for k, v in request.headers.items() if k.lower() not in ours}
        url = URL(store.url + request.raw_path, encoded=True)
        async with (
            ClientSession(auto_decompress=False) as session,
            session.request(request.method, url, data=body, headers=headers) as answer,
        ):
            content = await answer.read()
            kept = {k: v for k, v in answer.headers.items() if k.lower() not in theirs}
            return web.Response(status=answer.status, headers=kept, body=content or None)

    async def serve() -> None:
        app = web.Application(client_max_size=1024**3)
        app.router.add_route("*", "/{key:.*}", pass_on)
        runner = web.AppRunner(app)
        await runner.setup()
        namespace = web.TCPSite(runner, "127.0.0.1", 0)
        await namespace.start()
        ready.put(runner.addresses[0][1])
        await asyncio.to_thread(over.wait)
        await runner.cleanup()

    ready: Queue[int] = Queue()
    over = threading.Event()
    thread = threading.Thread(target=asyncio.run, args=(serve(),))
    thread.start()
    try:
        weak.url = f"http://127.0.0.1:{ready.get()}"
        yield weak
    finally:
        over.set()
        thread.join()
