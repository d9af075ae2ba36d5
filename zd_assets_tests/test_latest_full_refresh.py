"""A full refresh of a table of current state: what no partition holds any more leaves it."""

import pytest

from zd_assets.engine.latest.manifest import FILE_NAME as MANIFEST
from zd_assets.engine.latest.update import is_due, update
from zd_assets.lake.errors import LakeError
from zd_assets.lake.lake import Lake
from zd_assets.models.latest import CHATS_LATEST
from zd_assets_tests.helpers.latest_lake import (
    FEB_1,
    FEB_2,
    JAN_31,
    brief,
    broken_off,
    chat,
    put,
    rows,
)

GONE = "gone for good"


def _some(lake: Lake) -> None:
    """Three months; what is `GONE` is alone in one of them, and in another among others."""
    put(lake, JAN_31, [chat("a", "31 09:00", "31 10:00"), chat("n", None, "31 10:00")])
    put(lake, FEB_1, [chat("b", "01 07:00", "01 08:00"), chat(GONE, "01 07:00", "01 08:00")])
    put(lake, FEB_2, [chat("alone", "31 09:00", "02 08:00", rating=GONE)])
    update(CHATS_LATEST, lake)
    put(lake, JAN_31, [chat("n", None, "31 10:00")])
    put(lake, FEB_1, [chat("b", "01 07:00", "01 08:00")])
    put(lake, FEB_2, [chat("n", "01 07:00", "02 09:00")])


@pytest.mark.parametrize("batch_bytes", [1, 10**9])
def test_it_holds_what_the_partitions_hold_and_nothing_else(batch_bytes: int, lake: Lake) -> None:
    _some(lake)
    update(CHATS_LATEST, lake)
    assert [id for (id,) in brief(lake)] == ["a", "alone", "b", GONE, "n"]
    report = update(CHATS_LATEST, lake, full_refresh=True, batch_bytes=batch_bytes)
    assert brief(lake, "month", "_source_partition") == [
        ("b", "2026-02", "2026-02-01"),
        ("n", "2026-02", "2026-02-02"),
    ]
    assert (report.items, report.partitions) == (2, 3)
    # A month of which nothing is left is an empty file: a store needn't allow to delete.
    assert (lake.root / "analytics/chats_latest/month=2026-01/part-0.parquet").exists()
    assert not is_due(CHATS_LATEST, lake)
    assert update(CHATS_LATEST, lake).months == 0


def test_a_partition_that_was_removed_takes_its_items_along(lake: Lake) -> None:
    _some(lake)
    lake.path(CHATS_LATEST.export, FEB_1).unlink()
    update(CHATS_LATEST, lake, full_refresh=True)
    assert [id for (id,) in brief(lake)] == ["n"]
    put(lake, FEB_1, [chat("b", "01 07:00", "01 08:00")])
    update(CHATS_LATEST, lake)
    assert [id for (id,) in brief(lake)] == ["b", "n"]


def test_of_a_lake_without_partitions_it_is_empty(lake: Lake) -> None:
    assert update(CHATS_LATEST, lake, full_refresh=True).items == 0
    assert not is_due(CHATS_LATEST, lake)


@pytest.mark.parametrize("commits", range(9))
def test_broken_off_anywhere_it_is_finished_by_the_next_run_whatever_that_was_told(
    commits: int, lake: Lake
) -> None:
    _some(lake)
    update(CHATS_LATEST, lake)
    with broken_off(commits):
        update(CHATS_LATEST, lake, full_refresh=True)
    # Until the first month is replaced, readers find the table as it was.
    if commits <= 5:
        assert GONE in {row["id"] for row in rows(lake)}
    assert is_due(CHATS_LATEST, lake) == (commits > 0)
    update(CHATS_LATEST, lake, full_refresh=commits == 0)  # Which hadn't even begun.
    assert [id for (id,) in brief(lake)] == ["b", "n"]
    assert not is_due(CHATS_LATEST, lake)
    assert not list(lake.root.rglob("*.tmp"))


def test_it_mends_a_table_that_cant_be_read_any_more(lake: Lake) -> None:
    put(lake, FEB_1, [chat("b", "01 07:00", "01 08:00")])
    update(CHATS_LATEST, lake)
    folder = lake.root / "analytics/chats_latest"
    for name in (MANIFEST, "month=2026-02/part-0.parquet"):
        (folder / name).write_bytes(b"nonsense, and more than twelve bytes of it")
    with pytest.raises(LakeError, match="full_refresh: true"):
        update(CHATS_LATEST, lake)
    update(CHATS_LATEST, lake, full_refresh=True)
    assert [id for (id,) in brief(lake)] == ["b"]
