"""The exports a sandbox serves: what differs between them, as data."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal, TypeVar

import msgspec

from zd_assets.sandbox.rawjson import members
from zd_assets.sandbox.timestamps import SECOND_US, parse_us

_T = TypeVar("_T")

Kind = Literal["time", "cursor", "pages", "routing", "sample"]
"""The kinds of endpoint that Support has: by start time, by cursor, paged to and fro, ..."""


@dataclass(frozen=True, slots=True)
class Export:
    """One export and the order of its items."""

    name: str
    """Name among all exports; also in the URL and of the list in a page unless those differ."""
    time_attribute: str
    """Attribute that holds an item's time."""
    unit_us: int = SECOND_US
    """Unit of cursors, in microseconds; items of one unit are ordered by id."""
    key: tuple[str, ...] = ("id",)
    """Attributes that tell an item from others, and order those of one unit; none: never."""
    integer_ids: bool = False
    """Whether ids are integers and ordered as such."""
    expands: bool = False
    """Whether `fields` chooses attributes; otherwise items are always whole."""
    lasts: bool = False
    """Whether an item's time is the end of its `duration` (seconds)."""
    epoch_times: bool = False
    """Whether the time attribute holds epoch seconds instead of text."""
    withheld_us: int = 0
    """Items younger than this aren't shown yet."""
    path: str = ""
    """What the URL has, if it isn't the name."""
    kinds: tuple[Kind, ...] = ()
    """How Support serves it."""
    refers: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    """What can be sideloaded, and the attributes that refer to it."""
    comments: str = ""
    """The sideload without which items only mention their comments."""

    ticket_attribute: str = ""
    """Attribute that tells whose ticket an item is of, where `support_type_scope` counts."""
    grouped: bool = False
    """Whether its rows are documented to come grouped by attribute value."""

    @property
    def has_ids(self) -> bool:
        """Whether items have an id, and cursors too."""
        return bool(self.key)

    @property
    def list_name(self) -> str:
        """Name of the list in a page."""
        return self.path.rpartition("/")[2] or self.name


CHAT_EXPORTS = {
    export.name: export
    for export in (
        Export("chats", "update_timestamp", expands=True),
        Export("agent_timeline", "start_time", unit_us=1, key=(), lasts=True),
        Export("conversions", "timestamp", expands=True),
        Export("department_events", "timestamp"),
    )
}


_PEOPLE = (
    "requester_id",
    "submitter_id",
    "assignee_id",
    "collaborator_ids",
    "email_cc_ids",
    "follower_ids",
)

SUPPORT_EXPORTS = {
    export.name: export
    for export in (
        Export(
            "tickets",
            "generated_timestamp",
            ticket_attribute="id",
            integer_ids=True,
            epoch_times=True,
            kinds=("time", "cursor", "sample"),
            refers={
                "users": _PEOPLE,
                "groups": ("group_id",),
                "organizations": ("organization_id",),
            },
        ),
        Export(
            "ticket_events",
            "timestamp",
            ticket_attribute="ticket_id",
            integer_ids=True,
            epoch_times=True,
            withheld_us=60 * SECOND_US,
            kinds=("time", "sample"),
            comments="comment_events",
        ),
        Export("ticket_metric_events", "time", integer_ids=True, kinds=("time", "pages")),
        Export(
            "users",
            "updated_at",
            integer_ids=True,
            kinds=("time", "cursor", "sample"),
            refers={
                "organizations": ("organization_id",),
                "groups": ("default_group_id",),
                "roles": ("custom_role_id",),
            },
        ),
        Export(
            "organizations",
            "updated_at",
            integer_ids=True,
            kinds=("time", "sample"),
            refers={"groups": ("group_id",)},
        ),
        *(
            Export(
                f"routing_{name}",
                "time",
                # Rows are events: of one thing there are many.
                key=("id", "type", "time"),
                path=f"routing/{name}",
                kinds=("routing",),
                grouped=name == "instance_values",
            )
            for name in ("attributes", "attribute_values", "instance_values")
        ),
    )
}

SIDELOADED = {name: Export(name, "updated_at", integer_ids=True) for name in ("groups", "roles")}
"""What is only served with the items of exports."""

EXPORTS = CHAT_EXPORTS | SUPPORT_EXPORTS
"""The exports of every API, by name."""


def place(export: Export, body: bytes) -> tuple[int, str]:
    """Return an item's time (microseconds) and id; ValueError if it has no usable ones."""
    return item_time_us(export, body), item_id(export, body)


def item_time_us(export: Export, body: bytes) -> int:
    """Return the time that orders an item, in microseconds."""
    item = members(body)
    kind = int if export.epoch_times else str
    time_us = parse_us(_attribute(export, item, export.time_attribute, kind))
    if export.lasts:
        time_us += round(_attribute(export, item, "duration", float) * SECOND_US)
    return time_us


def item_id(export: Export, body: bytes) -> str:
    """Return an item's id as it sorts, "" in an export without ids."""
    if export.integer_ids:
        return sortable(str(_attribute(export, members(body), "id", int)))
    item = members(body) if export.key else {}
    return " ".join(_attribute(export, item, name, str) for name in export.key)


def sortable(id: str) -> str:
    """Spell an integer id so that it sorts as a number."""
    return id.zfill(20)


def _attribute(export: Export, item: dict[str, bytes], name: str, kind: type[_T]) -> _T:
    try:
        return msgspec.json.decode(item[name], type=kind)
    except KeyError as error:
        raise ValueError(f"an item of {export.name} without {name}") from error
    except msgspec.MsgspecError as error:
        raise ValueError(f"an item of {export.name} without usable {name}: {error}") from error
