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
from zd_assets.models.marts.chat_daily_summary import CHAT_DAILY_SUMMARY
from zd_assets.models.registry import REPORTED
from zd_assets.report.charts import (
    CHARTS,
    agents_chart,
    backlog_chart,
    chats_chart,
    sla_chart,
)
from zd_assets.report.drawing import (
    BLUE,
    ORANGE,
    SKY,
    VERMILION,
    calendar,
    days_axis,
    readable,
)
from zd_assets.report.human import count, duration, hours, share
from zd_assets.report.totals import AGENTS, CHATS, SLA, TICKETS, summed
from zd_assets_tests.helpers.day_files import agent, backlog, chats, put_day, sla

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
    "chat_daily_summary": chats(
        chats=10,
        served=9,
        completed=8,
        missed=1,
        dropped=1,
        answered=8,
        first_response_mean_s=20.0,
        good=3,
    ),
    "agent_daily_scorecard": agent(5, "Ana", range(8, 17), chats=9, satisfaction=0.9),
    "ticket_backlog_daily": backlog(new=3, open=5, created=4, solved=2),
    "sla_breaches_daily": sla("reply_time", 2, 6, 2),
}


@pytest.mark.parametrize("name", CHARTS)
def test_a_chart_is_900_pixels_wide_and_twice_that_at_scale_2(name: str) -> None:
    rows = frame({MONDAY: [ROWS[name]], TUESDAY: [ROWS[name]]})
    one, two = (pixels(CHARTS[name](rows, scale=scale)) for scale in (1, 2))
    assert one.shape[1] == 900
    assert two.shape[1] == 1800
    # Heights are rounded to pixels.
    assert abs(two.shape[0] - 2 * one.shape[0]) <= 1


def test_each_answer_has_a_chart() -> None:
    assert list(CHARTS) == [table.name for table in REPORTED]


@pytest.mark.parametrize("name", CHARTS)
def test_a_day_and_a_year_and_nothing_and_nulls_are_drawn(name: str) -> None:
    first = date(2025, 1, 27)
    days = [str(first + timedelta(days=n)) for n in range(365)]
    day = frame({days[-1]: [ROWS[name]]})
    nulls = day.assign(**dict.fromkeys(day.columns.drop("date")))
    drawn = {
        "day": CHARTS[name](day),
        "year": CHARTS[name](frame({day: [ROWS[name]] for day in days}), [days[-1]]),
        "nothing": CHARTS[name](day.iloc[:0]),
        "nulls": CHARTS[name](nulls),
    }
    assert len(set(drawn.values())) == 4
    for png in drawn.values():
        picture = pixels(png)
        assert picture.shape[1] == 900
        # Something is written.
        assert (picture < 128).all(axis=2).sum() > 100
        assert len(png) < 80_000


@pytest.mark.parametrize("name", CHARTS)
def test_rows_read_from_the_lake_are_drawn(name: str, lake: Lake) -> None:
    table = next(table for table in REPORTED if table.name == name)
    put_day(lake, table, MONDAY, [ROWS[name]])
    put_day(lake, table, TUESDAY, [], complete=False)
    rows = read_days(lake, table, [Day(MONDAY), Day(TUESDAY)])
    assert rows.incomplete == (TUESDAY,)
    assert pixels(CHARTS[name](rows.frame, rows.incomplete)).shape[1] == 900


@pytest.mark.parametrize("name", CHARTS)
def test_an_incomplete_day_is_marked(name: str) -> None:
    rows = frame({MONDAY: [ROWS[name]], TUESDAY: [ROWS[name]]})
    assert CHARTS[name](rows) != CHARTS[name](rows, [TUESDAY])


def test_bars_are_as_high_as_the_counts() -> None:
    def served(number: int) -> int:
        day = chats(chats=100, served=number, completed=number, missed=100 - number)
        return painted(chats_chart(frame({MONDAY: [day]})), BLUE)

    # The legend has a little of the color, too.
    legend = served(0)
    assert served(50) - legend == pytest.approx(2 * (served(25) - legend), rel=0.03)


def test_outcomes_have_their_own_colors() -> None:
    all_served = chats_chart(frame({MONDAY: [chats(chats=50, served=50, completed=50)]}))
    all_missed = chats_chart(frame({MONDAY: [chats(chats=50, missed=50)]}))
    all_dropped = chats_chart(frame({MONDAY: [chats(chats=50, dropped=50)]}))
    for png, color in ((all_served, BLUE), (all_missed, ORANGE), (all_dropped, VERMILION)):
        others = {BLUE, ORANGE, VERMILION} - {color}
        assert painted(png, color) > 10_000
        assert all(painted(png, other) < 1_000 for other in others)


def test_departments_are_drawn_as_if_they_were_one() -> None:
    large = chats(
        1, chats=90, served=90, completed=90, answered=90, first_response_mean_s=10.0, good=8, bad=0
    )
    small = chats(
        2,
        chats=10,
        served=10,
        completed=10,
        answered=10,
        first_response_mean_s=110.0,
        good=0,
        bad=2,
    )
    both = chats(
        3,
        chats=100,
        served=100,
        completed=100,
        answered=100,
        first_response_mean_s=20.0,
        good=8,
        bad=2,
    )
    wrong = {**both, "first_response_mean_s": 60.0}
    drawn = chats_chart(frame({MONDAY: [large, small]}))
    assert drawn == chats_chart(frame({MONDAY: [both]}))
    assert drawn != chats_chart(frame({MONDAY: [wrong]}))


def test_a_day_without_rows_leaves_a_gap() -> None:
    row = ROWS["chat_daily_summary"]
    gap = chats_chart(frame({"2026-01-01": [row], "2026-01-03": [row]}))
    assert gap != chats_chart(frame({"2026-01-01": [row], "2026-01-02": [row]}))
    none = chats(department=None, name=None)
    assert gap != chats_chart(
        frame({"2026-01-01": [row], "2026-01-02": [none], "2026-01-03": [row]})
    )


def test_agents_are_drawn_of_the_last_day_alone() -> None:
    tuesday = [agent(1, "Ana", range(12)), agent(2, "Bo", range(12, 24))]
    drawn = agents_chart(frame({TUESDAY: tuesday}))
    assert drawn == agents_chart(frame({MONDAY: [agent(3, "Cy", [1])], TUESDAY: tuesday}))
    assert drawn != agents_chart(frame({TUESDAY: [agent(1, "Ana", range(6)), tuesday[1]]}))


def test_an_agent_is_dark_in_the_hours_online() -> None:
    drawn = [
        painted(agents_chart(frame({MONDAY: [agent(1, "Ana", range(n))]})), "#003F66")
        for n in (0, 6, 12)
    ]
    assert drawn[2] - drawn[0] == pytest.approx(2 * (drawn[1] - drawn[0]), rel=0.03)
    assert drawn[1] > drawn[0] + 1_000


def test_of_many_agents_the_60_longest_online_are_drawn() -> None:
    def draw(number: int) -> bytes:
        agents = [agent(10**12 + n, f"Maria Magdalena {n}", range(n % 24)) for n in range(number)]
        return agents_chart(frame({MONDAY: agents}))

    one, sixty, more = (draw(number) for number in (1, 60, 75))
    assert pixels(one).shape[0] < 400 < pixels(sixty).shape[0] == pixels(more).shape[0]
    assert len(sixty) < 80_000


def test_any_name_is_drawn() -> None:
    names = [
        "Maximiliane-Henriette von Hohenzollern-Sigmaringen zu Altenburg",
        *("佐藤 健太", "مُحَمَّد بن عبد الله", "Ελένη Παπαδοπούλου", "😀 \U0001f468\u200d\U0001f469"),
        *(UNWRITABLE, r"$\bad{$", "$x$", "_private", "a\nb\x00c", "   ", "", "<b>&amp;</b>"),
    ]
    agents = [agent(place, name, [9]) for place, name in enumerate(names)]
    assert pixels(agents_chart(frame({MONDAY: agents}))).shape[1] == 900


def test_an_agent_whose_name_cannot_be_written_is_called_by_the_id() -> None:
    by_id = agents_chart(frame({MONDAY: [agent(123_456, None, [9])]}))
    assert by_id == agents_chart(frame({MONDAY: [agent(123_456, UNWRITABLE, [9])]}))
    assert by_id != agents_chart(frame({MONDAY: [agent(123_456, "Ana", [9])]}))


def test_two_agents_of_one_name_can_be_told_apart() -> None:
    agents = frame({MONDAY: [agent(1, "Ana", [9]), agent(2, "Ana", [9])]})
    others = frame({MONDAY: [agent(1, "Ana", [9]), agent(3, "Ana", [9])]})
    assert agents_chart(agents) != agents_chart(others)


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
    assert painted(agents_chart(frame({MONDAY: rows})), "#003F66") > 100


def test_a_backlog_is_drawn_by_status() -> None:
    pending = backlog_chart(frame({MONDAY: [backlog(7, pending=3), backlog(None, pending=5)]}))
    assert pending == backlog_chart(frame({MONDAY: [backlog(pending=8)]}))
    assert painted(pending, SKY) > 10_000
    assert painted(backlog_chart(frame({MONDAY: [backlog(open=8)]})), SKY) == 0


def test_created_is_drawn_against_solved() -> None:
    drawn = backlog_chart(frame({MONDAY: [backlog(open=9, created=5, solved=1)]}))
    assert drawn != backlog_chart(frame({MONDAY: [backlog(open=9, created=1, solved=5)]}))


def test_breaches_are_drawn_by_metric_and_the_share_over_all_policies() -> None:
    few = [sla("reply_time", 4, met=90, late=0, policy="Gold"), sla("reply_time", 0, 0, 10)]
    drawn = sla_chart(frame({MONDAY: few}))
    assert drawn == sla_chart(frame({MONDAY: [sla("reply_time", 4, met=90, late=10)]}))
    assert drawn != sla_chart(frame({MONDAY: [sla("reply_time", 4, met=50, late=50)]}))
    assert painted(drawn, BLUE) > 10_000
    assert painted(sla_chart(frame({MONDAY: [sla("resolution_time", 4, 90, 10)]})), BLUE) == 0


def test_metrics_that_nobody_knows_are_drawn_together() -> None:
    odd = [sla("$odd", 1, 0, 1), sla(UNWRITABLE, 2, 0, 2), sla(None, 1, 0, 1)]
    assert sla_chart(frame({MONDAY: odd})) == sla_chart(frame({MONDAY: [sla("other", 4, 0, 4)]}))


def test_ticks_are_thinned_to_the_last_day() -> None:
    days = calendar(pd.DataFrame({"date": ["2025-01-27", MONDAY]}), [])
    axes = Figure().subplots()
    days_axis([axes], days, [])
    assert len(days) == 365
    assert 5 <= len(axes.get_xticks()) <= 10
    assert max(axes.get_xticks()) == 364


def test_threads_draw_side_by_side_what_one_draws() -> None:
    frames = {name: frame({MONDAY: [row], TUESDAY: [row]}) for name, row in ROWS.items()}
    alone = [CHARTS[name](frames[name]) for name in CHARTS]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(lambda name: CHARTS[name](frames[name]), CHARTS)) == alone


def test_matplotlib_stays_as_it_was() -> None:
    # To ask for the backend is to choose one.
    names = [name for name in matplotlib.rcParams if name != "backend"]
    before = [matplotlib.rcParams[name] for name in names]
    for name, chart in CHARTS.items():
        chart(frame({MONDAY: [ROWS[name]]}))
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


def test_figures_are_written_for_people() -> None:
    assert (count(1234567), share(0.8714), hours(135_000)) == ("1,234,567", "87.1%", "37.5 h")
    assert {write(float("nan")) for write in (count, share, hours)} == {"–"}
