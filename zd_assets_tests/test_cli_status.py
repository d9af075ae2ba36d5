"""`zd-assets status`, from lakes of files alone."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from zd_assets.catalog.chat import CHATS
from zd_assets.cli.main import main
from zd_assets.lake.footer import LastPage, empty_footer
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.lake.partition import Partition
from zd_assets.lake.writer import PartitionWriter
from zd_assets_tests.helpers.files import add
from zd_assets_tests.helpers.latest_lake import chat
from zd_assets_tests.helpers.object_store import BUCKET, s3
from zd_assets_tests.helpers.truth import days

FEBRUARY = days("2026-02-01", 7)
_PAGE = LastPage(1, 1000, 0, None, "progress", "", None, False)


def _put(lake: Lake, partition: Partition, rows: int, **said: Any) -> None:
    writer = PartitionWriter(lake, CHATS, partition)
    add(writer, CHATS, [chat(f"{partition.key}-{n}", None, "01 09:00") for n in range(rows)])
    whole = {"complete": True, "complete_until_us": partition.end_us}
    footer = replace(empty_footer(CHATS, partition, "a-run"), **{**whole, **said})
    writer.commit(footer, None)


def _status(lake: Lake | str) -> tuple[int, dict[str, Any], str]:
    env = {"ZD_LAKE": str(lake.root if isinstance(lake, Lake) else lake), "COLUMNS": "200"}
    told = CliRunner().invoke(main, ["status"], env=env)
    run = CliRunner().invoke(main, ["status", "--json"], env=env)
    assert told.exit_code == run.exit_code, run.output
    said = json.loads(run.output)
    assert said["is_well"] is (run.exit_code == 0)
    chats = next(one for one in said["exports"] if one["export"] == "zendesk_chat/chats")
    return run.exit_code, chats, told.output


def test_a_followed_export_is_well_although_its_newest_day_is_open(lake: Lake) -> None:
    for day in FEBRUARY[:2]:
        _put(lake, day, 3, late_items=2, lateness_s=70.5)
    middle = FEBRUARY[2].start_us + 43_200_000_000
    _put(lake, FEBRUARY[2], 1, complete=False, complete_until_us=middle)
    code, chats, told = _status(lake)
    assert code == 0
    size = sum(path.stat().st_size for path in Path(str(lake.root)).rglob("*.parquet"))
    assert chats == {
        "export": "zendesk_chat/chats",
        "partitions": 3,
        "rows": 7,
        "bytes": size,
        "first_complete": "2026-02-01",
        "last_complete": "2026-02-02",
        "complete_until": "2026-02-03T12:00:00+00:00",
        "gaps": [],
        "incomplete": [],
        "late_items": 4,
        "latest_by_s": 70.5,
        "last_error": None,
        "damaged": [],
    }
    assert "2026-02-03 12:00:00" in told
    assert "zendesk_support/tickets" in told


def test_missing_incomplete_and_damaged_days_are_named_and_wrong(lake: Lake) -> None:
    _put(lake, FEBRUARY[0], 1)
    _put(lake, FEBRUARY[3], 1, complete=False, complete_until_us=FEBRUARY[3].start_us)
    _put(lake, FEBRUARY[5], 1)
    _put(lake, FEBRUARY[6], 1)
    lake.path(CHATS, FEBRUARY[6]).write_bytes(b"nonsense, and more than twelve bytes of it")
    code, chats, told = _status(lake)
    assert code == 1
    assert chats["gaps"] == ["2026-02-02...2026-02-03", "2026-02-05"]
    assert chats["incomplete"] == ["2026-02-04"]
    assert chats["damaged"] == ["zendesk_chat/chats/date=2026-02-07/part-0.parquet"]
    assert chats["complete_until"] == "2026-02-02T00:00:00+00:00"
    assert "no file of 2026-02-02...2026-02-03, 2026-02-05" in told
    assert "incomplete: 2026-02-04" in told
    assert "can't be read: zendesk_chat/chats/date=2026-02-07/part-0.parquet" in told


def test_the_run_that_an_error_ended_is_named(lake: Lake) -> None:
    _put(lake, FEBRUARY[0], 1, last_page=replace(_PAGE, stop_reason="reached"))
    _put(lake, FEBRUARY[1], 1, complete=False, last_page=_PAGE)
    code, chats, told = _status(lake)
    assert code == 1
    assert chats["last_error"].startswith("2026-02-02: run a-run was stopped or ended by an error")
    assert chats["last_error"] in told


def test_a_lake_without_exports_is_said_to_be_so(lake: Lake) -> None:
    code, chats, told = _status(lake)
    assert code == 1
    assert (chats["partitions"], chats["first_complete"]) == (0, None)
    assert f"No export is in {lake.root} yet" in told


def test_an_unusable_lake_is_one_message() -> None:
    done = CliRunner().invoke(main, ["status"], env={"ZD_LAKE": "ftp://there"})
    assert done.exit_code == 1
    assert done.output.startswith("Error: ZD_LAKE: ftp:// is no folder and no store")
    assert len(done.output.splitlines()) == 1


def test_a_lake_in_a_bucket_is_read_too(monkeypatch: pytest.MonkeyPatch) -> None:
    with s3() as store:
        for name, value in store.env.items():
            monkeypatch.setenv(name, value)
        lake = open_lake(f"s3://{BUCKET}/a")
        _put(lake, FEBRUARY[0], 2)
        _put(lake, FEBRUARY[2], 2)
        code, chats, _ = _status(f"s3://{BUCKET}/a")
    assert code == 1
    assert (chats["rows"], chats["gaps"]) == (4, ["2026-02-02"])
    assert chats["bytes"] > 1000
