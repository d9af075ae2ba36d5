"""Comparing a lake with what the sandbox says is true, key by key and value by value."""

import json
import math
import re
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any

import pyarrow.parquet as pq

from zd_assets.catalog.export import Export, Sideload, Table
from zd_assets.lake.lake import Lake
from zd_assets.lake.location import readable
from zd_assets.lake.partition import Partition
from zd_assets.sandbox import Running
from zd_assets.schema.rebuild import rebuild
from zd_assets.zendesk.client import Client

DAY_US = 86_400 * 1_000_000
_WHOLE = re.compile(r"(0|-?[1-9][0-9]{0,17})\Z")
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z\Z")


def day(text: str) -> Partition:
    """The partition of a day, `2026-01-28`."""
    start_us = int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp()) * 1_000_000
    return Partition(text, start_us, start_us + DAY_US)


def days(first: str, count: int) -> list[Partition]:
    """Consecutive days."""
    start_us = day(first).start_us
    keys = [
        f"{datetime.fromtimestamp((start_us + i * DAY_US) / 1e6, UTC):%Y-%m-%d}"
        for i in range(count)
    ]
    return [day(key) for key in keys]


def true_items(
    sandbox: Running,
    export: Export,
    partition: Partition,
    until_us: int | None = None,
    include: str | None = None,
) -> list[Any]:
    """What the API has in a partition's window (up to `until_us`), parsed."""
    end_us = min(partition.end_us, until_us or partition.end_us)
    truth = _truth(sandbox, export, partition.start_us, end_us, include)
    return [_loads(text) for _, text in truth]


def lake_items(lake: Lake, table: Table, partition: Partition) -> list[Any]:
    """The items of a partition's file, rebuilt from their rows."""
    rows = pq.read_table(readable(lake.path(table, partition)), partitioning=None)
    return [rebuild(table, row) for row in rows.to_pylist()]


def assert_same(actual: Iterable[Any], expected: Iterable[Any]) -> None:
    """Both hold the same items, as often, however ids and timestamps are spelled."""
    have = Counter(canonical_text(item) for item in actual)
    want = Counter(canonical_text(item) for item in expected)
    missing, surplus = want - have, have - want
    assert not missing + surplus, (
        f"{missing.total()} items missing, {surplus.total()} too many; "
        f"e.g. missing {next(iter(missing), None)} surplus {next(iter(surplus), None)}"
    )


def assert_lake_is_true(
    sandbox: Running, lake: Lake, export: Export, partitions: Sequence[Partition]
) -> None:
    """Every partition is complete and holds exactly what the API has in its window."""
    for partition in partitions:
        footer = lake.footer(export, partition)
        assert footer is not None, f"{partition.key} has no file"
        assert footer.complete, f"{partition.key} is complete until {footer.complete_until_us}"
        items = lake_items(lake, export, partition)
        assert footer.items == len(items)
        assert_same(items, true_items(sandbox, export, partition))


def assert_latest_is_true(
    sandbox: Running, lake: Lake, export: Export, partitions: Sequence[Partition]
) -> None:
    """The newest versions over complete partitions are what the API has in their windows now.

    Of an item that has moved on since, the lake may hold an older version too.
    """
    newest: dict[str, Any] = {}
    for partition in partitions:
        footer = lake.footer(export, partition)
        assert footer is not None, f"{partition.key} has no file"
        assert footer.complete, f"{partition.key} is complete until {footer.complete_until_us}"
        newest |= {item["id"]: item for item in lake_items(lake, export, partition)}
    start_us, end_us = partitions[0].start_us, partitions[-1].end_us
    expected = [_loads(text) for _, text in _truth(sandbox, export, start_us, end_us)]
    moved = {_loads(text)["id"] for _, text in _truth(sandbox, export, end_us, 2**52)}
    assert_same((item for key, item in newest.items() if key not in moved), expected)


def assert_beside_is_true(
    sandbox: Running,
    client: Client,
    lake: Lake,
    export: Export,
    partitions: Iterable[Partition],
    names: Iterable[str] | None = None,
) -> None:
    """Each partition's tables hold what its items refer to, each once, in its newest version."""
    for sideload in export.sideloads:
        if names is not None and sideload.name not in names:
            continue
        known = _listed(sandbox, client, sideload, export)
        for partition in partitions:
            ids = _referred(sideload, lake_items(lake, export, partition))
            own = lake_items(lake, sideload.table, partition)
            assert_same(own, [known[id] for id in ids if id in known])
            footer = lake.footer(export, partition)
            assert footer
            assert footer.sideloads[sideload.table.name] == len(own)


def canonical_text(item: Any) -> str:
    """A text that is the same for items that mean the same."""
    return json.dumps(_canonical(item), sort_keys=True)


def _canonical(value: Any) -> Any:
    if isinstance(value, dict):
        return {k: _canonical(v) for k, v in value.items() if v is not None}
    if isinstance(value, list):
        return [_canonical(one) for one in value]
    if isinstance(value, bool) or value is None:
        return value
    if isinstance(value, float) and value.is_integer():
        return int(value)
    if isinstance(value, str) and _WHOLE.match(value):
        return int(value)
    if isinstance(value, str) and _DATE.match(value):
        return f"at {datetime.fromisoformat(value).timestamp():.6f}"
    return value


def _loads(text: bytes) -> Any:
    def number(literal: str) -> float | str:
        return float(literal) if math.isfinite(float(literal)) else literal

    return json.loads(text, parse_float=number)


def _truth(
    sandbox: Running, export: Export, start_us: int, end_us: int, include: str | None = None
) -> list[tuple[int, bytes]]:
    return sandbox.truth(export.name, _seconds(start_us), _seconds(end_us), include, by="own")


def _seconds(us: int) -> str:
    return f"{us // 1_000_000}.{us % 1_000_000:06d}"


def _referred(sideload: Sideload, items: Iterable[Any]) -> set[int]:
    """The ids of what items refer to."""
    values = [one.get(column) for one in items for column in sideload.referred_by]
    ids = [id for value in values for id in (value if isinstance(value, list) else [value])]
    return {id for id in ids if isinstance(id, int)}


def _listed(sandbox: Running, client: Client, sideload: Sideload, export: Export) -> dict[int, Any]:
    """What there is to be sideloaded, by id, as it is now."""
    if sideload.name in ("users", "organizations"):
        items = [_loads(body) for _, body in sandbox.truth(sideload.name)]
    else:
        # Only pages show these; the first has all that its first thousand items refer to.
        query = f"start_time=0&include={sideload.name}"
        url = f"{client.base_url}/incremental/{export.name}?{query}"
        items = client.get(url, lambda body: _loads(body.content)[sideload.name])
    return {one["id"]: one for one in items}
