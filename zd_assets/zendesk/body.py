"""Reading the body of an answer, which may come in bit by bit and never end."""

import time

import requests

_PART = 1 << 18


def read_body(response: requests.Response, deadline_s: float) -> bytes:
    """The whole body, uncompressed.

    Raises:
        TimeoutError: it isn't there `deadline_s` seconds from now.
        urllib3.exceptions.HTTPError: it is cut off or can't be uncompressed.
    """
    until_s = time.monotonic() + deadline_s
    parts = []
    # Not `.content`: it joins a 5 MB page from 10 KB pieces.
    while part := response.raw.read1(_PART, decode_content=True):
        parts.append(part)
        if time.monotonic() > until_s:
            raise TimeoutError(f"not whole after {deadline_s:.0f} s")
    return b"".join(parts)
