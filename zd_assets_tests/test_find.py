"""Finding the files of a lake that hold a text."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from zd_assets.catalog.chat import CHATS
from zd_assets.cli.find import holders
from zd_assets.lake.errors import LakeError
from zd_assets.lake.lake import Lake
from zd_assets_tests.helpers.latest_lake import FEB_1, FEB_2, JAN_31, chat, put

HOLDING: dict[str, dict[str, Any]] = {
    "in a column": {"comment": "ask José <now>"},
    "in a struct": {"visitor": {"name": "José <now>"}},
    "in a list": {"tags": ["vip", "JOSÉ <NOW>"]},
    "in a list of structs": {"engagements": [{"id": "e"}, {"id": "f", "comment": "José <now>"}]},
    "in JSON": {"history": [{"msg": "José <now>"}]},
    "where there is no column": {"brand_new": {"x": ["José <now>"]}},
    "in a name": {"brand_new": {"José <now>": 1}},
}


@pytest.mark.parametrize("attributes", HOLDING.values(), ids=HOLDING)
def test_a_text_is_found_wherever_it_stands(attributes: dict[str, Any], lake: Lake) -> None:
    put(lake, JAN_31, [chat("a", "31 09:00", "31 10:00", comment="Jose", tags=["now"])])
    put(lake, FEB_1, [chat("b", "01 07:00", "01 08:00"), chat("c", None, "01 09:00", **attributes)])
    put(lake, FEB_2, [])
    assert list(holders(lake, ["nobody", "josé <now>"])) == [lake.path(CHATS, FEB_1)]


@pytest.mark.parametrize(
    "content", ["<p>JOSÉ &lt;now&gt;</p>", '{"name": "Jos\\u00e9 <now>"}', "José <now>"]
)
def test_so_it_is_in_pages_and_manifests(content: str, lake: Lake) -> None:
    page = lake.root / "analytics/support_report/date=2026-02-01/report.html"
    page.parent.mkdir(parents=True)
    page.write_text(content, "utf-8")
    assert list(holders(lake, ["José <now>"])) == [page]
    assert list(holders(lake, ["Josefa"])) == []


def test_an_escaped_text_in_the_apis_own_json_is_found(lake: Lake) -> None:
    put(lake, FEB_1, [chat("c", None, "01 09:00", history=[{"msg": 'Jos\u00e9 "now"'}])])
    assert list(holders(lake, ['José "now"'])) == [lake.path(CHATS, FEB_1)]


def test_an_empty_text_is_refused_and_a_damaged_file_named(lake: Lake) -> None:
    with pytest.raises(LakeError, match="name one"):
        list(holders(lake, [" "]))
    put(lake, FEB_1, [])
    lake.path(CHATS, FEB_1).write_bytes(b"nonsense, and more than twelve bytes of it")
    with pytest.raises(LakeError, match=r"date=2026-02-01/part-0\.parquet"):
        list(holders(lake, ["a"]))


def _command(lake: Path, *texts: str) -> tuple[int, str, str]:
    run = subprocess.run(
        [sys.executable, "-m", "zd_assets", "find", *texts],
        env={**os.environ, "ZD_LAKE": str(lake)},
        capture_output=True,
        text=True,
        check=False,
    )
    return run.returncode, run.stdout, run.stderr


def test_the_command_prints_paths_below_the_lake_and_ends_like_grep(lake: Lake) -> None:
    put(lake, FEB_1, [chat("c", None, "01 09:00", comment="here")])
    assert isinstance(lake.root, Path)
    assert _command(lake.root, "here") == (
        0,
        "zendesk_chat/chats/date=2026-02-01/part-0.parquet\n",
        "",
    )
    assert _command(lake.root, "there") == (1, "", "")
    status, output, usage = _command(lake.root)
    assert (status, output) == (2, "")
    assert usage.startswith("Usage: python -m zd_assets find [OPTIONS] TEXT...")


def test_what_a_run_is_still_writing_is_no_data(lake: Lake) -> None:
    put(lake, FEB_1, [chat("c", None, "01 09:00", comment="José")])
    path = lake.path(CHATS, FEB_1)
    for hidden in (
        path.parent / ".new" / "part-0.parquet",
        path.parent / f".{path.name}.0123.tmp",
        lake.root / ".repartition" / path.relative_to(lake.root),
    ):
        hidden.parent.mkdir(parents=True, exist_ok=True)
        hidden.write_bytes(path.read_bytes()[:-20] + "José".encode())
    assert list(holders(lake, ["José"])) == [path]
    assert lake.files(CHATS) == [path]
