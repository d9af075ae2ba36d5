"""An asset that keeps an Iceberg table true to an export, whatever is fetched again.

The newest partition is rewritten at each poll, so files that are only registered (`add_files`)
soon count twice. Here the days that changed are overwritten, in one transaction with the table's
property that says which files they were copied from. A run that is killed changes nothing.

    ZD_LAKE=data dagster asset materialize -f examples/open_tables/iceberg.py --select chats_iceberg
"""

import json
import os

import dagster as dg
import pyarrow as pa
from changes import changed, days_of
from pyiceberg.catalog import Catalog, load_catalog
from pyiceberg.exceptions import NoSuchTableError
from pyiceberg.expressions import In
from pyiceberg.table import Table

from zd_assets import scan

COPIED = "zd_assets.copied"
# Memory holds the rows of so many days.
DAYS_AT_ONCE = 30


def catalog() -> Catalog:
    """A catalogue in a SQLite file; any other of pyiceberg's will do."""
    home = os.path.abspath(os.environ.get("ICEBERG_HOME", "iceberg"))
    os.makedirs(home, exist_ok=True)
    return load_catalog(
        "sql", type="sql", uri=f"sqlite:///{home}/catalog.db", warehouse=f"file://{home}"
    )


def keep_true(catalog: Catalog, name: str, source: str) -> list[str]:
    """Overwrite the days of the table `name` that changed in the lake; returns which."""
    found = scan(source)
    table = _table(catalog, name, found.schema)
    copied: dict[str, str] = json.loads(table.properties.get(COPIED, "{}"))
    now = days_of(found)
    days = changed(now, copied)
    for first in range(0, len(days), DAYS_AT_ONCE):
        some = days[first : first + DAYS_AT_ONCE]
        rows = pa.concat_tables(scan(source, day, day).arrow() for day in some)
        copied = {**copied, **{day: now[day] for day in some if day in now}}
        copied = {day: files for day, files in copied.items() if day in now or day not in some}
        with table.transaction() as transaction:
            transaction.overwrite(rows, overwrite_filter=In("date", some))
            transaction.set_properties({COPIED: json.dumps(copied)})
    return days


def _table(catalog: Catalog, name: str, schema: pa.Schema) -> Table:
    """The table, made if it isn't there; columns that a later version added are added."""
    try:
        table = catalog.load_table(name)
    except NoSuchTableError:
        catalog.create_namespace_if_not_exists(name.partition(".")[0])
        table = catalog.create_table(name, schema)
        with table.update_spec() as spec:
            spec.add_identity("date")
        return table
    with table.update_schema() as update:
        update.union_by_name(schema)
    return table


@dg.asset(deps=[dg.AssetKey(["zendesk_chat", "chats"])], pool="chats_iceberg")
def chats_iceberg() -> dg.MaterializeResult:
    """Chats by the day of their last update, as an Iceberg table."""
    days = keep_true(catalog(), "zendesk.chats", "chats")
    return dg.MaterializeResult(metadata={"days_overwritten": len(days)})


defs = dg.Definitions(assets=[chats_iceberg])
