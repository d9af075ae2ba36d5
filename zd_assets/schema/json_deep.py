"""JSON of any depth, without recursion: for what nests beyond the usual parsers' limit."""

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

_TOKEN = re.compile(
    r'[ \t\n\r]*(?:(?P<scalar>"[^"\\]*(?:\\.[^"\\]*)*"'
    r"|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null)|(?P<sign>[\[\]{},:]))"
)
_CLOSES = {"]": list, "}": dict}


def parse(text: str, scalar: Callable[[str], Any] = json.loads) -> Any:
    """Parse JSON; `scalar` reads what is neither array nor object.

    Raises:
        ValueError: not JSON.
    """
    # `whole` holds the one value of the text, so that every value is put into something.
    whole: list[Any] = []
    into: list[Any] = [whole]
    names: list[str] = []
    before = ""  # The sign before this token, or `value` after a whole one.
    end = 0
    for token in _tokens(text):
        end = token.end()
        sign, inside = token["sign"], into[-1]
        in_object = isinstance(inside, dict)
        begins = before == ":" if in_object else before in ("", "[", ",")
        if sign in _CLOSES:
            empty = before == ("[" if sign == "]" else "{")
            _check(type(inside) is _CLOSES[sign] and len(into) > 1 and (empty or before == "value"))
            into.pop()
            before = "value"
        elif sign in (",", ":"):
            _check(before == ("name" if sign == ":" else "value"))
            _check(len(into) > 1)
            before = sign
        elif in_object and before in ("{", ","):
            _check(sign is None and token["scalar"].startswith('"'))
            names.append(scalar(token["scalar"]))
            before = "name"
        else:
            _check(begins)
            value = {"[": list, "{": dict}[sign]() if sign else scalar(token["scalar"])
            if in_object:
                inside[names.pop()] = value
            else:
                inside.append(value)
            if sign:
                into.append(value)
            before = sign or "value"
    _check(len(into) == 1 and len(whole) == 1 and not text[end:].strip(" \t\n\r"))
    return whole[0]


def serialize(value: Any) -> str:
    """Return the JSON text of a value, without spaces; characters stay as they are."""
    parts: list[str] = []
    todo: list[tuple[bool, Any]] = [(True, value)]
    while todo:
        is_value, one = todo.pop()
        if not is_value:
            parts.append(one)
        elif isinstance(one, list):
            todo.append((False, "]"))
            for number in range(len(one) - 1, -1, -1):
                todo += [(True, one[number]), (False, "," if number else "")]
            todo.append((False, "["))
        elif isinstance(one, dict):
            todo.append((False, "}"))
            for number, (name, inner) in reversed(list(enumerate(one.items()))):
                todo += [(True, inner), (False, f"{',' if number else ''}{_text(name)}:")]
            todo.append((False, "{"))
        else:
            parts.append(_text(one))
    return "".join(parts)


def depth(value: Any) -> int:
    """Return how many arrays and objects are around the innermost value."""
    level, deepest = [value], 0
    while level := [inner for one in level for inner in _inside(one)]:
        deepest += 1
    return deepest


def _inside(value: Any) -> Iterator[Any]:
    if isinstance(value, dict):
        yield from value.values()
    elif isinstance(value, list):
        yield from value


def _text(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False)


def _tokens(text: str) -> Iterator[re.Match[str]]:
    at = 0
    while token := _TOKEN.match(text, at):
        yield token
        at = token.end()


def _check(fits: bool) -> None:
    if not fits:
        raise ValueError("not JSON")
