"""What a lake can tell of a report's days, and what not: its APIs, names, where history begins."""

from collections.abc import Hashable

import pyarrow.parquet as pq

from zd_assets.catalog.export import Api
from zd_assets.catalog.reference import ReferenceList
from zd_assets.catalog.registry import EXPORTS
from zd_assets.engine.day import Day
from zd_assets.engine.inputs import Finder
from zd_assets.lake.errors import GoneError
from zd_assets.lake.lake import Lake, partition_files, reading
from zd_assets.lake.location import readable
from zd_assets.lake.reference import reference_file
from zd_assets.models.model import Model
from zd_assets.report.input_version import LISTS


def lacking(lake: Lake) -> frozenset[Api]:
    """The APIs of which a lake holds no export while it holds some of the other.

    Raises:
        LakeError: the lake can't be read.
    """
    with reading(lake.root):
        there = {
            api
            for api in Api
            if any(
                partition_files(lake.root.joinpath(*export.path))
                for export in EXPORTS
                if export.api is api
            )
        }
    # Marts alone, without exports, can tell all that they hold.
    return frozenset(Api) - there if there else frozenset()


def names(lake: Lake) -> dict[ReferenceList, dict[Hashable, str]]:
    """What ids are called, by list; of a list that isn't there nothing.

    Raises:
        LakeError: a list can't be read.
    """
    return {listed: _names(lake, listed) for listed in LISTS}


def _names(lake: Lake, listed: ReferenceList) -> dict[Hashable, str]:
    path = reference_file(lake, listed)
    try:
        with reading(path), pq.ParquetFile(readable(path)) as file:
            rows = file.read(["id", "name"]).to_pylist()
    except GoneError:
        return {}
    return {row["id"]: row["name"] for row in rows if row["name"]}


def begins(finder: Finder, fact: Model, day: Day) -> str | None:
    """The first day, `2026-02-01`, from which on a fact was carried on to this one.

    None if that day isn't there.

    Raises:
        LakeError: the day can't be read.
    """
    footer = finder.footer(fact, day)
    return footer.carried_since if footer else None
