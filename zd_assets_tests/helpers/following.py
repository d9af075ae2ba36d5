"""Following an export as its sensor does: ticks, runs, and the clocks that both live by."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import time_machine

from zd_assets.catalog.chat import CHATS
from zd_assets.catalog.export import Export
from zd_assets.defs.exports.follow_up_policy import Poll
from zd_assets.defs.exports.follow_up_tick import evaluate
from zd_assets.lake.lake import Lake
from zd_assets.sandbox import Running
from zd_assets_tests.helpers.dagster_runs import SITE, api_resource, run_request

POLL_S = 300


@dataclass
class World:
    """A follower of an export, and the clocks it lives by."""

    sandbox: Running
    lake: Lake
    instance: dg.DagsterInstance
    clock: time_machine.Traveller
    settings: dict[str, Any]
    export: Export = CHATS
    poll: Poll = field(default_factory=Poll)

    @property
    def now(self) -> datetime:
        return datetime.now(UTC)

    def move_to(self, text: str) -> None:
        self.clock.move_to(datetime.fromisoformat(text), tick=True)
        self.sandbox.clock(now=text)

    def move(self, seconds: float) -> None:
        self.move_to((self.now + timedelta(seconds=seconds)).isoformat())

    def tick(self) -> dg.RunRequest | dg.SkipReason:
        """One tick of the export's sensor, which remembers what the one before it learned."""
        api = api_resource(
            self.export.api, self.sandbox, **{"poll_interval_s": POLL_S, **self.settings}
        )
        tick = evaluate(
            self.instance, self.lake, self.export, api, SITE, self.poll, self.now.timestamp()
        )
        self.poll = tick.poll
        return tick.answer

    def skip(self) -> str:
        """What a tick says that asks for no run."""
        answer = self.tick()
        assert isinstance(answer, dg.SkipReason), answer
        return answer.skip_message or ""

    def run(self, request: dg.RunRequest | dg.SkipReason) -> dg.ExecuteInProcessResult:
        assert isinstance(request, dg.RunRequest), request
        api = api_resource(self.export.api, self.sandbox, **self.settings)
        return run_request(self.instance, self.export, request, api, self.lake)

    def follow(self, most: int = 60) -> int:
        """Tick and run until a tick skips; returns the number of runs."""
        for runs in range(most):
            request = self.tick()
            if isinstance(request, dg.SkipReason):
                return runs
            assert self.run(request).success
        raise AssertionError(f"still following after {most} runs")
