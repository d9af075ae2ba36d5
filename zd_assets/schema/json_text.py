"""JSON texts taken apart without being parsed, so that each part stays exactly as it was sent."""

import json
import re
from collections.abc import Iterable, Iterator

import msgspec
import pyarrow as pa

from zd_assets.schema import json_deep

# A backslash escaped by another, a pair of surrogates, or a lone one.
_ESCAPES = re.compile(
    rb"\\(?:\\|u[dD](?:[89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}"
    rb"|(?P<lone>[89a-fA-F][0-9a-fA-F]{2})))"
)
_TOKENS = re.compile(rb'"(?:[^"\\]|\\.)*"|[\[\]{},:]')
_MASK = "\ufffd"


def split_object(text: bytes) -> dict[str, bytes]:
    """Return the attributes of a JSON object, each value as the text that was sent.

    Raises:
        ValueError: not JSON, or no object (`msgspec.DecodeError` is one).
    """
    try:
        raw = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        return {name: bytes(value) for name, value in raw.items()}
    except RecursionError:
        parts = _deep_parts(text, b"{")
        return {json.loads(name): value for name, value in zip(parts, parts, strict=True)}
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        masked = _mask_lone_surrogates(text)
        raw = msgspec.json.decode(masked, type=dict[str, msgspec.Raw])
        if any(_MASK in name for name in raw):
            parts = _parts(text)
            return {json.loads(name): value for name, value in zip(parts, parts, strict=True)}
        return dict(zip(raw, _unmasked(raw.values(), masked, text), strict=True))


def split_array(text: bytes) -> list[bytes]:
    """Return the elements of a JSON array, each as the text that was sent.

    Raises:
        ValueError: not JSON, or no array.
    """
    try:
        return [bytes(raw) for raw in msgspec.json.decode(text, type=list[msgspec.Raw])]
    except RecursionError:
        return list(_deep_parts(text, b"["))
    except msgspec.ValidationError:
        raise
    except msgspec.DecodeError:
        masked = _mask_lone_surrogates(text)
        return list(_unmasked(msgspec.json.decode(masked, type=list[msgspec.Raw]), masked, text))


# The escape of a lone surrogate is JSON, but msgspec refuses it. The mask is as long as what it
# hides, so that places stay the same.
def _mask_lone_surrogates(text: bytes) -> bytes:
    return _ESCAPES.sub(lambda match: rb"\uFFFD" if match["lone"] else match[0], text)


def _unmasked(parts: Iterable[msgspec.Raw], masked: bytes, text: bytes) -> Iterator[bytes]:
    """Yield what `text` has where each part, a view of `masked`, is in that."""
    begin = pa.py_buffer(masked).address
    for part in map(pa.py_buffer, parts):
        start = part.address - begin
        yield text[start : start + part.size]


def _deep_parts(text: bytes, bracket: bytes) -> Iterator[bytes]:
    """Return the parts of JSON that nests beyond msgspec's limit.

    Raises:
        ValueError: not JSON, or of another kind.
    """
    if not text.lstrip().startswith(bracket):
        raise ValueError(f"Expected a JSON text that begins with {bracket.decode()}")
    json_deep.parse(text.decode())
    return _parts(text)


def _parts(text: bytes) -> Iterator[bytes]:
    """Yield what is between the commas and colons of valid JSON, inside its outermost brackets."""
    depth = begin = 0
    for token in _TOKENS.finditer(text):
        sign = token[0]
        opens, closes = sign in b"[{", sign in b"]}"
        if opens and depth == 0:
            begin = token.end()
        elif depth == 1 and (closes or sign in b",:"):
            if part := text[begin : token.start()].strip():
                yield part
            begin = token.end()
        depth += opens - closes
