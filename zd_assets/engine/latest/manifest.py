"""What a table of current state is made of: which versions of which partitions' files."""

from collections.abc import Mapping
from dataclasses import dataclass, field

import msgspec

from zd_assets.lake.errors import LakeError
from zd_assets.lake.lake import writing
from zd_assets.lake.location import Location
from zd_assets.lake.temporary import replacing

# Readers of Hive-style folders pass over names that begin like this.
FILE_NAME = "_manifest.json"


@dataclass(frozen=True)
class Month:
    """What a month's file holds.

    `days` tell of each day of creation what changes when any of its items does. `identity` is the
    file's: where it has another one, a run wrote it that didn't come to commit its manifest.
    """

    items: int
    deleted: int
    identity: str = ""
    days: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Manifest:
    """What was merged: `partitions` are files below the export's folder and their identities.

    `schema` is that of the export's columns. `months` are the table's files. `full_refresh` says
    that a run began to rebuild the table and didn't come to its end: the next one does.
    `incomplete` are those of the partitions that were merged before they were complete, and
    `merged_at_s` is when that was, in epoch seconds.
    """

    schema: str = ""
    full_refresh: bool = False
    partitions: Mapping[str, str] = field(default_factory=dict)
    months: Mapping[str, Month] = field(default_factory=dict)
    incomplete: frozenset[str] = frozenset()
    merged_at_s: float = 0.0


_DECODE = msgspec.json.Decoder(Manifest).decode


def read_manifest(folder: Location) -> Manifest:
    """Return the manifest in a table's folder; an empty one where there is none.

    Raises:
        LakeError: it can't be read.
    """
    path = folder / FILE_NAME
    try:
        return _DECODE(path.read_bytes())
    except FileNotFoundError:
        return Manifest()
    except (msgspec.MsgspecError, UnicodeDecodeError, OSError) as error:
        raise LakeError(
            f"{path} can't be read ({type(error).__name__}); "
            "materialize the table with run config `full_refresh: true`"
        ) from error


def commit_manifest(folder: Location, manifest: Manifest) -> None:
    """Replace a table's manifest in one step.

    Raises:
        LakeError: it can't be written; the old one stays.
    """
    path = folder / FILE_NAME
    with writing(path), replacing(path) as temporary:
        temporary.write_bytes(msgspec.json.encode(manifest))
