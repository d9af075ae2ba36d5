"""Assets downstream of exports and models: loaded as annotated, through real runs."""

from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from zd_assets import LakeIOManager, Scan
from zd_assets.catalog.chat import CHATS
from zd_assets.catalog.reference import REFERENCE_LISTS
from zd_assets.catalog.registry import EXPORTS
from zd_assets.defs.build import build_definitions
from zd_assets.defs.exports.assets import export_asset
from zd_assets.defs.io_manager import LakeIO
from zd_assets.defs.partitions import partitions_of
from zd_assets.defs.resources import LakeFolder, ZendeskChat, ZendeskSupport
from zd_assets.engine.tables import find_table
from zd_assets.lake.lake import Lake
from zd_assets.models.latest import LATEST
from zd_assets.models.registry import MODELS
from zd_assets.sandbox import Running
from zd_assets_tests.conftest import NO_LIMITS, NOW
from zd_assets_tests.helpers.dagster_runs import (
    PARTITIONS,
    SITE,
    chat_resource,
    cli_env,
    lake_resources,
)
from zd_assets_tests.helpers.daily_lake import hour, iso, key, make_days, put, refresh
from zd_assets_tests.helpers.foreign_project import command, write_project
from zd_assets_tests.helpers.truth import day
from zd_assets_tests.test_scan import _ENGAGEMENTS

CHATS_KEY = SITE.key(CHATS.path)
seen: list[Any] = []


def _chat(id: str, at: str, **more: Any) -> dict[str, Any]:
    return {"id": id, "timestamp": iso(at), "update_timestamp": iso(at), **more}


_CHATS = [_chat("a", "05 09:00"), _chat("b", "06 09:00"), _chat("c", "07 09:00")]


@pytest.fixture
def chats(lake: Lake) -> Lake:
    """Three days of chats, the last open until noon."""
    seen.clear()
    put(lake, CHATS, _CHATS, 5, 6)
    put(lake, CHATS, _CHATS, 7, until="07 12:00")
    return lake


def run(
    lake: Lake, asset: dg.AssetsDefinition, *keys: str, prefix: str = "", **definitions: Any
) -> dg.ExecuteInProcessResult:
    """Materialize an asset alone, in a project that has all exports and models."""
    ours = build_definitions(
        definitions.get("partitions_def", PARTITIONS),
        ZendeskChat(),
        ZendeskSupport(),
        LakeFolder(location=str(lake.root)),
        exports=[CHATS],
        prefix=prefix,
    )
    merged = dg.Definitions.merge(ours, dg.Definitions(assets=[asset]))
    tags = {}
    if len(keys) == 2:
        tags = {
            "dagster/asset_partition_range_start": keys[0],
            "dagster/asset_partition_range_end": keys[1],
        }
    with dg.DagsterInstance.ephemeral() as instance:
        return merged.resolve_implicit_global_asset_job_def().execute_in_process(
            asset_selection=[asset.key],
            partition_key=keys[0] if len(keys) == 1 else None,
            tags=tags,
            instance=instance,
            raise_on_error=True,
        )


def _downstream(
    kind: Any, partitions_def: dg.PartitionsDefinition[Any] | None = PARTITIONS, **in_: Any
) -> dg.AssetsDefinition:
    """An asset that keeps what it was given as an argument of this type."""

    def mine(chats: Any) -> None:
        seen.append(chats)

    mine.__annotations__["chats"] = kind
    mine.__annotations__["return"] = None
    ins = {"chats": dg.AssetIn(**{"key": CHATS_KEY, **in_})}
    return dg.asset(ins=ins, partitions_def=partitions_def)(mine)


def _ids(frame: Any) -> list[str]:
    match frame:
        case Scan():
            frame = frame.arrow()
        case pl.LazyFrame():
            frame = frame.collect()
        case pa.RecordBatchReader():
            frame = frame.read_all()
        case duckdb.DuckDBPyRelation():
            frame = frame.to_arrow_table()
    column = frame["id"]
    ids: list[str] = column.to_pylist() if hasattr(column, "to_pylist") else list(column)
    return ids


@pytest.mark.parametrize(
    "kind",
    [
        pa.Table,
        pa.RecordBatchReader,
        pd.DataFrame,
        pl.DataFrame,
        pl.LazyFrame,
        duckdb.DuckDBPyRelation,
        Scan,
        Any,
    ],
)
def test_an_argument_is_loaded_as_it_is_annotated(chats: Lake, kind: Any) -> None:
    assert run(chats, _downstream(kind), key(6)).success
    [given] = seen
    assert _ids(given) == ["b"]
    if kind is not Any:
        assert isinstance(given, kind)


def test_a_range_of_partitions_is_loaded_as_one(chats: Lake) -> None:
    asset = _downstream(pl.DataFrame)
    ranged = dg.asset(
        ins={"chats": dg.AssetIn(key=CHATS_KEY)},
        partitions_def=PARTITIONS,
        backfill_policy=dg.BackfillPolicy.single_run(),
        name="ranged",
    )(asset.op.compute_fn.decorated_fn)  # type: ignore[union-attr]
    assert run(chats, ranged, key(5), key(6)).success
    assert _ids(seen[0]) == ["a", "b"]


def test_without_partitions_of_its_own_an_asset_gets_all(chats: Lake) -> None:
    assert run(chats, _downstream(pd.DataFrame, None)).success
    assert _ids(seen[0]) == ["a", "b", "c"]


def test_mapped_partitions_are_those_that_the_mapping_names(chats: Lake) -> None:
    before = dg.TimeWindowPartitionMapping(start_offset=-1)
    asset = _downstream(pa.Table, partition_mapping=before)
    assert run(chats, asset, key(7)).success
    assert _ids(seen[0]) == ["b", "c"]
    weekly = dg.WeeklyPartitionsDefinition(start_date="2026-01-04")
    assert run(chats, _downstream(pa.Table, weekly), "2026-01-04").success
    assert _ids(seen[1]) == ["a", "b", "c"]


def test_a_day_downstream_of_hours_gets_its_hours(lake: Lake) -> None:
    seen.clear()
    put(lake, CHATS, _CHATS, hour(5, 9), hour(6, 9))
    daily = dg.DailyPartitionsDefinition(start_date="2026-01-01", end_offset=1)
    hourly = partitions_of("hour", "2026-01-01")
    assert run(lake, _downstream(pa.Table, daily), key(5), partitions_def=hourly).success
    assert _ids(seen[0]) == ["a"]


def test_current_state_and_models_are_loaded(chats: Lake) -> None:
    refresh(chats)
    latest = _downstream(pl.DataFrame, None, key=dg.AssetKey(["analytics", "chats_latest"]))
    assert run(chats, latest).success
    assert sorted(_ids(seen[0])) == ["a", "b", "c"]
    put(chats, CHATS, [_chat("e", "08 10:00", engagements=[{"id": "e1"}])], 8)
    make_days(chats, _ENGAGEMENTS, 8)
    model = dg.AssetKey(list(_ENGAGEMENTS.path))
    columns = {"columns": ["chat_id", "date"]}
    assert run(chats, _downstream(pl.DataFrame, key=model, metadata=columns), key(8)).success
    assert seen[1].columns == ["chat_id", "date"]
    assert seen[1]["chat_id"].to_list() == ["e"]


def test_an_accounts_prefix_leads_to_its_lake(lake: Lake) -> None:
    seen.clear()
    put(Lake(lake.root.joinpath("acme")), CHATS, _CHATS, 5)
    asset = _downstream(pl.DataFrame, key=dg.AssetKey(["acme", "zendesk_chat", "chats"]))
    assert run(lake, asset, key(5), prefix="acme").success
    assert _ids(seen[0]) == ["a"]


def test_what_is_incomplete_is_loaded_and_the_log_says_so(
    chats: Lake, capfd: pytest.CaptureFixture[str]
) -> None:
    said = "1 not complete yet (2026-01-07 until 2026-01-07 12:00:00 UTC)"
    assert run(chats, _downstream(pa.Table), key(6)).success
    assert "not complete yet" not in capfd.readouterr().err
    assert run(chats, _downstream(pa.Table), key(7)).success
    assert said in capfd.readouterr().err
    assert run(chats, _downstream(pa.Table), key(8)).success
    assert "1 not there (2026-01-08); what is there is loaded" in capfd.readouterr().err


def test_an_input_that_must_be_complete_fails_with_one_message(chats: Lake) -> None:
    strict = _downstream(pa.Table, metadata={"require_complete": True})
    assert run(chats, strict, key(6)).success
    with pytest.raises(dg.Failure, match="2026-01-07 until 2026-01-07 12:00:00 UTC"):
        run(chats, strict, key(7))
    with pytest.raises(dg.Failure, match=r"1 not there \(2026-01-08\); wait until they are"):
        run(chats, strict, key(8))


def test_a_type_that_cant_be_loaded_is_refused_with_those_that_can(chats: Lake) -> None:
    with pytest.raises(dg.Failure) as raised:
        run(chats, _downstream(dict), key(6))
    said = str(raised.value)
    assert said.startswith("zendesk_chat/chats can't be loaded as dict: annotate it with one of")
    assert "polars.DataFrame, polars.LazyFrame, duckdb.DuckDBPyRelation, zd_assets.Scan" in said


def test_every_table_of_the_lake_is_loaded_by_its_io_manager() -> None:
    from zd_assets.definitions import defs

    loaded = {
        key
        for asset in defs.assets or ()
        if isinstance(asset, dg.AssetsDefinition)
        for key in asset.keys
        if asset.get_io_manager_key_for_asset_key(key) == "lake_io"
    }
    every = (*EXPORTS, *REFERENCE_LISTS, *LATEST, *MODELS)
    tables = {dg.AssetKey(list(one.path)) for one in every}
    assert loaded == tables
    assert {find_table(key.path).path for key in loaded} == {tuple(key.path) for key in loaded}


def test_the_lake_takes_no_values(lake: Lake) -> None:
    with pytest.raises(
        dg.DagsterInvariantViolationError, match=r"a/b returned a value, and the IO"
    ):
        LakeIO(lake).handle_output(dg.build_output_context(asset_key=dg.AssetKey(["a", "b"])), 1)


def test_an_export_and_what_is_downstream_run_in_one_run(sandbox: Running, lake: Lake) -> None:
    seen.clear()
    sandbox.reset(**NO_LIMITS, chats_per_day=100, now=NOW, clock="frozen")
    result = dg.materialize(
        [export_asset(CHATS, SITE), _downstream(pl.DataFrame)],
        partition_key="2026-02-03",
        resources={"zendesk_chat": chat_resource(sandbox), **lake_resources(lake)},
    )
    assert result.success
    start_s = day("2026-02-03").start_us / 1e6
    assert len(seen[0]) == len(sandbox.truth("chats", start_s, start_s + 86_400)) > 0


def test_another_code_location_reads_the_lake_by_the_assets_keys(chats: Lake) -> None:
    upstream = dg.AssetSpec(CHATS_KEY, partitions_def=PARTITIONS).with_io_manager_key("lake_io")
    definitions = dg.Definitions(
        assets=[upstream, _downstream(pl.DataFrame)],
        resources={"lake_io": LakeIOManager(location=str(chats.root))},
    )
    job = definitions.resolve_implicit_global_asset_job_def()
    assert job.execute_in_process(
        asset_selection=[dg.AssetKey("mine")], partition_key=key(5)
    ).success
    assert _ids(seen[0]) == ["a"]


_MINE = """\
import dagster as dg
import polars as pl

days = dg.DailyPartitionsDefinition(start_date="2026-01-01", end_offset=1)


@dg.asset(ins={"chats": dg.AssetIn(["acme", "zendesk_chat", "chats"])}, partitions_def=days)
def by_day(chats: pl.DataFrame) -> pl.DataFrame:
    return chats.group_by("date").len()


@dg.asset(partitions_def=days)
def told(context: dg.AssetExecutionContext, by_day: pl.DataFrame) -> None:
    context.log.info(f"counted {by_day.rows()}")
"""


def test_a_foreign_project_materializes_an_asset_downstream_of_a_prefixed_account(
    sandbox: Running, lake: Lake, tmp_path: Path
) -> None:
    put(Lake(lake.root.joinpath("acme")), CHATS, _CHATS, 5, 6)
    project = write_project(
        tmp_path / "project",
        acme="attributes: {prefix: acme, exports: [chats], executor: in_process}\n",
    )
    (project / "src/elsewhere/defs/mine.py").write_text(_MINE)
    env = cli_env(sandbox, tmp_path / "home", lake)
    materialize = ["asset", "materialize", "-m", "elsewhere.definitions", "--select"]

    done = command("dagster", [*materialize, "by_day,told", "--partition", key(5)], project, env)
    assert done.returncode == 0, done.stderr
    assert "counted [(datetime.date(2026, 1, 5), 1)]" in done.stderr
