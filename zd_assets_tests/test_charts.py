"""The answers' charts: real pictures, decoded, whose pixels follow the data."""

import io
import logging
import sys
import warnings
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import date, timedelta
from typing import Any

import matplotlib
import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from PIL import Image

from zd_assets.engine.day import Day
from zd_assets.engine.read import read_days
from zd_assets.lake.errors import LakeError
from zd_assets.lake.lake import Lake
from zd_assets.models.marts.agent_daily_scorecard import AGENT_DAILY_SCORECARD as SCORECARD
from zd_assets.models.marts.chat_daily_summary import CHAT_DAILY_SUMMARY
from zd_assets.models.marts.sla_breaches_daily import SLA_BREACHES_DAILY
from zd_assets.models.marts.ticket_backlog_daily import TICKET_BACKLOG_DAILY
from zd_assets.models.marts.ticket_times_daily import TICKET_TIMES_DAILY
from zd_assets.models.model import Model
from zd_assets.models.registry import REPORTED
from zd_assets.report.charts import CHARTS
from zd_assets.report.charts.demand import demand_chart, demand_days
from zd_assets.report.drawing import (
    BLUE,
    ORANGE,
    SKY,
    VERMILION,
    WIDE,
    Size,
    calendar,
    days_axis,
    readable,
)
from zd_assets.report.human import about, count, duration, hours, share
from zd_assets.report.totals import AGENTS, CHATS, SLA, TICKETS, TIMES, summed
from zd_assets_tests.helpers.day_files import (
    agent,
    backlog,
    chats,
    histogram,
    put_day,
    read_back,
    sla,
    times,
)

MONDAY, TUESDAY = "2026-01-26", "2026-01-27"
# Egyptian hieroglyphs, which no usual font has.
UNWRITABLE = "𓀀𓀁"


@pytest.fixture(autouse=True)
def _nothing_is_warned_of(caplog: pytest.LogCaptureFixture) -> Iterator[None]:
    with warnings.catch_warnings(), caplog.at_level(logging.WARNING):
        warnings.simplefilter("error")
        yield
    assert [record.getMessage() for record in caplog.records] == []


def frame(rows: dict[str, list[dict[str, Any]]]) -> pd.DataFrame:
    """The rows of each day."""
    return pd.DataFrame([{**row, "date": day} for day, each in rows.items() for row in each])


def draw(
    table: Model,
    days: dict[str, list[dict[str, Any]]],
    incomplete: tuple[str, ...] = (),
    size: Size = WIDE,
) -> bytes:
    """The chart of a table's days, as they are read from a lake."""
    return CHARTS[table.name](read_back(table, days, incomplete), size)


def pixels(png: bytes) -> np.ndarray:
    image = Image.open(io.BytesIO(png))
    image.load()
    assert image.format == "PNG"
    return np.asarray(image.convert("RGB")).astype(int)


def painted(png: bytes, color: str) -> int:
    """How many pixels have about this color."""
    rgb = [int(color[place : place + 2], 16) for place in (1, 3, 5)]
    return int((abs(pixels(png) - rgb).max(axis=2) <= 6).sum())


ROWS = {
    CHAT_DAILY_SUMMARY.name: chats(
        chats=10,
        served=9,
        completed=8,
        missed=1,
        dropped=1,
        answered=8,
        first_response_histogram=histogram(20, 25, 70),
        good=3,
    ),
    SCORECARD.name: agent(5, "Ana", range(8, 17), chats=9, satisfaction=0.9),
    TICKET_BACKLOG_DAILY.name: backlog(new=3, open=5, created=4, solved=2),
    TICKET_TIMES_DAILY.name: times("first_reply_time", 7, 60, 7200),
    SLA_BREACHES_DAILY.name: sla("reply_time", 2, 6, 2),
}


@pytest.mark.parametrize("table", REPORTED, ids=lambda table: table.name)
def test_a_chart_is_900_pixels_wide_or_500_and_twice_that_at_scale_2(table: Model) -> None:
    days = {MONDAY: [ROWS[table.name]], TUESDAY: [ROWS[table.name]]}
    for narrow, width in ((False, 900), (True, 500)):
        one, two = (pixels(draw(table, days, size=Size(narrow, scale))) for scale in (1, 2))
        assert (one.shape[1], two.shape[1]) == (width, 2 * width)
        # Heights are rounded to pixels.
        assert abs(two.shape[0] - 2 * one.shape[0]) <= 1


def test_each_table_of_the_report_has_a_chart() -> None:
    assert list(CHARTS) == [table.name for table in REPORTED]


@pytest.mark.parametrize("table", REPORTED, ids=lambda table: table.name)
def test_a_day_and_a_year_and_nothing_and_nulls_are_drawn(table: Model) -> None:
    first = date(2025, 1, 27)
    days = [str(first + timedelta(days=n)) for n in range(365)]
    nulls = dict.fromkeys(column.name for column in table.columns)
    drawn = {
        "day": draw(table, {days[-1]: [ROWS[table.name]]}),
        "year": draw(table, {day: [ROWS[table.name]] for day in days}, (days[-1],)),
        "nothing": draw(table, {}),
        "nulls": draw(table, {days[-1]: [nulls]}),
    }
    assert len(set(drawn.values())) == 4
    for png in drawn.values():
        picture = pixels(png)
        assert picture.shape[1] == 900
        # Something is written.
        assert (picture < 128).all(axis=2).sum() > 100
        assert len(png) < 80_000


@pytest.mark.parametrize("table", REPORTED, ids=lambda table: table.name)
def test_rows_read_from_the_lake_are_drawn(table: Model, lake: Lake) -> None:
    put_day(lake, table, MONDAY, [ROWS[table.name]])
    put_day(lake, table, TUESDAY, [], complete=False)
    rows = read_days(lake, table, [Day(MONDAY), Day(TUESDAY)])
    assert rows.incomplete == (TUESDAY,)
    assert pixels(CHARTS[table.name](rows)).shape[1] == 900


@pytest.mark.parametrize("table", REPORTED, ids=lambda table: table.name)
def test_an_incomplete_day_is_marked(table: Model) -> None:
    days = {MONDAY: [ROWS[table.name]], TUESDAY: [ROWS[table.name]]}
    assert draw(table, days) != draw(table, days, (TUESDAY,))


def test_bars_are_as_high_as_the_counts() -> None:
    def served(number: int) -> int:
        day = chats(chats=100, served=number, completed=number, missed=100 - number)
        return painted(draw(CHAT_DAILY_SUMMARY, {MONDAY: [day]}), BLUE)

    # The legend has a little of the color, too.
    legend = served(0)
    assert served(50) - legend == pytest.approx(2 * (served(25) - legend), rel=0.03)


def test_outcomes_have_their_own_colors() -> None:
    all_served = draw(CHAT_DAILY_SUMMARY, {MONDAY: [chats(chats=50, served=50, completed=50)]})
    all_missed = draw(CHAT_DAILY_SUMMARY, {MONDAY: [chats(chats=50, missed=50)]})
    all_dropped = draw(CHAT_DAILY_SUMMARY, {MONDAY: [chats(chats=50, dropped=50)]})
    for png, color in ((all_served, BLUE), (all_missed, ORANGE), (all_dropped, VERMILION)):
        others = {BLUE, ORANGE, VERMILION} - {color}
        assert painted(png, color) > 10_000
        assert all(painted(png, other) < 1_000 for other in others)


def test_departments_are_drawn_as_if_they_were_one() -> None:
    def department(id: int, *seconds: float, good: int, bad: int) -> dict[str, Any]:
        counts = dict.fromkeys(("chats", "served", "completed", "answered"), len(seconds))
        return chats(id, **counts, good=good, bad=bad, first_response_histogram=histogram(*seconds))

    large, small = [10.0] * 9, [200.0] * 2
    drawn = draw(
        CHAT_DAILY_SUMMARY,
        {MONDAY: [department(1, *large, good=8, bad=0), department(2, *small, good=0, bad=2)]},
    )
    both = department(3, *large, *small, good=8, bad=2)
    assert drawn == draw(CHAT_DAILY_SUMMARY, {MONDAY: [both]})
    wrong = {**both, "first_response_histogram": histogram(*[100.0] * 11)}
    assert drawn != draw(CHAT_DAILY_SUMMARY, {MONDAY: [wrong]})


def test_a_day_without_rows_leaves_a_gap() -> None:
    row = ROWS[CHAT_DAILY_SUMMARY.name]
    gap = draw(CHAT_DAILY_SUMMARY, {"2026-01-01": [row], "2026-01-03": [row]})
    assert gap != draw(CHAT_DAILY_SUMMARY, {"2026-01-01": [row], "2026-01-02": [row]})
    none = chats(department=None, name=None)
    assert gap != draw(
        CHAT_DAILY_SUMMARY, {"2026-01-01": [row], "2026-01-02": [none], "2026-01-03": [row]}
    )


def test_agents_are_drawn_of_the_last_day_alone() -> None:
    tuesday = [agent(1, "Ana", range(12)), agent(2, "Bo", range(12, 24))]
    drawn = draw(SCORECARD, {TUESDAY: tuesday})
    assert drawn == draw(SCORECARD, {MONDAY: [agent(3, "Cy", [1])], TUESDAY: tuesday})
    assert drawn != draw(SCORECARD, {TUESDAY: [agent(1, "Ana", range(6)), tuesday[1]]})


def test_an_agent_is_dark_in_the_hours_online() -> None:
    drawn = [
        painted(draw(SCORECARD, {MONDAY: [agent(1, "Ana", range(n))]}), "#003F66")
        for n in (0, 6, 12)
    ]
    assert drawn[2] - drawn[0] == pytest.approx(2 * (drawn[1] - drawn[0]), rel=0.03)
    assert drawn[1] > drawn[0] + 1_000


def test_of_many_agents_the_60_longest_online_are_drawn() -> None:
    def so_many(number: int) -> bytes:
        agents = [
            agent(10**12 + n, f"Maria Magdalena {n}", range(1 + n % 23)) for n in range(number)
        ]
        return draw(SCORECARD, {MONDAY: agents})

    one, sixty, more = (so_many(number) for number in (1, 60, 75))
    assert pixels(one).shape[0] < 400 < pixels(sixty).shape[0] == pixels(more).shape[0]
    assert len(sixty) < 80_000


def test_any_name_is_drawn() -> None:
    names = [
        "Maximiliane-Henriette von Hohenzollern-Sigmaringen zu Altenburg",
        *("佐藤 健太", "مُحَمَّد بن عبد الله", "Ελένη Παπαδοπούλου", "😀 \U0001f468\u200d\U0001f469"),
        *(UNWRITABLE, r"$\bad{$", "$x$", "_private", "a\nb\x00c", "   ", "", "<b>&amp;</b>"),
    ]
    agents = [agent(place, name, [9]) for place, name in enumerate(names)]
    assert pixels(draw(SCORECARD, {MONDAY: agents})).shape[1] == 900


def test_an_agent_whose_name_cannot_be_written_is_called_by_the_id() -> None:
    by_id = draw(SCORECARD, {MONDAY: [agent(123_456, None, [9])]})
    assert by_id == draw(SCORECARD, {MONDAY: [agent(123_456, UNWRITABLE, [9])]})
    assert by_id != draw(SCORECARD, {MONDAY: [agent(123_456, "Ana", [9])]})


def test_two_agents_of_one_name_can_be_told_apart() -> None:
    agents = {MONDAY: [agent(1, "Ana", [9]), agent(2, "Ana", [9])]}
    others = {MONDAY: [agent(1, "Ana", [9]), agent(3, "Ana", [9])]}
    assert draw(SCORECARD, agents) != draw(SCORECARD, others)


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("Ana", "Ana"),
        (" Ana\n\tMaria ", "Ana Maria"),
        (None, "id"),
        (float("nan"), "id"),
        (pd.NA, "id"),
        ("x\x00", "x"),
        (UNWRITABLE, "id"),
        ("abcdefghij", "abcdefghij"),
        ("abcdefghijk", "abcdefghi…"),
    ],
)
def test_names_are_cleaned_and_cut(name: object, label: str) -> None:
    assert readable(name, "id", 10) == label


def test_hours_may_be_null_or_few() -> None:
    odd: list[Any] = [None, [], [None, 3600.0], np.array([float("nan")] * 24)]
    rows = [{**agent(n, f"Agent {n}"), "online_s_by_hour": hours} for n, hours in enumerate(odd)]
    assert painted(draw(SCORECARD, {MONDAY: rows}), "#003F66") > 100


def test_a_backlog_is_drawn_by_status() -> None:
    pending = draw(
        TICKET_BACKLOG_DAILY, {MONDAY: [backlog(7, pending=3), backlog(None, pending=5)]}
    )
    assert pending == draw(TICKET_BACKLOG_DAILY, {MONDAY: [backlog(pending=8)]})
    assert painted(pending, SKY) > 10_000
    assert painted(draw(TICKET_BACKLOG_DAILY, {MONDAY: [backlog(open=8)]}), SKY) == 0


def test_created_is_drawn_against_solved() -> None:
    drawn = draw(TICKET_BACKLOG_DAILY, {MONDAY: [backlog(open=9, created=5, solved=1)]})
    assert drawn != draw(TICKET_BACKLOG_DAILY, {MONDAY: [backlog(open=9, created=1, solved=5)]})


def test_breaches_are_drawn_by_metric_and_the_share_over_all_policies() -> None:
    few = [sla("reply_time", 4, met=90, late=0, policy="Gold"), sla("reply_time", 0, 0, 10)]
    drawn = draw(SLA_BREACHES_DAILY, {MONDAY: few})
    assert drawn == draw(SLA_BREACHES_DAILY, {MONDAY: [sla("reply_time", 4, met=90, late=10)]})
    assert drawn != draw(SLA_BREACHES_DAILY, {MONDAY: [sla("reply_time", 4, met=50, late=50)]})
    assert painted(drawn, BLUE) > 10_000
    assert (
        painted(draw(SLA_BREACHES_DAILY, {MONDAY: [sla("resolution_time", 4, 90, 10)]}), BLUE) == 0
    )


def test_a_metric_that_is_met_hides_none_that_is_late() -> None:
    late = [sla("reply_time", 0, 10, 0), sla("resolution_time", 0, 0, 10)]
    pooled = [sla("reply_time", 0, 10, 10)]
    assert draw(SLA_BREACHES_DAILY, {MONDAY: late}) != draw(SLA_BREACHES_DAILY, {MONDAY: pooled})
    assert draw(SLA_BREACHES_DAILY, {MONDAY: late}) != draw(SLA_BREACHES_DAILY, {MONDAY: late[:1]})


def test_replies_are_drawn_apart_from_resolutions() -> None:
    replies, resolutions = (
        draw(TICKET_TIMES_DAILY, {MONDAY: [times(measure, 7, 60.0, 600.0)]})
        for measure in ("first_reply_time", "resolution_time")
    )
    assert replies != resolutions
    other = times("requester_wait_time", 7, 60.0)
    both = {MONDAY: [times("first_reply_time", 7, 60.0, 600.0), other]}
    assert draw(TICKET_TIMES_DAILY, both) == replies


def test_demand_is_drawn_of_days_that_are_complete_in_both_tables() -> None:
    started = [chats(chats=6, chats_by_hour=[0] * 9 + [6] + [0] * 14)]
    monday, both = (
        read_back(CHAT_DAILY_SUMMARY, days)
        for days in ({MONDAY: started}, {MONDAY: started, TUESDAY: started})
    )
    on = [agent(1, "Ana", [9])]
    online = read_back(SCORECARD, {MONDAY: on, TUESDAY: on}, (TUESDAY,))
    assert demand_days(both, online) == [MONDAY]
    assert demand_chart(both, online) == demand_chart(monday, online)
    assert demand_chart(both, online) != demand_chart(both, read_back(SCORECARD, {MONDAY: []}))
    assert pixels(demand_chart(both, read_back(SCORECARD, {}))).shape[1] == 900


def test_an_hour_in_which_nobody_was_online_for_chats_is_marked() -> None:
    started = {MONDAY: [chats(chats=6, chats_by_hour=[0] * 9 + [6] + [0] * 14)]}
    demand = read_back(CHAT_DAILY_SUMMARY, started)
    staffed, unstaffed = (
        painted(demand_chart(demand, read_back(SCORECARD, {MONDAY: [one]})), "#5C0A2E")
        for one in (agent(1, "Ana", [9]), agent(1, "Ana", [10]))
    )
    assert staffed == 0 < unstaffed


def test_a_week_is_a_mean_of_its_days() -> None:
    def started(number: int) -> list[dict[str, Any]]:
        return [chats(chats=number, chats_by_hour=[number] + [0] * 23)]

    online = [agent(1, "Ana", range(24))]
    days = ("2026-01-19", MONDAY)

    def demand(*numbers: int) -> bytes:
        made = dict(zip(days, map(started, numbers), strict=True))
        team = read_back(SCORECARD, dict.fromkeys(days, online))
        return demand_chart(read_back(CHAT_DAILY_SUMMARY, made), team)

    assert demand(2, 6) == demand(4, 4) != demand(2, 2)


def test_metrics_that_nobody_knows_are_drawn_together() -> None:
    odd = [sla("$odd", 1, 0, 1), sla(UNWRITABLE, 2, 0, 2), sla(None, 1, 0, 1)]
    assert draw(SLA_BREACHES_DAILY, {MONDAY: odd}) == draw(
        SLA_BREACHES_DAILY, {MONDAY: [sla("other", 4, 0, 4)]}
    )


def test_ticks_are_thinned_to_the_last_day() -> None:
    days = calendar(read_back(CHAT_DAILY_SUMMARY, {"2025-01-27": [], MONDAY: []}))
    axes = Figure().subplots()
    days_axis([axes], days, [])
    assert len(days) == 365
    assert 5 <= len(axes.get_xticks()) <= 10
    assert max(axes.get_xticks()) == 364


def test_threads_draw_side_by_side_what_one_draws() -> None:
    days = {name: {MONDAY: [row], TUESDAY: [row]} for name, row in ROWS.items()}
    alone = [draw(table, days[table.name]) for table in REPORTED]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda table: draw(table, days[table.name]), REPORTED)) == alone


def test_matplotlib_stays_as_it_was() -> None:
    # To ask for the backend is to choose one.
    names = [name for name in matplotlib.rcParams if name != "backend"]
    before = [matplotlib.rcParams[name] for name in names]
    for table in REPORTED:
        draw(table, {MONDAY: [ROWS[table.name]]})
    assert [matplotlib.rcParams[name] for name in names] == before
    assert "matplotlib.pyplot" not in sys.modules


def test_means_are_weighted_by_their_counts() -> None:
    rows = frame(
        {
            MONDAY: [
                chats(1, answered=1, first_response_mean_s=100.0, first_response_max_s=100.0),
                chats(2, answered=3, first_response_mean_s=20.0, first_response_max_s=30.0),
                # Nobody waited here, whatever is counted.
                chats(None, answered=5, first_response_mean_s=None),
            ],
            TUESDAY: [chats(1, answered=6, first_response_mean_s=10.0, good=1, bad=3)],
        }
    )
    [all_rows] = summed(rows, CHATS).to_dict("records")
    assert all_rows["first_response_mean_s"] == pytest.approx((100 + 60 + 60) / 10)
    assert all_rows["first_response_max_s"] == 100
    assert all_rows["answered"] == 15
    assert all_rows["satisfaction"] == 0.25
    by_department = summed(rows, CHATS, ["department_id"]).set_index("department_id")
    assert by_department["first_response_mean_s"].tolist()[:2] == pytest.approx([160 / 7, 20])
    assert len(by_department) == 3
    assert np.isnan(by_department["first_response_mean_s"].iloc[2])


def test_percentiles_are_of_all_days_and_departments_together() -> None:
    rows = frame(
        {
            MONDAY: [
                chats(1, first_response_histogram=histogram(*[10.0] * 8)),
                chats(2, first_response_histogram=histogram()),
            ],
            TUESDAY: [chats(1, first_response_histogram=histogram(100.0, 1000.0))],
        }
    )
    [made] = summed(rows, CHATS).to_dict("records")
    assert made["first_response_median_s"] == pytest.approx(10, rel=0.05)
    assert made["first_response_p90_s"] == pytest.approx(100, rel=0.05)
    by_day = summed(rows, CHATS, ["date"]).set_index("date")["first_response_p90_s"]
    assert by_day.tolist() == [pytest.approx(10, rel=0.05), pytest.approx(1000, rel=0.05)]
    assert np.isnan(summed(rows.iloc[1:2], CHATS)["first_response_median_s"].iloc[0])


def test_of_a_day_without_its_counts_no_percentile_is_known() -> None:
    rows = frame({MONDAY: [times("reply_time", 7, 60.0), times("reply_time", 8, histogram=None)]})
    assert np.isnan(summed(rows, TIMES)["median_s"].iloc[0])


def test_a_sum_of_which_a_part_is_unknown_is_unknown() -> None:
    rows = frame({MONDAY: [agent(1, tickets_replied=3), agent(2, tickets_replied=None)]})
    assert np.isnan(summed(rows, AGENTS)["tickets_replied"].iloc[0])
    by_agent = summed(rows, AGENTS, ["agent_id"])["tickets_replied"]
    assert by_agent.tolist()[0] == 3
    assert np.isnan(by_agent.iloc[1])


def test_rates_are_of_the_sums() -> None:
    rows = frame(
        {
            MONDAY: [
                chats(1, chats=10, served=8, missed=2, dropped=2, good=1, bad=1),
                chats(2, chats=90, served=90),
            ]
        }
    )
    [made] = summed(rows, CHATS).to_dict("records")
    assert made["missed_share"] == 2 / 100
    assert made["dropped_share"] == 2 / 98
    assert made["rated_share"] == 2 / 100


def test_concurrency_is_weighted_by_the_time_with_engagements() -> None:
    # 2 at once for 100 s, and 1 for 300 s.
    busy = agent(1, engaged_s=100.0, concurrency=2.0)
    calm = agent(2, engaged_s=300.0, concurrency=1.0)
    [made] = summed(frame({MONDAY: [busy, calm, agent(3)]}), AGENTS).to_dict("records")
    assert made["concurrency"] == pytest.approx(500 / 400)


def test_a_backlog_adds_up_over_groups_and_stands_at_the_last_day() -> None:
    rows = frame(
        {
            MONDAY: [backlog(7, open=50, created=4, aged=50, age_mean_s=9.0, age_max_s=999.0)],
            TUESDAY: [
                backlog(8, open=3, created=1, aged=1, age_mean_s=100.0, age_max_s=100.0),
                backlog(9, new=2, created=2, aged=3, age_mean_s=20.0, age_max_s=25.0),
            ],
        }
    )
    [made] = summed(rows, TICKETS).to_dict("records")
    assert (made["backlog"], made["open"], made["new"], made["created"]) == (5, 3, 2, 7)
    assert (made["age_mean_s"], made["age_max_s"]) == (pytest.approx(160 / 4), 100)
    by_group = summed(rows, TICKETS, ["group_id"]).set_index("group_id")
    assert by_group["backlog"].to_dict() == {7: 0, 8: 3, 9: 2}
    assert summed(rows, TICKETS, ["date"])["backlog"].tolist() == [50, 5]


def test_a_share_is_of_the_sums() -> None:
    rows = frame({MONDAY: [sla("reply_time", 0, 9, 1), sla("reply_time", 0, 0, 30)]})
    assert summed(rows, SLA)["met_share"].tolist() == [9 / 40]
    assert summed(rows.iloc[:0], SLA).to_dict("records")[0]["breaches"] == 0
    assert np.isnan(summed(rows.iloc[:0], SLA)["met_share"].iloc[0])


def test_days_without_a_file_are_left_out(lake: Lake) -> None:
    huge = 2**53 + 1
    put_day(lake, CHAT_DAILY_SUMMARY, MONDAY, [chats(huge, chats=3), chats(None, None)])
    put_day(lake, CHAT_DAILY_SUMMARY, "2026-01-28", [], complete=False)
    rows = read_days(lake, CHAT_DAILY_SUMMARY, [Day(MONDAY), Day(TUESDAY), Day("2026-01-28")])
    assert rows.frame["date"].tolist() == [MONDAY, MONDAY]
    assert rows.frame["department_id"].tolist() == [huge, pd.NA]
    assert (rows.missing, rows.incomplete) == ((TUESDAY,), ("2026-01-28",))
    assert list(rows.footers) == [MONDAY, "2026-01-28"]


def test_no_days_have_all_columns(lake: Lake) -> None:
    rows = read_days(lake, CHAT_DAILY_SUMMARY, [Day(MONDAY)])
    names = [column.name for column in CHAT_DAILY_SUMMARY.columns]
    assert (list(rows.frame), len(rows.frame)) == ([*names, "date"], 0)


def test_a_damaged_day_is_one_clear_error(lake: Lake) -> None:
    put_day(lake, CHAT_DAILY_SUMMARY, MONDAY, [chats()])
    path = lake.root / f"analytics/chat_daily_summary/date={MONDAY}/part-0.parquet"
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(LakeError, match=r"part-0\.parquet"):
        read_days(lake, CHAT_DAILY_SUMMARY, [Day(MONDAY)])


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((0, "0 s"), (0.44, "0.4 s"), (9.96, "10 s"), (24.4, "24 s"), (59.6, "1 min")),
        *((134, "2 min 14 s"), (3599.7, "1 h"), (7_530, "2 h 6 min"), (86_399, "1 d")),
        *((200_000, "2 d 8 h"), (-75, "−1 min 15 s"), (float("nan"), "–")),
    ],
)
def test_durations_are_written_for_people(seconds: float, text: str) -> None:
    assert duration(seconds) == text


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        *((0.5, "< 1 s"), (1.04, "1.0 s"), (18.4, "18 s"), (59.4, "59 s"), (59.6, "1.0 min")),
        *((84, "1.4 min"), (3599, "1.0 h"), (11_900, "3.3 h"), (84_000, "23 h")),
        *((86_000, "1.0 d"), (230_000, "2.7 d"), (1_300_000, "15 d"), (float("nan"), "–")),
    ],
)
def test_percentiles_are_written_as_exactly_as_they_are_known(seconds: float, text: str) -> None:
    assert about(seconds) == text


def test_figures_are_written_for_people() -> None:
    assert (count(1234567), share(0.8714), hours(135_000)) == ("1,234,567", "87.1%", "37.5 h")
    assert {write(float("nan")) for write in (count, share, hours)} == {"–"}
