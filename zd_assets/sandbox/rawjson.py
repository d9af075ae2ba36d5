"""JSON taken apart without changing a byte of its parts.

Number spellings, big integers and lone surrogates stay as they were sent. msgspec does it fast but
refuses lone surrogates (valid JSON, not valid text); then slower ways find the ends.
"""

from __future__ import annotations

import json
import re

import msgspec

_BLANKS = re.compile(r"[ \t\n\r]*")
_GAP = re.compile(rb"[ \t\n\r,]*")
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F][0-9a-fA-F]{2}")
_DECODER = json.JSONDecoder()


def elements(body: bytes) -> list[bytes]:
    """Return the elements of a JSON list; ValueError if it isn't one."""
    try:
        return [bytes(raw) for raw in msgspec.json.decode(body, type=list[msgspec.Raw])]
    except msgspec.DecodeError:
        if not body.lstrip().startswith(b"["):
            raise
        masked = _SURROGATE.sub(rb"\\u0041", body)
    # The mask keeps lengths, so the masked elements tell where the real ones end.
    parts: list[bytes] = []
    position = body.index(b"[") + 1
    for raw in msgspec.json.decode(masked, type=list[msgspec.Raw]):
        start = _end_of_gap(masked, position)
        position = start + len(bytes(raw))
        parts.append(body[start:position])
    return parts


def members(body: bytes) -> dict[str, bytes]:
    """Return the members of a JSON object; ValueError if it isn't one."""
    try:
        decoded = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        return {name: bytes(raw) for name, raw in decoded.items()}
    except msgspec.DecodeError:
        text, position = _opened(body)
    parts: dict[str, bytes] = {}
    while text[position] != "}":
        name, position = _DECODER.raw_decode(text, position)
        # After the name: a colon.
        parts[name], position = _value(text, _skip(text, _skip(text, position) + 1))
        position = _separated(text, position, "}")
    return parts


def join_members(parts: dict[str, bytes]) -> bytes:
    """Return a JSON object whose values are JSON already."""
    return b"{" + b",".join(json.dumps(name).encode() + b":" + parts[name] for name in parts) + b"}"


# A closing NUL spares the end-of-text checks: it is no valid JSON anywhere.
def _opened(body: bytes) -> tuple[str, int]:
    text = body.decode("utf-8", "surrogateescape") + "\0"
    position = _skip(text, 0)
    # Say what is wrong with broken JSON, and only go on with what Python accepts.
    json.loads(text[:-1])
    if text[position] != "{":
        raise ValueError("expected a JSON object")
    return text, _skip(text, position + 1)


def _value(text: str, position: int) -> tuple[bytes, int]:
    _, end = _DECODER.raw_decode(text, position)
    return text[position:end].encode("utf-8", "surrogateescape"), _skip(text, end)


def _separated(text: str, position: int, closing: str) -> int:
    return position if text[position] == closing else _skip(text, position + 1)


def _skip(text: str, position: int) -> int:
    blanks = _BLANKS.match(text, position)
    return blanks.end() if blanks else position


def _end_of_gap(body: bytes, position: int) -> int:
    gap = _GAP.match(body, position)
    return gap.end() if gap else position
