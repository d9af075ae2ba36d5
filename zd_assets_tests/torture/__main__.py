"""`python -m zd_assets_tests.torture --minutes 10 --seed 7`: nothing may be lost."""

import random
import sys
import tempfile
import time
from pathlib import Path

import click

from zd_assets import sandbox as zendesk_sandbox
from zd_assets.sandbox import Settings
from zd_assets_tests.conftest import NO_LIMITS
from zd_assets_tests.torture.proxy import running
from zd_assets_tests.torture.rounds import Figures, play


@click.command(context_settings={"show_default": True})
@click.option("--minutes", default=10.0, help="No round begins later than this.")
@click.option("--seed", type=int, help="Chooses everything; a random one otherwise.")
@click.option("--round", "only", type=int, help="Play this round alone.")
@click.option("--go-on", is_flag=True, help="Don't end at the first round with a loss.")
def main(minutes: float, seed: int | None, only: int | None, go_on: bool) -> None:
    """Torture the extraction; exit with 1, seed and round when anything was lost."""
    seed = random.randrange(10**6) if seed is None else seed
    folder = Path(tempfile.mkdtemp(prefix="torture-"))
    figures, bad = Figures(), []
    end_s = time.monotonic() + 60 * minutes
    print(f"seed {seed}", flush=True)
    with (
        zendesk_sandbox.start(Settings(**NO_LIMITS)) as sandbox,
        running(sandbox.url) as proxy,
    ):
        number = only or 0
        while time.monotonic() < end_s:
            if wrong := play(seed, number, sandbox, proxy, folder, figures):
                bad.append(number)
                told = "\n  ".join(wrong[:6])
                print(f"seed {seed}, round {number}: {told}\n  kept in {folder}", flush=True)
                if not go_on:
                    break
            if only is not None:
                break
            number += 1
    show(figures)
    if bad:
        print("repeat with:")
        for number in bad[:20]:
            print(f"  python -m zd_assets_tests.torture --seed {seed} --round {number}")
        sys.exit(1)
    print("nothing lost")


def show(figures: Figures) -> None:
    """Print what happened."""
    findings = figures.findings
    print(
        f"{figures.rounds} rounds, {figures.requests:,} requests, "
        f"{figures.processes:,} processes, {figures.kills} of them killed, "
        f"{figures.refused} ended with an error"
    )
    print(f"{figures.faults.total():,} faults of {len(figures.faults)} kinds:")
    for kind, times in figures.faults.most_common():
        print(f"  {times:6,}  {kind}")
    print(
        f"{findings.compared:,} items compared, {findings.lost} lost, {findings.doubled} doubled, "
        f"{findings.misplaced} misplaced; "
        f"{figures.late} came late: {figures.late_by_following} found by going on, "
        f"{figures.late_by_looking} by looking again"
    )


if __name__ == "__main__":
    main(prog_name="python -m zd_assets_tests.torture")
