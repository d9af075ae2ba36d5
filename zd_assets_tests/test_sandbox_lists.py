"""The sandbox answers for lists as the documents say: by cursor, whole, or as a plain array."""

from typing import Any

import pytest
import requests

from zd_assets.sandbox import Running

SUPPORT = {"Authorization": "Bearer sandbox-oauth-token"}
CHAT = {"Authorization": "Bearer sandbox-token"}


def get(
    sandbox: Running, path: str, headers: dict[str, str] = SUPPORT, **query: Any
) -> requests.Response:
    return requests.get(f"{sandbox.url}{path}", params=query, headers=headers, timeout=30)


@pytest.mark.parametrize("suffix", ["", ".json"])
@pytest.mark.parametrize("name", ["groups", "brands", "ticket_fields"])
def test_pages_follow_one_another_by_cursor(sandbox: Running, name: str, suffix: str) -> None:
    whole = get(sandbox, f"/api/v2/{name}{suffix}").json()
    assert (whole["count"], whole["next_page"]) == (len(whole[name]), None)
    found, url = [], f"{sandbox.url}/api/v2/{name}{suffix}?page[size]=2"
    while url:
        answer = requests.get(url, headers=SUPPORT, timeout=30).json()
        assert 1 <= len(answer[name]) <= 2
        assert answer["meta"]["has_more"] is (answer["links"]["next"] is not None)
        found += answer[name]
        url = answer["links"]["next"]
    assert found == whole[name]
    assert [one["id"] for one in found] == sorted({one["id"] for one in found})


def test_departments_are_a_plain_array_at_both_bases(sandbox: Running) -> None:
    today = get(sandbox, "/api/v2/chat/departments", CHAT).json()
    assert [one["name"] for one in today][:2] == ["Sales", "Support"]
    assert get(sandbox, "/api/v2/departments", CHAT).json() == today


def test_each_list_wants_the_token_of_its_api(sandbox: Running) -> None:
    assert get(sandbox, "/api/v2/groups", {}).status_code == 401
    assert get(sandbox, "/api/v2/groups", CHAT).status_code == 401
    assert get(sandbox, "/api/v2/chat/departments", {}).status_code == 401
    assert get(sandbox, "/api/v2/chat/departments", SUPPORT).status_code == 403


@pytest.mark.parametrize("query", [{"page[size]": 101}, {"page[size]": 2, "page[after]": "x"}])
def test_what_cant_be_paged_is_refused(sandbox: Running, query: dict[str, Any]) -> None:
    assert get(sandbox, "/api/v2/groups", **query).status_code == 400


def test_lists_spend_the_budget_of_their_api(sandbox: Running) -> None:
    sandbox.settings(support_requests_per_minute=1, requests_per_minute=1)
    assert get(sandbox, "/api/v2/groups").status_code == 200
    assert get(sandbox, "/api/v2/brands").status_code == 429
    assert get(sandbox, "/api/v2/chat/departments", CHAT).status_code == 200


def test_what_is_put_replaces_what_has_its_id_and_reset_forgets_it(sandbox: Running) -> None:
    sandbox.put("brands", [{"id": 360002783572, "name": "Other"}, {"id": 1, "name": "New"}])
    assert [one["name"] for one in get(sandbox, "/api/v2/brands").json()["brands"]] == [
        "New",
        "Other",
        "Atelier",
    ]
    with pytest.raises(ValueError, match="id"):
        sandbox.put("brands", [{"name": "nobody's"}])
    sandbox.reset()
    assert len(get(sandbox, "/api/v2/brands").json()["brands"]) == 2
