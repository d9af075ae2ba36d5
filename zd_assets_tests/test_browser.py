"""What people see and click: Dagster's UI in headless Chromium, against the sandbox.

The pictures of each step are in the test's temporary folder.
"""

from __future__ import annotations

import os
import re
import shutil
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pytest

import zd_assets
from zd_assets.catalog.chat import CHATS
from zd_assets.catalog.export import Api
from zd_assets.catalog.registry import EXPORTS
from zd_assets.catalog.support import TICKETS
from zd_assets.lake.lake import Lake
from zd_assets.models.checks import checks_of
from zd_assets.models.facts.chat_engagements import CHAT_ENGAGEMENTS
from zd_assets.models.latest import CHATS_LATEST
from zd_assets.models.marts.chat_daily_summary import CHAT_DAILY_SUMMARY
from zd_assets.sandbox import Running
from zd_assets_tests.conftest import NO_LIMITS
from zd_assets_tests.helpers.dagster_dev import PATIENCE_S, dagster_dev, wait
from zd_assets_tests.helpers.dagster_runs import cli_env
from zd_assets_tests.helpers.truth import day

if TYPE_CHECKING:
    from dagster._core.scheduler.instigation import InstigatorTick
    from playwright.sync_api import Locator, Page

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
AUTOMATION = "analytics_automation"
WORKSPACE = Path(zd_assets.__file__).parents[1] / "workspace.yaml"
CHATS_PAGE = "/assets/zendesk_chat/chats?view=partitions"
CHECKS_PAGE = "/assets/zendesk_support/tickets?view=checks&checkDetail=live_format"
GRAPH_PAGE = "/locations/zd_assets/asset-groups/zendesk_chat/lineage"
SUMMARY_PAGE = "/assets/analytics/chat_daily_summary?view=partitions"
ANALYTICS_PAGE = "/locations/zd_assets/asset-groups/analytics/lineage"
FOLLOW_UP = "chats_follow_up"
INSTANCE = """\
telemetry: {enabled: false}
nux: {enabled: false}
concurrency: {pools: {default_limit: 1}}
"""

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif("CI" in os.environ, reason="a browser isn't for CI"),
    pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium on the PATH"),
]


@dataclass
class Ui:
    """Dagster's UI in a browser, and what is behind it."""

    page: Page
    url: str
    instance: dg.DagsterInstance
    lake: Lake
    pictures: Path

    def open(self, path: str) -> None:
        """Go to a page of the UI."""
        self.page.goto(self.url + path)

    def button(self, text: str) -> Locator:
        """The button with this text; its accessible name has its icon's, too."""
        return self.page.get_by_role("button").filter(has_text=re.compile(f"^{text}$"))

    def sees(self, *texts: str | re.Pattern[str]) -> None:
        """Wait for each of these texts to be visible."""
        for text in texts:
            self.page.get_by_text(text).locator("visible=true").first.wait_for()

    def sees_row(self, name: str) -> None:
        """Wait for a table's row with exactly this text."""
        self.page.get_by_role("row", name=name, exact=True).wait_for()

    def picture(self, name: str) -> None:
        """Keep what is seen now."""
        self.page.screenshot(path=self.pictures / f"{name}.png", animations="disabled")

    def runs(self) -> list[dg.DagsterRun]:
        """Every run, oldest first."""
        return [r.dagster_run for r in self.instance.get_run_records(ascending=True)]

    def materialized(self, path: Sequence[str] = CHATS.path) -> set[str]:
        """The partitions of an asset that the instance knows of."""
        return set(self.instance.get_materialized_partitions(dg.AssetKey(list(path))))

    def waits_for(self, path: Sequence[str], keys: list[str]) -> None:
        """Wait for partitions of an asset to be materialized."""
        wait(lambda: self.materialized(path) >= set(keys))

    def follows(self) -> bool:
        """Whether a sensor is switched on."""
        return any(state.is_running for state in self.instance.all_instigator_state())

    def ticks(self, sensor: str) -> list[InstigatorTick]:
        """Every tick of a sensor."""
        return [
            tick
            for state in self.instance.all_instigator_state()
            if state.instigator_name == sensor
            for tick in self.instance.get_ticks(state.instigator_origin_id, state.selector_id)
        ]


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    driver = pytest.importorskip("playwright.sync_api", reason="Playwright isn't installed")
    with (
        driver.sync_playwright() as playwright,
        playwright.chromium.launch(executable_path=CHROMIUM) as browser,
        browser.new_page(viewport={"width": 1440, "height": 900}, timezone_id="UTC") as page,
    ):
        page.set_default_timeout(PATIENCE_S * 1000)
        yield page
        page.screenshot(path=tmp_path / "last.png")


@pytest.fixture
def ui(page: Page, sandbox: Running, lake: Lake, tmp_path: Path) -> Iterator[Ui]:
    sandbox.reset(**NO_LIMITS, chats_per_day=100, tickets_per_day=50)
    home = tmp_path / "dagster"
    env = cli_env(sandbox, home, lake, ZD_START_DATE=_days_ago(13))
    (home / "dagster.yaml").write_text(INSTANCE)
    with (
        dg.DagsterInstance.from_config(str(home)) as instance,
        dagster_dev(["-w", str(WORKSPACE)], env) as url,
    ):
        yield Ui(page, url, instance, lake, tmp_path)
        # None of them outlives `dagster dev`.
        wait(lambda: all(run.is_finished for run in instance.get_runs()))


def test_a_newcomer_sees_materializes_backfills_checks_and_follows(ui: Ui) -> None:
    one, *more = [_days_ago(ago) for ago in range(8, 2, -1)]
    _see_the_graph(ui)
    _materialize(ui, one)
    _see_the_metadata(ui, one)
    _backfill(ui, more)
    _switch_on(ui, AUTOMATION)
    _check_the_live_format(ui)
    _see_the_answers_follow(ui, [one, *more])
    _see_an_answer(ui, more[-1])
    _see_what_it_is_made_of(ui)
    _follow_the_chats(ui)


def _see_the_graph(ui: Ui) -> None:
    ui.open(GRAPH_PAGE)
    for export in EXPORTS:
        if export.api is Api.CHAT:
            ui.page.locator("svg foreignObject").get_by_text(export.name, exact=True).wait_for()
    ui.picture("graph_empty")


def _materialize(ui: Ui, key: str) -> None:
    ui.open(CHATS_PAGE)
    _choose(ui, key, "1 partition").click()
    ui.sees("Launched run")
    ui.page.get_by_role("link").filter(has_text="Runs").click()
    ui.sees(f"partition: {key}", re.compile("^Success$"))
    (run,) = ui.runs()
    assert run.is_success
    assert ui.materialized() == {key}


def _see_the_metadata(ui: Ui, key: str) -> None:
    footer = ui.lake.footer(CHATS, day(key))
    assert footer
    assert footer.complete
    assert footer.items > 0
    ui.open(CHATS_PAGE)
    _see_partitions_of_chats(ui, 1)
    ui.page.get_by_text(key, exact=True).first.click()
    ui.sees_row("complete true")
    ui.sees_row(f"dagster/partition_row_count {footer.items}")
    ui.sees(str(ui.lake.path(CHATS, day(key))))
    ui.picture("partition")


def _backfill(ui: Ui, keys: list[str]) -> None:
    before, first, last = ui.materialized(), keys[0], keys[-1]
    ui.open(CHATS_PAGE)
    launch = _choose(ui, f"[{first}...{last}]", f"{len(keys)} partitions")
    ui.sees("Backfills all partitions in a single run.")
    ui.picture("backfill_dialog")
    launch.click()
    ui.sees("Created backfill")
    wait(lambda: [one.status.value for one in ui.instance.get_backfills()] == ["COMPLETED_SUCCESS"])
    (backfill,) = ui.instance.get_backfills()
    (run,) = [run for run in ui.runs() if run.tags.get("dagster/backfill") == backfill.backfill_id]
    assert run.is_success
    assert run.tags["dagster/asset_partition_range_start"] == first
    assert run.tags["dagster/asset_partition_range_end"] == last
    assert ui.materialized() == before | set(keys)
    footers = [ui.lake.footer(CHATS, day(key)) for key in keys]
    assert all(footer and footer.complete for footer in footers)
    ui.open(f"/runs/b/{backfill.backfill_id}")
    ui.sees(f"{first}...{last}", "Succeeded", "100% completed")
    ui.open(CHATS_PAGE)
    _see_partitions_of_chats(ui, len(before) + len(keys))
    ui.picture("backfill")


def _check_the_live_format(ui: Ui) -> None:
    ui.open(CHECKS_PAGE)
    ui.sees("Not evaluated")
    ui.button("Execute").click()
    ui.sees("Launched run")
    wait(lambda: all(run.is_finished for run in ui.runs()))
    (run,) = [run for run in ui.runs() if run.asset_check_selection and not run.asset_selection]
    assert run.is_success
    (logged,) = ui.instance.all_logs(run.run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    assert logged.dagster_event
    evaluation = logged.dagster_event.asset_check_evaluation_data
    assert evaluation.asset_key == dg.AssetKey(list(TICKETS.path))
    assert evaluation.description
    # Where the page shows code, the sentence has backticks.
    ui.sees(evaluation.description.split("`")[0].strip())
    ui.sees("Passed" if evaluation.passed else "Failed")
    ui.picture("check")


def _see_the_answers_follow(ui: Ui, keys: list[str]) -> None:
    # Current state, then facts, then answers: each asked for once the one before is there.
    ui.waits_for(CHAT_ENGAGEMENTS.path, keys)
    ui.waits_for(CHAT_DAILY_SUMMARY.path, keys)
    switch = _sensor(ui, AUTOMATION)
    ui.sees(re.compile(r"[1-9]\d* materializations? requested"))
    ui.picture("automation")
    assert not any(tick.status.value == "FAILURE" for tick in ui.ticks(AUTOMATION))
    _switch_off(ui, switch)


def _see_an_answer(ui: Ui, key: str) -> None:
    ui.open(SUMMARY_PAGE)
    ui.page.get_by_text(key, exact=True).first.click()
    ui.sees_row("complete true")
    ui.page.get_by_text("[Show Markdown]").click()
    chart = ui.page.get_by_role("dialog").get_by_role("img", name=CHAT_DAILY_SUMMARY.name)
    # It fails where the picture can't be decoded.
    chart.evaluate("it => it.decode()")
    assert chart.evaluate("it => Math.min(it.naturalWidth, it.naturalHeight)") > 0
    ui.picture("chart")
    ui.button("Close").click()
    ui.page.get_by_role("tab").filter(has_text="Checks").click()
    checks = checks_of(CHAT_DAILY_SUMMARY)
    ui.sees(*checks, "Passed")
    ui.page.get_by_text("Succeeded", exact=True).nth(len(checks) - 1).wait_for()
    ui.picture("checks")


def _see_what_it_is_made_of(ui: Ui) -> None:
    ui.page.get_by_role("tab").filter(has_text="Lineage").click()
    ui.button("Upstream").click()
    ui.button("All").click()
    ui.sees(re.compile(f"^{CHATS.name}$"), CHATS_LATEST.name, CHAT_ENGAGEMENTS.name)
    ui.sees("2 / 2 Passed")
    ui.picture("lineage")
    ui.open(ANALYTICS_PAGE)
    ui.sees(CHATS_LATEST.name, CHAT_ENGAGEMENTS.name, CHAT_DAILY_SUMMARY.name)
    ui.picture("analytics")


def _follow_the_chats(ui: Ui) -> None:
    switch = _switch_on(ui, FOLLOW_UP)
    latest = ui.page.get_by_role("row").filter(has_text="Latest tick")
    latest.filter(has_text=re.compile("runs? requested")).wait_for()
    assert not any(tick.status.value == "FAILURE" for tick in ui.ticks(FOLLOW_UP))
    # Once what it asked for is done, it says why it asks for nothing more.
    wait(lambda: any(tick.skip_reason for tick in ui.ticks(FOLLOW_UP)))
    wait(lambda: all(run.is_finished for run in ui.runs()))
    ui.page.reload()
    ui.page.get_by_role("row").filter(has_text="View logs").first.wait_for()
    ui.picture("sensor")
    ui.button("0 runs requested").first.click()
    reasons = [re.escape(tick.skip_reason) for tick in ui.ticks(FOLLOW_UP) if tick.skip_reason]
    ui.page.get_by_role("dialog").get_by_text(re.compile("|".join(reasons))).first.wait_for()
    ui.picture("tick")
    ui.button("Close").click()
    ui.page.get_by_role("dialog").wait_for(state="detached")
    _switch_off(ui, switch)
    # So high that the whole group is seen.
    ui.page.set_viewport_size({"width": 1440, "height": 1140})
    ui.open(GRAPH_PAGE)
    ui.sees("agent_timeline", "% filled")
    ui.picture("graph")


def _sensor(ui: Ui, name: str) -> Locator:
    """Open a sensor's page; gives its switch."""
    ui.open("/automation")
    ui.page.get_by_role("link").filter(has_text=name).click()
    return ui.page.get_by_role("row").filter(has_text="Running").locator("label")


def _switch_on(ui: Ui, sensor: str) -> Locator:
    switch = _sensor(ui, sensor)
    ui.sees("Sensor has never run")
    switch.click()
    wait(ui.follows)
    return switch


def _switch_off(ui: Ui, switch: Locator) -> None:
    switch.click()
    wait(lambda: not ui.follows())
    wait(lambda: all(run.is_finished for run in ui.runs()))
    assert all(run.is_success for run in ui.runs())


def _choose(ui: Ui, partitions: str, chosen: str) -> Locator:
    """Open the dialog and choose partitions in it; gives its button that launches them."""
    ui.button("Materialize…").click()
    dialog = ui.page.get_by_role("dialog")
    dialog.get_by_text(re.compile(r"Showing [1-9]\d* of")).wait_for()
    field = dialog.get_by_role("textbox")
    field.fill(partitions)
    field.press("Enter")
    dialog.get_by_text(chosen, exact=True).wait_for()
    return dialog.get_by_role("button").filter(has_text="Launch")


def _see_partitions_of_chats(ui: Ui, count: int) -> None:
    name = f"Materialized ({count})"
    ui.page.get_by_role("checkbox", name=name).wait_for(state="attached")
    ui.sees(name)


def _days_ago(days: int) -> str:
    return f"{datetime.now(UTC) - timedelta(days=days):%Y-%m-%d}"
