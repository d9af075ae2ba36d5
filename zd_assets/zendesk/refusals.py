"""What a server said when it refused a request, fit for a message."""

import html
import re
from collections.abc import Callable
from typing import Any

import msgspec

_MOST = 300
_FIELDS = ("error", "title", "message", "description", "detail", "details", "reason")
_TITLE = re.compile(r"<title[^>]*>(.*?)</title>", re.IGNORECASE | re.DOTALL)
_TAG = re.compile(r"<(script|style)\b.*?</\1>|<[^>]*>", re.IGNORECASE | re.DOTALL)
_UNPRINTABLE = re.compile(r"[\x00-\x1f\x7f-\x9f\s]+")


def said(content: bytes) -> str:
    """Return the words of a refusal: JSON's own fields, else the title or the text.

    >>> said(b'{"error": "Forbidden", "description": "No such plan"}')
    'Forbidden: No such plan'
    """
    text = content.decode("utf-8", "replace")
    try:
        words = ": ".join(dict.fromkeys(_words(msgspec.json.decode(content))))
    except (msgspec.DecodeError, RecursionError):
        title = _TITLE.search(text)
        words = html.unescape(title[1] if title else _TAG.sub(" ", text))
    return _UNPRINTABLE.sub(" ", words or text).strip()


def quoted(content: bytes, scrub: Callable[[str], str]) -> str:
    """Return what was said, as the end of a message: ": words", without secrets, or "" for nothing.

    `scrub` takes the secrets out of a text.
    """
    # Scrubbed as it was sent and as it is read, and only then cut.
    words = scrub(said(scrub(content.decode("utf-8", "replace")).encode()))
    told = words.rstrip(". ") if len(words) <= _MOST else f"{words[:_MOST]}..."
    return f": {told}" if told else ""


def _words(value: Any) -> list[str]:
    """Return the texts under the fields that errors are told in, in that order."""
    if isinstance(value, str):
        return [value]
    if isinstance(value, list):
        return [word for one in value for word in _words(one)]
    if not isinstance(value, dict):
        return []
    return [word for name in _FIELDS if name in value for word in _words(value[name])]
