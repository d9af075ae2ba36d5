"""Reading the body of an answer, which may come in bit by bit and never end."""

import gzip
import threading
import zlib
from contextlib import suppress

import requests
import urllib3


def read_body(response: requests.Response, deadline_s: float) -> bytes:
    """The whole body, uncompressed.

    Raises:
        TimeoutError: it isn't there `deadline_s` seconds from now.
        urllib3.exceptions.HTTPError: it is cut off or can't be uncompressed.
        OSError: the connection failed.
    """
    late = threading.Event()

    def give_up() -> None:
        late.set()
        with suppress(OSError, RuntimeError, ValueError):  # It has just ended.
            response.raw.shutdown()

    timer = threading.Timer(deadline_s, give_up)
    timer.daemon = True
    timer.start()
    try:
        # All at once: a page of 5 MB comes in hundreds of pieces, of which each costs time.
        packed = response.headers.get("Content-Encoding", "").lower() == "gzip"
        content: bytes = response.raw.read(decode_content=not packed)
    except Exception:
        if not late.is_set():
            raise
    finally:
        timer.cancel()
    if late.is_set():
        raise TimeoutError(f"not whole after {deadline_s:.0f} s")
    return _unpacked(content) if packed else content


def _unpacked(content: bytes) -> bytes:
    try:
        return gzip.decompress(content)  # Unlike urllib3, it notices a missing end.
    except (EOFError, OSError, zlib.error) as error:
        raise urllib3.exceptions.DecodeError(str(error)) from None
