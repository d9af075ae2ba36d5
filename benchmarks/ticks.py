"""What a follow-up tick costs, with few and with ten thousand materializations behind it."""

import tempfile
import time
from pathlib import Path

import click
import dagster as dg

from benchmarks.measure import show, side_by_side
from zd_assets.catalog.chat import CHATS
from zd_assets.defs.exports.sensors import evaluate
from zd_assets.defs.namespace import Namespace

_PARTITIONS = dg.DailyPartitionsDefinition(start_date="2025-01-01", end_offset=1)
_SITE = Namespace(_PARTITIONS)


@click.command()
@click.option("--few", default=100, show_default=True, help="Materializations in the young log.")
@click.option("--many", default=10_000, show_default=True, help="And in the old one.")
@click.option("--rounds", default=15, show_default=True)
def ticks(few: int, many: int, rounds: int) -> None:
    """A tick of `chats_follow_up` on a young and on an old event log, both on SQLite."""
    with tempfile.TemporaryDirectory() as folder:
        instances = {n: _instance(Path(folder) / str(n), n) for n in (few, many)}
        times = side_by_side(
            rounds,
            {
                f"{n:,} materializations": lambda n=n: evaluate(
                    instances[n], CHATS, _SITE, 300, time.time()
                )
                for n in (few, many)
            },
        )
        young = times[f"{few:,} materializations"]
        show(
            "A tick of chats_follow_up",
            ["event log", "median ms", "times the young log's"],
            [
                [name, f"{took.median_s * 1000:.1f}", str(took.ratio_to(young))]
                for name, took in times.items()
            ],
            [f"The old log holds {many / few:.0f} times the materializations of the young one."],
        )
        for instance in instances.values():
            instance.dispose()


def _instance(home: Path, materializations: int) -> dg.DagsterInstance:
    """An instance whose log holds so many materializations of the last days, as polls leave."""
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    instance = dg.DagsterInstance.from_config(str(home))
    keys = _PARTITIONS.get_partition_keys()[-36:]
    for number in range(materializations):
        key = keys[number * len(keys) // materializations]
        instance.report_runless_asset_event(
            dg.AssetMaterialization(
                _SITE.key(CHATS.path), partition=key, metadata={"complete": key != keys[-1]}
            )
        )
    return instance
