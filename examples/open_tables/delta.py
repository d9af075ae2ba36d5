"""An asset that keeps a Delta table true to an export, whatever is fetched again.

As `iceberg.py`: the days that changed are overwritten, in one commit that says which files they
were copied from.

    ZD_LAKE=data dagster asset materialize -f examples/open_tables/delta.py --select chats_delta
"""

import json
import os

import dagster as dg
import pyarrow as pa
from changes import changed, days_of
from deltalake import CommitProperties, DeltaTable, write_deltalake

from zd_assets import scan

COPIED = "zd_assets.copied"
# Memory holds the rows of so many days.
DAYS_AT_ONCE = 30


def keep_true(location: str, source: str) -> list[str]:
    """Overwrite the days of the table at `location` that changed in the lake; returns which."""
    found = scan(source)
    copied = _copied(location)
    now = days_of(found)
    days = changed(now, copied)
    for first in range(0, len(days), DAYS_AT_ONCE):
        some = days[first : first + DAYS_AT_ONCE]
        rows = pa.concat_tables(scan(source, day, day).arrow() for day in some)
        copied = {**copied, **{day: now[day] for day in some if day in now}}
        copied = {day: files for day, files in copied.items() if day in now or day not in some}
        there = DeltaTable.is_deltatable(location)
        write_deltalake(
            location,
            rows,
            partition_by=["date"],
            mode="overwrite",
            schema_mode="merge",
            predicate=" or ".join(f"date = date '{day}'" for day in some) if there else None,
            commit_properties=CommitProperties(custom_metadata={COPIED: json.dumps(copied)}),
        )
    return days


def _copied(location: str) -> dict[str, str]:
    """What the newest commit of ours says; others, such as of a compaction, say nothing."""
    if not DeltaTable.is_deltatable(location):
        return {}
    said = (commit.get(COPIED) for commit in DeltaTable(location).history())
    newest: dict[str, str] = json.loads(next((one for one in said if one), "{}"))
    return newest


@dg.asset(deps=[dg.AssetKey(["zendesk_chat", "chats"])], pool="chats_delta")
def chats_delta() -> dg.MaterializeResult:
    """Chats by the day of their last update, as a Delta table."""
    days = keep_true(os.environ.get("DELTA_TABLE", "delta/chats"), "chats")
    return dg.MaterializeResult(metadata={"days_overwritten": len(days)})


defs = dg.Definitions(assets=[chats_delta])
