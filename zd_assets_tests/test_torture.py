"""A few rounds of `make torture`: one of each way in which pages follow one another."""

from pathlib import Path

import pytest

from zd_assets.sandbox import Running
from zd_assets_tests.helpers.runs import ROADS
from zd_assets_tests.torture.proxy import running
from zd_assets_tests.torture.rounds import Figures, play

SEED = 1
#: The first round of each kind of pagination.
ROUNDS = {
    pagination: next(n for n, (_, one) in enumerate(ROADS) if one.pagination is pagination)
    for pagination in {endpoint.pagination for _, endpoint in ROADS}
}


@pytest.mark.parametrize("pagination", sorted(ROUNDS))
def test_under_faults_lies_and_kills_nothing_is_lost_doubled_or_left_over(
    pagination: str, running_sandbox: Running, tmp_path: Path
) -> None:
    figures = Figures()
    with running(running_sandbox.url) as proxy:
        number = next(number for kind, number in ROUNDS.items() if kind == pagination)
        wrong = play(SEED, number, running_sandbox, proxy, tmp_path, figures, light=True)
    assert not wrong, f"{pagination}: {wrong}"
    assert figures.findings.compared
