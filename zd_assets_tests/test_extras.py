import re
import subprocess
import sys
import tomllib
from pathlib import Path

import dagster as dg
import pytest

from zd_assets.catalog.chat import CHATS
from zd_assets.defs.analytics.automation import when_out_of_date
from zd_assets.defs.analytics.models import daily_asset
from zd_assets.defs.analytics.report import PATH, report_asset
from zd_assets.defs.resources import LakeFolder
from zd_assets.engine.latest.update import update
from zd_assets.extras import EXTRAS, missing_extra
from zd_assets.lake.lake import Lake
from zd_assets.models.latest import CHATS_LATEST
from zd_assets.models.marts.chat_daily_summary import CHAT_DAILY_SUMMARY
from zd_assets_tests.helpers.dagster_runs import SITE, lake_resources
from zd_assets_tests.helpers.daily_lake import iso, key, put

ROOT = Path(__file__).parents[1]
OPTIONAL = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]


@pytest.fixture
def without_charts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Import as in an environment that has no matplotlib."""
    for name in [name for name in sys.modules if name.startswith("zd_assets.report")]:
        monkeypatch.delitem(sys.modules, name)
    for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "matplotlib", None)


@pytest.mark.parametrize("extra", sorted(set(EXTRAS.values())))
def test_an_extra_that_a_message_names_can_be_installed(extra: str) -> None:
    assert OPTIONAL[extra]


def test_what_comes_with_no_extra_is_an_error_of_its_own() -> None:
    with pytest.raises(ModuleNotFoundError, match="elsewhere"):
        missing_extra(ModuleNotFoundError("no elsewhere", name="elsewhere"), "it")


@pytest.mark.parametrize(
    ("command", "package", "extra"),
    [("sandbox", "aiohttp", "sandbox"), ("report", "pandas", "report"), ("status", "rich", "cli")],
)
def test_a_command_says_which_extra_it_needs(command: str, package: str, extra: str) -> None:
    code = (
        f"import sys; sys.modules[{package!r}] = None; "
        f"from zd_assets.cli.main import main; main([{command!r}, '--help'])"
    )
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, cwd=ROOT)
    assert ran.returncode == 1
    assert ran.stderr.splitlines()[-1] == (
        f"Error: zd-assets {command} needs {package}, which isn't installed: "
        f"pip install 'zd_assets[{extra}]'"
    )


@pytest.mark.usefixtures("without_charts")
def test_without_matplotlib_a_mart_is_made_and_its_chart_is_left_out(
    lake: Lake, capfd: pytest.CaptureFixture[str]
) -> None:
    put(lake, CHATS, [{"id": "a", "timestamp": iso("02 09:00")}], 2)
    update(CHATS_LATEST, lake)
    asset = daily_asset(CHAT_DAILY_SUMMARY, SITE, when_out_of_date(LakeFolder(), SITE))
    made = dg.materialize([asset], partition_key=key(2), resources=lake_resources(lake))
    [event] = made.asset_materializations_for_node(asset.op.name)
    assert "chart" not in event.metadata
    assert "dagster/column_lineage" in event.metadata
    assert re.findall("No chart: .*", capfd.readouterr().err) == [
        "No chart: it needs matplotlib, which isn't installed: pip install 'zd_assets[report]'"
    ]


@pytest.mark.usefixtures("without_charts")
def test_without_matplotlib_the_report_s_run_fails_and_says_what_to_install(lake: Lake) -> None:
    asset = report_asset(SITE, when_out_of_date(LakeFolder(), SITE))
    assert asset.key == SITE.key(PATH)
    made = dg.materialize(
        [asset], partition_key=key(2), resources=lake_resources(lake), raise_on_error=False
    )
    [failure] = made.get_step_failure_events()
    assert "pip install 'zd_assets[report]'" in str(failure.event_specific_data)
