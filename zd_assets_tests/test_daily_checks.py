"""What is checked of days that were made, where their columns come from, and the report's asset."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import dagster as dg
import pytest
from pydantic import ValidationError

from zd_assets.catalog.chat import CHATS, CONVERSIONS
from zd_assets.catalog.export import Export
from zd_assets.catalog.reference import ReferenceList
from zd_assets.catalog.support import TICKET_EVENTS, TICKETS
from zd_assets.checks.finding import Finding, Severity
from zd_assets.defs.analytics.automation import when_out_of_date
from zd_assets.defs.analytics.models import daily_asset
from zd_assets.defs.analytics.report import PATH, report_asset
from zd_assets.defs.build import build_definitions
from zd_assets.defs.resources import LakeFolder, ZendeskChat, ZendeskSupport
from zd_assets.engine.assertions import check
from zd_assets.engine.day import Day, day_file
from zd_assets.engine.inputs import Finder
from zd_assets.engine.latest.update import update
from zd_assets.engine.lineage import daily_origins, latest_origins
from zd_assets.engine.make import make
from zd_assets.lake.lake import Lake
from zd_assets.models.facts.chat_engagements import CHAT_ENGAGEMENTS
from zd_assets.models.facts.conversion_attribution import CONVERSION_ATTRIBUTION
from zd_assets.models.latest import CHATS_LATEST, LATEST, Latest
from zd_assets.models.marts.chat_daily_summary import CHAT_DAILY_SUMMARY
from zd_assets.models.model import Model
from zd_assets.models.registry import MODELS
from zd_assets.report.input_version import is_due, report_file
from zd_assets_tests.helpers.dagster_runs import PARTITIONS, SITE, lake_resources
from zd_assets_tests.helpers.daily_lake import Item, iso, key, put


def conversion(number: int, chat_id: str, chat_started: str) -> Item:
    """A conversion at `02 12:00` of the tests' month."""
    started = {"chat_id": chat_id, "chat_timestamp": iso(chat_started)}
    return {"id": f"v{number}", "timestamp": iso("02 12:00"), "attribution": started}


def chat(id: str, started: str) -> Item:
    return {"id": id, "timestamp": iso(started), "update_timestamp": iso(started)}


def findings(table: Model, lake: Lake, *days: int) -> Mapping[str, Finding]:
    """Make days, and check them."""
    reports = list(make(table, lake, [Day(key(day)) for day in days], run_id="run"))
    return {finding.name: finding for finding in check(table, lake, reports)}


def test_days_that_are_as_they_should_be_pass(lake: Lake) -> None:
    put(lake, CHATS, [chat("a", "02 09:00")], 2)
    put(lake, CONVERSIONS, [conversion(1, "a", "02 09:00")], 2)
    update(CHATS_LATEST, lake)
    found = findings(CONVERSION_ATTRIBUTION, lake, 1, 2)
    assert list(found) == ["keys_unique", "in_range", "references_known"]
    assert all(finding.passed for finding in found.values())


def test_a_key_that_stands_in_two_days_passes_and_twice_in_one_fails(lake: Lake) -> None:
    put(lake, CONVERSIONS, [conversion(1, "a", "02 09:00"), conversion(2, "b", "02 09:00")], 2)
    same = replace(CONVERSION_ATTRIBUTION, key=("converted_at",))
    finding = findings(same, lake, 1, 2)["keys_unique"]
    assert (finding.passed, finding.severity) == (False, Severity.ERROR)
    assert finding.description.startswith("1 rows repeat a key")


def test_a_row_that_breaks_a_rule_fails_and_the_rule_is_named(lake: Lake) -> None:
    put(lake, CONVERSIONS, [conversion(1, "a", "02 13:00"), conversion(2, "b", "02 09:00")], 2)
    finding = findings(CONVERSION_ATTRIBUTION, lake, 2)["in_range"]
    assert (finding.passed, finding.severity) == (False, Severity.ERROR)
    assert finding.metadata == {"broken": {"after_the_chat_started": 1}}


def test_a_reference_to_nothing_warns_and_one_to_before_the_exports_does_not(lake: Lake) -> None:
    put(lake, CHATS, [chat("a", "02 09:00")], 2)
    conversions = [conversion(1, "a", "02 09:00"), conversion(2, "old", "01 09:00")]
    put(lake, CONVERSIONS, conversions, 2)
    update(CHATS_LATEST, lake)
    assert findings(CONVERSION_ATTRIBUTION, lake, 2)["references_known"].passed
    put(lake, CONVERSIONS, [*conversions, conversion(3, "nobody's", "02 09:00")], 2)
    finding = findings(CONVERSION_ATTRIBUTION, lake, 2)["references_known"]
    assert (finding.passed, finding.severity) == (False, Severity.WARN)
    assert finding.metadata == {"unknown": {"chat_id": 1}}


def test_one_reference_in_a_hundred_may_be_under_way(lake: Lake) -> None:
    put(lake, CHATS, [chat("a", "02 09:00")], 2)
    many = [conversion(number, "a", "02 09:00") for number in range(99)]
    put(lake, CONVERSIONS, [*many, conversion(99, "nobody's", "02 09:00")], 2)
    update(CHATS_LATEST, lake)
    finding = findings(CONVERSION_ATTRIBUTION, lake, 2)["references_known"]
    assert finding.passed
    assert finding.metadata == {"unknown": {"chat_id": 1}}


def test_where_there_is_no_current_state_nothing_is_looked_up(lake: Lake) -> None:
    put(lake, CONVERSIONS, [conversion(1, "nobody's", "02 09:00")], 2)
    assert findings(CONVERSION_ATTRIBUTION, lake, 2)["references_known"].passed


@pytest.mark.parametrize("table", MODELS, ids=lambda table: table.name)
def test_every_column_comes_from_columns_of_the_sources(table: Model) -> None:
    sources = {source.table.path: _columns(source.table) for source in table.sources}
    origins = daily_origins(table)
    assert list(origins) == [column.name for column in table.columns]
    for found in origins.values():
        assert all(column in sources[path] for path, column in found)
    # A count of rows alone comes from none.
    assert sum(not found for found in origins.values()) <= 3


def test_lineage_is_what_the_sql_says() -> None:
    origins = daily_origins(CHAT_ENGAGEMENTS)
    assert origins["duration_s"] == [(CHATS_LATEST.path, "engagements")]
    assert origins["is_proactive"] == [(CHATS_LATEST.path, "proactive")]
    assert latest_origins(CHATS_LATEST)["is_deleted"] == [(CHATS.path, "deleted")]


@pytest.mark.parametrize("table", LATEST, ids=lambda table: table.name)
def test_current_state_comes_from_its_export(table: Latest) -> None:
    exported = {column.name for column in table.export.all_columns}
    for found in latest_origins(table).values():
        assert all(path == table.export.path and name in exported for path, name in found)


def _columns(table: Export | Latest | Model | ReferenceList) -> set[str]:
    columns = table.all_columns if isinstance(table, Export) else table.columns
    return {column.name for column in columns}


def run(asset: dg.AssetsDefinition, lake: Lake, day: str, **config: Any) -> Any:
    """Materialize a day of an asset; gives the metadata of its one event."""
    result = dg.materialize(
        [asset],
        selection=[asset.key],
        partition_key=day,
        resources=lake_resources(lake),
        run_config={"ops": {asset.op.name: {"config": config}}} if config else None,
    )
    [event] = result.get_asset_materialization_events()
    return event.materialization.metadata


def test_an_answer_shows_its_chart_and_a_fact_none(lake: Lake) -> None:
    condition = when_out_of_date(LakeFolder(), SITE)
    put(lake, CHATS, [chat("a", "02 09:00")], 2)
    update(CHATS_LATEST, lake)
    by_name = {table.name: daily_asset(table, SITE, condition) for table in MODELS}
    assert "chart" not in run(by_name["chat_engagements"], lake, key(2))
    metadata = run(by_name["chat_daily_summary"], lake, key(2))
    assert metadata["chart"].value.startswith("![chat_daily_summary](data:image/png;base64,")
    assert metadata["dagster/partition_row_count"].value == 1
    assert "dagster/column_lineage" in metadata


def test_a_chart_that_cant_be_drawn_leaves_the_days_made(lake: Lake) -> None:
    put(lake, CHATS, [chat("a", "02 09:00")], 2)
    update(CHATS_LATEST, lake)
    # A file that isn't one of ours, among the days that the picture is of.
    foreign = day_file(lake, CHAT_DAILY_SUMMARY, Day(key(1)))
    foreign.parent.mkdir(parents=True)
    foreign.write_bytes(b"no Parquet")
    asset = daily_asset(CHAT_DAILY_SUMMARY, SITE, when_out_of_date(LakeFolder(), SITE))
    metadata = run(asset, lake, key(2))
    assert "chart" not in metadata
    assert metadata["dagster/partition_row_count"].value == 1


def test_the_report_is_of_a_week_or_of_the_days_asked_for(lake: Lake) -> None:
    asset = report_asset(SITE, when_out_of_date(LakeFolder(), SITE))
    metadata = run(asset, lake, key(9))
    path = report_file(lake, Day(key(9)))
    assert metadata["path"].value == str(path)
    # A click on a file does nothing in a browser: the figures are told where they are looked for.
    assert "| Tickets solved | **–** |" in metadata["report"].value
    assert metadata["days"].value == 7
    assert "(7 days, UTC)" in path.read_text()
    assert run(asset, lake, key(9), days=1)["days"].value == 1
    assert "(1 day, UTC)" in path.read_text()
    assert run(asset, lake, key(9), period="month")["days"].value == int(key(9)[-2:])
    assert asset.key == SITE.key(PATH)


def test_a_report_of_no_days_is_refused(lake: Lake) -> None:
    asset = report_asset(SITE, when_out_of_date(LakeFolder(), SITE))
    with pytest.raises(ValidationError, match=r"days\n.*greater than or equal to 1"):
        run(asset, lake, key(9), days=0)
    assert not report_file(lake, Day(key(9))).exists()


def test_a_report_of_a_period_that_there_is_not_is_refused(lake: Lake) -> None:
    asset = report_asset(SITE, when_out_of_date(LakeFolder(), SITE))
    with pytest.raises(ValidationError, match=r"period\n.*match pattern"):
        run(asset, lake, key(9), period="year")


def test_a_report_is_due_once_its_day_is_complete_and_after_changes(lake: Lake) -> None:
    asset = report_asset(SITE, when_out_of_date(LakeFolder(), SITE))
    last = Day(key(2))
    assert not is_due(Finder(lake), last)
    put(lake, CHATS, [chat("a", "02 09:00")], 2, 3)
    update(CHATS_LATEST, lake)
    for table in (CHAT_ENGAGEMENTS, CHAT_DAILY_SUMMARY):
        list(make(table, lake, [last], run_id="run"))
    assert is_due(Finder(lake), last)
    run(asset, lake, last.key, days=1)
    assert not is_due(Finder(lake), last)
    put(lake, CHATS, [chat("a", "02 09:00"), chat("b", "02 10:00")], 2)
    update(CHATS_LATEST, lake)
    for table in (CHAT_ENGAGEMENTS, CHAT_DAILY_SUMMARY):
        list(make(table, lake, [last], run_id="run"))
    assert is_due(Finder(lake), last)


def test_with_one_api_s_exports_there_is_a_report_of_what_can_be_made() -> None:
    for exports, made in (
        ((TICKETS, TICKET_EVENTS), "ticket_backlog_daily"),
        ((CHATS,), "chat_daily_summary"),
    ):
        definitions = build_definitions(
            PARTITIONS, ZendeskChat(), ZendeskSupport(), LakeFolder(), exports=exports
        )
        graph = definitions.resolve_asset_graph()
        above = graph.get(dg.AssetKey(PATH)).parent_keys
        assert {key.path[-1] for key in above} == {made}
