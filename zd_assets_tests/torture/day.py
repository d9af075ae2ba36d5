"""A day of a following installation, clock and all: sensors, the nightly schedules, roll-over.

Real ticks, real runs, real HTTP through a proxy that fails; the clocks of this process and of the
sandbox are moved together.
"""

import random
import tempfile
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import time_machine

from zd_assets.catalog.chat import AGENT_TIMELINE, CHATS
from zd_assets.catalog.export import Export
from zd_assets.catalog.support import ROUTING_INSTANCE_VALUES, TICKET_EVENTS, TICKETS
from zd_assets.defs.build import build_definitions
from zd_assets.defs.resources import LakeFolder
from zd_assets.lake.lake import Lake
from zd_assets.sandbox import Running
from zd_assets_tests.helpers.dagster_runs import chat_resource, support_resource
from zd_assets_tests.helpers.odd_items import meaning
from zd_assets_tests.helpers.runs import few
from zd_assets_tests.helpers.truth import days, lake_items
from zd_assets_tests.torture import items
from zd_assets_tests.torture.proxy import Proxy
from zd_assets_tests.torture.verdict import Findings, Truth, found_late, inspect

EXPORTS: tuple[Export, ...] = (
    CHATS,
    AGENT_TIMELINE,
    TICKETS,
    TICKET_EVENTS,
    ROUTING_INSTANCE_VALUES,
)
_START = datetime(2026, 3, 1, 0, 20, tzinfo=UTC)
_STEP = timedelta(minutes=20)
#: How far below the present an item shows up that comes late.
_LATE_S = 180


@dataclass
class Day:
    """What happened."""

    ticks: int = 0
    runs: int = 0
    failed: int = 0
    late: int = 0
    found: int = 0


@dataclass
class World:
    """The installation and its clocks."""

    sandbox: Running
    lake: Lake
    instance: dg.DagsterInstance
    clock: time_machine.Traveller
    defs: dg.Definitions
    told: Day = field(default_factory=Day)
    cursors: dict[str, str | None] = field(default_factory=dict)

    def move_to(self, at: datetime) -> None:
        """Set both clocks."""
        self.clock.move_to(at, tick=True)
        self.sandbox.clock(now=at.isoformat())

    def tick(self) -> int:
        """One tick of each sensor, and the runs that they ask for; how many those were."""
        asked = 0
        for export in EXPORTS:
            sensor = self.defs.get_sensor_def(f"{export.name}_follow_up")
            with dg.build_sensor_context(
                instance=self.instance,
                cursor=self.cursors.get(sensor.name),
                definitions=self.defs,
                sensor_name=sensor.name,
                resources=dict(self.defs.resources or {}),
            ) as context:
                data = sensor.evaluate_tick(context)
            self.told.ticks += 1
            self.cursors[sensor.name] = data.cursor
            for request in data.run_requests or ():
                asked += 1
                self.run(request, [export])
        return asked

    def nightly(self) -> None:
        """The schedules' tick of a quarter past midnight."""
        at = datetime.now(UTC).replace(hour=0, minute=15, second=0, microsecond=0)
        for name in ("zendesk_chat_nightly", "zendesk_support_nightly"):
            schedule = self.defs.get_schedule_def(name)
            with dg.build_schedule_context(
                instance=self.instance,
                scheduled_execution_time=at,
                resources=dict(self.defs.resources or {}),
            ) as context:
                data = schedule.evaluate_tick(context)
            self.told.ticks += 1
            for request in data.run_requests or ():
                self.run(request, EXPORTS)

    def run(self, request: dg.RunRequest, exports: Sequence[Export]) -> None:
        """Run what was asked for."""
        keys = request.asset_selection or [dg.AssetKey(list(one.path)) for one in exports]
        config: Any = request.run_config
        result = dg.materialize(
            [asset for asset in self.defs.assets or () if isinstance(asset, dg.AssetsDefinition)],
            selection=list(keys),
            instance=self.instance,
            partition_key=request.partition_key,
            tags=request.tags,
            run_config=config,
            resources=dict(self.defs.resources or {}),
            raise_on_error=False,
        )
        self.told.runs += 1
        self.told.failed += not result.success


def live(
    sandbox: Running, proxy: Proxy, lake: Lake, rate: float, kinds: tuple[str, ...]
) -> tuple[Day, dict[str, Findings]]:
    """Follow from the small hours to the next day's; what happened, and the verdicts."""
    few(sandbox, 300, tickets_per_day=150, start="2026-02-20", clock="running")
    dice = random.Random(7)
    wanted = days("2026-03-01", 1)
    truths = {export.name: Truth(export, wanted) for export in EXPORTS}
    with _world(sandbox, proxy, lake) as world:
        world.move_to(_START)
        proxy.storm("day", rate, kinds, "")
        at, number = _START, 0
        while at < _START + timedelta(days=1):
            world.move_to(at)
            world.tick()
            for export in EXPORTS:
                number += 1
                before = at - timedelta(seconds=dice.uniform(1, export.settle_s + _LATE_S))
                us = round(before.timestamp()) * 1_000_000
                sandbox.put(export.name, [items.fuzzed(export, us, 900_000_000 + number, dice)])
                truth = truths[export.name]
                truth.look(sandbox)
                world.told.late += _below_what_was_read(truth, lake)
            at += _STEP
        proxy.calm()
        world.move_to(_START + timedelta(days=1))
        for _ in range(6):
            world.tick()
            at = datetime.now(UTC) + timedelta(minutes=31)
            world.move_to(at)
        world.nightly()
        for truth in truths.values():
            truth.look(sandbox)
    told, verdicts = world.told, {}
    for export in EXPORTS:
        verdicts[export.name] = findings = Findings()
        inspect(truths[export.name], lake, findings, older_too=True)
        told.found += found_late(truths[export.name], lake)
        footer = lake.footer(export, wanted[0])
        if not (footer and footer.complete):
            findings.say("the day isn't complete")
    return told, verdicts


def _below_what_was_read(truth: Truth, lake: Lake) -> int:
    """Count as late what is new below `complete_until`."""
    footer = lake.footer(truth.export, truth.partitions[0])
    until_us = footer.complete_until_us if footer else 0
    held = (
        {meaning(truth.export, one) for one in lake_items(lake, truth.export, truth.partitions[0])}
        if footer
        else set()
    )
    now = truth.now[truth.partitions[0].key]
    late = {text for text, at_us in now.items() if at_us < until_us and text not in held}
    fresh = late - truth.late
    truth.late |= fresh
    return len(fresh)


@contextmanager
def _world(sandbox: Running, proxy: Proxy, lake: Lake) -> Iterator[World]:
    through = _Through(proxy.url)
    with (
        warnings.catch_warnings(),
        time_machine.travel(_START, tick=True) as clock,
        tempfile.TemporaryDirectory() as home,
        dg.DagsterInstance.local_temp(home) as instance,
    ):
        warnings.simplefilter("ignore")
        defs = build_definitions(
            dg.DailyPartitionsDefinition(start_date="2026-02-25", end_offset=1),
            chat_resource(through),
            support_resource(through),
            LakeFolder(location=str(lake.root)),
            exports=EXPORTS,
            analytics=False,
        )
        yield World(sandbox, lake, instance, clock, defs)


class _Through(Running):
    """The sandbox's address, by way of a proxy."""

    def __init__(self, url: str) -> None:
        self.url = url
