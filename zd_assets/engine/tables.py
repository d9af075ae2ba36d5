"""Finding a table of the lake by its name or its asset's key."""

from collections.abc import Iterator, Sequence

from zd_assets.catalog.export import Table
from zd_assets.catalog.reference import REFERENCE_LISTS
from zd_assets.catalog.registry import EXPORTS
from zd_assets.lake.errors import LakeError
from zd_assets.models.latest import LATEST, Latest
from zd_assets.models.model import Model
from zd_assets.models.registry import MODELS

AnyTable = Table | Latest | Model


def find_table(path: Sequence[str], *, latest: bool = False) -> AnyTable:
    """Find a table by name, or group and name; `latest`: the current state of an export.

    Raises:
        LakeError: there is none; the message names those there are.

    >>> find_table(["chats"]).path
    ('zendesk_chat', 'chats')
    >>> find_table(["zendesk_chat", "chats"], latest=True).path
    ('analytics', 'chats_latest')
    """
    tables = list(_tables())
    found = [one for one in tables if tuple(path) in (one.path, one.path[1:])]
    if not found:
        raise LakeError(
            f"the lake has no table {'/'.join(path)!r}; it has "
            f"{', '.join(sorted('/'.join(one.path) for one in tables))}"
        )
    if not latest or isinstance(found[0], Latest):
        return found[0]
    for one in LATEST:
        if one.export == found[0]:
            return one
    raise LakeError(
        f"there is no current state of {'/'.join(found[0].path)}; there is that of "
        f"{', '.join(one.export.name for one in LATEST)}"
    )


def _tables() -> Iterator[AnyTable]:
    for export in EXPORTS:
        yield export
        yield from (sideload.table for sideload in export.sideloads)
    yield from REFERENCE_LISTS
    yield from LATEST
    yield from MODELS
