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

import pyarrow as pa
import pytest
from PIL import Image

from zd_assets.catalog.reference import GROUPS
from zd_assets.catalog.support import TICKETS
from zd_assets.engine.day import Day
from zd_assets.engine.inputs import Finder
from zd_assets.lake.errors import LakeError
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.lake.reference import write_reference
from zd_assets.lake.temporary import TemporaryFile
from zd_assets.models.facts.ticket_states import TICKET_STATES
from zd_assets.models.marts.agent_daily_scorecard import AGENT_DAILY_SCORECARD
from zd_assets.models.marts.chat_daily_summary import CHAT_DAILY_SUMMARY
from zd_assets.models.marts.sla_breaches_daily import SLA_BREACHES_DAILY
from zd_assets.models.marts.team_daily_summary import TEAM_DAILY_SUMMARY
from zd_assets.models.marts.ticket_backlog_daily import TICKET_BACKLOG_DAILY
from zd_assets.models.marts.ticket_times_daily import TICKET_TIMES_DAILY
from zd_assets.models.registry import REPORT_SOURCES, REPORTED
from zd_assets.report import page as report
from zd_assets.report.charts import CHARTS
from zd_assets.report.digest import digest
from zd_assets.report.input_version import input_version, is_due, report_file
from zd_assets.report.page import write_report
from zd_assets.report.sections import SECTIONS
from zd_assets.report.span import Period, span
from zd_assets.report.summary import summary
from zd_assets.schema.arrow import arrow_schema
from zd_assets_tests.helpers.day_files import (
    agent,
    backlog,
    chats,
    histogram,
    put_day,
    sla,
    team,
    times,
)

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
        return [dict(zip(heads, row, strict=True)) for row in rows]

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
    for table in REPORT_SOURCES:
        for day in days:
            put_day(lake, table, day, [], complete)


def fill_week(lake: Lake) -> Lake:
    """Two days, and the two before."""
    fill(lake, (SATURDAY, SUNDAY, MONDAY, TUESDAY))
    minute = {"answered": 10, "first_response_histogram": histogram(*[61.0] * 10)}
    before = chats(1, "Sales", chats=10, served=10, **minute)
    put_day(lake, CHAT_DAILY_SUMMARY, SUNDAY, [{**before, "good": 1, "bad": 1}])
    sales: dict[str, Any] = {"chats": 100, "served": 98, "missed": 2, "dropped": 1}
    quick = {"answered": 3, "first_response_histogram": histogram(10.0, 10.0, 10.0)}
    slow = {"answered": 2, "first_response_histogram": histogram(600.0, 600.0)}
    put_day(
        lake,
        CHAT_DAILY_SUMMARY,
        MONDAY,
        [
            chats(1, "Sales", **sales, **quick, good=8, bad=0, timed=90, duration_mean_s=10.0),
            chats(2, "Support", chats=10, served=10, answered=1, timed=10, duration_mean_s=110.0),
        ],
    )
    left = {"abandoned": 1, "abandon_histogram": histogram(136.0)}
    put_day(
        lake,
        CHAT_DAILY_SUMMARY,
        TUESDAY,
        [
            chats(1, "Sales EU", chats=1400, bad=2, **slow, timed=30, duration_mean_s=410.0),
            chats(None, None, chats=5, missed=5, **left),
        ],
    )
    ana = {"chats": 4, "online_s": 5400.0, "answered": 4, "timed": 5, "tickets_solved": 2}
    put_day(
        lake,
        AGENT_DAILY_SCORECARD,
        MONDAY,
        [
            agent(11, "Ana", **ana, engaged_s=100.0, concurrency=2.0, offered=8, not_accepted=2),
            agent(None, is_automation=True, tickets_updated=70, tickets_solved=50),
        ],
    )
    last = {"chats": 9, "engaged_s": 300.0, "concurrency": 1.0, "tickets_solved": 1}
    put_day(lake, AGENT_DAILY_SCORECARD, TUESDAY, [agent(11, "Ana", **last), agent(12, chats=5)])
    put_day(lake, TEAM_DAILY_SUMMARY, MONDAY, [team(chats=4, tickets_solved=2)])
    # Agents of one chat and of one ticket both had a part in it.
    by_rules = team(is_automation=True, tickets_solved=50)
    put_day(lake, TEAM_DAILY_SUMMARY, TUESDAY, [team(chats=10, tickets_solved=1), by_rules])
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
    replies = [times("first_reply_time", 7, 63.0, 63.0), times("first_reply_time", 8, 63.0)]
    put_day(lake, TICKET_TIMES_DAILY, MONDAY, replies)
    late_reply = times("first_reply_time", 8, 86_000.0, 86_000.0)
    put_day(lake, TICKET_TIMES_DAILY, TUESDAY, [late_reply, times("resolution_time", 8, 7200.0)])
    put_day(lake, SLA_BREACHES_DAILY, SUNDAY, [sla("reply_time", 8, 8, 2)])
    put_day(lake, SLA_BREACHES_DAILY, MONDAY, [{**sla("reply_time", 3, 9, 1), "still_late": 7}])
    put_day(
        lake,
        SLA_BREACHES_DAILY,
        TUESDAY,
        [
            {**sla("reply_time", 1, 0, 30), "still_late": 2},
            sla("reply_time", 0, 10, 0, policy="Silver"),
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
    monkeypatch.setattr(report, "CHARTS", dict.fromkeys(CHARTS, lambda *_: b"png"))
    monkeypatch.setattr(report, "demand_chart", lambda *_: b"png")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The report of the two days, for tests that only read it."""
    return write(fill_week(open_lake(str(tmp_path_factory.mktemp("lake")))))


def test_departments_are_summed_over_the_days(page: Page) -> None:
    sales, support, none, total = page.table("Chats")
    # The newest name stands for the department.
    assert (sales["Department"], sales["Chats"]) == ("Sales EU", "1,500")
    # (90 * 10 + 30 * 410) / 120 = 110
    assert sales["Duration, mean"] == "1 min 50 s"
    # Of 10, 10, 10, 600 and 600 s; a mean says 246 s.
    assert sales["First response, median"] == "10 s"
    assert sales["First response, p90"] == "10 min"
    assert (sales["Missed"], sales["Satisfaction"]) == ("2 (0.1%)", "80.0%")
    assert (support["First response, median"], support["Satisfaction"]) == ("–", "–")
    assert (none["Department"], none["Missed"]) == ("No department", "5 (100.0%)")
    assert none["Left after, median"] == "2.3 min"
    # 7 / 1515, and 10 of 1515 rated.
    assert (total["Department"], total["Chats"], total["Missed"]) == ("All", "1,515", "7 (0.5%)")
    assert (total["Satisfaction"], total["Rated"]) == ("80.0%", "0.7%")


def test_agents_are_summed_over_the_days_with_their_weights(page: Page) -> None:
    ana, other, total, automation = page.table("Agents")
    assert (ana["Agent"], ana["Chats"], ana["Online"]) == ("Ana", "13", "1.5 h")
    assert (ana["Not accepted"], ana["Tickets solved"]) == ("2 (25.0%)", "3")
    # (2 * 100 + 1 * 300) / 400
    assert ana["At once, mean"] == "1.2"
    assert (other["Agent"], other["Response, median"]) == ("agent 12", "–")
    assert total["Agent"] == "All agents"
    assert (automation["Agent"], automation["Tickets solved"]) == ("Automation", "50")


def test_what_several_agents_did_counts_once_for_all_of_them(page: Page) -> None:
    *agents, total, _ = page.table("Agents")
    assert sum(int(row["Chats"]) for row in agents) == 18
    assert (total["Chats"], total["Tickets solved"]) == ("14", "3")


@pytest.mark.usefixtures("_no_pictures")
def test_without_the_teams_days_what_all_agents_did_is_unknown(week: Lake) -> None:
    (week.root / f"analytics/team_daily_summary/date={MONDAY}/part-0.parquet").unlink()
    total = write(week).table("Agents")[2]
    assert (total["Agent"], total["Chats"], total["Online"]) == ("All agents", "–", "1.5 h")


def test_the_backlog_stands_at_the_last_day_and_what_came_and_went_adds_up(page: Page) -> None:
    group, unknown, total = page.table("Tickets")
    assert (group["Group"], group["Unsolved"], group["Open"]) == ("group 7", "8", "6")
    assert (group["Created"], group["Solved"]) == ("7", "46")
    assert (unknown["Group"], unknown["Unsolved"], unknown["New"]) == ("No group", "1", "1")
    assert (total["Unsolved"], total["Oldest"]) == ("9", "2 h")


def test_percentiles_of_groups_are_of_all_their_days(page: Page) -> None:
    second, first, replies, resolution = page.table("Replies and resolutions")
    assert (second["Measure"], second["Group"]) == ("first reply time", "group 8")
    assert (second["Median"], second["p90"], second["Number"]) == ("1.0 d", "1.0 d", "3")
    assert (first["Group"], first["Median"]) == ("group 7", "1.1 min")
    assert (replies["Group"], replies["Number"]) == ("All groups", "5")
    assert (replies["Median"], replies["p90"]) == ("1.1 min", "1.0 d")
    # The only group is its own total.
    assert (resolution["Measure"], resolution["Median"]) == ("resolution time", "2.1 h")


def test_sla_shares_are_of_the_sums_and_never_of_several_metrics(page: Page) -> None:
    reply, silver, both, resolution = page.table("SLA")
    assert (reply["Metric"], reply["Policy"], reply["Breaches"]) == ("reply time", "Gold", "4")
    assert (reply["Met"], reply["Late"], reply["Met in time"]) == ("9", "31", "22.5%")
    assert (silver["Policy"], silver["Met in time"]) == ("Silver", "100.0%")
    # 19 of 50
    assert (both["Policy"], both["Met in time"]) == ("All policies", "38.0%")
    assert (both["Breaches"], both["Still late"]) == ("4", "2")
    assert (resolution["Metric"], resolution["Policy"]) == ("resolution time", "Unknown policy")
    assert resolution["Met in time"] == "–"


def test_headlines_tell_the_change_against_the_period_before(page: Page) -> None:
    assert "Compared with Sat 24 Jan 2026 – Sun 25 Jan 2026." in page.text
    assert "All days are there and complete." in page.text
    assert page.headline("Chats") == ["1,515", "+15,050.0%", "before: 10"]
    response = page.headline("First response in chat, median")
    assert response[:2] == ["10 s", "p90 10 min"]
    assert response[2].endswith("(better)")
    satisfaction = page.headline("Satisfaction in chat")
    assert satisfaction[:2] == ["80.0%", "0.7% of chats rated"]
    assert satisfaction[2:] == ["+30.0 points (better)", "before: 50.0%"]
    backlog = page.headline("Unsolved tickets")
    assert backlog == ["9", "0 over 7 days old", "−10.0% (better)", "before: 10"]
    met = page.headline("SLA met, reply time")
    assert met == ["38.0%", "4 breaches", "−42.0 points (worse)", "before: 80.0%"]
    assert page.headline("SLA met, resolution time") == ["–", "2 breaches", "before: –"]
    missed = page.headline("Missed chats")
    assert missed == ["0.5%", "7 chats", "+0.5 points (worse)", "before: 0.0%"]
    assert page.headline("Agents' time online") == ["1.5 h", "+1.5 h", "before: 0.0 h"]
    replies = page.headline("First reply to tickets, median")
    assert replies == ["1.1 min", "p90 1.0 d", "before: –"]


@pytest.mark.usefixtures("_no_pictures")
def test_a_day_is_compared_with_the_day_before(week: Lake) -> None:
    page = write(week, MONDAY, 1)
    assert "Mon 26 Jan 2026 (1 day, UTC)" in page.text
    assert page.headline("Chats") == ["110", "+1,000.0%", "before: 10"]
    assert [row["Department"] for row in page.table("Chats")] == ["Sales", "Support", "All"]


@pytest.mark.usefixtures("_no_pictures")
def test_counts_of_incomplete_days_are_not_compared_but_means_are(week: Lake) -> None:
    rows = [chats(1, chats=4, answered=7, first_response_histogram=histogram(*[6.0] * 7))]
    put_day(week, CHAT_DAILY_SUMMARY, TUESDAY, rows, complete=False)
    page = write(week)
    assert "Chats: 2026-01-27 is incomplete, known until 2026-01-27 12:00 UTC." in page.text
    assert page.headline("Chats") == ["114", "not compared: incomplete days"]
    change, before = page.headline("First response in chat, median")[2:]
    assert change.endswith("(better)")
    assert before.startswith("before: ")
    assert page.headline("SLA met, reply time")[2] == "−42.0 points (worse)"


def test_missing_days_are_named_and_nothing_is_compared_with_them(lake: Lake) -> None:
    fill(lake, (SATURDAY, MONDAY, TUESDAY))
    put_day(lake, CHAT_DAILY_SUMMARY, TUESDAY, [chats(1, chats=4)])
    page = write(lake, "2026-01-30", 7)
    titles = "Chats, Agents, Tickets, Replies and resolutions, SLA"
    assert f"{titles}: no data of 2026-01-25, 2026-01-28 to 2026-01-30." in page.text
    before = "Not compared with Sat 17 Jan 2026 – Fri 23 Jan 2026, of which days are missing"
    assert f"{before}: {titles}." in page.text
    assert page.headline("Chats") == ["4"]
    assert page.headline("Satisfaction in chat") == ["–", "0.0% of chats rated"]


def test_an_empty_lake_has_a_report_that_says_so(lake: Lake) -> None:
    page = write(lake)
    assert "no data of 2026-01-26 to 2026-01-27." in page.text
    assert page.text.count("Nothing is known of these days.") == len(SECTIONS)
    assert "Nothing in these days." not in page.text
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


def decode(source: str) -> Image.Image:
    kind, data = source.split(",")
    assert kind == "data:image/png;base64"
    picture = Image.open(io.BytesIO(base64.b64decode(data)))
    picture.load()
    return picture


def test_each_answer_has_its_picture_with_an_alternative_text(page: Page) -> None:
    images = [attributes for tag, attributes in page.tags if tag == "img"]
    # And demand against staffing.
    assert len(images) == len(REPORTED) + 1
    assert all(len(str(attributes["alt"])) > 40 for attributes in images)
    narrow = [attributes for tag, attributes in page.tags if tag == "source"]
    for sources, width in (
        ([attributes["src"] for attributes in images], 1800),
        ([attributes["srcset"] for attributes in narrow], 1000),
    ):
        decoded = [decode(str(source)) for source in sources]
        assert {picture.width for picture in decoded} == {width}
        assert len({picture.tobytes() for picture in decoded}) == len(images)


def test_pictures_follow_the_data(page: Page, week: Lake) -> None:
    put_day(
        week, CHAT_DAILY_SUMMARY, TUESDAY, [chats(1, chats=7, served=7, chats_by_hour=[7] * 24)]
    )
    before, after = (
        [attributes["src"] for tag, attributes in each.tags if tag == "img"]
        for each in (page, write(week))
    )
    assert [a == b for a, b in zip(before, after, strict=True)] == [
        # Chats, and demand; not agents, tickets, their times and SLA.
        *(False, True, False),
        *(True, True, True),
    ]


def test_captions_say_which_days_a_picture_shows(page: Page, week: Lake) -> None:
    four = "Sat 24 Jan 2026 – Tue 27 Jan 2026"
    assert f"first response, and satisfaction, by day: {four}." in page.text
    assert "Which agent was online in which hour: Tue 27 Jan 2026." in page.text
    assert f"in the mean hour of each weekday: {four}." in page.text
    put_day(week, CHAT_DAILY_SUMMARY, TUESDAY, [], complete=False)
    (week.root / f"analytics/chat_daily_summary/date={SUNDAY}/part-0.parquet").unlink()
    said = f"satisfaction, by day: {four}, without 2026-01-25, 2026-01-27 incomplete."
    assert said in write(week).text


def test_a_picture_that_cannot_be_drawn_leaves_the_rest_of_the_page(
    week: Lake, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def fail(*_: object) -> bytes:
        raise ValueError("no room for the legend")

    monkeypatch.setattr(
        report, "CHARTS", {**dict.fromkeys(CHARTS, lambda *_: b"png"), "sla_breaches_daily": fail}
    )
    page = write(week)
    [record] = caplog.records
    assert "Missed targets" in record.getMessage()
    caplog.clear()
    assert "The picture can't be drawn. Missed targets" in page.text
    assert page.table("SLA")[0]["Met"] == "9"
    assert len([tag for tag, _ in page.tags if tag == "img"]) == len(REPORTED)


@pytest.mark.usefixtures("_no_pictures")
def test_ids_are_called_what_the_lists_call_them(week: Lake) -> None:
    assert write(week).table("Tickets")[0]["Group"] == "group 7"
    version = input_version(Finder(week), Day(TUESDAY), 2)
    columns = [column.name for column in GROUPS.all_columns]
    group = {**dict.fromkeys(columns), "id": 7, "name": "Back office"}
    rows = pa.Table.from_pylist([group], schema=arrow_schema(GROUPS.all_columns))
    write_reference(week, GROUPS, rows, requests=1, drift={}, run_id="run")
    assert write(week).table("Tickets")[0]["Group"] == "Back office"
    # A name is a reason to write the report again.
    assert input_version(Finder(week), Day(TUESDAY), 2) != version


@pytest.mark.usefixtures("_no_pictures")
def test_an_api_that_the_lake_holds_nothing_of_is_unknown_and_not_none(week: Lake) -> None:
    path = week.root.joinpath(*TICKETS.path, f"date={MONDAY}", "part-0.parquet")
    path.parent.mkdir(parents=True)
    path.write_bytes(b"")
    page = write(week)
    assert "Chat: the lake holds nothing of it, so its figures are unknown." in page.text
    for head in ("Chats", "Missed chats", "Agents' time online", "Satisfaction in chat"):
        assert page.headline(head) == ["–"]
    assert page.headline("Tickets solved")[0] == "46"
    chats_section = page.text.partition("By agent")[0]
    assert "Nothing is known of these days." in chats_section
    agents = page.tables[0]
    ana = dict(zip(agents[0], agents[1], strict=True))
    assert (ana["Agent"], ana["Chats"], ana["Online"]) == ("Ana", "–", "–")
    assert ana["Tickets solved"] == "3"


@pytest.mark.usefixtures("_no_pictures")
def test_where_history_begins_is_said_and_in_the_first_days_noted(week: Lake) -> None:
    put_day(week, TICKET_STATES, TUESDAY, [], carried_since="2025-06-01")
    page = write(week)
    assert page.text.count("History since 2025-06-01") == 1
    assert "All days are there and complete." in page.text
    put_day(week, TICKET_STATES, TUESDAY, [], carried_since=SUNDAY)
    assert "Tickets: history begins on 2026-01-25, so that at first figures are too low" in (
        write(week).text
    )


@pytest.mark.parametrize(
    ("last", "period", "days", "before", "length"),
    [
        ("2026-01-27", 2, "26 27", "24 25", "2 days"),
        ("2026-01-27", 1, "27", "26", "1 day"),
        # A Wednesday, and the Sunday.
        ("2026-01-28", "week", "26 27 28", "19 20 21", "ISO week 5 of 2026, so far"),
        (
            "2026-02-01",
            "week",
            "26 27 28 29 30 31 01",
            "19 20 21 22 23 24 25",
            "ISO week 5 of 2026",
        ),
        ("2026-02-02", "month", "01 02", "01 02", "February 2026, so far"),
    ],
)
def test_periods_end_with_the_day_and_are_compared_with_the_same_days_before(
    last: str, period: Period, days: str, before: str, length: str
) -> None:
    found = span(Day(last), period)
    assert " ".join(day.key[-2:] for day in found.days) == days
    assert " ".join(day.key[-2:] for day in found.before) == before
    assert found.length == length


def test_a_whole_month_is_compared_with_the_whole_one_before() -> None:
    march = span(Day("2026-03-31"), "month")
    assert (march.days[0].key, march.length) == ("2026-03-01", "March 2026")
    assert [march.before[0].key, march.before[-1].key] == ["2026-02-01", "2026-02-28"]
    # Of 30 days February has 28.
    assert len(span(Day("2026-03-30"), "month").before) == 28


@pytest.mark.usefixtures("_no_pictures")
def test_a_report_that_is_made_again_keeps_its_period(week: Lake) -> None:
    for period in (2, "week", "month"):
        write_report(week, Day(TUESDAY), period)
        assert not is_due(Finder(week), Day(TUESDAY))
    put_day(week, CHAT_DAILY_SUMMARY, "2026-01-02", [])
    assert is_due(Finder(week), Day(TUESDAY))


def test_the_digest_says_the_headlines_in_markdown(week: Lake) -> None:
    put_day(week, CHAT_DAILY_SUMMARY, TUESDAY, [chats(1, chats=5)], complete=False)
    put_day(week, SLA_BREACHES_DAILY, TUESDAY, [sla("a|b", 1, 1, 1)])
    text = digest(summary(week, Day(TUESDAY), 2))
    rows = [line.strip("| ").split(" | ") for line in text.splitlines() if line.startswith("|")]
    assert "| Unsolved tickets | **9** | 0 over 7 days old | −10.0% (better) | 10 |" in text
    assert len(rows) == 2 + 12
    # A name can't break the table.
    assert {
        line.replace(r"\|", "").count("|") for line in text.splitlines() if line[:1] == "|"
    } == {6}
    assert text.splitlines()[-1].startswith("- Chats: 2026-01-27 is incomplete")


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
            meaning = figure.says or descriptions[figure.name]
            assert meaning in page.text
            assert any(title and title.startswith(meaning) for title in titles)


def test_the_sources_are_told(page: Page) -> None:
    rows = page.tables[-1]
    assert [row[:3] for row in rows[1:]] == [
        ["analytics/chat_daily_summary", "2 of 2", "4"],
        ["analytics/agent_daily_scorecard", "2 of 2", "4"],
        ["analytics/ticket_backlog_daily", "2 of 2", "3"],
        ["analytics/ticket_times_daily", "2 of 2", "4"],
        ["analytics/sla_breaches_daily", "2 of 2", "4"],
        ["analytics/team_daily_summary", "2 of 2", "3"],
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
