"""The support report: hand-computed figures read back from the page, as a reader would."""

import base64
import errno
import io
import logging
import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from zd_assets.engine.day import Day
from zd_assets.lake.errors import LakeError
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.lake.temporary import TemporaryFile
from zd_assets.models.marts.agent_daily_scorecard import AGENT_DAILY_SCORECARD
from zd_assets.models.marts.chat_daily_summary import CHAT_DAILY_SUMMARY
from zd_assets.models.marts.sla_breaches_daily import SLA_BREACHES_DAILY
from zd_assets.models.marts.ticket_backlog_daily import TICKET_BACKLOG_DAILY
from zd_assets.models.registry import REPORTED
from zd_assets.report import page as report
from zd_assets.report.charts import CHARTS
from zd_assets.report.page import report_file, write_report
from zd_assets.report.sections import SECTIONS
from zd_assets_tests.helpers.day_files import agent, backlog, chats, put_day, sla

SATURDAY, SUNDAY, MONDAY, TUESDAY = "2026-01-24", "2026-01-25", "2026-01-26", "2026-01-27"


@pytest.fixture(autouse=True)
def _nothing_is_warned_of(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        yield
    assert [record.getMessage() for record in caplog.records] == []


@dataclass
class Page(HTMLParser):
    """What a reader finds: the tables' cells, the headlines, and all tags with their attributes."""

    html: str
    tables: list[list[list[str]]] = field(default_factory=list)
    items: list[list[str]] = field(default_factory=list)
    texts: list[str] = field(default_factory=list)
    tags: list[tuple[str, dict[str, str | None]]] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__()
        self._into: list[str] | None = None
        self.feed(self.html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))
        match tag:
            case "table":
                self.tables.append([])
            case "tr":
                self.tables[-1].append([])
            case "td" | "th":
                self.tables[-1][-1].append("")
                self._into = self.tables[-1][-1]
            case "li":
                self.items.append([])
                self._into = None

    def handle_endtag(self, tag: str) -> None:
        if tag in ("td", "th"):
            self._into = None
        if tag == "ul":
            self.items.append([])

    def handle_data(self, data: str) -> None:
        self.texts.append(data)
        if self._into is not None:
            self._into[-1] += data
        elif self.items and data.strip():
            self.items[-1].append(data.strip())

    def table(self, title: str) -> list[dict[str, str]]:
        """A section's table, a dict for each row."""
        place = [section.title for section in SECTIONS].index(title)
        heads, *rows = self.tables[place]
        # The total's first cell spans all keys.
        full = [row[:1] + [""] * (len(heads) - len(row)) + row[1:] for row in rows]
        return [dict(zip(heads, row, strict=True)) for row in full]

    def headline(self, head: str) -> list[str]:
        """What stands below a headline's head."""
        return next(item[1:] for item in self.items if item[:1] == [head])

    @property
    def text(self) -> str:
        return " ".join(" ".join(self.texts).split())


def write(lake: Lake, last: str = TUESDAY, days: int = 2) -> Page:
    return Page(write_report(lake, Day(last), days).read_text("utf-8"))


def fill(lake: Lake, days: tuple[str, ...], complete: bool = True) -> None:
    """Days without anything."""
    for table in REPORTED:
        for day in days:
            put_day(lake, table, day, [], complete)


def fill_week(lake: Lake) -> Lake:
    """Two days, and the two before."""
    fill(lake, (SATURDAY, SUNDAY, MONDAY, TUESDAY))
    before = chats(1, "Sales", chats=10, served=10, answered=10, first_response_mean_s=60.0)
    put_day(lake, CHAT_DAILY_SUMMARY, SUNDAY, [{**before, "good": 1, "bad": 1}])
    sales: dict[str, Any] = {"chats": 100, "served": 98, "missed": 1, "dropped": 1}
    put_day(
        lake,
        CHAT_DAILY_SUMMARY,
        MONDAY,
        [
            chats(1, "Sales", **sales, answered=90, first_response_mean_s=10.0, good=8, bad=0),
            chats(2, "Support", chats=10, served=10, answered=10, first_response_mean_s=110.0),
        ],
    )
    put_day(
        lake,
        CHAT_DAILY_SUMMARY,
        TUESDAY,
        [
            chats(1, "Sales EU", chats=1400, answered=30, first_response_mean_s=410.0, bad=2),
            chats(None, None, chats=5, missed=5, abandoned=5, abandon_mean_s=134.0),
        ],
    )
    ana = {"chats": 4, "online_s": 5400.0, "answered": 4, "timed": 5, "tickets_solved": 2}
    ana_means = {"first_response_mean_s": 10.0, "duration_mean_s": 100.0}
    put_day(lake, AGENT_DAILY_SCORECARD, MONDAY, [agent(11, "Ana", **{**ana, **ana_means})])
    last = {"chats": 9, "duration_mean_s": 20.0, "first_response_mean_s": 20.0}
    last |= {"answered": 15, "timed": 15}
    put_day(lake, AGENT_DAILY_SCORECARD, TUESDAY, [agent(11, "Ana", **last), agent(12)])
    aged = {"aged": 4, "age_mean_s": 3600.0, "age_max_s": 7200.0}
    put_day(lake, TICKET_BACKLOG_DAILY, SUNDAY, [backlog(7, open=10, created=3)])
    put_day(lake, TICKET_BACKLOG_DAILY, MONDAY, [backlog(7, open=50, created=4, solved=1)])
    put_day(
        lake,
        TICKET_BACKLOG_DAILY,
        TUESDAY,
        [
            backlog(7, open=6, pending=2, created=3, solved=45, **aged),
            backlog(None, new=1, aged=1, age_mean_s=100.0, age_max_s=100.0),
        ],
    )
    put_day(lake, SLA_BREACHES_DAILY, SUNDAY, [sla("reply_time", 8, 8, 2)])
    put_day(lake, SLA_BREACHES_DAILY, MONDAY, [{**sla("reply_time", 3, 9, 1), "still_late": 7}])
    put_day(
        lake,
        SLA_BREACHES_DAILY,
        TUESDAY,
        [
            {**sla("reply_time", 1, 0, 30), "still_late": 2},
            sla("resolution_time", 2, 0, 0, policy=None),
        ],
    )
    return lake


@pytest.fixture
def week(lake: Lake) -> Lake:
    return fill_week(lake)


@pytest.fixture
def _no_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """For tests of many reports that don't look at their pictures."""
    monkeypatch.setattr(report, "CHARTS", dict.fromkeys(CHARTS, lambda *_: b""))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The report of the two days, for tests that only read it."""
    return write(fill_week(open_lake(str(tmp_path_factory.mktemp("lake")))))


def test_departments_are_summed_over_the_days_with_their_weights(page: Page) -> None:
    sales, support, none, total = page.table("Chats")
    # The newest name stands for the department.
    assert (sales["Department"], sales["Chats"]) == ("Sales EU", "1,500")
    # (90 * 10 + 30 * 410) / 120 = 110
    assert sales["First response"] == "1 min 50 s"
    assert sales["Satisfaction"] == "80.0%"
    assert (support["First response"], support["Satisfaction"]) == ("1 min 50 s", "–")
    assert (none["Department"], none["Left after"]) == ("No department", "2 min 14 s")
    assert (total["Department"], total["Chats"], total["Missed"]) == ("All", "1,515", "6")
    assert total["Satisfaction"] == "80.0%"


def test_agents_are_summed_over_the_days_with_their_weights(page: Page) -> None:
    ana, other, total = page.table("Agents")
    assert (ana["Agent"], ana["Chats"], ana["Online"], ana["Tickets solved"]) == (
        *("Ana", "13", "1.5 h"),
        "2",
    )
    # (4 * 10 + 15 * 20) / 19 = 17.9; (5 * 100 + 15 * 20) / 20 = 40
    assert (ana["First response"], ana["Duration"]) == ("18 s", "40 s")
    assert (other["Agent"], other["First response"]) == ("Agent 12", "–")
    assert total["Duration"] == "40 s"


def test_the_backlog_stands_at_the_last_day_and_what_came_and_went_adds_up(page: Page) -> None:
    group, unknown, total = page.table("Tickets")
    assert (group["Group"], group["Unsolved"], group["Open"]) == ("Group 7", "8", "6")
    assert (group["Created"], group["Solved"]) == ("7", "46")
    assert (unknown["Group"], unknown["Unsolved"], unknown["New"]) == ("No group", "1", "1")
    # (4 * 3600 + 100) / 5 = 2900
    assert (total["Unsolved"], total["Age"], total["Oldest"]) == ("9", "48 min 20 s", "2 h")


def test_sla_shares_are_of_the_sums(page: Page) -> None:
    reply, resolution, total = page.table("SLA")
    assert (reply["Metric"], reply["Policy"], reply["Breaches"]) == ("reply time", "Gold", "4")
    assert (reply["Met"], reply["Late"], reply["Met in time"]) == ("9", "31", "22.5%")
    assert (resolution["Policy"], resolution["Met in time"]) == ("Unknown policy", "–")
    assert (total["Breaches"], total["Still late"]) == ("6", "2")


def test_headlines_tell_the_change_against_the_period_before(page: Page) -> None:
    assert "Compared with Sat 24 Jan 2026 – Sun 25 Jan 2026." in page.text
    assert "All days are there and complete." in page.text
    assert page.headline("Chats") == ["1,515", "+15,050.0%", "before: 10"]
    # (900 + 1100 + 12300) / 130 = 110
    assert page.headline("First response") == ["1 min 50 s", "+50 s (worse)", "before: 1 min"]
    assert page.headline("Satisfaction") == ["80.0%", "+30.0 points (better)", "before: 50.0%"]
    assert page.headline("Unsolved tickets") == ["9", "−10.0% (better)", "before: 10"]
    assert page.headline("SLA breaches") == ["6", "−25.0% (better)", "before: 8"]
    assert page.headline("SLA met in time") == ["22.5%", "−57.5 points (worse)", "before: 80.0%"]
    assert page.headline("Missed chats") == ["6", "+6 (worse)", "before: 0"]
    assert page.headline("Agents' time online") == ["1.5 h", "+1.5 h", "before: 0.0 h"]


@pytest.mark.usefixtures("_no_pictures")
def test_a_day_is_compared_with_the_day_before(week: Lake) -> None:
    page = write(week, MONDAY, 1)
    assert "Mon 26 Jan 2026 (1 day, UTC)" in page.text
    assert page.headline("Chats") == ["110", "+1,000.0%", "before: 10"]
    assert [row["Department"] for row in page.table("Chats")] == ["Sales", "Support", "All"]


@pytest.mark.usefixtures("_no_pictures")
def test_counts_of_incomplete_days_are_not_compared_but_means_are(week: Lake) -> None:
    rows = [chats(1, chats=4, answered=2, first_response_mean_s=6.0)]
    put_day(week, CHAT_DAILY_SUMMARY, TUESDAY, rows, complete=False)
    page = write(week)
    assert "Chats: 2026-01-27 is incomplete, known until 2026-01-27 12:00 UTC." in page.text
    assert page.headline("Chats") == ["114", "not compared: incomplete days"]
    assert page.headline("First response")[1:] == ["−40 s (better)", "before: 1 min"]
    assert page.headline("SLA breaches")[1] == "−25.0% (better)"


def test_missing_days_are_named_and_nothing_is_compared_with_them(lake: Lake) -> None:
    fill(lake, (SATURDAY, MONDAY, TUESDAY))
    put_day(lake, CHAT_DAILY_SUMMARY, TUESDAY, [chats(1, chats=4)])
    page = write(lake, "2026-01-30", 7)
    titles = "Chats, Agents, Tickets, SLA"
    assert f"{titles}: no data of 2026-01-25, 2026-01-28 to 2026-01-30." in page.text
    before = "Not compared with Sat 17 Jan 2026 – Fri 23 Jan 2026, of which days are missing"
    assert f"{before}: {titles}." in page.text
    assert page.headline("Chats") == ["4"]
    assert page.headline("Satisfaction") == ["–"]


def test_an_empty_lake_has_a_report_that_says_so(lake: Lake) -> None:
    page = write(lake)
    assert "no data of 2026-01-26 to 2026-01-27." in page.text
    assert page.text.count("Nothing in these days.") == 4
    assert page.headline("Chats") == ["–"]


@pytest.mark.usefixtures("_no_pictures")
def test_names_come_out_as_they_are_and_never_as_html(week: Lake) -> None:
    names = ["<script>alert('x')</script>", '"><img src=x onerror=alert(1)>', "Tom & Jerry", "佐藤"]
    rows = [chats(n, name, chats=10 - n) for n, name in enumerate(names)]
    put_day(week, CHAT_DAILY_SUMMARY, TUESDAY, rows)
    put_day(week, AGENT_DAILY_SCORECARD, TUESDAY, [agent(1, names[0], [9])])
    put_day(week, SLA_BREACHES_DAILY, TUESDAY, [sla(names[0], 9, 0, 0, policy=names[1])])
    page = write(week, TUESDAY, 1)
    assert [row["Department"] for row in page.table("Chats")] == [*names, "All"]
    assert page.table("Agents")[0]["Agent"] == names[0]
    assert page.table("SLA")[0]["Policy"] == names[1]
    assert "<script" not in page.html
    assert "<img src=x" not in page.html


def test_the_page_needs_nothing_else(page: Page) -> None:
    assert not re.search(r"https?:|//[a-z]|@import|url\(", re.sub(r"base64,[^\"]+", "", page.html))
    assert {tag for tag, _ in page.tags}.isdisjoint({"script", "link", "iframe", "object", "base"})
    links = [value for _, each in page.tags for name, value in each.items() if name == "href"]
    assert links == []


def test_each_answer_has_its_picture_with_an_alternative_text(page: Page) -> None:
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    assert len(images) == len(REPORTED)
    decoded = []
    for attributes in images:
        kind, data = str(attributes["src"]).split(",")
        assert kind == "data:image/png;base64"
        picture = Image.open(io.BytesIO(base64.b64decode(data)))
        picture.load()
        assert picture.width == 1800
        decoded.append(picture.tobytes())
        assert len(str(attributes["alt"])) > 40
    assert len(set(decoded)) == len(REPORTED)


def test_pictures_follow_the_data(page: Page, week: Lake) -> None:
    put_day(week, CHAT_DAILY_SUMMARY, TUESDAY, [chats(1, chats=7, served=7)])
    before, after = (
        [attributes["src"] for tag, attributes in each.tags if tag == "img"]
        for each in (page, write(week))
    )
    assert [a == b for a, b in zip(before, after, strict=True)] == [False, True, True, True]


def test_tables_can_be_read_aloud(page: Page) -> None:
    scopes = [attributes.get("scope") for tag, attributes in page.tags if tag == "th"]
    assert set(scopes) == {"col", "row"}
    assert ("html", {"lang": "en"}) in page.tags
    ids = [attributes["id"] for _, attributes in page.tags if "id" in attributes]
    assert len(ids) == len(set(ids))


def test_every_figure_is_defined_where_it_stands_and_at_the_end(page: Page) -> None:
    titles = [attributes.get("title") for _, attributes in page.tags]
    for section in SECTIONS:
        descriptions = {column.name: column.description for column in section.table.columns}
        for figure in section.figures:
            meaning = descriptions[figure.name]
            assert meaning in page.text
            assert any(title and title.startswith(meaning) for title in titles)


def test_the_sources_are_told(page: Page) -> None:
    rows = page.tables[-1]
    assert [row[:3] for row in rows[1:]] == [
        ["analytics/chat_daily_summary", "2 of 2", "4"],
        ["analytics/agent_daily_scorecard", "2 of 2", "3"],
        ["analytics/ticket_backlog_daily", "2 of 2", "3"],
        ["analytics/sla_breaches_daily", "2 of 2", "3"],
    ]
    assert {row[3] for row in rows[1:]} == {"2026-01-28 00:00 UTC"}


@pytest.mark.usefixtures("_no_pictures")
def test_a_report_takes_the_earlier_ones_place(week: Lake) -> None:
    path = write_report(week, Day(TUESDAY), 2)
    assert path == week.root / f"analytics/support_report/date={TUESDAY}/report.html"
    put_day(week, CHAT_DAILY_SUMMARY, TUESDAY, [chats(5, "Newcomers", chats=1)])
    assert write_report(week, Day(TUESDAY), 2) == path
    assert "Newcomers" in path.read_text("utf-8")
    assert [file.name for file in path.parent.iterdir()] == ["report.html"]


@pytest.mark.usefixtures("_no_pictures")
def test_a_report_that_cannot_be_written_leaves_the_earlier_one(
    week: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write_report(week, Day(TUESDAY), 2)
    before = path.read_bytes()

    def full(_: TemporaryFile) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(TemporaryFile, "commit", full)
    put_day(week, CHAT_DAILY_SUMMARY, TUESDAY, [])
    with pytest.raises(LakeError, match="no room to write"):
        write_report(week, Day(TUESDAY), 2)
    assert path.read_bytes() == before
    assert [file.name for file in path.parent.iterdir()] == ["report.html"]


def test_a_damaged_day_is_one_clear_error_and_no_report(week: Lake) -> None:
    Path(week.root / f"analytics/sla_breaches_daily/date={MONDAY}/part-0.parquet").write_bytes(b"x")
    with pytest.raises(LakeError, match="sla_breaches_daily"):
        write_report(week, Day(TUESDAY), 2)
    assert not report_file(week, Day(TUESDAY)).exists()
