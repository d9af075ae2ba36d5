"""The sensor of analytics, as a test runs it: what it asks for is made at once."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg

from zd_assets.catalog.export import Export
from zd_assets.lake.lake import Lake
from zd_assets.models.latest import GROUP
from zd_assets.sandbox import Running
from zd_assets_tests.helpers.dagster_runs import api_resource, materialize

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
Asked = dict[str, list[str]]


@dataclass
class Automation:
    """The sensor of analytics, tick by tick, and the runs that it asks for."""

    definitions: dg.Definitions
    instance: dg.DagsterInstance
    sandbox: Running
    lake: Lake
    now: datetime = NOON
    cursor: Any = None

    def export(self, export: Export, keys: str | tuple[str, str], **config: Any) -> None:
        api = api_resource(export.api, self.sandbox)
        assert materialize(self.instance, export, keys, api, self.lake, **config).success

    def tick(self) -> Asked:
        """What is asked for: days by name of table, or nothing but the name."""
        self.now += timedelta(seconds=30)
        result = dg.evaluate_automation_conditions(
            self.definitions,
            self.instance,
            asset_selection=dg.AssetSelection.groups(GROUP),
            evaluation_time=self.now,
            cursor=self.cursor,
        )
        self.cursor = result.cursor
        subsets = [(one.key, one.true_subset) for one in result.results if one.true_subset.size]
        return {
            key.path[-1]: sorted(subset.expensively_compute_partition_keys() - {None})
            if subset.is_partitioned
            else []
            for key, subset in subsets
        }

    def run(self, asked: Asked, fails: bool = False) -> None:
        """Make what was asked for, each table in a run of its own."""
        graph = self.definitions.resolve_asset_graph()
        for table in sorted(
            asked, key=lambda name: len(graph.get_ancestor_asset_keys(analytics_key(name)))
        ):
            days = asked[table]
            job = self.definitions.resolve_implicit_global_asset_job_def()
            tags = {"dagster/asset_partition_range_start": days[0]} if days else {}
            tags |= {"dagster/asset_partition_range_end": days[-1]} if days else {}
            result = job.execute_in_process(
                asset_selection=[analytics_key(table)],
                instance=self.instance,
                tags=tags,
                raise_on_error=False,
            )
            assert result.success is not fails

    def settle(self) -> list[Asked]:
        """Tick and run until nothing is asked for any more; gives what each tick asked for."""
        ticks = []
        while asked := self.tick():
            ticks.append(asked)
            self.run(asked)
        assert not self.tick()
        return ticks


def analytics_key(table: str) -> dg.AssetKey:
    """The key of a table of analytics."""
    return dg.AssetKey([GROUP, table])
