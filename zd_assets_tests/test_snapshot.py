"""The graph of definitions is the one that was reviewed."""

import json

import pytest

from zd_assets_tests.snapshot import FILE, snapshot, text


@pytest.mark.parametrize("kind", ["assets", "jobs", "sensors", "schedules"])
def test_definitions_are_those_of_the_snapshot(kind: str) -> None:
    reviewed = json.loads(FILE.read_text(encoding="utf-8"))
    now = json.loads(json.dumps(snapshot(), default=str))
    assert now[kind] == reviewed[kind], "seen and wanted? python -m zd_assets_tests.snapshot"


def test_the_snapshot_is_written_as_it_is_read() -> None:
    assert FILE.read_text(encoding="utf-8") == text()
