"""Items that the API shows after their time are found by the next poll, or by the second look."""

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from zd_assets.catalog.export import SECOND_US, Endpoint, Export
from zd_assets.catalog.registry import EXPORTS
from zd_assets.catalog.support import TICKET_METRIC_EVENTS
from zd_assets.extract.events import Action
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.sandbox import Running
from zd_assets_tests.helpers.runs import (
    ROADS,
    Clients,
    about,
    at_us,
    fetch,
    few,
    footers,
    iso,
    item,
    over,
)
from zd_assets_tests.helpers.truth import assert_lake_is_true, days, lake_items

YESTERDAY, TODAY = days("2026-02-28", 2)
MIDNIGHT_US = TODAY.start_us
MINUTE_US = 60 * SECOND_US

#: Routing goes on behind what it has sent, however late that came.
TIMED = over([one for one in ROADS if one[1].has_start_time])


def poll(
    export: Export,
    endpoint: Endpoint,
    sandbox: Running,
    clients: Clients,
    lake: Lake,
    now_us: int,
    **options: Any,
) -> None:
    """One run over what is open at a time, as a follow-up makes it."""
    now = iso(now_us, fraction=False)
    sandbox.settings(now=now)
    known = [(one, lake.footer(export, one)) for one in (YESTERDAY, TODAY)]
    todo = [one for one, footer in known if not (footer and footer.complete)]
    todo = [one for one in todo if one.start_us < now_us] or [TODAY]
    fetch(export, todo, clients, lake, now=now, endpoint=endpoint, **options)


@TIMED
def test_what_is_late_by_less_than_the_overlap_is_found_by_the_next_polls(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few(sandbox, seeded=False, now=iso(MIDNIGHT_US - 30 * MINUTE_US, fraction=False))
    # Shown in time; of the last page's own second; of two minutes to midnight, when that day is
    # complete; of the new day. The last three are late by nine to twelve minutes.
    last_us = MIDNIGHT_US - 12 * MINUTE_US
    sandbox.put(export.name, [item(export, last_us, 0)])
    for number, (us, delay_min) in enumerate(
        [(last_us, 10), (MIDNIGHT_US - 2 * MINUTE_US, 12), (MIDNIGHT_US + MINUTE_US, 9)], 1
    ):
        shown = iso(us + delay_min * MINUTE_US, fraction=False)
        sandbox.put(export.name, [item(export, us, number)], shown_from=shown)
    for minutes in range(-10, 45, 4):
        at = MIDNIGHT_US + minutes * MINUTE_US
        poll(export, endpoint, sandbox, clients, lake, at)
    assert_lake_is_true(sandbox, lake, export, [YESTERDAY])
    assert len(lake_items(lake, export, YESTERDAY)) == 3
    assert len(lake_items(lake, export, TODAY)) == 1
    before, after = footers(export, [YESTERDAY, TODAY], lake)
    assert before.late_items >= 1
    assert max(before.lateness_s, after.lateness_s) <= export.overlap_s


@TIMED
def test_an_idle_poll_costs_one_request(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    sandbox.put(export.name, [item(export, MIDNIGHT_US + 60 * MINUTE_US, 0)])
    for hours in (2, 3, 4):
        sandbox.forget_requests()
        poll(export, endpoint, sandbox, clients, lake, MIDNIGHT_US + hours * 60 * MINUTE_US)
    assert len(sandbox.requests()) == 1
    assert len(lake_items(lake, export, TODAY)) == 1


@pytest.mark.parametrize("like", ["observed", "documented"])
@pytest.mark.parametrize("of_the_last_second", [1, 3])
def test_a_poll_of_pages_that_dont_say_whether_there_is_more_costs_two_requests_at_most(
    of_the_last_second: int, like: str, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    export, endpoint = TICKET_METRIC_EVENTS, TICKET_METRIC_EVENTS.endpoints[0]
    few(sandbox, seeded=False, like=like)
    hour_us = MIDNIGHT_US + 60 * MINUTE_US
    times_us = [hour_us, hour_us + 30 * SECOND_US, *[hour_us + 40 * SECOND_US] * of_the_last_second]
    poll(export, endpoint, sandbox, clients, lake, hour_us - MINUTE_US)
    sandbox.put(export.name, [item(export, us, number) for number, us in enumerate(times_us)])
    asked = []
    for minutes in (4, 9, 14, 19, 24):
        sandbox.forget_requests()
        poll(export, endpoint, sandbox, clients, lake, hour_us + minutes * MINUTE_US)
        asked.append(len(sandbox.requests()))
    # From 15 minutes after the last item on, nothing can be late before it.
    assert asked == [2, 2, 2, 2, 1]
    assert len(lake_items(lake, export, TODAY)) == len(times_us)
    footer = lake.footer(export, TODAY)
    assert footer
    assert footer.last_page
    assert not footer.last_page.follow_up_now


@TIMED
def test_what_is_later_is_found_by_the_second_look_and_measured(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few(sandbox, seeded=False)
    noon_us = YESTERDAY.start_us + 720 * MINUTE_US
    sandbox.put(export.name, [item(export, noon_us, 0)])
    late_us = noon_us + 5 * MINUTE_US
    shown = "2026-03-01T08:00:00Z"
    sandbox.put(export.name, [item(export, late_us, 1)], shown_from=shown)
    read = "2026-03-01T06:00:00Z"
    sandbox.settings(now=read)
    fetch(export, [YESTERDAY], clients, lake, now=read, endpoint=endpoint)
    assert len(lake_items(lake, export, YESTERDAY)) == 1
    looked = "2026-03-01T12:00:00Z"
    sandbox.settings(now=looked)
    # Nor is it adopted, if the run that read it couldn't report it.
    options: dict[str, Any] = {
        "now": looked,
        "endpoint": endpoint,
        "should_adopt": lambda footer: True,
    }
    options["second_look"] = True
    fetch(export, [YESTERDAY], clients, lake, **options)
    assert_lake_is_true(sandbox, lake, export, [YESTERDAY])
    [footer] = footers(export, [YESTERDAY], lake)
    assert footer.late_items == 1
    # It wasn't there when the day was read.
    assert footer.lateness_s == pytest.approx((at_us(read[:-1]) - late_us) / 1e6, abs=1)
    # Nothing is new any more: the file stays as it is.
    path = lake.path(export, YESTERDAY)
    before = (path.stat().st_ino, path.stat().st_mtime_ns)
    reports = fetch(export, [YESTERDAY], clients, lake, **options)
    assert about(reports)[YESTERDAY.key].action is Action.LOOKED_AGAIN
    assert (path.stat().st_ino, path.stat().st_mtime_ns) == before


@given(
    items=st.lists(
        st.tuples(st.integers(-1_500, 2_400), st.integers(0, TICKET_METRIC_EVENTS.overlap_s - 1)),
        max_size=12,
    ),
    waits=st.lists(st.integers(60, 700), min_size=4, max_size=10),
)
@settings(
    max_examples=12,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_nothing_that_is_late_within_the_overlap_is_lost_or_doubled_whatever_the_law(
    items: list[tuple[int, int]],
    waits: list[int],
    sandbox: Running,
    clients: Clients,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    export, endpoint = TICKET_METRIC_EVENTS, TICKET_METRIC_EVENTS.endpoints[0]
    lake = open_lake(str(tmp_path_factory.mktemp("lake")))
    start_us = MIDNIGHT_US - 1_800 * SECOND_US
    few(sandbox, seeded=False, now=iso(start_us, fraction=False))
    for number, (second, delay_s) in enumerate(items):
        us = MIDNIGHT_US + second * SECOND_US
        shown = iso(us + delay_s * SECOND_US, fraction=False)
        sandbox.put(export.name, [item(export, us, number)], shown_from=shown)
    now_us = start_us
    for wait_s in [*waits, *[600] * 10]:
        now_us += wait_s * SECOND_US
        poll(export, endpoint, sandbox, clients, lake, now_us)
    assert_lake_is_true(sandbox, lake, export, [YESTERDAY])
    found = [one["id"] for one in lake_items(lake, export, TODAY)]
    assert sorted(found) == [n + 1 for n, (second, _) in enumerate(items) if second >= 0]


def test_every_export_says_whether_it_can_be_late() -> None:
    assert {export.name for export in EXPORTS if not export.overlap_s} == {
        "routing_attributes",
        "routing_attribute_values",
        "routing_instance_values",
    }
