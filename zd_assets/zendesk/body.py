"""Reading the body of an answer, and unpacking it."""

import gzip
import zlib

import requests
import urllib3


def read_body(response: requests.Response) -> bytes:
    """Return the whole body, uncompressed.

    Raises:
        urllib3.exceptions.HTTPError: it is cut off or can't be uncompressed.
        OSError: the connection failed.
    """
    # All at once: a page of 5 MB comes in hundreds of pieces, of which each costs time.
    packed = response.headers.get("Content-Encoding", "").lower() == "gzip"
    content: bytes = response.raw.read(decode_content=not packed)
    return _unpacked(content) if packed else content


def _unpacked(content: bytes) -> bytes:
    try:
        return gzip.decompress(content)  # Unlike urllib3, it notices a missing end.
    except (EOFError, OSError, zlib.error) as error:
        raise urllib3.exceptions.DecodeError(str(error)) from None
