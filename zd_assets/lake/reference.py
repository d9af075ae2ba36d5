"""Reference lists in the lake: one file each, replaced in one step."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib.metadata import version

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from zd_assets.catalog.reference import ReferenceList
from zd_assets.lake.errors import GoneError, LakeError
from zd_assets.lake.footer import FOOTER_KEY, schema_id
from zd_assets.lake.lake import Lake, reading, writing
from zd_assets.lake.location import Location, readable
from zd_assets.lake.partition import FILE_NAME
from zd_assets.lake.temporary import replacing
from zd_assets.schema.arrow import parquet_writer


@dataclass(frozen=True)
class ReferenceFooter:
    """What a list's file says of itself.

    `names_version` changes when any of the names does that models see, and with nothing else.
    `drift` counts what is in `_extra`, by path.
    """

    table: str
    fetched_at: str
    run_id: str
    schema: str
    items: int
    requests: int
    names_version: str
    drift: Mapping[str, int] = field(default_factory=dict)
    package_version: str = field(default_factory=lambda: version("zd_assets"))


_DECODE = msgspec.json.Decoder(ReferenceFooter).decode


def reference_file(lake: Lake, table: ReferenceList) -> Location:
    """Return the list's file, whether there is one or not."""
    return lake.root.joinpath(*table.path, FILE_NAME)


def read_reference_footer(lake: Lake, table: ReferenceList) -> ReferenceFooter | None:
    """Return what the list's file says of itself; None where there is none.

    Raises:
        LakeError: there is a file, but not one of ours.
    """
    path = reference_file(lake, table)
    try:
        with reading(path):
            metadata = pq.read_metadata(readable(path)).metadata or {}
    except GoneError:
        return None
    try:
        return _DECODE(metadata[FOOTER_KEY])
    except (KeyError, msgspec.MsgspecError):
        raise LakeError(f"{path} is no list of this project; remove it and run again") from None


def write_reference(
    lake: Lake,
    table: ReferenceList,
    rows: pa.Table,
    *,
    requests: int,
    drift: Mapping[str, int],
    run_id: str,
) -> ReferenceFooter:
    """Replace the list's file by these rows, in one step.

    Raises:
        LakeError: it can't be written; the old one stays.
    """
    footer = ReferenceFooter(
        table=table.name,
        fetched_at=datetime.now(UTC).isoformat(timespec="seconds"),
        run_id=run_id,
        schema=schema_id(table),
        items=len(rows),
        requests=requests,
        names_version=_names_version(table, rows),
        drift=dict(drift),
    )
    path = reference_file(lake, table)
    with (
        writing(path),
        replacing(path) as temporary,
        parquet_writer(temporary, table.all_columns) as file,
    ):
        file.write_table(rows.cast(file.schema))
        file.add_key_value_metadata({FOOTER_KEY: msgspec.json.encode(footer)})
    return footer


def _names_version(table: ReferenceList, rows: pa.Table) -> str:
    names = rows.select([column.name for column in table.name_columns]).to_pylist()
    return hashlib.sha256(msgspec.json.encode(names)).hexdigest()[:16]
