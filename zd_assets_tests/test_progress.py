"""What a run says of how far it is."""

import re
from pathlib import Path

import pytest

from zd_assets.defs.exports import progress as progress_module
from zd_assets.defs.exports.progress import Progress
from zd_assets.extract.events import PageReport
from zd_assets.zendesk.budget import Budget

HOUR_US = 3_600_000_000


def _line(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, *positions: tuple[float, float]) -> str:
    """What is said 100 s after the begin, of segments that are so many hours of so many far."""
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: 0.0)
    progress = Progress(Budget(f"https://acme.example.com/{tmp_path}", 200))
    for segment, (done, whole) in enumerate(positions):
        progress.take(PageReport(segment, 10, 0, round(done * HOUR_US), round(whole * HOUR_US)))
    monkeypatch.setattr(progress_module.time, "monotonic", lambda: 100.0)
    return progress.line()


def test_a_run_says_how_long_it_takes_yet(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    # A quarter took 100 s: so 300 s are left.
    line = _line(monkeypatch, tmp_path, (2, 12), (4, 12))
    assert "25% of the window, about 5 min left (until " in line
    assert re.search(r"until \d\d:\d\d UTC\); 200 of 200 requests left", line)
    assert "about 25 s left" in _line(monkeypatch, tmp_path, (8, 10))


@pytest.mark.parametrize("done", [0.05, 10])
def test_it_doesnt_guess_from_nothing_nor_when_it_is_done(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, done: float
) -> None:
    assert "left (until" not in _line(monkeypatch, tmp_path, (done, 10))
