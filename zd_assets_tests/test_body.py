"""A body arrives whole, however it is sent, or it is asked for again."""

import gzip
import json
import random
import zlib
from collections.abc import Callable, Iterable

import pytest

from zd_assets.zendesk.client import Client
from zd_assets.zendesk.errors import UnavailableError
from zd_assets_tests.helpers.local_server import Answer, serving

BODY = json.dumps([random.Random(1).random() for _ in range(50_000)]).encode()

Get = Callable[[Answer], tuple[bytes, int]]


def chunked(parts: Iterable[bytes]) -> bytes:
    return b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in parts)


def cut_into(body: bytes, size: int) -> list[bytes]:
    return [body[start : start + size] for start in range(0, len(body), size)]


CODINGS: dict[str, Callable[[bytes], bytes]] = {
    "": lambda body: body,
    "gzip": gzip.compress,
    "deflate": zlib.compress,
}


@pytest.fixture
def get(make_client: Callable[..., Client]) -> Get:
    """Asks a server that answers so first, and then as it should: the body, and the requests."""

    def get(first: Answer) -> tuple[bytes, int]:
        with serving(lambda path, number: Answer(BODY) if number else first) as server:
            body = make_client(base_url=server.url).get(f"{server.url}/x", lambda body: body)
            return body.content, len(server.seen)

    return get


@pytest.mark.parametrize("size", [7, 10_000, 10**9])
@pytest.mark.parametrize("coding", CODINGS)
def test_a_chunked_body_is_read_whole(coding: str, size: int, get: Get) -> None:
    sent = chunked([*cut_into(CODINGS[coding](BODY), size), b""])
    headers = {"Transfer-Encoding": "chunked", "Content-Length": "", "Content-Encoding": coding}
    assert get(Answer(sent, headers=headers)) == (BODY, 1)


@pytest.mark.parametrize("coding", CODINGS)
def test_a_body_of_known_length_is_read_whole(coding: str, get: Get) -> None:
    assert get(Answer(CODINGS[coding](BODY), headers={"Content-Encoding": coding})) == (BODY, 1)


@pytest.mark.parametrize("missing", [1, 5, 1000])
@pytest.mark.parametrize("coding", CODINGS)
def test_a_body_shorter_than_it_says_is_asked_for_again(
    coding: str, missing: int, get: Get
) -> None:
    sent = CODINGS[coding](BODY)
    headers = {"Content-Encoding": coding, "Content-Length": str(len(sent))}
    assert get(Answer(sent[:-missing], headers=headers)) == (BODY, 2)


@pytest.mark.parametrize("coding", CODINGS)
def test_a_chunked_body_without_its_end_is_asked_for_again(coding: str, get: Get) -> None:
    sent = chunked(cut_into(CODINGS[coding](BODY), 9000))
    headers = {"Transfer-Encoding": "chunked", "Content-Length": "", "Content-Encoding": coding}
    assert get(Answer(sent, headers=headers)) == (BODY, 2)
    assert get(Answer(sent[:-99], headers=headers)) == (BODY, 2)


def test_a_body_that_isnt_packed_as_it_says_is_asked_for_again(get: Get) -> None:
    assert get(Answer(b"no gzip", headers={"Content-Encoding": "gzip"})) == (BODY, 2)


def test_a_body_that_never_comes_whole_is_told_as_cut_off(
    make_client: Callable[..., Client],
) -> None:
    with (
        serving(lambda path, number: Answer(b"{", headers={"Content-Length": "9"})) as server,
        pytest.raises(UnavailableError, match="the answer was cut off; asked 2 times"),
    ):
        make_client(base_url=server.url, attempts=2).get(f"{server.url}/x", lambda body: body)
