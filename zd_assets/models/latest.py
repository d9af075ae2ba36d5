"""Which tables of current state there are."""

from dataclasses import dataclass

from zd_assets.catalog.chat import CHATS
from zd_assets.catalog.columns import Column, Scalar
from zd_assets.catalog.export import Export
from zd_assets.catalog.support import ORGANIZATIONS, TICKETS, USERS

GROUP = "analytics"

IS_DELETED = Column("is_deleted", Scalar.BOOL, "Whether the item was deleted.")
FETCHED_AT = Column("_fetched_at", Scalar.TIMESTAMP, "When that partition was fetched.")
FROM_PARTITION = Column(
    "_source_partition", Scalar.TEXT, "The export's partition that the row is from."
)


@dataclass(frozen=True)
class Latest:
    """The newest version of every item of an export.

    `created` is the column by whose month the items are filed, since it never changes; `deleted`
    is the SQL condition of deleted ones, and `deleted_says` puts it in words.
    """

    export: Export
    created: str
    deleted: str
    deleted_says: str

    @property
    def name(self) -> str:
        """The table's name."""
        return f"{self.export.name}_latest"

    @property
    def path(self) -> tuple[str, str]:
        """Group and name: the asset's key and the folder in the lake."""
        return (GROUP, self.name)

    @property
    def columns(self) -> tuple[Column, ...]:
        """The export's columns, then this table's own."""
        deleted = Column(
            IS_DELETED.name, IS_DELETED.type, f"Whether it was deleted: {self.deleted_says}."
        )
        return (*self.export.all_columns, deleted, FROM_PARTITION, FETCHED_AT)

    @property
    def content(self) -> tuple[str, ...]:
        """The columns that an item's version consists of."""
        return tuple(column.name for column in (*self.export.all_columns, IS_DELETED))


CHATS_LATEST = Latest(CHATS, "timestamp", "coalesce(deleted, false)", "`deleted`")
TICKETS_LATEST = Latest(
    TICKETS, "created_at", "coalesce(status = 'deleted', false)", "status `deleted`"
)
USERS_LATEST = Latest(USERS, "created_at", "coalesce(not active, false)", "not `active`")
ORGANIZATIONS_LATEST = Latest(ORGANIZATIONS, "created_at", "false", "never, the export doesn't say")

LATEST = (CHATS_LATEST, TICKETS_LATEST, USERS_LATEST, ORGANIZATIONS_LATEST)
