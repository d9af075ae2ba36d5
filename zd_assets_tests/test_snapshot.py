"""The graph of definitions is the one that was reviewed."""

import json

from zd_assets_tests.snapshot import FILE, text


def test_definitions_are_those_of_the_snapshot() -> None:
    reviewed, now = FILE.read_text(encoding="utf-8"), text()
    for kind, known in json.loads(reviewed).items():
        assert json.loads(now)[kind] == known, "wanted? python -m zd_assets_tests.snapshot"
    assert now == reviewed
