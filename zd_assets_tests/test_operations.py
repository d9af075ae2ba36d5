"""What the guide to operations promises, done as it says."""

import json
import math
import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pyarrow.parquet as pq
import pytest

from zd_assets.catalog.chat import CHATS, CONVERSIONS
from zd_assets.catalog.export import SECOND_US, Api, Endpoint, Export
from zd_assets.catalog.support import TICKET_EVENTS, TICKETS, USERS
from zd_assets.defs.build import build_definitions
from zd_assets.defs.resources import LakeFolder
from zd_assets.engine.latest.update import update
from zd_assets.extract.events import Action
from zd_assets.lake.footer import _package_version
from zd_assets.lake.lake import Lake, open_lake
from zd_assets.lake.location import below, readable
from zd_assets.models.latest import CHATS_LATEST, LATEST
from zd_assets.sandbox import Running
from zd_assets_tests.conftest import NOW
from zd_assets_tests.helpers.dagster_runs import (
    PARTITIONS,
    chat_resource,
    partition_events,
    support_resource,
)
from zd_assets_tests.helpers.following_analytics import Automation, analytics_key
from zd_assets_tests.helpers.object_store import BUCKET, s3
from zd_assets_tests.helpers.runs import (
    ROADS,
    Clients,
    about,
    asked_from,
    fetch,
    few,
    few_of,
    fewest_pages,
    footers,
    over,
)
from zd_assets_tests.helpers.truth import day, days

GUIDE = Path(__file__).parent.parent / "docs/operations.md"
DAYS = ("2026-02-23", "2026-02-26")
ADDRESS, NAME = "ada@example.com", "Ada Lovelace"
ADA = 7001
# What isn't exported any more is as if its time never came.
NEVER = "2099-01-01T00:00:00Z"


def section(title: str) -> str:
    """One of the guide's sections."""
    return GUIDE.read_text("utf-8").partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def commands(title: str) -> list[str]:
    """The commands of one of the guide's sections."""
    blocks = re.findall(r"```console\n(.*?)```", section(title), re.S)
    joined = "\n".join(blocks).replace("\\\n", " ")
    return [" ".join(line.split()[1:]) for line in joined.splitlines() if line.strip()[:1] == "$"]


@over([one for one in ROADS if one[1].has_start_time])
def test_a_backfill_costs_no_more_than_the_guide_says(
    export: Export, endpoint: Endpoint, sandbox: Running, clients: Clients, lake: Lake
) -> None:
    few_of(sandbox, export, 3000 if export is CONVERSIONS else 600)
    partitions, segments = days("2026-02-01", 6), 4 if export.api is Api.CHAT else 1
    options: dict[str, Any] = {"endpoint": endpoint, "page_size": endpoint.page_size}
    fetch(export, partitions, clients, lake, max_parallel_windows=segments, **options)
    found = footers(export, partitions, lake)
    assert all(footer.complete for footer in found)
    items = sum(footer.items for footer in found)
    assert items > 2 * endpoint.page_size
    pages = fewest_pages(endpoint, items, endpoint.page_size)
    assert pages <= len(sandbox.requests()) <= pages + 2 * segments


def test_the_guides_table_of_a_first_backfill_is_what_its_formula_says() -> None:
    rows = re.findall(r"^\| 10(.) \| ([\d,]+) \|", section("The first backfill: how long"), re.M)
    assert len(rows) == 5
    for power, requests in rows:
        items = 10 ** "⁰¹²³⁴⁵⁶⁷⁸⁹".index(power)
        assert int(requests.replace(",", "")) == math.ceil(items / 1000) + 2


@pytest.fixture
def automation(sandbox: Running, lake: Lake) -> Iterator[Automation]:
    few(sandbox, chats_per_day=20, tickets_per_day=20, start="2026-02-23")
    with fresh(sandbox, lake) as automation:
        yield automation


@contextmanager
def fresh(sandbox: Running, lake: Lake) -> Iterator[Automation]:
    """All definitions on this lake, in an instance that knows nothing yet."""
    include = {"tickets": ["users"], "ticket_events": ["comment_events"]}
    definitions = build_definitions(
        PARTITIONS,
        chat_resource(sandbox),
        support_resource(sandbox, include=include),
        LakeFolder(location=str(lake.root), analytics_every_s=0),
    )
    with dg.DagsterInstance.ephemeral() as instance:
        yield Automation(definitions, instance, sandbox, lake)


def materialize(automation: Automation, key: dg.AssetKey, *days: str, **config: Any) -> None:
    """Materialize an asset, or a range of its partitions."""
    tags = {}
    if days:
        tags["dagster/asset_partition_range_start"] = days[0]
        tags["dagster/asset_partition_range_end"] = days[-1]
    job = automation.definitions.resolve_implicit_global_asset_job_def()
    assert job.execute_in_process(
        asset_selection=[key],
        instance=automation.instance,
        tags=tags,
        run_config={"ops": {"__".join(key.path): {"config": config}}},
    ).success


def find(lake: Lake, command: str) -> list[str]:
    """What the guide's command finds."""
    words = shlex.split(command)
    assert words[0] == "python"
    run = subprocess.run(
        [sys.executable, *words[1:]],
        env={**os.environ, "ZD_LAKE": str(lake.root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert run.returncode == (0 if run.stdout else 1), run.stderr
    return run.stdout.splitlines()


def holding(lake: Lake) -> list[str]:
    """The files that hold the person, looked up in another way: by DuckDB, or byte by byte."""
    found = []
    for path in sorted(lake.root.rglob("*")):
        if path.suffix == ".parquet":
            with duckdb.connect() as connection:
                rows = connection.execute(
                    "select item::varchar from read_parquet(?) item", [str(path)]
                )
                text = "\n".join(row for (row,) in rows.fetchall())
        else:
            text = path.read_text(errors="replace") if path.is_file() else ""
        if ADDRESS in text.lower() or NAME.lower() in text.lower():
            found.append(str(path.relative_to(lake.root)))
    return found


def chat(id: str, day: str, **attributes: Any) -> dict[str, Any]:
    return {
        "id": id,
        "type": "chat",
        "timestamp": "2026-02-23T09:00:00Z",
        "update_timestamp": f"{day}T10:00:00Z",
        "session": {"id": f"s-{id}"},
        **attributes,
    }


def spoken(name: str, address: str) -> dict[str, Any]:
    """What a chat holds of a visitor."""
    said = {"type": "chat.msg", "timestamp": "2026-02-23T09:00:10Z", "sender_type": "Visitor"}
    return {
        "visitor": {"id": "v1", "name": name, "email": address},
        "history": [{**said, "name": name, "msg": f"hello, write to {address}"}],
        "webpath": [{"to": f"https://shop.example/?mail={address}"}],
    }


def ticket(id: int, day: str, **attributes: Any) -> dict[str, Any]:
    at = f"{day}T11:00:00Z"
    seconds = {"2026-02-23": 1771844400, "2026-02-26": 1772103600}[day]
    created = {"created_at": "2026-02-23T11:00:00Z", "updated_at": at}
    return {"id": id, "generated_timestamp": seconds, "requester_id": ADA, **created, **attributes}


def live(sandbox: Running) -> None:
    """A person writes in chat and by ticket, and another one does, too."""
    sandbox.put("chats", [chat("deleted", "2026-02-23", **spoken(NAME, ADDRESS))])
    sandbox.put("chats", [chat("erased", "2026-02-23", **spoken(NAME.upper(), ADDRESS))])
    sandbox.put("chats", [chat("another", "2026-02-23", **spoken("Bob", "bob@example.com"))])
    user = {"id": ADA, "created_at": "2026-02-23T08:00:00Z", "updated_at": "2026-02-23T08:00:00Z"}
    sandbox.put("users", [{**user, "active": True, "name": NAME, "email": ADDRESS}])
    subject = {"subject": f"From {NAME}", "status": "open"}
    sandbox.put("tickets", [ticket(8001, "2026-02-23", **subject)])
    sandbox.put("tickets", [ticket(8002, "2026-02-23", **subject)])
    comment = {"id": 1, "event_type": "Comment", "body": f"Regards, {NAME} <{ADDRESS}>"}
    change = {"id": 2, "event_type": "Create", "subject": f"From {NAME}"}
    event = {"id": 9001, "ticket_id": 8001, "timestamp": 1771844400, "updater_id": ADA}
    sandbox.put("ticket_events", [{**event, "child_events": [comment, change]}])


def delete(sandbox: Running) -> None:
    """Zendesk deletes some, which is exported once more, and erases the rest."""
    day = "2026-02-26"
    sandbox.put("chats", [chat("deleted", day, deleted=True)])
    sandbox.put("chats", [chat("erased", day)], time=NEVER)
    user = {"id": ADA, "created_at": "2026-02-23T08:00:00Z", "updated_at": f"{day}T08:00:00Z"}
    gone = {"active": False, "permanently_deleted": True, "email": None}
    sandbox.put("users", [{**user, **gone, "name": "Permanently deleted user"}])
    sandbox.put("tickets", [ticket(8001, day, status="deleted", subject="SCRUBBED")])
    sandbox.put("tickets", [ticket(8002, day)], time=NEVER)
    sandbox.put("ticket_events", [{"id": 9001, "ticket_id": 8001}], time=NEVER)


@pytest.mark.slow
def test_a_person_who_is_deleted_as_the_guide_says_stands_nowhere_any_more(
    automation: Automation,
) -> None:
    sandbox, lake = automation.sandbox, automation.lake
    exports = {"/".join(export.path): export for export in (CHATS, USERS, TICKETS, TICKET_EVENTS)}
    beside = {"zendesk_support/tickets__users": TICKETS}
    live(sandbox)
    for export in exports.values():
        materialize(automation, dg.AssetKey(export.path), *DAYS)
    automation.settle()
    before = holding(lake)
    assert {path.rpartition("/date=")[0] for path in before} >= {
        *exports,
        *beside,
        "analytics/chat_messages",
        "analytics/ticket_field_changes",
    }
    assert {path.rpartition("/month=")[0] for path in before} >= {
        f"analytics/{name}_latest" for name in ("chats", "users", "tickets")
    }
    # 1. Delete in Zendesk, and let the exports take it in.
    delete(sandbox)
    for export in exports.values():
        materialize(automation, dg.AssetKey(export.path), DAYS[-1])
    automation.settle()
    # 2. Find what holds the person.
    look = next(one for one in commands("Deleting a person's data") if ".find" in one)
    found = find(lake, look)
    assert found == holding(lake)
    assert found
    # 3. Fetch the partitions of the exports among them again.
    for path in found:
        table, _, rest = path.partition("/date=")
        if export := exports.get(table) or beside.get(table):
            materialize(automation, dg.AssetKey(export.path), rest[:10], full_refresh=True)
    assert {path.partition("/")[0] for path in find(lake, look)} == {"analytics"}
    # 4. Make a full refresh of current state. Without, what was merged stays.
    automation.settle()
    assert "analytics/chats_latest/month=2026-02/part-0.parquet" in find(lake, look)
    for table in LATEST:
        materialize(automation, analytics_key(table.name), full_refresh=True)
    # The guide's commands say the same.
    spoken_of = [shlex.split(one) for one in commands("Deleting a person's data")]
    assert [json.loads(words[-1]) for words in spoken_of if "--config-json" in words] == [
        {"ops": {"__".join(CHATS.path): {"config": {"full_refresh": True}}}},
        {"ops": {"__".join(CHATS_LATEST.path): {"config": {"full_refresh": True}}}},
    ]
    # 5. The automation rebuilds the days that held it.
    automation.settle()
    # 6. Find again.
    assert find(lake, look) == []
    assert holding(lake) == []
    assert find(lake, "python -m zd_assets.cli.find bob@example.com")


def copy(lake: Lake, to: Lake) -> None:
    """Copy a lake as other tools would, into a folder or a store."""
    for path in lake.root.rglob("*"):
        if path.is_file():
            target = to.root.joinpath(*path.relative_to(lake.root).parts)
            if isinstance(target, Path):
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(path, target)
            else:
                target.put(path)


def contents(lake: Lake) -> dict[str, Any]:
    """The rows of every table, by file."""
    found = lake.root.glob("**/*.parquet" if isinstance(lake.root, Path) else "*.parquet")
    return {
        str(below(path, lake.root)): pq.read_table(readable(path), partitioning=None).to_pylist()
        for path in found
    }


@pytest.fixture(params=["folder", "s3"])
def elsewhere(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Lake]:
    """An empty lake in another place."""
    if request.param == "folder":
        yield open_lake(str(tmp_path / "elsewhere"))
        return
    with s3() as store:
        for name, value in store.env.items():
            monkeypatch.setenv(name, value)
        yield open_lake(f"s3://{BUCKET}/elsewhere")


@pytest.mark.slow
def test_a_copied_lake_goes_on_in_an_instance_that_knows_nothing(
    automation: Automation, elsewhere: Lake
) -> None:
    sandbox, lake = automation.sandbox, automation.lake
    span, today = ("2026-02-25", "2026-02-28"), "2026-03-01"
    keys = [dg.AssetKey(export.path) for export in (CHATS, TICKETS, CONVERSIONS)]
    for key in keys:
        materialize(automation, key, span[0], today)
    automation.settle()
    copy(lake, elsewhere)
    before = contents(lake)
    assert contents(elsewhere) == before
    sandbox.forget_requests()
    with fresh(sandbox, elsewhere) as restored:
        # What is complete is reported, and not asked of the API again; a second time, it is.
        for key in keys:
            materialize(restored, key, *span)
        asked = [entry["path"] for entry in sandbox.requests()]
        assert [path for path in asked if not path.endswith("/sample")] == []
        sandbox.forget_requests()
        events = partition_events(restored.instance, CHATS)
        assert [str(metadata["action"].value)[:7] for _, metadata in events] == ["adopted"] * 4
        assert all(metadata["complete"].value for _, metadata in events)
        # All of it counts as changed, once, and comes out the same.
        made = {name for tick in restored.settle() for name in tick}
        assert made == {
            "chats_latest",
            "tickets_latest",
            "conversion_attribution",
            "ticket_custom_fields",
        }
        after = contents(elsewhere)
        assert after.keys() == before.keys()
        assert [path for path in before if after[path] != before[path]] == []
        # What isn't goes on where it was.
        materialize(restored, keys[0], today)
        assert min(asked_from(sandbox)) > day(today).start_us // SECOND_US
        sandbox.forget_requests()
        materialize(restored, keys[0], span[0])
        assert sandbox.requests()


def test_after_an_upgrade_older_partitions_are_read_completed_and_renewed(
    sandbox: Running, clients: Clients, lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    few(sandbox, now="2026-02-25T12:00:00Z")
    whole, open_one = days("2026-02-24", 2)
    fewer = tuple(column for column in CHATS.columns if column.name != "rating")
    with monkeypatch.context() as older:
        older.setattr("zd_assets.lake.footer.version", lambda name: "0.0.1")
        _package_version.cache_clear()
        fetch(replace(CHATS, columns=fewer), [whole], clients, lake)
        fetch(CHATS, [open_one], clients, lake)
    _package_version.cache_clear()
    assert [footer.package_version for footer in footers(CHATS, [whole, open_one], lake)] == [
        "0.0.1"
    ] * 2
    sandbox.clock(now=NOW)
    reports = fetch(CHATS, [open_one], clients, lake)
    assert about(reports)[open_one.key].action is Action.RESUMED
    footer = lake.footer(CHATS, open_one)
    assert footer
    assert footer.complete
    assert footer.package_version != "0.0.1"

    def rated(key: str) -> tuple[int, ...]:
        files = lake.root.joinpath(*CHATS.path)
        query = f"""select count(*), count(rating) from read_parquet('{files}/*/*.parquet',
            hive_partitioning = true, union_by_name = true) where date = '{key}'"""
        [found] = duckdb.connect().execute(query).fetchall()
        return found

    update(CHATS_LATEST, lake)
    chats, ratings = rated(whole.key)
    assert chats > ratings == 0
    assert rated(open_one.key)[1] > 0
    fetch(CHATS, [whole], clients, lake, full_refresh=True)
    assert rated(whole.key)[1] > 0
