"""The page of error messages against the messages that there are."""

import re
from pathlib import Path

import pytest

from zd_assets_tests.helpers.messages import raised, templates

PAGE = Path(__file__).parents[1] / "docs" / "troubleshooting.md"
TEXTS = templates()
QUOTED = re.findall(r"^\| `(.+?)` \|", PAGE.read_text("utf-8"), re.MULTILINE)


def _is_in(quoted: str, text: str) -> bool:
    """Whether the parts around each `…` are in a text, in their order."""
    parts = [re.escape(part) for part in quoted.split("…")]
    return re.search(".*".join(parts), text, re.DOTALL) is not None


def test_there_are_messages_and_each_is_quoted_once() -> None:
    assert len(QUOTED) > 50
    assert len(set(QUOTED)) == len(QUOTED)


@pytest.mark.parametrize("quoted", QUOTED)
def test_a_quoted_message_is_in_the_source(quoted: str) -> None:
    assert len(quoted.replace("…", "")) > 7
    assert any(_is_in(quoted, text) for text in TEXTS), quoted


def test_every_message_of_an_error_is_on_the_page() -> None:
    missing = {
        where: text
        for text, where in raised().items()
        if not any(_is_in(quoted, text) for quoted in QUOTED)
    }
    assert missing == {}
