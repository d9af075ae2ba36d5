"""The sandbox fails in the ways that others have met."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from zd_assets.sandbox import Running
from zd_assets_tests.conftest import NOW
from zd_assets_tests.helpers.runs import at_us, few

BASE = "/api/v2/incremental"
AUTHORIZED = {"Authorization": "Bearer sandbox-oauth-token"}
NOW_S = at_us(NOW.removesuffix("Z")) // 1_000_000
START_S = NOW_S - 5 * 86_400


@pytest.fixture(autouse=True)
def little_data(sandbox: Running) -> None:
    few(sandbox, tickets_per_day=40, start="2026-02-20")


def get(sandbox: Running, path: str = "tickets", **query: Any) -> requests.Response:
    url = path if path.startswith("http") else f"{sandbox.url}{BASE}/{path}"
    if not path.startswith("http"):
        query = {"start_time": START_S} | query
    return requests.get(url, params=query, headers=AUTHORIZED, timeout=10)


@pytest.mark.parametrize("status", [400, 404, 410, 422])
def test_a_cursor_is_refused_while_start_time_works(sandbox: Running, status: int) -> None:
    onward = get(sandbox, "tickets/cursor", per_page=5).json()["after_url"]
    sandbox.faults([{"kind": "status", "status": status, "on_cursor": True, "times": -1}])
    assert [get(sandbox, onward).status_code for _ in range(2)] == [status] * 2
    assert get(sandbox, "tickets/cursor").status_code == 200


def test_a_plan_or_role_lacks_an_export_and_the_body_says_why(sandbox: Running) -> None:
    told = {"error": "Forbidden", "message": "Your plan has no skills."}
    fault = {"kind": "status", "status": 403, "export": "routing_attributes", "times": -1}
    sandbox.faults([fault | told])
    answer = get(sandbox, "routing/attributes")
    assert (answer.status_code, answer.json()) == (403, told)
    assert get(sandbox, "users").status_code == 200


@pytest.mark.parametrize("status", [409, 520, 527, 530])
def test_a_proxy_answers_in_html(sandbox: Running, status: int) -> None:
    sandbox.faults([{"kind": "status", "status": status, "as_html": True}])
    answer = get(sandbox)
    assert (answer.status_code, answer.headers["Content-Type"][:9]) == (status, "text/html")
    assert get(sandbox).status_code == 200


@pytest.mark.parametrize("kind", ["hang", "cut", "reset"])
def test_only_a_heavy_page_ends_otherwise_than_whole(sandbox: Running, kind: str) -> None:
    sandbox.faults([{"kind": kind, "min_page_size": 499, "times": -1, "seconds": 5}])
    for _ in range(2):
        with pytest.raises(
            (requests.ConnectionError, requests.exceptions.ChunkedEncodingError, requests.Timeout)
        ):
            requests.get(
                f"{sandbox.url}{BASE}/tickets?start_time={START_S}", headers=AUTHORIZED, timeout=0.5
            )
        assert get(sandbox, per_page=499).json()["count"] > 0


def test_a_drip_brings_byte_after_byte(sandbox: Running) -> None:
    sandbox.faults([{"kind": "drip", "seconds": 0.01}])
    answer = requests.get(
        f"{sandbox.url}{BASE}/tickets?start_time={START_S}",
        headers=AUTHORIZED, timeout=5, stream=True,
    )  # fmt: skip
    pieces = [next(answer.raw.stream(1)) for _ in range(3)]
    assert b"".join(pieces) == b'{"t'
    answer.close()


def test_headers_that_drip_are_followed_by_the_whole_page(sandbox: Running) -> None:
    whole = get(sandbox).json()
    sandbox.faults([{"kind": "drip_head", "seconds": 0.001}])
    assert get(sandbox).json() == whole


@pytest.mark.parametrize("status", [400, 422])
def test_a_wrong_clock_shows_in_date_and_judges_what_is_too_recent(
    sandbox: Running, status: int
) -> None:
    sandbox.settings(clock_skew=-600, too_recent_status=status)
    refused = get(sandbox, start_time=NOW_S - 600)
    assert (refused.status_code, refused.json()["error"]) == (status, "StartTimeTooRecent")
    assert refused.headers["Date"] == "Sun, 01 Mar 2026 11:50:00 GMT"
    assert get(sandbox, start_time=NOW_S - 660).status_code == 200


@pytest.mark.parametrize("path", ["tickets", "tickets/cursor", "routing/instance_values"])
def test_a_page_contradicts_itself(sandbox: Running, path: str) -> None:
    kinds = ("null_next_page", "empty", "same_next_page")
    sandbox.faults([{"kind": kind} for kind in kinds])
    size = {} if path.startswith("routing") else {"per_page": 9}
    null, empty, same, whole = (get(sandbox, path, **size).json() for _ in range(4))
    name = next(iter(whole))
    onward = "after_url" if "after_url" in whole else "next_page"
    assert null[onward] is None
    assert not null.get("end_of_stream")
    assert null[name] == whole[name]
    assert (empty[name], empty[onward]) == ([], whole[onward])
    assert get(sandbox, same[onward]).json()[name] == whole[name] == same[name]


def test_a_count_is_unlike_the_items(sandbox: Running) -> None:
    sandbox.faults([{"kind": "miscount"}])
    page = get(sandbox, per_page=9).json()
    assert page["count"] == len(page["tickets"]) + 1


@pytest.mark.parametrize("path", ["tickets", "tickets/cursor"])
def test_a_next_page_goes_backward(sandbox: Running, path: str) -> None:
    sandbox.faults([{"kind": "backward"}])
    page = get(sandbox, path, per_page=9).json()
    onward = page.get("after_url") or page["next_page"]
    earlier = get(sandbox, onward).json()["tickets"][0]
    assert earlier["generated_timestamp"] >= START_S - 3600
    assert earlier["generated_timestamp"] <= page["tickets"][0]["generated_timestamp"]


def test_a_fault_strikes_a_share_of_the_requests(sandbox: Running) -> None:
    def struck() -> list[int]:
        few(sandbox, seeded=False)
        sandbox.faults([{"kind": "status", "rate": 0.3, "times": -1}])
        return [get(sandbox).status_code for _ in range(60)]

    statuses = struck()
    assert 8 < statuses.count(503) < 30
    assert struck() == statuses
